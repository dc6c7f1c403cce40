//! Owners that somebody else deleted, or took our labels from, while we knew them. They are kept in mind until they are forgotten.

use super::{
    Inner,
    names::{GENERATION, ID, MANAGED_BY, MANAGER, PORTAL, PUT_BACK},
    observe::CUT,
    owner::{self, Owner, PutBack},
};
use crate::{
    cluster::{Exit, Observed, Phase, local::shim::ASKED},
    error::Result,
};
use serde_json::json;
use std::{
    collections::{HashMap, HashSet},
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
    /// Takes note of one that is there.
    fn note(&mut self, owner: &Owner) {
        let news = self.seen.get(&owner.id).is_none_or(|o| o.version != owner.version);
        if owner.started && news && !self.left.contains(&owner.id) {
            self.seen.insert(owner.id.clone(), owner.clone());
        }
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
        let missing: Vec<Owner> = {
            let tables = self.index.whole().await?;
            let mut known = self.known();
            known.left.retain(|id| tables.owner(id).is_some());
            tables.jobs.all().chain(tables.sets.all()).for_each(|owner| known.note(owner));
            let gone = known.seen.values().filter(|o| tables.owner(&o.id).is_none() && !known.gone.contains_key(&o.id));
            gone.cloned().collect()
        };
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
        if let Some(there) = Owner::read(owner.kind, &raw).filter(|o| o.id == owner.id) {
            // The index had not heard of it.
            self.index.put(there);
            return Ok(());
        }
        let what = format!("The labels of its {} were taken away from outside. They were put back.", owner.kind.resource().kind);
        let labels = json!({ ID: owner.id, GENERATION: owner.attempt.to_string(), MANAGED_BY: MANAGER, PORTAL: self.settings.name });
        let note = serde_json::to_string(&PutBack { at: self.clock.now(), what })?;
        self.change_owner(owner, &json!({ "metadata": { "labels": labels, "annotations": { PUT_BACK: note } } })).await
    }

    /// Puts an owner back that somebody changed by hand.
    pub(super) async fn put_back(&self, owner: &Owner) -> Result<()> {
        let Some((spec, what)) = owner.strayed() else { return Ok(()) };
        tracing::warn!(workload = owner.id, what, "put back");
        let note = serde_json::to_string(&PutBack { at: self.clock.now(), what })?;
        self.change_owner(owner, &json!({ "metadata": { "annotations": { PUT_BACK: note } }, "spec": spec })).await
    }

    /// The workloads whose owners are gone.
    pub(super) async fn orphans(&self) -> Result<Vec<Observed>> {
        let gone: Vec<(Owner, Option<Exit>)> = {
            let known = self.known();
            known.gone.iter().filter_map(|(id, exit)| Some((known.seen.get(id)?.clone(), exit.clone()))).collect()
        };
        let mut out = Vec::new();
        for (owner, exit) in gone {
            let lives = self.index.tables().pods.all().any(|p| p.id == owner.id && !p.is_over());
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
