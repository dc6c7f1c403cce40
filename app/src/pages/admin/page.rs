//! Admin: its tabs lie in the address.

use super::{
    overview::Overview,
    teams::{Quotas, Teams},
    users::Users,
};
use crate::{
    api::{Client, Problem},
    parts::{
        Every, Head,
        event_table::{EventFilter, EventTable, event_query},
        loaded,
        params::query,
    },
    ui::{ProblemNote, Tabs},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// The page.
#[component]
pub fn Admin() -> impl IntoView {
    let client = Client::from_context();
    let tab = query("tab");
    loaded(
        "Loading",
        Every::default().page("Admin"),
        || (),
        move |()| client.me(),
        move |me, _| {
            if !me.get_untracked().admin {
                let problem = Problem::new(403, "This page is for platform admins.").hint("Ask one of them for what you need.");
                return view! { <Head title="Admin"/><ProblemNote problem/> }.into_any();
            }
            let tabs = move || {
                let now = tab.get();
                let item = |words, name: &str| {
                    let href = if name.is_empty() { "/admin".to_owned() } else { format!("/admin?tab={name}") };
                    (words, href, now.as_deref().unwrap_or("") == name)
                };
                vec![
                    item("Overview", ""),
                    item("Users", "users"),
                    item("Teams", "teams"),
                    item("Quotas", "quotas"),
                    item("Events", "events"),
                ]
            };
            let content = move || match tab.get().as_deref() {
                Some("users") => view! { <Users/> }.into_any(),
                Some("teams") => view! { <Teams/> }.into_any(),
                Some("quotas") => view! { <Quotas/> }.into_any(),
                Some("events") => view! { <Events/> }.into_any(),
                _ => view! { <Overview/> }.into_any(),
            };
            view! { <Head title="Admin"/>{move || view! { <Tabs label="Parts of the platform" items=tabs()/> }}{content} }.into_any()
        },
    )
}

#[component]
fn Events() -> impl IntoView {
    let client = Client::from_context();
    let query = use_query_map();
    view! {
        <EventFilter action="/admin"/>
        {loaded(
            "Loading events",
            Every { kinds: &[], seconds: 15, page: "" },
            move || query.with(event_query),
            move |query| client.event_list_all(&query),
            |data, _| move || view! { <EventTable page=data.get() with_team=true/> },
        )}
    }
}
