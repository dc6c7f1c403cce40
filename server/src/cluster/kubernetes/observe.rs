//! What is there: from the index, and from the API server only where something is not there.

use super::{
    Inner,
    client::{Event, Name},
    end::SILENT,
    index::Tables,
    look::{Look, look},
    names::ID,
    owner::{Owner, OwnerKind},
    podview::{self, Pod},
    reasons,
    several::joined,
};
use crate::{
    cluster::{Exit, Observed, Phase, RanImage},
    error::{Kind, Result},
};
use futures::{StreamExt, stream};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// What is told where the courier could not bring the end of a log.
pub(super) const CUT: &str = "The rest of this log was lost with its pod.";
/// So many workloads are asked about at once.
const AT_ONCE: usize = 16;
/// How long an answer to what was said about an object is used again, milliseconds: at first, and at most. What waits long is asked about rarely.
const FRESH: (i64, i64) = (15_000, 480_000);
/// About so many objects is asked within [`FRESH`] of the first at most; the others are told what was said before.
const MOST: usize = 60;

/// What was said about an object.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    /// When it was asked, milliseconds since 1970.
    at: i64,
    /// How long that is used, milliseconds.
    fresh: i64,
    /// In words.
    why: Option<String>,
}

/// What was said about objects, by their uid.
pub(super) type Said = Mutex<HashMap<String, Answer>>;

/// The image of the pod that runs a workload; of several, of the first.
fn ran(owner: &Owner, pods: &[&Pod]) -> Option<RanImage> {
    let claimed = owner.peers.first().map_or(&owner.pod, |first| &first.pod).as_ref()?;
    pods.iter().find(|pod| pod.uid == *claimed)?.ran()
}

impl Inner {
    /// Looks at everything; ends that nobody has written down yet are written down first.
    pub(super) async fn observe_all(&self) -> Result<Vec<Observed>> {
        self.miss().await?;
        let now = self.clock.now();
        let seen: Vec<_> = {
            let tables = self.index.whole().await?;
            let mut forgotten = self.forgotten.lock().unwrap_or_else(PoisonError::into_inner);
            let all = tables.workloads();
            forgotten.retain(|uid| all.iter().any(|(owner, _)| owner.uid == *uid));
            let all = all.into_iter().filter(|(o, _)| !forgotten.contains(&o.uid));
            all.map(|(o, pods)| (o.clone(), ran(o, &pods), self.look_at_each(&tables, o, &pods, now))).collect()
        };
        // Only few have to ask or to write; an API server that is slow then does not hold up all of them.
        let looks = seen.into_iter().map(|(owner, image, looks)| async move {
            if let Err(error) = self.put_back(&owner).await {
                tracing::warn!(workload = owner.id, error = %error, "putting back what was changed");
            }
            let found = match self.resolve_all(&owner, looks).await {
                Ok(found) => found,
                // What cannot be asked or written down now is no end yet; the next look tries again.
                Err(error) => {
                    // An API server that is away is told once, by the watches.
                    if error.kind == Kind::Unavailable {
                        tracing::debug!(workload = owner.id, error = %error, "looking at a workload");
                    } else {
                        tracing::warn!(workload = owner.id, error = %error, "looking at a workload");
                    }
                    Some((Phase::Starting { doing: "The cluster is asked how it is".into() }, None))
                }
            };
            found.map(|(phase, started_at)| Observed { id: owner.id, phase, started_at, image })
        });
        let found: Vec<_> = stream::iter(looks.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).collect().await;
        let mut all: Vec<Observed> = found.into_iter().flatten().chain(self.orphans().await?).collect();
        all.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        Ok(all)
    }

    /// Each node by itself. Those that have claimed first: a failure of theirs is not blamed on one that has not begun.
    fn look_at_each(&self, tables: &Tables, owner: &Owner, pods: &[&Pod], now: i64) -> Vec<(u32, Look)> {
        let of = |rank: u32| {
            let own: Vec<&Pod> = pods.iter().copied().filter(|p| owner.peers.is_empty() || p.rank == rank).collect();
            let seen = owner.seen_as(rank);
            let lost = self.lost(tables, &seen, rank, &own, now);
            (seen.pod.is_none(), rank, look(&seen, &own, lost.as_deref(), now))
        };
        let mut looks: Vec<_> = owner.ranks().map(of).collect();
        looks.sort_by_key(|(unclaimed, rank, _)| (*unclaimed, *rank));
        looks.into_iter().map(|(_, rank, look)| (rank, look)).collect()
    }

    /// Since when the node of a workload's pod does not answer, where the courier in it does not either.
    fn lost(&self, tables: &Tables, owner: &Owner, rank: u32, pods: &[&Pod], now: i64) -> Option<String> {
        let node = owner.node.as_ref().or_else(|| pods.iter().find_map(|p| p.node.as_ref()))?;
        let since = tables.nodes.get(node)?.silent_since.clone()?;
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner).get(&(owner.id.clone(), rank)).copied();
        (now - heard.unwrap_or(self.listens_since) > SILENT).then_some(since)
    }

    async fn resolve_all(&self, owner: &Owner, looks: Vec<(u32, Look)>) -> Result<Option<(Phase, Option<i64>)>> {
        if owner.peers.is_empty() {
            let Some((rank, look)) = looks.into_iter().next() else { return Ok(None) };
            return self.resolve(owner, rank, look).await;
        }
        let mut nodes = Vec::new();
        for (rank, look) in looks {
            let Some(found) = self.resolve(&owner.seen_as(rank), rank, look).await? else { return Ok(None) };
            nodes.push((rank, found));
        }
        nodes.sort_by_key(|(rank, _)| *rank);
        let nodes: Vec<_> = nodes.into_iter().map(|(_, found)| found).collect();
        // What was written down a moment ago counts.
        let now = self.index.tables().owner(&owner.id).cloned().unwrap_or_else(|| owner.clone());
        let (phase, started_at) = joined(&now, &nodes);
        Ok(Some((now.exit.map_or(phase, Phase::Ended), started_at)))
    }

    async fn resolve(&self, owner: &Owner, rank: u32, look: Look) -> Result<Option<(Phase, Option<i64>)>> {
        Ok(match look {
            Look::Hidden => None,
            Look::Is(phase, started_at) => Some((phase, started_at)),
            Look::Ended(exit, started_at) => {
                let note = started_at.is_some().then_some(CUT);
                Some((Phase::Ended(self.settle(owner, rank, exit, note).await?), started_at))
            }
            Look::NotMade if let Some(maker) = &owner.maker => Some((self.not_made(owner, maker).await?, None)),
            Look::NotMade => {
                let doing = self.asked(owner, &owner.uid, reasons::not_made).await?.unwrap_or_else(|| "Making its pod".into());
                Some((Phase::Starting { doing }, None))
            }
            Look::Missing => Some(self.missing(owner, rank).await?),
            Look::Slow { pod, doing, started_at } => {
                let doing = self.asked(owner, &pod, reasons::held_up).await?.unwrap_or(doing);
                Some((Phase::Starting { doing }, started_at))
            }
        })
    }

    /// The pod of a workload is not in the index. Only if the API server does not know it either, that is an end.
    async fn missing(&self, owner: &Owner, rank: u32) -> Result<(Phase, Option<i64>)> {
        if let Some(pod) = self.find_pod(owner).await? {
            return Ok(match look(owner, &[&pod], None, self.clock.now()) {
                Look::Is(phase, started_at) => (phase, started_at),
                Look::Ended(exit, started_at) => (Phase::Ended(self.settle(owner, rank, exit, Some(CUT)).await?), started_at),
                Look::Slow { doing, started_at, .. } => (Phase::Starting { doing }, started_at),
                Look::Hidden | Look::Missing | Look::NotMade => (Phase::Starting { doing: "Starting its pod".into() }, None),
            });
        }
        let silent_since = {
            let tables = self.index.tables();
            match owner.node.as_deref().map(|node| tables.nodes.get(node)) {
                Some(Some(node)) => node.silent_since.clone(),
                // The node itself is gone.
                Some(None) => Some("it was removed".into()),
                None => None,
            }
        };
        let exit = Exit {
            reason: Some(self.without_space(owner).unwrap_or_else(|| reasons::gone(owner.node.as_deref(), silent_since.as_deref()))),
            ended_at: self.clock.now(),
            ..Exit::default()
        };
        Ok((Phase::Ended(self.settle(owner, rank, exit, Some(CUT)).await?), None))
    }

    /// The pod that runs a workload, or one of its nodes, whatever became of our labels upon it.
    pub(super) async fn find_pod(&self, owner: &Owner) -> Result<Option<Pod>> {
        let of = |name| Name { kind: "Pod", namespace: &owner.namespace, name };
        let all: Vec<podview::Raw> = match owner.kind {
            _ if owner.maker.is_some() => self.api.list(of(""), &format!("{ID}={}", owner.id)).await?,
            OwnerKind::Job => self.api.list(of(""), &format!("batch.kubernetes.io/job-name={}", owner.name)).await?,
            OwnerKind::StatefulSet => self.api.find(of(&format!("{}-0", owner.name))).await?.into_iter().collect(),
        };
        Ok(all.into_iter().find(|raw| raw.metadata.uid == owner.pod).and_then(|mut raw| {
            raw.metadata.labels.get_or_insert_default().insert(ID.to_owned(), owner.id.clone());
            Pod::read(&raw)
        }))
    }

    /// What was said about an object of a workload, as a sentence; asked once in a while.
    async fn asked(&self, owner: &Owner, uid: &str, words: fn(&[Event]) -> Option<String>) -> Result<Option<String>> {
        if let Some(why) = self.said_before(uid) {
            return Ok(why);
        }
        let why = words(&self.api.events(&owner.namespace, &format!("involvedObject.uid={uid}")).await?);
        self.keep_said(uid, why.clone());
        Ok(why)
    }

    /// What was said about an object, where that was asked a moment ago, or where others are asked about already. Nothing: ask, and keep it.
    pub(super) fn said_before(&self, uid: &str) -> Option<Option<String>> {
        let now = self.clock.now();
        let mut known = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, answer| now - answer.at < 2 * FRESH.1);
        let busy = known.values().filter(|a| now - a.at < FRESH.0).count() >= MOST;
        let before = known.get(uid);
        if let Some(answer) = before.filter(|a| busy || now - a.at < a.fresh) {
            return Some(answer.why.clone());
        }
        if busy {
            return Some(None);
        }
        // Asked now, so that nobody asks the same meanwhile.
        let fresh = before.map_or(FRESH.0, |a| (a.fresh * 2).min(FRESH.1));
        let why = before.and_then(|a| a.why.clone());
        known.insert(uid.to_owned(), Answer { at: now, fresh, why });
        None
    }

    /// What was said, for a while.
    pub(super) fn keep_said(&self, uid: &str, why: Option<String>) {
        if let Some(answer) = self.said.lock().unwrap_or_else(PoisonError::into_inner).get_mut(uid) {
            answer.why = why;
        }
    }
}
