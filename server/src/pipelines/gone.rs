//! Pipelines that are no more, while what ran of them still is.

use crate::{error::Result, store::Store};
use std::collections::{BTreeSet, HashSet};

/// Those that were deleted, of the pipelines that some runs are of.
#[derive(Debug, Clone, Default)]
pub struct Gone(HashSet<String>);

impl Gone {
    /// None of them: whoever answers has just seen the pipeline.
    pub fn none() -> Self {
        Self::default()
    }

    /// Which of these pipelines the team has no more; asked once for all.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn of(store: &Store, team_id: &str, ids: impl IntoIterator<Item = Option<&str>> + Send) -> Result<Self> {
        let ids: Vec<String> = ids.into_iter().flatten().collect::<BTreeSet<_>>().into_iter().map(str::to_owned).collect();
        if ids.is_empty() {
            return Ok(Self::none());
        }
        let there: HashSet<String> = store.pipelines_there(team_id, &ids).await?.into_iter().collect();
        Ok(Self(ids.into_iter().filter(|id| !there.contains(id)).collect()))
    }

    /// Whether a pipeline is one of them; what brought its own is of none.
    pub fn has(&self, id: Option<&str>) -> bool {
        id.is_some_and(|id| self.0.contains(id))
    }
}
