//! Teams and the cluster: what each needs where its workloads run.

use super::{Report, Task};
use crate::{
    cluster::{SharedCluster, TeamSpec},
    error::Result,
    platform::placements,
    quota::capacity,
    store::Store,
};
use async_trait::async_trait;
use std::time::Duration;

/// Teams read at once.
const PAGE: i64 = 500;

/// The task.
pub struct Teams {
    /// The database.
    pub store: Store,
    /// The cluster.
    pub cluster: SharedCluster,
}

#[async_trait]
impl Task for Teams {
    fn name(&self) -> &'static str {
        "teams"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(10)
    }

    /// Every commit rings it, and hardly one is about teams.
    fn listens(&self) -> bool {
        false
    }

    async fn tick(&self) -> Result<Report> {
        self.cluster.tolerate(placements::all(&self.store).await?.tolerations);
        let limits = capacity::limits(&self.store).await?;
        let mut all = Vec::new();
        loop {
            let after = all.last().map_or(String::new(), |t: &TeamSpec| t.name.clone());
            let page = self.store.team_list(None, &after, PAGE).await?;
            let last = (page.len() as i64) < PAGE;
            all.extend(page.into_iter().map(|team| {
                let limit = limits.get(&team.id).copied().unwrap_or_default();
                TeamSpec {
                    name: team.name,
                    display_name: team.display_name,
                    cpu_millis: limit.cpu_millis,
                    memory_bytes: limit.memory_bytes,
                    gpus: limit.gpus,
                }
            }));
            if last {
                break;
            }
        }
        self.cluster.keep_teams(&all).await?;
        Ok(Report::from([("seen", all.len() as i64)]))
    }
}
