//! Mails: what is due is handed to the mail server. What was handed over and not written down, because the server ended in between, is handed
//! over again under the same id.

use super::{Report, Task};
use crate::{
    error::Result,
    post::{Mailer, retry},
    store::{Store, mails::MailRow},
};
use async_trait::async_trait;
use futures::StreamExt;

/// So many at once, and so many in one go.
const AT_ONCE: usize = 4;
const MANY: i64 = 40;

/// The task.
pub struct Mails {
    /// The database.
    pub store: Store,
    /// The mail server.
    pub mailer: Mailer,
}

#[async_trait]
impl Task for Mails {
    fn name(&self) -> &'static str {
        "mails"
    }

    async fn tick(&self) -> Result<Report> {
        let due = self.store.mails_due(self.store.clock().now(), MANY).await?;
        let mut report = Report::from([("due", due.len() as i64), ("sent", 0)]);
        let mut more = due.len() as i64 == MANY;
        let mut sent = futures::stream::iter(due.into_iter().map(|row| self.one(row))).buffer_unordered(AT_ONCE);
        while let Some(result) = sent.next().await {
            match result {
                Ok(true) => *report.entry("sent").or_default() += 1,
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(error = %error, "mail");
                    *report.entry("failed").or_default() += 1;
                    more = false;
                }
            }
        }
        if more {
            self.store.bell().wake();
        }
        Ok(report)
    }
}

impl Mails {
    /// One attempt; whether it was taken.
    async fn one(&self, row: MailRow) -> Result<bool> {
        let result = match &row.address {
            Some(address) => Some(self.mailer.send(&row.id, address, &row.subject, &row.body).await),
            // Who took their address away, or left the team meanwhile, is not written to.
            None => None,
        };
        let mut tx = self.store.begin().await?;
        let now = tx.now();
        match (&result, retry::pause(row.tries_left)) {
            (Some(Err(_)), Some(pause)) => tx.mail_again(&row.id, now + pause).await?,
            _ => tx.mail_end(&row.id).await?,
        }
        if let (Some(result), Some(address)) = (&result, &row.address) {
            tx.mail_problem(&row.user_id, address, result.as_ref().err().map(String::as_str)).await?;
        }
        tx.commit().await?;
        Ok(matches!(result, Some(Ok(()))))
    }
}
