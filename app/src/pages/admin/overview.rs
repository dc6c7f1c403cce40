//! How the platform is: findings of the doctor, what is held, what background tasks did last.

use crate::{
    api::{
        Client,
        platform::{Finding, Platform, TaskReport},
        resources::{bytes_words, cpu_words},
    },
    parts::{Every, loaded},
    ui::{Ago, Badge, Card, Cut, Facts, Portions, Table, Tone, facts::text, meter::percent, time},
};
use leptos::prelude::*;

/// The tab.
#[component]
pub fn Overview() -> impl IntoView {
    let every = Every::seconds(10);
    loaded(every, Client::from_context().platform(), |p: Platform, _| {
        view! {
            <Held platform=p.clone()/>
            <div class="cols side">
                <div class="cols"><Findings findings=p.findings.clone()/><Tasks tasks=p.tasks.clone()/></div>
                <About platform=p/>
            </div>
        }
    })
}

#[component]
fn Held(platform: Platform) -> impl IntoView {
    let (total, held) = (platform.total, platform.total.minus(platform.free));
    let meter = |name: &'static str, held: String, of: String, share: f64, note: String| {
        view! {
            <section class="card" aria-label=name><div class="in meter">
                <p class="sub">{name}</p><div class="amount"><b>{held}</b><span>{of}</span></div><Portions parts=vec![(share, "")]/><p class="sub">{note}</p>
            </div></section>
        }
    };
    view! {
        <div class="cols c3">
            {meter("CPU", cpu_words(held.cpu_millis), format!("of {} held", cpu_words(total.cpu_millis)), percent(held.cpu_millis, total.cpu_millis), format!("{} free", cpu_words(platform.free.cpu_millis)))}
            {meter("Memory", bytes_words(held.memory_bytes), format!("of {} held", bytes_words(total.memory_bytes)), percent(held.memory_bytes, total.memory_bytes), format!("{} free", bytes_words(platform.free.memory_bytes)))}
            {(total.gpus > 0).then(|| meter("GPU", held.gpus.to_string(), format!("of {} held", total.gpus), percent(held.gpus, total.gpus), format!("{} free", platform.free.gpus)))}
        </div>
    }
}

#[component]
fn Findings(findings: Vec<Finding>) -> impl IntoView {
    let lines = findings.into_iter().map(|f| {
        let badge = match f.level.as_str() {
            "ok" => view! { <Badge tone=Tone::Green icon="ok" text="Good"/> },
            "warning" => view! { <Badge tone=Tone::Amber icon="clock" text="Warning"/> },
            _ => view! { <Badge tone=Tone::Red icon="x" text="Wrong"/> },
        };
        view! { <li>{badge}<div class="stack grow" style="gap:2px"><span class="name">{f.check}</span><span class="sub pre">{f.detail}</span>{f.fix.map(|fix| view! { <span class="pre">{fix}</span> })}</div></li> }
    });
    view! { <Card title="Findings" flush=true><ul class="list">{lines.collect_view()}</ul></Card> }
}

#[component]
fn Tasks(tasks: Vec<TaskReport>) -> impl IntoView {
    let rows = tasks.into_iter().map(|t| {
        let counts = t.counts.iter().map(|(k, n)| format!("{k} {n}")).collect::<Vec<_>>().join(", ");
        let badge = if t.error.is_some() {
            view! { <Badge tone=Tone::Red icon="x" text="Failed"/> }.into_any()
        } else if t.runs > 0 {
            view! { <Badge tone=Tone::Green icon="ok" text="Good"/> }.into_any()
        } else {
            view! { <Badge tone=Tone::Grey icon="clock" text="Not yet run"/> }.into_any()
        };
        view! {
            <tr>
                <td class="state" data-label="State">{badge}</td>
                <td class="lead" data-label="Task"><span class="name">{t.name}</span>{t.error.map(|text| view! { <Cut text/> })}</td>
                <td data-label="Last"><span class="sub">{t.last_run_at.map(|time| view! { <Ago time/> })}</span></td>
                <td class="num" data-label="Took"><span class="sub">{if t.last_seconds < 1.0 { format!("{:.0} ms", t.last_seconds * 1000.0) } else { time::duration(t.last_seconds) }}</span></td>
                <td class="num" data-label="Runs">{t.runs}</td>
                <td data-label="Counted"><Cut text=counts/></td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let head = vec![("State", ""), ("Task", ""), ("Last", ""), ("Took", "num"), ("Runs", "num"), ("Counted", "")];
    view! { <Card title="Background tasks" flush=true><Table label="Background tasks" head>{rows}</Table></Card> }
}

#[component]
fn About(platform: Platform) -> impl IntoView {
    let rows = vec![
        ("Version", text(platform.version)),
        ("Cluster", text(platform.cluster)),
        ("Database", text(platform.database)),
        ("Started", Some(view! { <Ago time=platform.started_at/> }.into_any())),
    ];
    view! { <Card title="Platform"><Facts rows/></Card> }
}
