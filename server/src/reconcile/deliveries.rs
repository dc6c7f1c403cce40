//! Deliveries to webhooks: what is due is posted, and what came of it is written down. What was posted and not written down, because the
//! server ended in between, is posted again under the same id.

use super::{Report, Task};
use crate::{
    error::Result,
    post::{Answered, WebPost, retry},
    store::deliveries::{AttemptRow, DueRow},
    webhooks::{
        service::{self, Webhooks},
        sign,
    },
};
use app::api::webhooks::DeliveryState;
use async_trait::async_trait;
use futures::StreamExt;

/// So many at once, and of them to one webhook.
const AT_ONCE: usize = 64;
const EACH: i64 = 4;
/// The receiver says that it wants no more of it.
const GONE: u16 = 410;

/// The task.
pub struct Deliveries {
    webhooks: Webhooks,
    post: WebPost,
}

#[async_trait]
impl Task for Deliveries {
    fn name(&self) -> &'static str {
        "webhook deliveries"
    }

    async fn tick(&self) -> Result<Report> {
        let store = &self.webhooks.store;
        let due = store.deliveries_due(store.clock().now(), EACH, AT_ONCE as i64).await?;
        let mut report = Report::from([("due", due.len() as i64), ("delivered", 0)]);
        let mut more = due.len() as i64 >= EACH;
        let mut sent = futures::stream::iter(due.into_iter().map(|row| self.one(row))).buffer_unordered(AT_ONCE);
        while let Some(result) = sent.next().await {
            match result {
                Ok(true) => *report.entry("delivered").or_default() += 1,
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(error = %error, "webhook delivery");
                    *report.entry("failed").or_default() += 1;
                    more = false;
                }
            }
        }
        // There may be more of the same webhook.
        if more {
            store.bell().wake();
        }
        Ok(report)
    }
}

impl Deliveries {
    /// The task.
    pub fn new(webhooks: Webhooks) -> Self {
        let post = WebPost::new(webhooks.allowed.clone());
        Self { webhooks, post }
    }

    /// One attempt; whether it was taken.
    async fn one(&self, row: DueRow) -> Result<bool> {
        let store = &self.webhooks.store;
        let at = store.clock().now();
        let sealed = (row.sealed.as_str(), row.sealed_before.as_deref());
        let keys = service::keys(&self.webhooks.sealer, (&row.team_id, &row.webhook_id), sealed, row.rotated_at, at);
        let begun = tokio::time::Instant::now();
        let Answered { status, problem, answer } = match keys {
            Ok(keys) => self.post.send(&row.url, &headers(&row, &keys, at.div_euclid(1000)), row.body.clone()).await,
            Err(error) => {
                tracing::warn!(webhook = row.webhook_id, error = %error, "the secret of a webhook");
                Answered { problem: Some("Its secret was sealed with another key: rotate it.".into()), ..Answered::default() }
            }
        };
        let again = retry::pause(row.tries_left).filter(|_| status != Some(GONE));
        let (state, next_at) = match (&problem, again) {
            (None, _) => (DeliveryState::Delivered, None),
            (Some(_), Some(pause)) => (DeliveryState::Waiting, Some(store.clock().now() + pause)),
            (Some(_), None) => (DeliveryState::GivenUp, None),
        };
        let attempt = AttemptRow {
            delivery_id: row.id.clone(),
            number: row.attempts + 1,
            at,
            millis: begun.elapsed().as_millis() as i64,
            status: status.map(i64::from),
            problem,
            answer,
        };
        let mut tx = store.begin().await?;
        // Removed or switched off meanwhile: nobody asks what came of it.
        if tx.delivery_attempted(&attempt, state, next_at).await? {
            tx.changed(Some(&row.team_id), "webhook", &row.webhook_id, 0);
            tx.commit().await?;
        }
        Ok(state == DeliveryState::Delivered)
    }
}

/// The headers of the specification.
fn headers(row: &DueRow, keys: &[Vec<u8>], seconds: i64) -> [(&'static str, String); 3] {
    [
        ("webhook-id", row.id.clone()),
        ("webhook-timestamp", seconds.to_string()),
        ("webhook-signature", sign::signature(keys, &row.id, seconds, &row.body)),
    ]
}
