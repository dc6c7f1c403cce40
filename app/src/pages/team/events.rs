//! Who changed what in the team.

use crate::{
    api::Client,
    parts::{
        Access, Every,
        event_table::{EventFilter, EventTable, event_query},
        loaded,
    },
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// The tab.
#[component]
pub fn Events(
    /// The way to the API.
    client: Client,
    /// Who looks.
    access: Access,
) -> impl IntoView {
    let events = client.event_list(&access.team, &event_query(&use_query_map().get_untracked()));
    view! {
        <EventFilter action=access.href("/team")/>
        {loaded(Every { kinds: &[], seconds: 15, page: "" }, events, |page, _| view! { <EventTable page/> })}
    }
}
