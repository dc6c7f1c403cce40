//! Events: who changed what, when; filters in the address.

use crate::{
    api::{
        Page,
        changes::kinds,
        events::{Event, EventQuery},
    },
    ui::{Ago, Empty, Pager, Table, url},
};
use leptos::prelude::*;
use leptos_router::{hooks::use_query_map, params::ParamsMap};

/// The query of the address.
pub fn event_query(query: &ParamsMap) -> EventQuery {
    let part = |name: &str| query.get(name).filter(|v| !v.is_empty());
    EventQuery {
        page_size: None,
        page_token: part("page"),
        actor: part("actor"),
        action: part("action"),
        kind: part("kind"),
        object_id: part("object_id"),
    }
}

/// The filters: a plain form.
#[component]
pub fn EventFilter(
    /// The address without a query.
    #[prop(into)]
    action: String,
) -> impl IntoView {
    let query = use_query_map().get_untracked();
    let part = |name: &str| query.get(name).unwrap_or_default();
    let (kind, actor, did) = (part("kind"), part("actor"), part("action"));
    let clear = url::with(&action, &query, &[("actor", None), ("action", None), ("kind", None), ("object_id", None), ("page", None)]);
    view! {
        <form method="get" action=action>
            <input type="hidden" name="tab" value="events"/>
            <div class="filter">
                <input type="search" name="actor" placeholder="Who" aria-label="Who" value=actor data-filter=""/>
                <input type="search" name="action" placeholder="What was done" aria-label="What was done" value=did/>
                <select name="kind" aria-label="Kind of object">
                    <option value="">"All kinds"</option>
                    {kinds::RECORDED.into_iter().map(|k| view! { <option value=k selected=k == kind>{k.replace('_', " ")}</option> }).collect_view()}
                </select>
                <button class="btn" type="submit">"Filter"</button>
                <a class="btn bare" href=clear>"Clear"</a>
            </div>
        </form>
    }
}

/// The events.
#[component]
pub fn EventTable(
    /// A page of them.
    page: Page<Event>,
    /// Whether the team is shown (on the platform's page).
    #[prop(optional)]
    with_team: bool,
) -> impl IntoView {
    if page.items.is_empty() {
        return view! { <Empty text="No event is like that."/> }.into_any();
    }
    let mut head = vec![("When", ""), ("Who", ""), ("What", ""), ("Object", "")];
    if with_team {
        head.push(("Team", ""));
    }
    head.push(("", ""));
    let rows = page.items.into_iter().map(|e| {
        let id = format!("event-{}", e.seq);
        let (before, after) = (pretty(e.before.as_ref()), pretty(e.after.as_ref()));
        let label = format!("Details of event {}", e.seq);
        view! {
            <tr>
                <td data-label="When"><Ago time=e.time/></td>
                <td data-label="Who">{e.actor}</td>
                <td data-label="What">{e.action}</td>
                <td data-label="Object" class="wrap"><span class="sub">{e.kind}" "</span>{e.object_name}</td>
                {with_team.then(|| view! { <td data-label="Team">{e.team}</td> })}
                <td data-label="" class="right">
                    <button type="button" class="btn small" aria-label=label aria-haspopup="dialog" commandfor=id.clone() command="show-modal" data-dialog=id.clone()>"Details"</button>
                    <dialog class="box" id=id.clone() aria-label=format!("Event {}", e.seq)>
                        <div class="in">
                            <h1>{format!("Event {}", e.seq)}</h1>
                            <p class="sub mono">{e.object_id}</p>
                            {before.map(|t| view! { <h2>"Before"</h2><div class="codeblock"><pre tabindex="0">{t}</pre></div> })}
                            {after.map(|t| view! { <h2>"After"</h2><div class="codeblock"><pre tabindex="0">{t}</pre></div> })}
                            <div class="actions"><button type="button" class="btn" commandfor=id.clone() command="close" data-close="">"Close"</button></div>
                        </div>
                    </dialog>
                </td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! { <section class="card"><div class="scroll"><Table label="Events" head>{rows}</Table></div></section><Pager next=page.next_page_token/> }.into_any()
}

fn pretty(value: Option<&serde_json::Value>) -> Option<String> {
    value.and_then(|v| serde_json::to_string_pretty(v).ok())
}
