//! When which task ran: a bar for each, from the left to the right.

use super::{
    drawing::tone,
    shown::{is_one, names, span},
};
use crate::{
    api::pipeline_runs::Task,
    ui::{Empty, Lasting, time},
};
use leptos::prelude::*;

/// Bars that are shown.
const MOST: usize = 500;

/// The tab.
#[component]
pub fn Timeline(
    /// All tasks of the run.
    tasks: Vec<Task>,
    /// Address of the run's page.
    here: String,
) -> impl IntoView {
    let named = names(&tasks);
    let all = tasks.iter().zip(&named).filter(|(t, _)| is_one(t));
    let mut ran: Vec<((&Task, &String), f64, Option<f64>)> = all.filter_map(|t| span(t.0).map(|(from, to)| (t, from, to))).collect();
    ran.sort_by(|a, b| a.1.total_cmp(&b.1));
    let Some((_, first, _)) = ran.first().copied() else {
        return view! { <section class="card"><Empty text="No task has started yet."/></section> }.into_any();
    };
    let last = ran.iter().map(|(_, from, to)| to.unwrap_or(*from)).fold(first, f64::max);
    // What runs reaches to the right end, which is now; a run of no length has one all the same.
    let all = (last - first).max(1.0);
    let more = ran.len().saturating_sub(MOST);
    let rows = ran.iter().take(MOST).map(|((t, label), from, to)| {
        let left = (from - first) / all * 100.0;
        let width = ((to.unwrap_or(last) - from) / all * 100.0).max(0.4);
        let style = format!("left:{:.2}%;width:{:.2}%", left.min(99.6), width.min(100.0 - left.min(99.6)));
        let class = format!("took {}", tone(t.state));
        let href = format!("{here}?task={}", t.id);
        let (label, from, to) = ((*label).clone(), t.started_at.clone().unwrap_or_default(), t.ended_at.clone());
        let words = t.state.label();
        view! {
            <li>
                <a class="cut" href=href title=label.clone()>{label.clone()}</a>
                <span class="track"><i class=class style=style></i></span>
                <span class="sub">{words}", "<Lasting from to/></span>
            </li>
        }
    });
    let rows = rows.collect_view();
    let whole = time::duration(all / 1000.0);
    view! {
        <section class="card">
            <header><h2>"Timeline"</h2><span class="more">{format!("{whole} from the first start to the last end")}</span></header>
            <ol class="timeline">{rows}</ol>
            {(more > 0).then(|| view! { <p class="sub in">{format!("{more} more tasks started after these.")}</p> })}
        </section>
    }
    .into_any()
}
