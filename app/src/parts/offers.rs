//! What a form that launches something offers: sizes with what they would do, and environments.

use crate::api::{Client, ListQuery, capacity::Capacity, client::Reply, environments::Environment};
use serde::{Deserialize, Serialize};

/// Sizes and environments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Offers {
    /// What there is, with the sizes.
    pub capacity: Capacity,
    /// The team's environments.
    pub environments: Vec<Environment>,
}

/// Asks for both.
pub fn offers(client: &Client, team: &str) -> Reply<Offers> {
    let (capacity, environments) = (client.capacity(team), client.environment_list(team, &ListQuery::default()));
    Box::pin(async move { Ok(Offers { capacity: capacity.await?, environments: environments.await?.items }) })
}
