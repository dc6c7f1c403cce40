//! Deployments that follow an alias: each whose alias has moved gets a revision for where it points now.

use super::{Report, Task};
use crate::{deployments::service::Service, error::Result};
use async_trait::async_trait;

/// The task.
pub struct Following {
    /// What one may ask of deployments.
    pub service: Service,
}

#[async_trait]
impl Task for Following {
    fn name(&self) -> &'static str {
        "following"
    }

    async fn tick(&self) -> Result<Report> {
        let behind = self.service.store.deployments_behind().await?;
        let mut report = Report::from([("behind", behind.len() as i64)]);
        for row in behind {
            match self.service.follow(&row).await {
                Ok(did) => *report.entry("followed").or_default() += i64::from(did),
                Err(error) => {
                    tracing::warn!(deployment = row.name, error = %error, "its alias could not be followed");
                    *report.entry("failed").or_default() += 1;
                }
            }
        }
        Ok(report)
    }
}
