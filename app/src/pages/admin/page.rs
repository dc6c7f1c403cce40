//! Admin: its tabs lie in the address. Whoever is no platform admin is told that nothing is here before it is rendered.

use super::{
    images::Images,
    overview::Overview,
    placement::Placements,
    teams::{Quotas, Teams},
    users::Users,
};
use crate::{
    api::Client,
    parts::{
        Every, Head, Nodes,
        event_table::{EventFilter, EventTable, event_query},
        loaded,
        params::query,
    },
    ui::Tabs,
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// The page.
#[component]
pub fn Admin() -> impl IntoView {
    let tab = query("tab").unwrap_or_default();
    let item = |words, name: &str| {
        let href = if name.is_empty() { "/admin".to_owned() } else { format!("/admin?tab={name}") };
        (words, href, tab == name)
    };
    let mut items = vec![item("Overview", ""), item("Users", "users"), item("Teams", "teams"), item("Quotas", "quotas")];
    if Nodes::are_there() {
        items.push(item("Placement", "placement"));
    }
    items.push(("Runtimes", "/runtimes".to_owned(), false));
    // Where there are nodes, tasks run in the images themselves.
    if !Nodes::are_there() {
        items.push(item("Images", "images"));
    }
    items.push(item("Events", "events"));
    let content = match tab.as_str() {
        "users" => view! { <Users/> }.into_any(),
        "teams" => view! { <Teams/> }.into_any(),
        "quotas" => view! { <Quotas/> }.into_any(),
        "placement" if Nodes::are_there() => view! { <Placements/> }.into_any(),
        "images" if !Nodes::are_there() => view! { <Images/> }.into_any(),
        "events" => view! { <Events/> }.into_any(),
        _ => view! { <Overview/> }.into_any(),
    };
    view! { <Head title="Admin"/><Tabs label="Parts of the platform" items/>{content} }
}

#[component]
fn Events() -> impl IntoView {
    let query = use_query_map().with_untracked(event_query);
    let events = Client::from_context().event_list_all(&query);
    view! {
        <EventFilter action="/admin"/>
        {loaded(Every::seconds(15), events, |page, _| view! { <EventTable page with_team=true/> })}
    }
}
