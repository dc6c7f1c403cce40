//! The notebooks of a team.

use super::{actions::Actions, launch::LaunchSheet};
use crate::{
    api::{Client, ListQuery, State, notebooks::Notebook},
    parts::{
        Access, Every, Head, StateBadge,
        amounts::{cpu_use, memory_use},
        loaded,
        params::{query, team},
    },
    ui::{Ago, Cut, Empty, Pager, Table},
};
use leptos::prelude::*;

/// The page.
#[component]
pub fn Notebooks() -> impl IntoView {
    let (client, team) = (Client::from_context(), team());
    let every = Every { kinds: &["notebook", "workload", "environment"], seconds: 5, page: "Notebooks" };
    let notebooks = client.notebook_list(&team, &ListQuery { page_token: query("page"), page_size: None });
    view! {
        {loaded(every, notebooks, |page, access| {
            let (href, edits) = (access.href("/notebooks?launch=1"), access.edits());
            let list = if page.items.is_empty() {
                view! { <section class="card"><Empty text="A notebook is a JupyterLab of your own, with files that stay when it stops." button=edits.then(|| ("Launch notebook", href.clone())) command="slipway notebook launch explore --env notebook --size small"/></section> }.into_any()
            } else {
                view! { <Rows items=page.items access/><Pager next=page.next_page_token/> }.into_any()
            };
            view! { <Head title="Notebooks">{edits.then(|| view! { <a class="btn primary" href=href>"Launch notebook"</a> })}</Head>{list} }
        })}
        {query("launch").map(|_| view! { <LaunchSheet/> })}
    }
}

#[component]
fn Rows(items: Vec<Notebook>, access: Access) -> impl IntoView {
    let rows = items.into_iter().map(|n| {
        let href = access.href(&format!("/notebooks/{}", n.name));
        view! {
            <tr>
                <td class="state" data-label="State"><StateBadge state=n.state/></td>
                <td class="lead" data-label="Name"><a class="name" href=href>{n.name.clone()}</a></td>
                <td data-label="Owner"><span class="sub">{n.owner.clone()}</span></td>
                <td class="named" data-label="Environment"><span class="sub">{format!("{} v{}", n.environment, n.environment_version)}</span></td>
                <td data-label="Size"><span class="sub">{n.resources.words()}</span></td>
                <td class="num" data-label="CPU">{cpu_use(n.cpu_millis, n.resources.cpu_millis)}</td>
                <td class="num" data-label="Memory">{memory_use(n.memory_bytes, n.resources.memory_bytes)}</td>
                <td data-label="Activity">{activity(&n)}</td>
                <td data-label="" class="right"><div class="actions"><Actions notebook=n access=access.clone()/></div></td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let head = vec![
        ("State", ""),
        ("Name", ""),
        ("Owner", ""),
        ("Environment", ""),
        ("Size", ""),
        ("CPU", "num"),
        ("Memory", "num"),
        ("Activity", ""),
        ("", ""),
    ];
    view! { <section class="card"><div class="scroll"><Table label="Notebooks" head>{rows}</Table></div></section> }
}

/// What it is doing, or why it is not.
pub fn activity(n: &Notebook) -> impl IntoView + use<> {
    if let Some(text) = n.reason.clone() {
        return view! { <Cut text/> }.into_any();
    }
    let since = n.state_since.clone();
    match (n.state, n.last_activity_at.clone()) {
        (State::Running, _) if n.busy => view! { <span class="sub">"busy"</span> }.into_any(),
        (State::Running, Some(time)) => view! { <span class="sub">"idle, last work "<Ago time/></span> }.into_any(),
        (state, _) => view! { <span class="sub">{state.label().to_lowercase()}" "<Ago time=since/></span> }.into_any(),
    }
}
