//! Ending workloads: asking them to, writing down how they ended, forgetting them.

use super::{
    Inner,
    client::Name,
    look::settled,
    names::{EXIT, STOP},
    owner::{self, Owner, OwnerKind, Stop},
    podview::Pod,
    several::{Change, change},
};
use crate::{
    cluster::{Exit, local::shim},
    error::{Context, Error, Kind, Result},
    logs::{LogMirror, LogWriter, node_folder},
};
use serde_json::{Value, json};
use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};
use tokio::task::JoinHandle;

/// How long a workload that is forgotten may take to be gone.
const GONE_WITHIN: Duration = Duration::from_secs(20);
/// How long a courier may be silent before its pod is deleted instead of asked, milliseconds.
pub(super) const SILENT: i64 = 20_000;
/// How often something that changes meanwhile is looked at again before it is left to the next tick.
pub(super) const TRIES: usize = 8;
/// How often it is looked for silent couriers.
const LOOKS_EVERY: Duration = Duration::from_secs(5);

impl Inner {
    /// Asks a workload to end.
    pub(super) async fn stop(&self, id: &str, grace: Duration) -> Result<()> {
        let _door = self.doors.door(id).await;
        let grace_ms = u64::try_from(grace.as_millis()).unwrap_or(u64::MAX);
        for _ in 0..TRIES {
            let owner = self.index.whole().await?.owner(id).cloned();
            let Some(owner) = owner.filter(|o| o.started && o.exit.is_none() && !o.deleting) else { return Ok(()) };
            if owner.stop.is_some_and(|s| s.grace_ms <= grace_ms) {
                return Ok(());
            }
            let now = self.clock.now();
            let stop = Stop { at: owner.stop.map_or(now, |s| s.at), grace_ms, node: owner.stop.and_then(|s| s.node) };
            // Whether a pod has claimed it is decided at this very moment: without one it has ended.
            let asked = match owner.pod {
                _ if !owner.peers.is_empty() => self.write_nodes(&owner, change(&owner, None, Some(stop), now)?, None).await,
                None => {
                    let exit = Exit { stopped: true, ended_at: now, ..Exit::default() };
                    self.close_log(&owner, 0, &exit, None).await?;
                    self.write(&owner, json!({ STOP: text(&stop)?, EXIT: text(&exit)? }), true).await
                }
                Some(_) => self.write(&owner, json!({ STOP: text(&stop)? }), false).await,
            };
            match asked {
                // A pod claimed it meanwhile.
                Err(e) if e.kind == Kind::Conflict => self.look_again(&owner).await?,
                Err(e) => return Err(e),
                Ok(_) => {
                    self.asked.send_modify(|n| *n = n.wrapping_add(1));
                    return Ok(());
                }
            }
        }
        Err(Error::new(Kind::Unavailable, "It changes all the time; it will be asked to end again."))
    }

    /// Writes down how a workload ended, or one of its nodes, once and for all. What was written down before stands.
    pub(super) async fn settle(&self, owner: &Owner, rank: u32, exit: Exit, note: Option<&str>) -> Result<Exit> {
        let _door = self.doors.door(&owner.id).await;
        let now = self.index.tables().owner(&owner.id).cloned().unwrap_or_else(|| owner.clone());
        if let Some(before) = now.seen_as(rank).exit {
            return Ok(before);
        }
        let exit = settled(&now, exit);
        let written = if now.peers.is_empty() {
            self.close_log(&now, 0, &exit, note).await?;
            let unclaimed = now.pod.is_none();
            self.write(&now, json!({ EXIT: text(&exit)? }), unclaimed).await
        } else {
            let change = change(&now, Some((rank, exit.clone())), None, self.clock.now())?;
            self.write_nodes(&now, change, note.map(|n| (rank, n))).await
        };
        if written.as_ref().is_err_and(|e| e.kind == Kind::Conflict) {
            self.look_again(&now).await?;
        }
        written.map(|()| exit)
    }

    /// Writes down what is so of several nodes, with the ends of those that have ended. Only if nothing has changed: a node that no pod had
    /// claimed may have been meanwhile.
    async fn write_nodes(&self, owner: &Owner, change: Change, note: Option<(u32, &str)>) -> Result<()> {
        let is_claimed = |rank: u32| owner.seen_as(rank).pod.is_some();
        for (rank, exit) in change.ends.iter().filter(|(rank, _)| is_claimed(*rank)) {
            self.close_log(owner, *rank, exit, note.filter(|(of, _)| of == rank).map(|(_, n)| n)).await?;
        }
        self.write(owner, Value::Object(change.marks), true).await?;
        // Only now is it certain that nothing will be written into these.
        for (rank, exit) in change.ends.iter().filter(|(rank, _)| !is_claimed(*rank)) {
            self.close_log(owner, *rank, exit, None).await?;
        }
        // The couriers of the others are to hear of it.
        self.asked.send_modify(|n| *n = n.wrapping_add(1));
        Ok(())
    }

    /// Writes marks upon an owner. One that ends gives up its pod: a server's would be started again, one that has not claimed must not any more.
    /// `guarded`: only if nothing has changed, by the way.
    async fn write(&self, owner: &Owner, marks: Value, guarded: bool) -> Result<()> {
        let ends = marks.get(EXIT).is_some();
        let mut change = json!({ "metadata": { "annotations": marks } });
        if guarded {
            change["metadata"]["resourceVersion"] = json!(owner.version);
        }
        match owner.kind {
            _ if owner.maker.is_some() => {}
            OwnerKind::StatefulSet if ends => change["spec"] = json!({ "replicas": 0 }),
            OwnerKind::Job if ends && !owner.is_claimed() => change["spec"] = json!({ "suspend": true }),
            _ => {}
        }
        self.change_owner(owner, &change).await?;
        // Its end is known by now: what cannot be deleted at this moment is when the workload is forgotten.
        if let Some(maker) = owner.maker.as_ref().filter(|_| ends && (owner.serves() || owner.pod.is_none()))
            && let Err(error) = self.unmake(owner, maker).await
        {
            tracing::warn!(workload = owner.id, error = %error, "deleting what makes its pods");
        }
        Ok(())
    }

    pub(super) async fn change_owner(&self, owner: &Owner, change: &Value) -> Result<()> {
        let changed: Option<owner::Raw> = self.api.merge(self.name_of(owner), change).await?;
        if let Some(now) = changed.as_ref().and_then(|raw| Owner::read(owner.kind, raw)) {
            self.index.put(now);
        }
        Ok(())
    }

    /// Puts the owner as it is now into the index.
    pub(super) async fn look_again(&self, owner: &Owner) -> Result<()> {
        let found: Option<owner::Raw> = self.api.find(self.name_of(owner)).await?;
        match found.and_then(|raw| Owner::read(owner.kind, &raw)).filter(|o| o.id == owner.id) {
            Some(now) => self.index.put(now),
            None => self.drop_owner(owner),
        }
        Ok(())
    }

    fn drop_owner(&self, owner: &Owner) {
        let mut tables = self.index.tables();
        match owner.kind {
            OwnerKind::Job => tables.jobs.drop_one(&owner.id, &owner.uid),
            OwnerKind::StatefulSet => tables.sets.drop_one(&owner.id, &owner.uid),
        }
    }

    pub(super) fn name_of<'a>(&self, owner: &'a Owner) -> Name<'a> {
        let kind = match owner.kind {
            OwnerKind::Job => "Job",
            OwnerKind::StatefulSet => "StatefulSet",
        };
        Name { kind, namespace: &owner.namespace, name: &owner.name }
    }

    /// Says in the log of a node that nothing follows, unless its courier has said so. `note`: what else the reader has to know.
    pub(super) async fn close_log(&self, owner: &Owner, rank: u32, exit: &Exit, note: Option<&str>) -> Result<()> {
        let mirror = self.mirror(&owner.id, rank, owner.attempt);
        let (folder, attempt, bytes, now) = (self.logs(&owner.id, rank), owner.attempt, self.settings.log_bytes, self.clock.now());
        let words = note.map(|n| format!("{n}\n")).unwrap_or_default() + &shim::words(exit);
        let close = move || {
            if mirror.is_finished() {
                return Ok(());
            }
            // Behind what arrived: a line that was cut off ends here.
            LogWriter::open(&folder, attempt, bytes)?.say(now, &words);
            mirror.finish()
        };
        tokio::task::spawn_blocking(close).await.map_err(Error::internal)?.context("closing a log")
    }

    pub(super) fn mirror(&self, id: &str, rank: u32, attempt: i64) -> LogMirror {
        LogMirror::new(&self.logs(id, rank), attempt)
    }

    fn logs(&self, id: &str, rank: u32) -> std::path::PathBuf {
        node_folder(&self.settings.data.join("logs").join(id), rank)
    }

    /// Ends what is left of a workload at once and drops it.
    pub(super) async fn forget(&self, id: &str) -> Result<()> {
        let _door = self.doors.door(id).await;
        let mut bell = self.index.bell();
        let (owner, pods) = {
            let tables = self.index.whole().await?;
            let pods: Vec<_> = tables.pods_of(id).filter(|p| !p.is_over()).cloned().collect();
            (tables.owner(id).cloned(), pods)
        };
        self.leave(id);
        let Some(owner) = owner else {
            // Somebody else deleted it, and its pod takes its time.
            return self.end_pods(&pods).await;
        };
        let ended = owner.exit.is_some();
        if let Some(maker) = &owner.maker {
            // Pods first: what goes with its maker would be given all its grace.
            if !ended {
                self.end_pods(&pods).await?;
            }
            self.unmake(&owner, maker).await?;
        }
        self.api.delete(self.name_of(&owner), Some(&owner.uid), None).await?;
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).retain(|(of, _), _| of != id);
        if ended {
            // Nothing of it runs, so there is nothing to wait for.
            self.forgotten.lock().unwrap_or_else(PoisonError::into_inner).insert(owner.uid);
            self.index.ring();
            return Ok(());
        }
        self.end_pods(&pods).await?;
        let gone = async {
            loop {
                {
                    let tables = self.index.tables();
                    let there =
                        tables.owner(id).is_some_and(|o| o.uid == owner.uid) || tables.pods.all().any(|p| p.id == id && owner.may_own(p));
                    if !there {
                        return;
                    }
                }
                // The sender lives as long as we do.
                let _ = bell.changed().await;
            }
        };
        tokio::time::timeout(GONE_WITHIN, gone).await.map_err(|_| {
            Error::new(Kind::Unavailable, "The workload's pod does not end: its node may not answer.").hint("Try again in a moment.")
        })
    }

    async fn end_pods(&self, pods: &[Pod]) -> Result<()> {
        for pod in pods {
            let name = Name { kind: "Pod", namespace: &pod.namespace, name: &pod.name };
            self.api.delete(name, Some(&pod.uid), Some(1)).await?;
        }
        Ok(())
    }

    /// Deletes the pods of workloads that were asked to end and whose couriers are silent.
    async fn help_silent(&self) -> Result<()> {
        let now = self.clock.now();
        let silent: Vec<_> = {
            let (tables, heard) = (self.index.tables(), self.heard.lock().unwrap_or_else(PoisonError::into_inner));
            let is_silent = |o: &Owner, rank: u32| {
                let last = heard.get(&(o.id.clone(), rank)).copied().unwrap_or(self.listens_since);
                o.exit.is_none() && o.stop.is_some_and(|s| now - s.at.max(last) > SILENT)
            };
            let asked = tables.jobs.all().chain(tables.sets.all()).filter(|o| o.exit.is_none() && o.stop.is_some());
            let nodes = asked.flat_map(|o| o.ranks().map(|rank| (rank, o.seen_as(rank))));
            let silent = nodes.filter(|(rank, o)| is_silent(o, *rank));
            silent
                .filter_map(|(_, o)| {
                    let pod = tables.pods.get(o.pod.as_deref()?)?;
                    (pod.deleting.is_none() && !pod.is_over()).then(|| (pod.clone(), o.stop))
                })
                .collect()
        };
        for (pod, stop) in silent {
            let left = stop.map_or(0, |s| s.at.saturating_add_unsigned(s.grace_ms).saturating_sub(now) / 1000).clamp(1, 3600);
            tracing::warn!(workload = pod.id, pod = pod.name, "its courier is silent: its pod is deleted");
            let name = Name { kind: "Pod", namespace: &pod.namespace, name: &pod.name };
            self.api.delete(name, Some(&pod.uid), u32::try_from(left).ok()).await?;
        }
        Ok(())
    }
}

/// Looks for silent couriers now and then. The task does not keep the cluster alive.
pub(super) fn help_stops(inner: &Arc<Inner>) -> JoinHandle<()> {
    let weak = Arc::downgrade(inner);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(LOOKS_EVERY).await;
            let Some(inner) = weak.upgrade() else { return };
            if let Err(error) = inner.help_silent().await {
                tracing::warn!(error = %error, "helping a stop");
            }
        }
    })
}

fn text(value: &impl serde::Serialize) -> Result<String> {
    Ok(serde_json::to_string(value)?)
}
