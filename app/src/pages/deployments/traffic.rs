//! Who takes how much of the traffic; requests, latency and errors over the last minutes, of two revisions side by side.

use crate::{
    api::{
        Client,
        canary::{CanaryNow, canary_path},
        deployments::{Deployment, Revision, Traffic, TrafficPoint},
    },
    islands::{Axis, Chart, Series},
    parts::{Every, loaded},
    ui::{ApiForm, Card, Field, Portions, PostButton, number, time},
};
use leptos::prelude::*;

const MS: f64 = 1000.0;

fn p50(p: &TrafficPoint) -> Option<f64> {
    p.p50_seconds.map(|s| s * MS)
}

fn p95(p: &TrafficPoint) -> Option<f64> {
    p.p95_seconds.map(|s| s * MS)
}

fn line(name: String, points: &[TrafficPoint], value: fn(&TrafficPoint) -> Option<f64>) -> Series {
    let points = points.iter().filter_map(|p| Some((time::parse(&p.time)?, value(p)))).collect();
    Series { name, points }
}

/// What tells a revision beside another. A program has no version.
fn named(revision: &Revision) -> String {
    if revision.is_custom() {
        format!("revision {}", revision.number)
    } else {
        format!("v{} (revision {})", revision.version, revision.number)
    }
}

/// Three small charts with one crosshair; while two revisions share the traffic, a line for each.
#[component]
pub fn TrafficCharts(
    /// The way to the API.
    client: Client,
    /// The team.
    team: String,
    /// The deployment.
    deployment: Deployment,
) -> impl IntoView {
    let every = Every { kinds: &[], seconds: 10, page: "" };
    let name = deployment.name.clone();
    loaded(every, client.deployment_traffic(&team, &name), move |traffic: Traffic, _| {
        let both = deployment.serving.iter().chain(deployment.canary.as_ref().map(|c| &c.revision)).map(|r| (r.number, named(r)));
        let both: Vec<(i64, String)> = both.filter(|_| deployment.canary.is_some()).collect();
        let each = |value: fn(&TrafficPoint) -> Option<f64>, words: &str| {
            let of = |(revision, name): &(i64, String)| {
                let points = traffic.revisions.iter().find(|r| r.revision == *revision).map(|r| r.points.as_slice()).unwrap_or_default();
                line(format!("{name}{words}"), points, value)
            };
            both.iter().map(of).collect::<Vec<_>>()
        };
        let all = |name: &str, value: fn(&TrafficPoint) -> Option<f64>| line(name.to_owned(), &traffic.points, value);
        let (rate, latency, errors) = if both.is_empty() {
            (vec![all("requests", |p| Some(p.rate))], vec![all("p50", p50), all("p95", p95)], vec![all("errors", |p| Some(p.errors))])
        } else {
            let mut latency = each(p50, ", p50");
            latency.extend(each(p95, ", p95"));
            (each(|p| Some(p.rate), ""), latency, each(|p| Some(p.errors), ""))
        };
        let last = |f: fn(&TrafficPoint) -> Option<f64>| traffic.points.iter().rev().find_map(f).map(number::tick);
        let (now, p50, p95, wrong) = (last(|p| Some(p.rate)), last(p50), last(p95), last(|p| Some(p.errors)));
        view! {
            <div class="cols c3">
                <Card title="Requests/s" more=move || now.clone()><Chart label="Requests per second" series=rate axis=Axis::Time zero=true/></Card>
                <Card title="Latency, ms" more=move || view! { <span>"p50 "{p50.clone()}</span><span>"p95 "{p95.clone()}</span> }><Chart label="Latency, milliseconds" series=latency axis=Axis::Time zero=true/></Card>
                <Card title="Errors/s" more=move || wrong.clone()><Chart label="Errors (5xx) per second" series=errors axis=Axis::Time zero=true/></Card>
            </div>
        }
    })
}

/// The two revisions that share the traffic, and what to do about it. Nothing where one takes it all.
#[component]
pub fn Shares(
    /// The team.
    team: String,
    /// The deployment.
    deployment: Deployment,
    /// Whether the reader may change it.
    edits: bool,
) -> impl IntoView {
    deployment.serving.clone().zip(deployment.canary.clone()).map(|(serving, canary)| shares(team, deployment, edits, serving, canary))
}

fn shares(team: String, deployment: Deployment, edits: bool, serving: Revision, canary: CanaryNow) -> impl IntoView {
    let percent = canary.percent;
    let parts = vec![((100 - percent) as f64, ""), (percent as f64, "blue")];
    let words = |class: &'static str, revision: &Revision, percent: i64| {
        view! { <span><i class=class aria-hidden="true"></i>{format!("{}, {percent} %", named(revision))}</span> }
    };
    let sticky = deployment.sticky_header.as_ref().map(|h| format!("Requests with the same {h} stay with a revision."));
    let number = canary.revision.number;
    let acts = edits.then(|| {
        let action = canary_path(&team, &deployment.name);
        let seen = deployment.revision;
        let (over, back) = (format!("Revision {number} takes over."), format!("Revision {number} is taken back."));
        view! {
            <div class="row low">
                <ApiForm id="canary" method="PUT" action=action.clone() say="The share is set." class="row low">
                    <input type="hidden" name="revision" value=seen.to_string()/>
                    <Field name="percent" label="Canary, percent" kind="number" value=percent.to_string() required=true/>
                    <button class="btn" type="submit">"Set share"</button>
                </ApiForm>
                <PostButton id="canary-over" method="PUT" action=action.clone() say=over class="btn primary">
                    <input type="hidden" name="percent" value="100"/><input type="hidden" name="revision" value=seen.to_string()/>"Take over"
                </PostButton>
                <PostButton id="canary-back" method="PUT" action say=back class="btn danger">
                    <input type="hidden" name="percent" value="0"/><input type="hidden" name="revision" value=seen.to_string()/>"Take back"
                </PostButton>
            </div>
        }
    });
    view! {
        <section class="card">
            <header><h2>"Traffic"</h2><span class="more">{sticky}</span></header>
            <div class="in stack">
                <Portions parts/>
                <div class="key">{words("", &serving, 100 - percent)}{words("blue", &canary.revision, percent)}</div>
                {acts}
            </div>
        </section>
    }
}
