//! What pods ask of the portal: to claim their workload, to fetch what it needs, to take its log and its end, and whether it shall end.
//!
//! A pod shows a token that is derived from its workload's id; nothing else is opened by it, and nothing at all once the workload is forgotten.

use super::{
    Inner,
    build::{Ticket, token},
    end::TRIES,
    look::explained,
    names::{NODE, POD, of_node},
    owner::Owner,
    plans::{Claim, Claimed, LogEnd, Report, Wishes},
};
use crate::{
    cluster::{knock::same, local::shim::ASKED},
    error::{Context, Error, Kind, Result},
    logs::Piece,
};
use serde_json::json;
use std::{
    path::PathBuf,
    sync::{Arc, PoisonError},
    time::Duration,
};

/// How long a courier's question is kept open.
const OPEN: Duration = Duration::from_secs(25);

/// The desk. Cheap to clone.
#[derive(Clone)]
pub struct Desk(Arc<Inner>);

impl Desk {
    pub(super) const fn new(inner: Arc<Inner>) -> Self {
        Self(inner)
    }

    /// Whether this token is the one of this workload's pod.
    pub fn knows(&self, id: &str, shown: &str) -> bool {
        same(shown, &token(&self.0.settings.knocks, id))
    }

    /// Lets a pod run its workload, or one node of it: the first that asks, and that one again. Answered once pods have claimed all nodes, or after a
    /// while: so they begin together, and each finds the others' names.
    ///
    /// # Errors
    /// Unavailable: ask again. Conflict: another pod claimed it, or it has ended. Not found: it is not known, or forgotten.
    pub async fn claim(&self, id: &str, claim: &Claim) -> Result<Claimed> {
        let inner = &self.0;
        let mut bell = inner.index.bell();
        let all = async {
            loop {
                if self.claim_now(id, claim).await?.is_claimed() {
                    return Ok(Claimed { all: true });
                }
                // The sender lives as long as we do.
                let _ = bell.changed().await;
            }
        };
        tokio::time::timeout(OPEN, all).await.unwrap_or(Ok(Claimed { all: false }))
    }

    async fn claim_now(&self, id: &str, claim: &Claim) -> Result<Owner> {
        let inner = &self.0;
        let _door = inner.doors.door(id).await;
        for _ in 0..TRIES {
            let owner = inner.index.whole().await?.owner(id).cloned().ok_or_else(|| Error::not_found("workload"))?;
            let rank = claim.rank;
            if !owner.ranks().contains(&rank) {
                return Err(Error::conflict(format!("The workload has no node {rank}.")));
            }
            let seen = owner.seen_as(rank);
            // One of several nodes begins only with all others.
            let over = owner.exit.is_some() || seen.exit.is_some() || (owner.stop.is_some() && !owner.is_claimed());
            if over || owner.deleting {
                return Err(Error::conflict("The workload has ended."));
            }
            // Something else makes its pods, and may be quicker than we.
            if !owner.started {
                return Err(Error::new(Kind::Unavailable, "The workload's start is not complete yet."));
            }
            match &seen.pod {
                Some(pod) if *pod == claim.pod => return Ok(owner),
                Some(_) => return Err(Error::conflict("Another pod runs the workload.")),
                None => {}
            }
            let notes = json!({ of_node(POD, rank): claim.pod, of_node(NODE, rank): claim.node });
            let marks = json!({ "metadata": { "resourceVersion": owner.version, "annotations": notes } });
            match inner.change_owner(&owner, &marks).await {
                Err(e) if e.kind == Kind::Conflict => inner.look_again(&owner).await?,
                other => other?,
            }
        }
        Err(Error::new(Kind::Unavailable, "The workload changes all the time.").hint("Ask again in a moment."))
    }

    /// The file or folder that a ticket opens.
    ///
    /// # Errors
    /// It opens nothing for this workload.
    pub fn open(&self, id: &str, ticket: &str) -> Result<PathBuf> {
        Ticket(ticket.into()).opens(&self.0.settings, id).ok_or_else(|| Error::not_found("file"))
    }

    /// Where our copy of the log ends.
    ///
    /// # Errors
    /// It is not known, or the disk cannot be read.
    pub async fn log_end(&self, id: &str, rank: u32) -> Result<LogEnd> {
        let mirror = self.0.mirror(id, rank, self.attempt(id, rank).await?);
        let read = move || mirror.end().map(|end| LogEnd { end, closed: mirror.is_finished() });
        tokio::task::spawn_blocking(read).await.map_err(Error::internal)?.context("reading a log")
    }

    /// Takes a piece of the log; where our copy ends afterwards. Where that is not behind the piece, it was not taken.
    ///
    /// # Errors
    /// It is not known, or the disk cannot be written.
    pub async fn log(&self, id: &str, rank: u32, part: u64, offset: u64, bytes: bytes::Bytes) -> Result<LogEnd> {
        let mirror = self.0.mirror(id, rank, self.attempt(id, rank).await?);
        // A courier that was slow may still write while its successor does.
        let _door = self.0.doors.door(&format!("log {id} {rank}")).await;
        let write = move || {
            let end = mirror.append(Piece { part, offset, bytes: &bytes })?;
            Ok::<_, std::io::Error>(LogEnd { end, closed: mirror.is_finished() })
        };
        tokio::task::spawn_blocking(write).await.map_err(Error::internal)?.context("writing a log")
    }

    /// Takes the last thing that a courier brings. The log has to be here by then.
    ///
    /// # Errors
    /// It is not known, or could not be written down: bring it again.
    pub async fn report(&self, id: &str, rank: u32, report: Report) -> Result<()> {
        let attempt = self.attempt(id, rank).await?;
        let there = self.0.index.whole().await?.owner(id).is_some();
        let owner = self.0.owner_once(id).ok_or_else(|| Error::not_found("workload"))?;
        let mirror = self.0.mirror(id, rank, attempt);
        tokio::task::spawn_blocking(move || if mirror.is_finished() { Ok(()) } else { mirror.finish() })
            .await
            .map_err(Error::internal)?
            .context("closing a log")?;
        match report.exit {
            // Somebody else deleted what it could be written upon.
            Some(exit) if !there => self.0.bury(&owner, exit, None).await.map(drop),
            Some(mut exit) => {
                if exit.reason.as_deref() == Some(ASKED)
                    && let Some(why) = self.0.without_space(&owner)
                {
                    exit.reason = Some(why);
                }
                let pod = owner.seen_as(rank).pod.and_then(|uid| self.0.index.tables().pods.get(&uid).cloned());
                self.0.settle(&owner, rank, explained(pod.as_ref(), exit), None).await.map(drop)
            }
            // The kubelet tells how it ended; `list` writes it down.
            None => {
                self.0.index.ring();
                Ok(())
            }
        }
    }

    /// What the courier has to do, answered at once where that differs from what it has seen, else when it changes or after a while.
    ///
    /// # Errors
    /// It is not known.
    pub async fn wishes(&self, id: &str, rank: u32, seen: Wishes) -> Result<Wishes> {
        let mut asked = self.0.asked.subscribe();
        let wait = async {
            loop {
                let now = self.wishes_now(id, rank).await?;
                if now != seen {
                    return Ok(now);
                }
                // The sender lives as long as we do.
                let _ = asked.changed().await;
            }
        };
        tokio::time::timeout(OPEN, wait).await.unwrap_or(Ok(seen))
    }

    async fn wishes_now(&self, id: &str, rank: u32) -> Result<Wishes> {
        self.hear(id, rank);
        drop(self.0.index.whole().await?);
        let owner = self.0.owner_once(id).ok_or_else(|| Error::not_found("workload"))?;
        Ok(Wishes { stop: owner.stop.map(|s| s.grace_ms) })
    }

    /// Which execution it is, with the word that the courier of this node is alive.
    async fn attempt(&self, id: &str, rank: u32) -> Result<i64> {
        self.hear(id, rank);
        drop(self.0.index.whole().await?);
        let owner = self.0.owner_once(id).filter(|o| o.ranks().contains(&rank));
        owner.map(|o| o.attempt).ok_or_else(|| Error::not_found("workload"))
    }

    fn hear(&self, id: &str, rank: u32) {
        self.0.heard.lock().unwrap_or_else(PoisonError::into_inner).insert((id.to_owned(), rank), self.0.clock.now());
    }
}
