//! Teams and the cluster: what each needs where its workloads run.

use super::{Report, Task};
use crate::{
    cluster::{Kept, SharedCluster, TeamSpec},
    error::{Error, Result},
    platform::placements,
    quota::capacity,
    store::{Store, events::NewEvent},
};
use async_trait::async_trait;
use std::{collections::HashMap, time::Duration};

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
        let (mut all, mut ids) = (Vec::new(), HashMap::new());
        loop {
            let after = all.last().map_or(String::new(), |t: &TeamSpec| t.name.clone());
            let page = self.store.team_list(None, &after, PAGE).await?;
            let last = (page.len() as i64) < PAGE;
            all.extend(page.into_iter().map(|team| {
                let limit = limits.get(&team.id).copied().unwrap_or_default();
                ids.insert(team.name.clone(), team.id);
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
        let Kept { put_back, refused } = self.cluster.keep_teams(&all).await;
        if !put_back.is_empty() {
            let mut tx = self.store.begin().await?;
            for one in &put_back {
                let Some(id) = ids.get(&one.team) else { continue };
                tx.event(NewEvent {
                    team_id: Some(id),
                    actor: "slipway",
                    action: "put_back",
                    kind: "team",
                    object_id: id,
                    object_name: &one.team,
                    revision: 0,
                    before: None,
                    after: Some(serde_json::json!({ "reason": one.what })),
                })
                .await?;
            }
            tx.commit().await?;
        }
        if let Some((team, error)) = refused.into_iter().next() {
            return Err(Error { public: format!("Team {team}: {}", error.public), ..error });
        }
        Ok(Report::from([("seen", all.len() as i64), ("put_back", put_back.len() as i64)]))
    }
}
