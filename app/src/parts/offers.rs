//! What a form that launches something offers: sizes with what they would do, and environments.

use crate::api::{Client, ListQuery, Page, capacity::Capacity, client::Reply, environments::Environment, page::MAX_PAGE_SIZE};

/// What there is, with the sizes; and the team's environments.
pub type Offers = (Capacity, Page<Environment>);

/// Asks for both.
pub fn offers(client: &Client, team: &str) -> Reply<Offers> {
    client.capacity(team).and(client.environment_list(team, &ListQuery { page_size: Some(MAX_PAGE_SIZE), page_token: None }))
}
