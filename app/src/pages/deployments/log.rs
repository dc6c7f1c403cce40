//! The log of a revision: of the newest, or of the one that the address names.

use crate::{
    api::{
        Client, ListQuery, State,
        changes::kinds,
        deployments::{Revision, log_path},
    },
    islands::LogView,
    parts::{Every, loaded, params::query},
    ui::Empty,
};
use leptos::prelude::*;

/// How many revisions the picker offers; the table of revisions leads to every one.
const OFFERED: u32 = 100;

/// The tab.
#[component]
pub fn RevisionLog(
    /// The way to the API.
    client: Client,
    /// The team.
    team: String,
    /// Name of the deployment.
    name: String,
    /// State of the deployment.
    state: State,
) -> impl IntoView {
    let asked = query("revision").and_then(|n| n.parse::<i64>().ok());
    let revisions = client.revision_list(&team, &name, &ListQuery { page_size: Some(OFFERED), page_token: None });
    loaded(Every::change(&[kinds::DEPLOYMENT]), revisions, move |page, _| {
        let Some(number) = asked.or(page.items.first().map(|r| r.number)) else {
            return view! { <section class="card"><Empty text="Nothing was deployed yet."/></section> }.into_any();
        };
        let path = log_path(&team, &name, Some(number));
        let picker = (page.items.len() > 1).then(|| view! { <Picker items=page.items number more=page.next_page_token.is_some()/> });
        view! {
            <section class="card">
                <header><h2>{format!("Log of revision {number}")}</h2><div class="more">{picker}</div></header>
                <LogView client path again=state as u64 noun="Start" height="calc(100vh - 280px)"/>
            </section>
        }
        .into_any()
    })
}

/// A plain form.
#[component]
fn Picker(items: Vec<Revision>, number: i64, more: bool) -> impl IntoView {
    let missing =
        items.iter().all(|r| r.number != number).then(|| view! { <option value=number.to_string() selected=true>{number}</option> });
    let options = items.into_iter().map(|r| {
        let words = format!("{}: {}", r.number, r.words());
        view! { <option value=r.number.to_string() selected=r.number == number>{words}</option> }
    });
    let options = options.collect_view();
    let hint = more.then(|| view! { <span class="sub">{format!("The newest {OFFERED}; the overview leads to all.")}</span> });
    view! {
        <form method="get" class="row">
            <input type="hidden" name="tab" value="log"/>
            {hint}
            <select name="revision" aria-label="Revision">{missing}{options}</select>
            <button class="btn small" type="submit">"Show"</button>
        </form>
    }
}
