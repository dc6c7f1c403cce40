//! Starting a workload.

use super::{
    Inner, build,
    client::Name,
    names::{MANAGED_BY, MANAGER, PORTAL, STARTED},
    owner::{self, Owner, OwnerKind},
};
use crate::{
    cluster::WorkloadSpec,
    error::{Error, Kind, Result},
};
use kube::api::DynamicObject;
use serde_json::{Value, json};

/// What is said of files that are gone.
const LOST: &str = "are lost: its PersistentVolumeClaim was not there any more. A new, empty one was made.";

impl Inner {
    /// Starts the workload unless it was started before: the owner without a pod, what the pod is handed, the owner with a pod.
    pub(super) async fn start(&self, spec: &WorkloadSpec) -> Result<()> {
        let _door = self.doors.door(&spec.id).await;
        let known = self.index.whole().await?.owner(&spec.id).cloned();
        if known.or_else(|| self.owner_once(&spec.id)).is_some_and(|o| o.started) {
            return Ok(());
        }
        let known = self.index.tables().owner(&spec.id).cloned();
        let place = self.place(&spec.team).await?;
        let made = match &spec.volume {
            Some(volume) => self.make_volume(volume, &place.namespace).await?,
            None => false,
        };
        if made && spec.volume_is_kept {
            self.tell_put_back(&spec.team, format!("The files of the {} {} {LOST}", spec.kind.as_str(), spec.name));
        }
        // One that was begun before is completed where it is and as it was begun.
        let (namespace, maker) = match known {
            Some(owner) => (owner.namespace, owner.maker),
            None => {
                let maker = self.settings.makers.of(spec, &place.namespace);
                (place.namespace, maker)
            }
        };
        if let Some(maker) = maker {
            return self.start_made(spec, &namespace, &maker).await;
        }
        let kind = OwnerKind::of(spec);
        let owner = self.apply_owner(spec, kind, &build::owner(spec, &self.settings, &namespace, None)?).await?;
        let _: DynamicObject = self.api.apply(&build::secret(spec, &self.settings, &owner)?).await?;
        if spec.nodes > 1 {
            let _: DynamicObject = self.api.apply(&build::peers(spec, &self.settings, &owner)).await?;
        }
        let started = Some(self.clock.now());
        if owner.queue.is_some() {
            // Whether it has its pods by now is for Kueue to say.
            let mark = json!({ "metadata": { "annotations": { STARTED: started.map(|t| t.to_string()) } } });
            return self.change_owner(&owner, &mark).await;
        }
        self.apply_owner(spec, kind, &build::owner(spec, &self.settings, &namespace, started)?).await?;
        Ok(())
    }

    pub(super) async fn apply_owner(&self, spec: &WorkloadSpec, kind: OwnerKind, object: &Value) -> Result<Owner> {
        let raw: owner::Raw = self.api.apply(object).await?;
        let owner = Owner::read(kind, &raw).filter(|o| o.id == spec.id);
        let owner = owner.ok_or_else(|| Error::internal(format!("what was applied for {} came back as another", spec.id)))?;
        if owner.deleting {
            return Err(Error::new(Kind::Unavailable, "What is left of an earlier start is still being deleted."));
        }
        self.index.put(owner.clone());
        Ok(owner)
    }

    /// Makes the claim of a volume unless it is there; whether it had to be made.
    async fn make_volume(&self, volume: &str, namespace: &str) -> Result<bool> {
        let claim = build::claim(volume, &self.settings, namespace)?;
        if self.api.create(&claim).await?.is_some() {
            return Ok(true);
        }
        let name = claim["metadata"]["name"].as_str().unwrap_or_default();
        match self.find_volume(namespace, name).await? {
            Some(found) if found.metadata.deletion_timestamp.is_none() => match self.is_ours(&found) {
                true => Ok(false),
                false => Err(Error::conflict(format!(
                    "The namespace \"{namespace}\" has a PersistentVolumeClaim \"{name}\" that Slipway did not make, so it is left alone."
                ))
                .hint("Use another name, or rename that claim.")),
            },
            _ => Err(Error::new(Kind::Unavailable, "The volume of that name is still being deleted.").hint("Try again in a moment.")),
        }
    }

    async fn find_volume(&self, namespace: &str, name: &str) -> Result<Option<DynamicObject>> {
        self.api.get(Name { kind: "PersistentVolumeClaim", namespace, name }).await
    }

    /// By its labels.
    fn is_ours(&self, object: &DynamicObject) -> bool {
        let label = |name: &str| object.metadata.labels.as_ref().and_then(|l| l.get(name)).map(String::as_str);
        label(MANAGED_BY) == Some(MANAGER) && label(PORTAL) == Some(&self.settings.name)
    }

    /// Deletes the claim of a volume, and with it, by the class's policy, what is in it.
    pub(super) async fn remove_volume(&self, volume: &str) -> Result<()> {
        let (team, name) = super::names::volume(volume)?;
        let Some(space) = self.space(&team).await? else { return Ok(()) };
        // One of this name that somebody else made is theirs, with everything in it.
        let Some(found) = self.find_volume(&space.name, &name).await?.filter(|f| self.is_ours(f)) else { return Ok(()) };
        let claim = Name { kind: "PersistentVolumeClaim", namespace: &space.name, name: &name };
        self.api.delete(claim, found.metadata.uid.as_deref(), None).await
    }
}
