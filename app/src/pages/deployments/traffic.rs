//! Requests, latency and errors over the last minutes.

use crate::{
    api::{
        Client,
        deployments::{Traffic, TrafficPoint},
    },
    parts::{Every, loaded},
    ui::{Axis, Card, Chart, Series, number},
};
use leptos::prelude::*;

/// Three small charts with one crosshair.
#[component]
pub fn TrafficCharts(
    /// The team.
    team: String,
    /// Name of the deployment.
    name: String,
) -> impl IntoView {
    let client = Client::from_context();
    loaded(
        "Loading traffic",
        Every { kinds: &[], seconds: 10, page: "" },
        move || (team.clone(), name.clone()),
        move |(team, name)| client.deployment_traffic(&team, &name),
        |traffic: RwSignal<Traffic>, _| {
            let line = move |name: &str, value: fn(&TrafficPoint) -> Option<f64>| {
                let points = traffic.read().points.iter().map(|p| (p.time as f64, value(p))).collect();
                Series { name: name.into(), points }
            };
            let rate = Memo::new(move |_| vec![line("requests", |p| Some(p.rate))]);
            let latency = Memo::new(move |_| vec![line("p50", |p| p.p50_ms), line("p95", |p| p.p95_ms)]);
            let errors = Memo::new(move |_| vec![line("errors", |p| Some(p.errors))]);
            let last = move |f: fn(&TrafficPoint) -> Option<f64>| traffic.read().points.iter().rev().find_map(f).map(number::tick);
            view! {
                <div class="cols c3">
                    <Card title="Requests/s" more=move || last(|p| Some(p.rate))><Chart label="Requests per second" series=rate axis=Axis::Time zero=true/></Card>
                    <Card title="Latency, ms" more=move || view! { <span>"p50 "{last(|p| p.p50_ms)}</span><span>"p95 "{last(|p| p.p95_ms)}</span> }><Chart label="Latency, milliseconds" series=latency axis=Axis::Time zero=true/></Card>
                    <Card title="Errors/s" more=move || last(|p| Some(p.errors))><Chart label="Errors (5xx) per second" series=errors axis=Axis::Time zero=true/></Card>
                </div>
            }
        },
    )
}
