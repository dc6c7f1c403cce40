//! Recurring runs: of the team, and of one pipeline.

use super::{of_pipeline::OfPipeline, ticks::Ticks};
use crate::{
    api::{
        Client,
        changes::kinds,
        client::{segment, team_path},
        recurring_runs::{RecurringRun, RecurringRunQuery},
    },
    parts::{
        Access, Every, Head, loaded,
        params::{query, team},
    },
    ui::{Badge, Cut, Empty, Pager, PostButton, Table, Tone},
};
use leptos::prelude::*;

/// What changes them.
pub const EVERY: Every = Every::change(&[kinds::RECURRING_RUN, kinds::PIPELINE_RUN]);

/// The page of all of them.
#[component]
pub fn RecurringRuns() -> impl IntoView {
    let asked = RecurringRunQuery { page_token: query("page"), ..RecurringRunQuery::default() };
    let answer = Client::from_context().recurring_run_list(&team(), &asked);
    loaded(EVERY.page("Recurring runs"), answer, move |page, access| {
        let list = if page.items.is_empty() {
            let button = Some(("Pipelines", access.href("/pipelines")));
            let text = "No pipeline runs by itself yet: open one and press Schedule.";
            let command = "slipway pipeline schedule create PIPELINE --cron '0 0 2 * * *'";
            view! { <section class="card"><Empty text button command/></section> }.into_any()
        } else {
            view! { <Rows items=page.items access of_all=true/><Pager next=page.next_page_token/> }.into_any()
        };
        view! { <Head title="Recurring runs"/>{list} }
    })
}

/// A table of them.
#[component]
pub fn Rows(
    /// Newest first.
    items: Vec<RecurringRun>,
    /// Who looks.
    access: Access,
    /// Whether they are of several pipelines.
    #[prop(optional)]
    of_all: bool,
) -> impl IntoView {
    let edits = access.edits();
    let rows = items.into_iter().map(|r| {
        let href = access.href(&format!("/recurring-runs/{}", segment(&r.id)));
        let pipeline = of_all.then(|| {
            let (name, id) = (r.pipeline.clone(), r.pipeline_id.clone());
            view! { <td class="named" data-label="Pipeline"><OfPipeline name id deleted=r.pipeline_deleted access=access.clone()/></td> }
        });
        let next = r.next.first().map(|n| view! { <span title=n.at.clone()>{n.words.clone()}</span> });
        let switch = edits.then(|| view! { <Switch run=r.clone() access=access.clone() small=true/> });
        let gone = (r.version_deleted && !r.pipeline_deleted).then(|| "The version that it runs was deleted.".to_owned());
        let problem = r.problem.clone().or(gone).map(|text| view! { <Cut text/> });
        view! {
            <tr>
                <td class="state" data-label="State"><Switched run=r.clone()/></td>
                <td class="lead" data-label="Name"><a class="name" href=href>{r.name}</a>{problem}</td>
                {pipeline}
                <td data-label="When">{r.when}</td>
                <td data-label="Next"><span class="sub">{next}</span></td>
                <td data-label="Last runs"><Ticks runs=r.runs/></td>
                <td data-label="By"><span class="sub">{r.created_by}</span></td>
                <td data-label="" class="right"><div class="actions">{switch}</div></td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let mut head = vec![("State", ""), ("Name", ""), ("When", ""), ("Next", ""), ("Last runs", ""), ("By", ""), ("", "")];
    if of_all {
        head.insert(2, ("Pipeline", ""));
    }
    view! { <section class="card"><div class="scroll"><Table label="Recurring runs" head>{rows}</Table></div></section> }
}

/// Whether it is switched on, and comes still.
#[component]
pub fn Switched(
    /// Which.
    run: RecurringRun,
) -> impl IntoView {
    match (run.enabled, run.next.is_empty()) {
        (true, false) => view! { <Badge tone=Tone::Green icon="ok" text="On"/> },
        (true, true) => view! { <Badge tone=Tone::Grey icon="ok" text="Ended"/> },
        (false, _) => view! { <Badge tone=Tone::Grey icon="pause" text="Off"/> },
    }
}

/// The button that switches one on or off.
#[component]
pub fn Switch(
    /// Which.
    run: RecurringRun,
    /// Who looks.
    access: Access,
    /// Whether it stands in a row.
    #[prop(optional)]
    small: bool,
) -> impl IntoView {
    let (rest, words, say) =
        if run.enabled { ("disable", "Switch off", "It is switched off.") } else { ("enable", "Switch on", "It is switched on.") };
    let action = team_path(&access.team, &format!("/recurring-runs/{}/{rest}", segment(&run.id)));
    let class = if small { "btn small" } else { "btn" };
    view! { <PostButton id=format!("switch-{}", run.id) action say class label=format!("{words} {}", run.name)>{words}</PostButton> }
}
