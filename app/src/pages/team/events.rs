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
    /// Who looks.
    access: Access,
) -> impl IntoView {
    let client = Client::from_context();
    let (query, team) = (use_query_map(), access.team.clone());
    view! {
        <EventFilter action=access.href("/team")/>
        {loaded(
            "Loading events",
            Every { kinds: &[], seconds: 15, page: "" },
            move || (team.clone(), query.with(event_query)),
            move |(team, query)| client.event_list(&team, &query),
            |data, _| move || view! { <EventTable page=data.get()/> },
        )}
    }
}
