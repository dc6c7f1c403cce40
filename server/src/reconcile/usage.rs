//! Samples what workloads use, every five seconds.

use super::{Report, Task};
use crate::{
    cluster::SharedCluster,
    error::Result,
    store::{Store, usage::SampleRow},
};
use async_trait::async_trait;
use std::{collections::HashMap, time::Duration};

/// The task.
pub struct Usage {
    /// The database.
    pub store: Store,
    /// The cluster.
    pub cluster: SharedCluster,
}

#[async_trait]
impl Task for Usage {
    fn name(&self) -> &'static str {
        "usage"
    }

    fn listens(&self) -> bool {
        false
    }

    fn every(&self) -> Duration {
        Duration::from_secs(5)
    }

    async fn tick(&self) -> Result<Report> {
        let usage = self.cluster.usage().await?;
        if usage.is_empty() {
            return Ok(Report::from([("sampled", 0)]));
        }
        let rows = self.store.workloads_live().await?;
        let by_id: HashMap<&str, _> = rows.iter().map(|r| (r.id.as_str(), r)).collect();
        let mut tx = self.store.begin().await?;
        let mut sampled = 0;
        for sample in usage {
            let Some(row) = by_id.get(sample.id.as_str()) else { continue };
            tx.usage_insert(&SampleRow {
                workload_key: row.key,
                time: sample.time,
                cpu_millis: sample.numbers.cpu_millis,
                memory_bytes: sample.numbers.memory_bytes,
            })
            .await?;
            sampled += 1;
        }
        tx.commit().await?;
        Ok(Report::from([("sampled", sampled)]))
    }
}
