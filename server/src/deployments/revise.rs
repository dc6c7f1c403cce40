//! A new revision on its way: another version, or one that has served before.

use super::{
    plan::Desired,
    service::{Service, TRIES, busy, change_of},
    subject::Subject,
};
use crate::{
    access::TeamEditor,
    error::{Error, Result},
    ids,
    store::{
        Store,
        deployments::{DeploymentChange, DeploymentRow, Follow},
        events::NewEvent,
        revisions::NewRevision,
    },
    teams::secrets,
};
use app::api::{
    State,
    deployments::{Deployment, RevisionState},
    environments::Build,
    ledger::RollBack,
    resources::Resources,
    runtimes::Program,
    secrets::SecretUse,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What the revision is to be.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct Wanted<'a> {
    pub model: &'a str,
    pub version: i64,
    pub runtime: &'a str,
    pub program: Option<&'a Program>,
    pub environment: &'a str,
    pub environment_version: i64,
    pub environment_version_id: &'a str,
    pub resources: Resources,
    pub env: &'a BTreeMap<String, String>,
    pub secrets: &'a [SecretUse],
    /// Who asked for it.
    pub by: &'a str,
    pub rolled_back_to: Option<i64>,
    /// The share it is to take beside the one that serves, in percent; all of it for none.
    pub share: Option<i64>,
    /// The alias it is made for, and which is followed from now on; none ends that.
    pub follow: Option<Follow<'a>>,
}

impl<'a> Wanted<'a> {
    /// Of this subject.
    pub(super) fn of(
        subject: &'a Subject,
        resources: Resources,
        env: &'a BTreeMap<String, String>,
        secrets: &'a [SecretUse],
        by: &'a str,
    ) -> Self {
        Self {
            model: subject.model.as_str(),
            version: subject.version,
            runtime: subject.runtime.as_str(),
            program: subject.program.as_ref(),
            environment: subject.place.environment.as_str(),
            environment_version: subject.place.version,
            environment_version_id: subject.place.version_id.as_str(),
            resources,
            env,
            secrets,
            by,
            rolled_back_to: None,
            share: None,
            follow: None,
        }
    }
}

impl Wanted<'_> {
    /// Its row.
    pub const fn row<'a>(&'a self, id: &'a str, deployment_id: &'a str, team_id: &'a str, number: i64) -> NewRevision<'a> {
        NewRevision {
            id,
            deployment_id,
            team_id,
            number,
            model: self.model,
            version: self.version,
            runtime: self.runtime,
            program: self.program,
            environment: self.environment,
            environment_version: self.environment_version,
            environment_version_id: self.environment_version_id,
            resources: self.resources,
            env: self.env,
            secrets: self.secrets,
            created_by: self.by,
            rolled_back_to: self.rolled_back_to,
            alias: match &self.follow {
                Some(follow) => Some(follow.alias),
                None => None,
            },
        }
    }
}

impl Wanted<'_> {
    /// What the event of its making says of it.
    pub fn noted(&self, number: i64) -> Value {
        let mut noted = json!({ "runtime": self.runtime, "revision": number, "resources": self.resources });
        if self.model.is_empty() {
            noted["program"] = json!(self.program);
        } else {
            noted["model"] = self.model.into();
            noted["version"] = self.version.into();
        }
        noted
    }
}

/// Puts a revision on its way, in one transaction; false where the deployment is no longer as it was seen in `row`. What serves goes on
/// until the new one has taken over; one that was on its way is given up.
///
/// # Errors
/// The database does not answer.
pub async fn revise(store: &Store, row: &DeploymentRow, actor: &str, action: &str, wanted: &Wanted<'_>) -> Result<bool> {
    let number = row.latest + 1;
    let mut tx = store.begin().await?;
    // What was stopped does not come back only to be replaced.
    let serving = row.serving.filter(|_| Desired::of(&row.desired) == Desired::Running);
    let state = if serving.is_some() { row.state() } else { State::Queued };
    let change = DeploymentChange {
        desired: "running",
        state,
        reason: None,
        latest: number,
        serving,
        canary: row.canary(),
        next: Some(number),
        next_share: wanted.share,
    };
    if !tx.deployment_update(&row.id, row.revision, &change).await? {
        return Ok(false);
    }
    tx.deployment_follow(&row.id, wanted.follow.as_ref()).await?;
    if let Some(pending) = row.next.filter(|n| row.serving != Some(*n))
        && let Some(pending) = store.revision_numbered(&row.id, pending).await?
    {
        let reason = format!("Revision {number} was deployed before it took over.");
        tx.revision_update(&pending.id, &change_of(&pending, RevisionState::Retired, Some(&reason))).await?;
    }
    tx.revision_insert(&wanted.row(&ids::new_id(&**store.clock()), &row.id, &row.team_id, number)).await?;
    let mut after = wanted.noted(number);
    if let Some(to) = wanted.rolled_back_to {
        after["rolled_back_to"] = to.into();
    }
    if let Some(share) = wanted.share {
        after["canary"] = share.into();
    }
    if let Some(follow) = &wanted.follow {
        after["alias"] = follow.alias.into();
        after["by"] = wanted.by.into();
    }
    tx.event(NewEvent {
        team_id: Some(&row.team_id),
        actor,
        action,
        kind: "deployment",
        object_id: &row.id,
        object_name: &row.name,
        revision: row.revision + 1,
        before: None,
        after: Some(after),
    })
    .await?;
    tx.commit().await?;
    Ok(true)
}

impl Service {
    /// Takes the deployment back to a revision that has served: a new revision with the same version, the same server and version of the environment,
    /// the same size, variables and secrets. An alias is not followed any more: it would lead away again.
    ///
    /// # Errors
    /// Not there, or being removed; a revision that never served; its version or its environment is no more; a stale revision.
    pub async fn roll_back(&self, by: &TeamEditor, name: &str, ask: &RollBack) -> Result<Deployment> {
        for _ in 0..TRIES {
            let row = self.seen(by, name, ask.revision).await?;
            let wrong = |sentence: String| Error::invalid("to", sentence);
            let Some(old) = self.store.revision_numbered(&row.id, ask.to).await? else {
                return Err(wrong(format!("There is no revision {}; there were {}.", ask.to, row.latest)));
            };
            if old.serving_at.is_none() {
                return Err(wrong(format!("Revision {} never served: there is nothing to go back to.", ask.to))
                    .hint("Choose one of the ledger, or deploy its version."));
            }
            if row.serving == Some(old.number) && Desired::of(&row.desired) == Desired::Running {
                let beside =
                    row.canary().map(|c| format!("Set the canary, revision {}, to 0 percent to leave all of the traffic to it.", c.number));
                let error = Error::conflict(format!("Revision {} is the one that serves.", ask.to));
                return Err(beside.into_iter().fold(error, Error::hint));
            }
            if !old.model.is_empty() {
                // Its files have been read before; an artifact store that is away now is not in the way where they are still here.
                self.ready(&row.team_id, &old.model, old.version).await?;
            }
            secrets::check(&self.store, &by.team.id, &old.secrets()).await?;
            let named = format!("{} v{}", old.environment, old.environment_version);
            let program = old.program()?;
            let in_image = program.as_ref().is_some_and(|p| p.image.is_some());
            match self.store.environment_version(&old.environment_version_id).await? {
                None if in_image => {}
                None => return Err(wrong(format!("The environment {named} is no more."))),
                Some(made) if made.build() == Build::Failed => {
                    return Err(wrong(format!("The environment {named} could not be made.")).hint("Its page says why, and can try again."));
                }
                Some(_) => {}
            }
            let wanted = Wanted {
                model: &old.model,
                version: old.version,
                runtime: &old.runtime,
                program: program.as_ref(),
                environment: &old.environment,
                environment_version: old.environment_version,
                environment_version_id: &old.environment_version_id,
                resources: old.resources(),
                env: &old.env(),
                secrets: &old.secrets(),
                by: &by.actor(),
                rolled_back_to: Some(old.number),
                share: None,
                follow: None,
            };
            if revise(&self.store, &row, &by.actor(), "roll_back", &wanted).await? {
                return self.get(by, name).await;
            }
        }
        Err(busy())
    }
}
