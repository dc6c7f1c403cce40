//! What is there: from the index, and from the API server only where something is not there.

use super::{
    Inner,
    client::Name,
    look::{Look, look},
    owner::Owner,
    podview::{self, Pod},
    reasons,
};
use crate::{
    cluster::{Exit, Observed, Phase},
    error::Result,
};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// What is told where the courier could not bring the end of a log.
const CUT: &str = "The rest of this log was lost with its pod.";
/// How long an answer to why there is no pod is used again, milliseconds.
const FRESH: i64 = 15_000;

/// Why pods cannot be made, by workload, with the time of asking.
pub(super) type NotMade = Mutex<HashMap<String, (i64, Option<String>)>>;

impl Inner {
    /// Looks at everything; ends that nobody has written down yet are written down first.
    pub(super) async fn observe_all(&self) -> Result<Vec<Observed>> {
        let now = self.clock.now();
        let seen: Vec<(Owner, Look)> = {
            let tables = self.index.whole().await?;
            tables.workloads().into_iter().map(|(owner, pods)| (owner.clone(), look(owner, &pods, now))).collect()
        };
        let mut all = Vec::with_capacity(seen.len());
        for (owner, look) in seen {
            let found = match self.resolve(&owner, look).await {
                Ok(found) => found,
                // What cannot be asked or written down now is no end yet; the next look tries again.
                Err(error) => {
                    tracing::warn!(workload = owner.id, error = %error, "looking at a workload");
                    Some((Phase::Starting { doing: "The cluster is asked how it is".into() }, None))
                }
            };
            all.extend(found.map(|(phase, started_at)| Observed { id: owner.id, phase, started_at }));
        }
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
            Look::NotMade => {
                let doing = self.why_not_made(owner).await?.unwrap_or_else(|| "Making its pod".into());
                Some((Phase::Starting { doing }, None))
            }
            Look::Missing => Some((self.missing(owner).await?, None)),
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

    /// Why a workload has no pod; asked once in a while.
    async fn why_not_made(&self, owner: &Owner) -> Result<Option<String>> {
        let now = self.clock.now();
        {
            let mut known = self.not_made.lock().unwrap_or_else(PoisonError::into_inner);
            known.retain(|_, (at, _)| now - *at < FRESH);
            if let Some((_, why)) = known.get(&owner.id) {
                return Ok(why.clone());
            }
        }
        let why = reasons::not_made(&self.api.events(&owner.namespace, &owner.uid).await?);
        self.not_made.lock().unwrap_or_else(PoisonError::into_inner).insert(owner.id.clone(), (now, why.clone()));
        Ok(why)
    }
}
