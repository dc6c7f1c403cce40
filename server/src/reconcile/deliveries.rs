//! Deliveries to webhooks: what is due is posted, and what came of it is written down. What was posted and not written down, because the
//! server ended in between, is posted again under the same id.

use super::{Report, Task};
use crate::{
    error::{Error, Result},
    post::{Answered, WebPost, retry},
    store::deliveries::{AttemptRow, DueRow},
    wake::Bell,
    webhooks::{
        service::{self, Webhooks},
        sign,
    },
};
use app::api::webhooks::DeliveryState;
use async_trait::async_trait;
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    task::JoinSet,
    time::{Instant, timeout_at},
};

/// So many at once, and of them to one webhook.
const AT_ONCE: usize = 256;
const EACH: i64 = 4;
/// A look ends after so long: a receiver that takes its time holds up nobody else's.
const SOON: Duration = Duration::from_millis(200);
/// The receiver says that it wants no more of it.
const GONE: u16 = 410;

/// The task.
pub struct Deliveries {
    sender: Arc<Sender>,
    /// Ids of those that are being posted.
    going: Arc<Mutex<HashSet<String>>>,
}

#[async_trait]
impl Task for Deliveries {
    fn name(&self) -> &'static str {
        "webhook deliveries"
    }

    async fn tick(&self) -> Result<Report> {
        let store = &self.sender.webhooks.store;
        let going = self.going().clone();
        let mut due = store.deliveries_due(store.clock().now(), EACH, (AT_ONCE + going.len()) as i64).await?;
        due.retain(|row| !going.contains(&row.id));
        due.truncate(AT_ONCE.saturating_sub(going.len()));
        let mut report = Report::from([("due", due.len() as i64), ("going", going.len() as i64), ("delivered", 0)]);
        let mut more = due.len() as i64 >= EACH;
        let mut sent = JoinSet::new();
        for row in due {
            let (sender, place) = (self.sender.clone(), Going::of(&self.going, &row.id));
            sent.spawn(async move {
                let _place = place;
                sender.one(row).await
            });
        }
        let until = Instant::now() + SOON;
        loop {
            match timeout_at(until, sent.join_next()).await {
                Ok(Some(Ok(Ok(true)))) => *report.entry("delivered").or_default() += 1,
                Ok(Some(Ok(Ok(false)))) => {}
                Ok(Some(Ok(Err(error)))) => {
                    failed(&error);
                    *report.entry("failed").or_default() += 1;
                    more = false;
                }
                Ok(Some(Err(error))) => return Err(Error::internal(error)),
                Ok(None) => break,
                Err(_) => {
                    tokio::spawn(rest(sent, store.bell().clone()));
                    return Ok(report);
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
        Self { sender: Arc::new(Sender { webhooks, post }), going: Arc::default() }
    }

    fn going(&self) -> MutexGuard<'_, HashSet<String>> {
        self.going.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Those that take their time. There may be more of the same webhook afterwards.
async fn rest(mut sent: JoinSet<Result<bool>>, bell: Bell) {
    while let Some(ended) = sent.join_next().await {
        match ended {
            Ok(Ok(_)) => bell.wake(),
            Ok(Err(error)) => failed(&error),
            Err(error) => tracing::warn!(%error, "webhook delivery"),
        }
    }
}

fn failed(error: &Error) {
    tracing::warn!(error = %error, "webhook delivery");
}

/// One that is being posted, for as long as this lives.
struct Going {
    all: Arc<Mutex<HashSet<String>>>,
    id: String,
}

impl Going {
    fn of(all: &Arc<Mutex<HashSet<String>>>, id: &str) -> Self {
        all.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned());
        Self { all: all.clone(), id: id.to_owned() }
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

/// Posts, and writes down what came of it.
struct Sender {
    webhooks: Webhooks,
    post: WebPost,
}

impl Sender {
    /// One attempt; whether it was taken.
    async fn one(&self, row: DueRow) -> Result<bool> {
        let store = &self.webhooks.store;
        let at = store.clock().now();
        let sealed = (row.sealed.as_str(), row.sealed_before.as_deref());
        let keys = service::keys(&self.webhooks.sealer, (&row.team_id, &row.webhook_id), sealed, row.rotated_at, at);
        let begun = Instant::now();
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
