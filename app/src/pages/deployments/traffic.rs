//! Requests, latency and errors over the last minutes.

use crate::{
    api::{
        Client,
        deployments::{Traffic, TrafficPoint},
    },
    islands::{Axis, Chart, Series},
    parts::{Every, loaded},
    ui::{Card, number, time},
};
use leptos::prelude::*;

const MS: f64 = 1000.0;

fn p50(p: &TrafficPoint) -> Option<f64> {
    p.p50_seconds.map(|s| s * MS)
}

fn p95(p: &TrafficPoint) -> Option<f64> {
    p.p95_seconds.map(|s| s * MS)
}

/// Three small charts with one crosshair.
#[component]
pub fn TrafficCharts(
    /// The way to the API.
    client: Client,
    /// The team.
    team: String,
    /// Name of the deployment.
    name: String,
) -> impl IntoView {
    let every = Every { kinds: &[], seconds: 10, page: "" };
    loaded(every, client.deployment_traffic(&team, &name), |traffic: Traffic, _| {
        let line = |name: &str, value: fn(&TrafficPoint) -> Option<f64>| {
            let points = traffic.points.iter().filter_map(|p| Some((time::parse(&p.time)?, value(p)))).collect();
            Series { name: name.into(), points }
        };
        let rate = vec![line("requests", |p| Some(p.rate))];
        let latency = vec![line("p50", p50), line("p95", p95)];
        let errors = vec![line("errors", |p| Some(p.errors))];
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
