//! What is there: from the index, and from the API server only where something is not there.

use super::{
    Inner,
    client::{Event, Name},
    look::{Look, look},
    owner::Owner,
    podview::{self, Pod},
    reasons,
};
use crate::{
    cluster::{Exit, Observed, Phase},
    error::Result,
};
use futures::{StreamExt, stream};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// What is told where the courier could not bring the end of a log.
const CUT: &str = "The rest of this log was lost with its pod.";
/// So many workloads are asked about at once.
const AT_ONCE: usize = 16;
/// How long an answer to what was said about an object is used again, milliseconds.
const FRESH: i64 = 15_000;

/// What was said about objects, by their uid, with the time of asking.
pub(super) type Said = Mutex<HashMap<String, (i64, Option<String>)>>;

impl Inner {
    /// Looks at everything; ends that nobody has written down yet are written down first.
    pub(super) async fn observe_all(&self) -> Result<Vec<Observed>> {
        let now = self.clock.now();
        let seen: Vec<(Owner, Look)> = {
            let tables = self.index.whole().await?;
            let mut forgotten = self.forgotten.lock().unwrap_or_else(PoisonError::into_inner);
            let all = tables.workloads();
            forgotten.retain(|uid| all.iter().any(|(owner, _)| owner.uid == *uid));
            all.into_iter().filter(|(o, _)| !forgotten.contains(&o.uid)).map(|(o, pods)| (o.clone(), look(o, &pods, now))).collect()
        };
        // Only few have to ask or to write; an API server that is slow then does not hold up all of them.
        let looks = seen.into_iter().map(|(owner, look)| async move {
            let found = match self.resolve(&owner, look).await {
                Ok(found) => found,
                // What cannot be asked or written down now is no end yet; the next look tries again.
                Err(error) => {
                    tracing::warn!(workload = owner.id, error = %error, "looking at a workload");
                    Some((Phase::Starting { doing: "The cluster is asked how it is".into() }, None))
                }
            };
            found.map(|(phase, started_at)| Observed { id: owner.id, phase, started_at })
        });
        let found: Vec<_> = stream::iter(looks.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).collect().await;
        let mut all: Vec<Observed> = found.into_iter().flatten().collect();
        all.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        Ok(all)
    }

    async fn resolve(&self, owner: &Owner, look: Look) -> Result<Option<(Phase, Option<i64>)>> {
        Ok(match look {
            Look::Hidden => None,
            Look::Is(phase, started_at) => Some((phase, started_at)),
            Look::Ended(exit, started_at) => {
                let note = started_at.is_some().then_some(CUT);
                Some((Phase::Ended(self.settle(owner, exit, note).await?), started_at))
            }
            Look::NotMade if let Some(maker) = &owner.maker => Some((self.not_made(owner, maker).await?, None)),
            Look::NotMade => {
                let doing = self.asked(owner, &owner.uid, reasons::not_made).await?.unwrap_or_else(|| "Making its pod".into());
                Some((Phase::Starting { doing }, None))
            }
            Look::Missing => Some((self.missing(owner).await?, None)),
            Look::Slow { pod, doing } => {
                let doing = self.asked(owner, &pod, reasons::held_up).await?.unwrap_or(doing);
                Some((Phase::Starting { doing }, None))
            }
        })
    }

    /// The pod of a workload is not in the index. Only if the API server does not know it either, that is an end.
    async fn missing(&self, owner: &Owner) -> Result<Phase> {
        let uid = owner.pod.as_deref().unwrap_or_default();
        if let Some(pod) = self.find_pod(owner, uid).await? {
            return Ok(match pod.is_over() || pod.deleting.is_some() {
                true => Phase::Stopping,
                false => Phase::Starting { doing: "Starting its pod".into() },
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
            reason: Some(reasons::gone(owner.node.as_deref(), silent_since.as_deref())),
            ended_at: self.clock.now(),
            ..Exit::default()
        };
        Ok(Phase::Ended(self.settle(owner, exit, Some(CUT)).await?))
    }

    async fn find_pod(&self, owner: &Owner, uid: &str) -> Result<Option<Pod>> {
        let labels = format!("{}={}", super::names::ID, owner.id);
        let found: Vec<podview::Raw> = self.api.list(Name { kind: "Pod", namespace: &owner.namespace, name: "" }, &labels).await?;
        Ok(found.iter().filter_map(Pod::read).find(|p| p.uid == uid))
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

    /// What was said about an object, where that was asked a moment ago.
    pub(super) fn said_before(&self, uid: &str) -> Option<Option<String>> {
        let now = self.clock.now();
        let mut known = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (at, _)| now - *at < FRESH);
        known.get(uid).map(|(_, why)| why.clone())
    }

    pub(super) fn keep_said(&self, uid: &str, why: Option<String>) {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).insert(uid.to_owned(), (self.clock.now(), why));
    }
}
