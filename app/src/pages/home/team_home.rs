//! Home of a team: what of ours runs, waits, failed; what is held and free.

use crate::{
    api::{
        Client,
        capacity::Capacity,
        client::segment,
        home::{Home, HomeItem, WaitingTask},
        pipeline_runs::TaskState,
        promotions::Promotion,
        resources::{bytes_words, cpu_words},
    },
    parts::{Access, Every, Head, StateBadge, TaskBadge, gates::PromotionBadge, loaded, params::team},
    ui::{Ago, Card, Cut, Empty, Portions, Spark, Table, meter::percent},
};
use leptos::prelude::*;

/// Home of a team.
#[component]
pub fn TeamHome() -> impl IntoView {
    let (client, team) = (Client::from_context(), team());
    let every = Every {
        kinds: &["notebook", "run", "deployment", "environment", "workload", "quota", "promotion", "pipeline_run", "member"],
        seconds: 15,
        page: "Home",
    };
    loaded(every, client.home(&team).and(client.capacity(&team)), |(home, capacity), access| {
        let title = access.me.teams.iter().find(|t| t.name == access.team).map_or_else(|| access.team.clone(), |t| t.display_name.clone());
        let (launch, submit, edits) = (access.href("/notebooks?launch=1"), access.href("/runs/submit"), access.edits());
        let first = edits.then(|| launch.clone());
        let (waits, tasks) = (home.waiting.clone(), home.tasks.clone());
        let count = waits.len() + tasks.len();
        let waiting = (count > 0).then(|| {
            view! { <Card title="Waiting for your approval" more=move || view! { {count.to_string()} } flush=true><Waiting items=waits tasks access=access.clone()/></Card> }
        });
        view! {
            <Head title>{edits.then(|| view! { <a class="btn" href=launch>"Launch notebook"</a><a class="btn primary" href=submit>"Submit run"</a> })}</Head>
            <Meters capacity/>
            {waiting}
            <Lists home launch=first/>
        }
    })
}

/// What is held and used of what may be held.
#[component]
fn Meters(capacity: Capacity) -> impl IntoView {
    let c = capacity;
    let whole = |quota: i64, total: i64| if quota > 0 && quota < total { (quota, " of the quota") } else { (total, "") };
    let (cpu, cpu_of) = whole(c.quota.cpu_millis, c.total.cpu_millis);
    let (memory, memory_of) = whole(c.quota.memory_bytes, c.total.memory_bytes);
    let queued = (c.queued > 0).then(|| view! { <p class="sub">{format!("{} waiting for room", c.queued)}</p> });
    let parts = |used: i64, held: i64, whole: i64| {
        let used = percent(used.min(held), whole);
        vec![(used, ""), (percent(held, whole) - used, "weak")]
    };
    view! {
        <div class="cols c3">
            <Meter name="CPU" held=cpu_words(c.held.cpu_millis) of=format!("of {}{cpu_of} held", cpu_words(cpu)) parts=parts(c.used.cpu_millis, c.held.cpu_millis, cpu)
                note=format!("{} used now, {} free for all teams", cpu_words((c.used.cpu_millis + 50) / 100 * 100), cpu_words(c.free.cpu_millis.max(0)))/>
            <Meter name="Memory" held=bytes_words(c.held.memory_bytes) of=format!("of {}{memory_of} held", bytes_words(memory)) parts=parts(c.used.memory_bytes, c.held.memory_bytes, memory)
                note=format!("{} used now, {} free for all teams", bytes_words(c.used.memory_bytes), bytes_words(c.free.memory_bytes))/>
            {(c.total.gpus > 0).then(|| view! {
                <Meter name="GPU" held=c.held.gpus.to_string() of=format!("of {} held", c.total.gpus) parts=vec![(percent(c.held.gpus, c.total.gpus), "")] note=format!("{} free for all teams", c.free.gpus)/>
            })}
        </div>
        {queued}
    }
}

#[component]
fn Meter(name: &'static str, held: String, of: String, parts: Vec<(f64, &'static str)>, note: String) -> impl IntoView {
    view! {
        <section class="card" aria-label=name>
            <div class="in meter"><p class="sub">{name}</p><div class="amount"><b>{held}</b><span>{of}</span></div><Portions parts/><p class="sub">{note}</p></div>
        </section>
    }
}

#[component]
fn Lists(home: Home, launch: Option<String>) -> impl IntoView {
    let failed = home.failed.len();
    let needs = move || view! { {failed.to_string()} };
    view! {
        {(failed > 0).then(|| view! { <Card title="Needs you" more=needs flush=true><Lines items=home.failed/></Card> })}
        <div class="cols main">
            <Card title="Running and waiting" flush=true>
                {if home.active.is_empty() {
                    view! { <Empty text="Nothing runs and nothing waits." button=launch.map(|href| ("Launch notebook", href)) command="slipway run submit --env train -- python train.py"/> }.into_any()
                } else {
                    view! { <Active items=home.active/> }.into_any()
                }}
            </Card>
            <Card title="Recent" flush=true>
                {if home.recent.is_empty() {
                    view! { <div class="empty slim"><p>"Nothing has ended yet."</p></div> }.into_any()
                } else {
                    view! { <Lines items=home.recent/> }.into_any()
                }}
            </Card>
        </div>
    }
}

#[component]
fn Waiting(items: Vec<Promotion>, tasks: Vec<WaitingTask>, access: Access) -> impl IntoView {
    let asked = tasks.into_iter().map(|t| {
        let href = access.href(&format!("/pipeline-runs/{}?task={}", segment(&t.pipeline_run_id), segment(&t.task_id)));
        view! {
            <li>
                <TaskBadge state=TaskState::WaitingForApproval/>
                <div class="grow">
                    <div><a class="name" href=href>{t.message}</a></div>
                    <div class="sub">{format!("{} of {}, run by {}, ", t.task, t.pipeline_run, t.by)}<Ago time=t.since/></div>
                </div>
            </li>
        }
    });
    let asked = asked.collect_view();
    let lines = items.into_iter().map(|p| {
        let href = access.href(&format!("/promotions/{}", segment(&p.id)));
        view! {
            <li>
                <PromotionBadge state=p.state/>
                <div class="grow">
                    <div><a class="name" href=href>{format!("{} v{} to {}", p.model, p.version, p.stage)}</a></div>
                    <div class="sub">{format!("asked for by {}, ", p.requested_by)}<Ago time=p.state_since/></div>
                </div>
            </li>
        }
    });
    view! { <ul class="list">{lines.collect_view()}{asked}</ul> }
}

#[component]
fn Active(items: Vec<HomeItem>) -> impl IntoView {
    let rows = items.into_iter().map(|i| {
        let cpu: Vec<f64> = i.cpu.iter().map(|v| *v as f64).collect();
        let label = format!("CPU of {} over the last minutes", i.name);
        view! {
            <tr>
                <td class="state" data-label="State"><StateBadge state=i.state server=i.kind == "deployment"/></td>
                <td class="lead" data-label="Name"><a class="name" href=i.href>{i.name}</a>" "<span class="sub">{i.kind.replace('_', " ")}</span></td>
                <td data-label="Since"><span class="sub">{named(&i.by)}<Ago time=i.since/></span>{i.reason.map(|text| view! { <Cut text/> })}</td>
                <td class="num" data-label="Holds">{i.resources.words()}</td>
                <td data-label="CPU"><Spark values=cpu label/></td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! { <Table label="Running and waiting" head=vec![("State", ""), ("Name", ""), ("Since", ""), ("Holds", "num"), ("CPU", "")]>{rows}</Table> }
}

#[component]
fn Lines(items: Vec<HomeItem>) -> impl IntoView {
    let lines = items.into_iter().map(|i| {
        view! {
            <li>
                <StateBadge state=i.state server=i.kind == "deployment"/>
                <div class="grow">
                    <div><a class="name" href=i.href>{i.name}</a>" "<span class="sub">{i.kind.replace('_', " ")}</span></div>
                    <div class="sub">{i.reason.map(|r| format!("{r} "))}{named(&i.by)}<Ago time=i.since/></div>
                </div>
            </li>
        }
    });
    view! { <ul class="list">{lines.collect_view()}</ul> }
}

/// Who, before a time; nothing where nobody is named.
fn named(by: &str) -> String {
    if by.is_empty() { String::new() } else { format!("{by}, ") }
}
