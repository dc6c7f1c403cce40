//! Owners that somebody else deleted, or took our labels or marks from. Those that we knew are kept in mind until they are forgotten.

use super::{
    Inner,
    names::{GENERATION, ID, MANAGED_BY, MANAGER, PORTAL, PUT_BACK, labels_of},
    observe::CUT,
    owner::{self, Owner, OwnerKind, PutBack},
};
use crate::{
    cluster::{Exit, Observed, Phase, local::shim::ASKED},
    error::Result,
};
use serde_json::json;
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// What is known of owners beyond the index.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Every started one as it was seen last, by the workload's id.
    seen: HashMap<String, Owner>,
    /// Of those that are no more: how the workload ended, where that is known.
    gone: HashMap<String, Option<Exit>>,
    /// Ids that were forgotten while the index still has them.
    left: HashSet<String>,
}

impl Known {
    /// Takes note of one that is there. Gives back as what it was known before, where it has lost marks since.
    fn note(&mut self, owner: &Owner) -> Option<Owner> {
        let before = self.seen.get(&owner.id);
        if before.is_some_and(|b| b.version == owner.version) || self.left.contains(&owner.id) {
            return None;
        }
        if let Some(before) = before.filter(|b| b.uid == owner.uid && owner.unmarked(b).is_ok_and(|marks| !marks.is_empty())) {
            return Some(before.clone());
        }
        if owner.started {
            self.seen.insert(owner.id.clone(), owner.clone());
        }
        None
    }
}

pub(super) type Vanished = Mutex<Known>;

impl Inner {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.vanished.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An owner that is in the index, or was.
    pub(super) fn owner_once(&self, id: &str) -> Option<Owner> {
        let there = self.index.tables().owner(id).cloned();
        there.or_else(|| self.known().seen.get(id).cloned())
    }

    /// Takes note of all owners that are there, and looks for those that were.
    pub(super) async fn miss(&self) -> Result<()> {
        drop(self.index.whole().await?);
        self.swept.get_or_try_init(|| self.sweep()).await?;
        let (unmarked, missing): (Vec<(Owner, Owner)>, Vec<Owner>) = {
            let tables = self.index.whole().await?;
            let mut known = self.known();
            known.left.retain(|id| tables.owner(id).is_some());
            let all = tables.jobs.all().chain(tables.sets.all());
            let unmarked = all.filter_map(|owner| Some((known.note(owner)?, owner.clone()))).collect();
            let gone = known.seen.values().filter(|o| tables.owner(&o.id).is_none() && !known.gone.contains_key(&o.id));
            (unmarked, gone.cloned().collect())
        };
        for (before, owner) in unmarked {
            self.mark_again(&before, &owner).await?;
        }
        for owner in missing {
            if let Err(error) = self.search(&owner).await {
                tracing::warn!(workload = owner.id, error = %error, "looking for what owns its pod");
            }
        }
        Ok(())
    }

    /// Whether it is really gone, or only lost its labels: then it gets them back.
    async fn search(&self, owner: &Owner) -> Result<()> {
        let found: Option<owner::Raw> = self.api.find(self.name_of(owner)).await?;
        let Some(raw) = found.filter(|raw| raw.metadata.uid.as_ref() == Some(&owner.uid)) else {
            tracing::warn!(workload = owner.id, namespace = owner.namespace, name = owner.name, "it was deleted from outside");
            self.known().gone.insert(owner.id.clone(), owner.exit.clone());
            self.index.ring();
            return Ok(());
        };
        let there = Owner::read(owner.kind, &raw).filter(|o| o.id == owner.id);
        let mut labels = BTreeMap::from([
            (ID.to_owned(), owner.id.clone()),
            (GENERATION.to_owned(), owner.attempt.to_string()),
            (MANAGED_BY.to_owned(), MANAGER.to_owned()),
            (PORTAL.to_owned(), self.settings.name.clone()),
        ]);
        let has = raw.metadata.labels.unwrap_or_default();
        labels.retain(|name, value| has.get(name) != Some(value));
        match there {
            // The index had not heard of it.
            Some(there) if labels.is_empty() => {
                self.index.put(there);
                Ok(())
            }
            there => {
                let mislabelled = there.map(|o| o.mislabelled).unwrap_or_default().into_iter().chain(labels).collect();
                self.put_back(&Owner { mislabelled, ..owner.clone() }).await
            }
        }
    }

    /// Looks once for owners of this portal that lost what the watches select by while nobody watched: they get it back before anything is said
    /// of what is there.
    async fn sweep(&self) -> Result<()> {
        let [managed, portal] = [format!("{MANAGED_BY}!={MANAGER}"), format!("{PORTAL}!={}", self.settings.name)];
        for kind in [OwnerKind::Job, OwnerKind::StatefulSet] {
            for selector in [&managed, &portal] {
                for meta in self.api.marks_of_all(&kind.resource(), selector).await? {
                    if labels_of(&meta).get(PORTAL) != Some(&self.settings.name) {
                        continue;
                    }
                    let raw = owner::Raw { metadata: meta, ..owner::Raw::new("", &kind.resource(), Default::default()) };
                    if let Some(owner) = Owner::read(kind, &raw) {
                        self.put_back(&Owner { started: true, ..owner }).await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Puts marks back that somebody took away by hand.
    async fn mark_again(&self, before: &Owner, owner: &Owner) -> Result<()> {
        let what = format!("The annotations of its {} were changed from outside. They were put back.", owner.kind.resource().kind);
        tracing::warn!(workload = owner.id, what, "put back");
        let mut marks = owner.unmarked(before)?;
        marks.insert(PUT_BACK.to_owned(), serde_json::to_string(&PutBack { at: self.clock.now(), what })?.into());
        self.change_owner(owner, &json!({ "metadata": { "annotations": marks } })).await
    }

    /// Puts an owner back that somebody changed by hand.
    pub(super) async fn put_back(&self, owner: &Owner) -> Result<()> {
        let Some((mut change, what)) = owner.strayed() else { return Ok(()) };
        tracing::warn!(workload = owner.id, what, "put back");
        let note = serde_json::to_string(&PutBack { at: self.clock.now(), what })?;
        change["metadata"]["annotations"] = json!({ PUT_BACK: note });
        self.change_owner(owner, &change).await
    }

    /// The workloads whose owners are gone.
    pub(super) async fn orphans(&self) -> Result<Vec<Observed>> {
        let gone: Vec<(Owner, Option<Exit>)> = {
            let known = self.known();
            known.gone.iter().filter_map(|(id, exit)| Some((known.seen.get(id)?.clone(), exit.clone()))).collect()
        };
        let mut out = Vec::new();
        for (owner, exit) in gone {
            let lives = self.index.tables().pods.all().any(|p| p.id == owner.id && owner.may_own(p) && !p.is_over());
            let phase = match exit {
                // What one of several nodes brought is not yet the end of the others.
                Some(exit) if owner.peers.is_empty() || !lives => Phase::Ended(exit),
                Some(_) => Phase::Stopping,
                None if lives => Phase::Stopping,
                None => {
                    let exit = Exit { reason: Some(self.why_gone(&owner)), ended_at: self.clock.now(), ..Exit::default() };
                    Phase::Ended(self.bury(&owner, exit, owner.pod.is_some().then_some(CUT)).await?)
                }
            };
            out.push(Observed { id: owner.id, phase, started_at: None, image: None });
        }
        Ok(out)
    }

    /// Keeps in mind how a workload without an owner ended; what was known before stands.
    pub(super) async fn bury(&self, owner: &Owner, mut exit: Exit, note: Option<&str>) -> Result<Exit> {
        if exit.reason.as_deref() == Some(ASKED) {
            exit.reason = Some(self.why_gone(owner));
        }
        let exit = super::look::settled(owner, exit);
        for rank in owner.ranks() {
            self.close_log(owner, rank, &exit, note).await?;
        }
        let mut known = self.known();
        let kept = known.gone.entry(owner.id.clone()).or_default().get_or_insert(exit).clone();
        drop(known);
        self.index.ring();
        Ok(kept)
    }

    fn why_gone(&self, owner: &Owner) -> String {
        self.without_space(owner).unwrap_or_else(|| format!("Its {} was deleted from outside.", owner.kind.resource().kind))
    }

    /// What is to be said of whatever goes with its namespace; nothing where that stays.
    pub(super) fn without_space(&self, owner: &Owner) -> Option<String> {
        let stays = self.index.tables().spaces.get(&owner.namespace).is_some_and(|space| !space.deleting);
        (!stays).then(|| format!("The namespace \"{}\" was deleted from outside, and everything in it.", owner.namespace))
    }

    /// Nothing more is to be known of it.
    pub(super) fn leave(&self, id: &str) {
        let mut known = self.known();
        known.seen.remove(id);
        known.gone.remove(id);
        known.left.insert(id.to_owned());
    }
}
