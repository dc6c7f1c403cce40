//! Placements: whether the API server would take them, and what they make of the nodes.

use super::{Inner, build};
use crate::{
    cluster::placement::{Placement, Toleration},
    error::{Error, Kind, Result},
};
use app::api::resources::Resources;
use std::sync::PoisonError;

impl Inner {
    /// Tries the pod of a workload with this placement, in the namespace of its team, or of some team.
    pub(super) async fn try_placement(&self, team: Option<&str>, placement: &Placement, resources: Resources) -> Result<()> {
        let team = match team {
            Some(team) => team.to_owned(),
            None => self.some_team().await?,
        };
        let place = self.place(&team).await?;
        let pod = build::trial(&self.settings, &place.namespace, placement, resources)?;
        match self.api.try_out(&pod).await {
            // A quota that is full now is looked at last: everything else let it in.
            Err(e) if e.kind == Kind::Unavailable && e.public.contains("exceeded quota") => {}
            other => other?,
        }
        self.api.try_out(&build::trial_server(&self.settings, &place.namespace, placement, resources)?).await
    }

    /// A team that has a namespace; one of ours before one that was handed over, as there everything is enforced.
    async fn some_team(&self) -> Result<String> {
        let tables = self.index.whole().await?;
        let some = tables.spaces.all().filter(|s| !s.deleting && s.team.is_some()).min_by_key(|s| (!s.ours, &s.name));
        some.and_then(|s| s.team.clone()).ok_or_else(|| {
            Error::conflict("No team has a namespace yet, and only there the cluster can try a pod.").hint("Make a team first.")
        })
    }

    /// Takes note of what some workloads tolerate: nodes that only these may use count as well.
    pub(super) fn tolerate(&self, tolerations: Vec<Toleration>) {
        let changed = {
            let mut known = self.tolerations.lock().unwrap_or_else(PoisonError::into_inner);
            let changed = *known != tolerations;
            *known = tolerations;
            changed
        };
        if changed {
            self.index.ring();
        }
    }
}
