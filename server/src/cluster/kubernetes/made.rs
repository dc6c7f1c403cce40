//! Workloads whose pods are made in their owner's stead: by a Notebook, a TrainJob or an InferenceService.
//!
//! The owner is a StatefulSet of size 0, so that what is known of the workload is seen whatever is set, and though the kind be gone. It owns what
//! makes the pods, which is deleted when the workload has ended.

use super::{
    Inner, build,
    client::{Event, Name},
    maker::{Maker, MakerKind},
    names::ID,
    owner::{Condition, Owner, OwnerKind, Raw},
    reasons,
};
use crate::{
    cluster::{Exit, Phase, WorkloadSpec},
    error::{Error, Kind, Result},
};
use kube::api::DynamicObject;
use serde_json::Value;
use std::{sync::PoisonError, time::Duration};

/// How often what a webhook refuses for a moment is tried again, and how long afterwards.
const AGAIN: (u32, Duration) = (20, Duration::from_millis(250));

impl Inner {
    /// Starts a workload unless it was started before: the owner, what the pod is handed, what makes the pod. Its pod may run nothing before the
    /// owner says that all of it is there.
    pub(super) async fn start_made(&self, spec: &WorkloadSpec, namespace: &str, maker: &Maker) -> Result<()> {
        self.demand(maker.kind).await?;
        let record = |started| build::record(spec, &self.settings, namespace, maker, started);
        let owner = self.apply_owner(spec, OwnerKind::StatefulSet, &record(None)).await?;
        let _: DynamicObject = self.api.apply(&build::secret(spec, &self.settings, &owner)?).await?;
        for object in build::made(spec, &self.settings, &owner, maker)? {
            self.apply_patiently(&object).await?;
        }
        self.apply_owner(spec, OwnerKind::StatefulSet, &record(Some(self.clock.now()))).await?;
        Ok(())
    }

    /// That the cluster has this kind.
    async fn demand(&self, kind: MakerKind) -> Result<()> {
        if self.served.lock().unwrap_or_else(PoisonError::into_inner).contains(&kind) {
            return Ok(());
        }
        let resource = kind.resource();
        if !self.api.versions_of(&resource.group, &resource.kind).await?.contains(&resource.version) {
            let words = format!("The cluster has no {} ({}). {}", kind.as_str(), resource.api_version, kind.fix());
            return Err(Error::new(Kind::Unavailable, words));
        }
        self.served.lock().unwrap_or_else(PoisonError::into_inner).insert(kind);
        Ok(())
    }

    async fn apply_patiently(&self, object: &Value) -> Result<()> {
        let (most, pause) = AGAIN;
        let mut tries = 0;
        loop {
            match self.api.apply::<DynamicObject>(object).await {
                Err(e) if is_early(&e) && tries < most => tries += 1,
                // The next tick tries again.
                Err(e) if is_early(&e) => return Err(Error { kind: Kind::Unavailable, ..e }),
                other => return other.map(drop),
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Deletes what makes a workload's pods, and so the pods.
    pub(super) async fn unmake(&self, owner: &Owner, maker: &Maker) -> Result<()> {
        let name = Name { kind: maker.kind.as_str(), namespace: &owner.namespace, name: &maker.name };
        self.api.delete(name, None, None).await
    }

    /// Why what makes the pods has made none.
    pub(super) async fn not_made(&self, owner: &Owner, maker: &Maker) -> Result<Phase> {
        if let Some(why) = self.said_before(&owner.uid) {
            return Ok(Phase::Starting { doing: why.unwrap_or_else(|| making(maker)) });
        }
        let Some(raw) = self.find_made(owner, maker).await? else {
            let reason = Some(format!("Its {} {} was deleted from outside.", maker.kind.as_str(), maker.name));
            let exit = Exit { reason, ended_at: self.clock.now(), ..Exit::default() };
            return Ok(Phase::Ended(self.settle(owner, 0, exit, None).await?));
        };
        let events = self.events_of_made(owner, maker).await?;
        let why = reasons::not_made(&events).or_else(|| held_back(maker, &conditions(&raw), &events));
        self.keep_said(&owner.uid, why.clone());
        Ok(Phase::Starting { doing: why.unwrap_or_else(|| making(maker)) })
    }

    /// What makes its pods, as it is now.
    pub(super) async fn find_made(&self, owner: &Owner, maker: &Maker) -> Result<Option<Raw>> {
        let of = Name { kind: maker.kind.as_str(), namespace: &owner.namespace, name: "" };
        let found: Vec<Raw> = self.api.list(of, &format!("{ID}={}", owner.id)).await?;
        Ok(found.into_iter().find(|raw| raw.metadata.name.as_ref() == Some(&maker.name)))
    }

    /// What was said about it and about what it makes, which is named after it.
    pub(super) async fn events_of_made(&self, owner: &Owner, maker: &Maker) -> Result<Vec<Event>> {
        let mut events = self.api.events(&owner.namespace, &format!("involvedObject.name={}", maker.name)).await?;
        let refused = self.api.events(&owner.namespace, "reason=FailedCreate").await?;
        let begin = format!("{}-", maker.name);
        events.extend(refused.into_iter().filter(|e| e.involved_object.name.starts_with(&begin)));
        Ok(events)
    }
}

/// Trainer's webhook sees a runtime a moment after it was made.
fn is_early(error: &Error) -> bool {
    error.public.contains("must be created before") || (error.public.contains("runtime '") && error.public.contains("not found"))
}

/// Its conditions.
pub fn conditions(raw: &Raw) -> Vec<Condition> {
    raw.status.as_ref().map(|s| s.conditions.clone()).unwrap_or_default()
}

fn making(maker: &Maker) -> String {
    format!("Waits for its {} to make its pod", maker.kind.as_str())
}

/// What keeps it from making pods, in its own words.
fn held_back(maker: &Maker, conditions: &[Condition], events: &[Event]) -> Option<String> {
    let kind = maker.kind.as_str();
    if let Some(suspended) = conditions.iter().find(|c| c.kind == "Suspended" && c.status == "True") {
        let why = suspended.message.as_deref().unwrap_or_default();
        return Some(format!("Its {kind} is suspended, as by a queue of the cluster's: {}", reasons::short(why)));
    }
    let last = events.iter().filter(|e| e.kind == "Warning").max_by_key(|e| e.time())?;
    Some(format!("Its {kind} makes no pod: {}", reasons::short(&last.message)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_it_back_is_said_in_its_own_words() {
        let maker = Maker { kind: MakerKind::TrainJob, name: "train-x".into() };
        let suspended = Condition {
            kind: "Suspended".into(),
            status: "True".into(),
            message: Some("TrainJob is suspended".into()),
            ..Condition::default()
        };
        assert_eq!(
            held_back(&maker, &[suspended], &[]).unwrap(),
            "Its TrainJob is suspended, as by a queue of the cluster's: TrainJob is suspended"
        );
        let event = |time: &str, message: &str| Event {
            kind: "Warning".into(),
            message: message.into(),
            last_timestamp: Some(time.into()),
            ..Event::default()
        };
        assert_eq!(held_back(&maker, &[], &[event("2", "new"), event("1", "old")]).unwrap(), "Its TrainJob makes no pod: new");
        assert_eq!(held_back(&maker, &[], &[]), None);
    }
}
