//! Notices: the events that came since are looked at, and who is to know is told, in the transaction that says how far was looked. What
//! goes to webhooks and by mail is queued in it too.

use super::{Report, Task};
use crate::{
    error::Result,
    ids,
    notices::{
        letter,
        plan::{self, Told},
        service::{MAIL, PORTAL},
        whom,
    },
    post::retry,
    store::{
        Store, Tx,
        notices::{NewNotice, ToldRow},
    },
    webhooks::{body, service::kinds},
};
use app::api::{changes, notices::NoticeKind};
use async_trait::async_trait;
use std::sync::atomic::{AtomicI64, Ordering};

/// So many events are looked at in one go.
const MANY: i64 = 200;
/// Where nothing is to be told, how far was looked is written down only after so many events: most are worth no commit.
const UNTOLD: i64 = 1000;

/// The task.
pub struct Notices {
    store: Store,
    /// URL under which browsers reach the portal.
    portal: String,
    /// Whether mails are sent.
    mails: bool,
    /// How far was looked, where nothing was to be told since it was written down.
    looked: AtomicI64,
}

#[async_trait]
impl Task for Notices {
    fn name(&self) -> &'static str {
        "notices"
    }

    async fn tick(&self) -> Result<Report> {
        let mut report = Report::from([("seen", 0), ("told", 0)]);
        let (mut kept, top) = self.store.notices_span().await?;
        loop {
            let from = kept.max(self.looked.load(Ordering::Relaxed));
            if from >= top {
                break;
            }
            let rows = self.store.events_told(from, top, MANY).await?;
            let to = match rows.last() {
                Some(last) if rows.len() as i64 == MANY => last.seq,
                _ => top,
            };
            *report.entry("seen").or_default() += rows.len() as i64;
            let due: Vec<(&ToldRow, Told)> = rows.iter().filter_map(|row| Some((row, plan::plan(row)?))).collect();
            if !due.is_empty() || to - kept >= UNTOLD {
                let mut tx = self.store.begin().await?;
                // Somebody else looked meanwhile: the next tick sees how far.
                if !tx.notices_advance(kept, to).await? {
                    break;
                }
                for (event, told) in &due {
                    *report.entry("told").or_default() += self.tell(&mut tx, event, told).await?;
                }
                tx.commit().await?;
                kept = to;
            }
            self.looked.store(to, Ordering::Relaxed);
        }
        Ok(report)
    }
}

impl Notices {
    /// The task.
    pub const fn new(store: Store, portal: String, mails: bool) -> Self {
        Self { store, portal, mails, looked: AtomicI64::new(0) }
    }

    /// Queues it for the webhooks of the team that are told of such.
    async fn post(&self, tx: &mut Tx, event: &ToldRow, told: &Told) -> Result<()> {
        for webhook in tx.webhooks_enabled(&event.team_id).await? {
            if kinds(&webhook).contains(&told.kind) {
                let (id, body) = (ids::new_id(&**self.store.clock()), body::of_notice(&self.portal, event, told));
                tx.delivery_insert(&id, &webhook.id, Some(event.seq), (told.kind.as_str(), &body), retry::TRIES).await?;
                tx.changed(Some(&event.team_id), "webhook", &webhook.id, webhook.revision);
                tx.wakes();
            }
        }
        Ok(())
    }

    /// Queues it for those who want to be written to.
    async fn mail(&self, tx: &mut Tx, event: &ToldRow, told: &Told, people: &[String]) -> Result<()> {
        if !self.mails {
            return Ok(());
        }
        let readers = tx.notice_readers(people, &event.team_id, (told.kind.as_str(), MAIL), &event.actor).await?;
        let (subject, text) = letter::letter(&self.portal, event, told);
        for reader in tx.mail_readers(&readers).await? {
            tx.mail_insert(&ids::new_id(&**self.store.clock()), (&event.team_id, &reader), (&subject, &text), retry::TRIES).await?;
            tx.wakes();
        }
        Ok(())
    }

    /// Tells of one event; how many people in the portal.
    async fn tell(&self, tx: &mut Tx, event: &ToldRow, told: &Told) -> Result<i64> {
        let over = told.kind == NoticeKind::PromotionEnded && tx.notices_over(&event.team_id, &event.object_id).await? > 0;
        if over {
            tx.changed(Some(&event.team_id), changes::kinds::NOTICE, &event.seq.to_string(), 0);
        }
        let Some(people) = whom::whom(tx, event, told).await? else { return Ok(0) };
        self.post(tx, event, told).await?;
        let kind = told.kind.as_str();
        let readers = tx.notice_readers(&people, &event.team_id, (kind, PORTAL), &event.actor).await?;
        self.mail(tx, event, told, &people).await?;
        let notice = NewNotice {
            seq: event.seq,
            team_id: &event.team_id,
            kind,
            object_id: &event.object_id,
            object_name: &event.object_name,
            title: &told.yours,
            detail: told.detail.as_deref(),
        };
        for reader in &readers {
            tx.notice_insert(reader, &notice).await?;
        }
        if !readers.is_empty() {
            tx.changed(Some(&event.team_id), changes::kinds::NOTICE, &event.seq.to_string(), 0);
        }
        Ok(readers.len() as i64)
    }
}
