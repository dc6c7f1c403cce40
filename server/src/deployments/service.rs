//! What one may ask of deployments. Requests write down what is wanted; the reconciler brings it about.

use super::{
    canary,
    follow::Target,
    plan::Desired,
    program::check_env,
    revise::{Wanted, revise},
    subject::{Wishes, no_model},
    view,
};
use crate::{
    access::{TeamEditor, TeamMember, TeamViewer},
    artifacts::ArtifactStore,
    cluster::SharedCluster,
    error::{Error, Result},
    ids,
    logs::LogStore,
    quota::sizes::Sizes,
    store::{
        Store, Tx,
        deployments::{DeploymentChange, DeploymentRow},
        events::NewEvent,
        keyset::Keyset,
        revisions::{RevisionChange, RevisionRow},
    },
    teams::secrets,
};
use app::api::{
    ListQuery, Page, State,
    deployments::{Deployment, NewDeployment, Redeploy, Revision, RevisionState},
    logs::{LogPage, LogQuery},
    name,
    resources::{Resources, ResourcesAsked},
};
use serde_json::Value;

/// How often a change is tried again when the reconciler was faster.
pub(super) const TRIES: usize = 5;

/// What the service works with.
#[derive(Clone)]
pub struct Service {
    /// The database.
    pub store: Store,
    /// Files of models.
    pub artifacts: ArtifactStore,
    /// Where replicas run.
    pub cluster: SharedCluster,
}

impl Service {
    /// Deployments of a team by name.
    ///
    /// # Errors
    /// A page token that is not ours.
    pub async fn list(&self, by: &TeamViewer, query: &ListQuery) -> Result<Page<Deployment>> {
        let keyset = Keyset::<String>::of(query)?;
        let rows = self.store.deployment_list(&by.team.id, keyset.after.as_deref().unwrap_or_default(), keyset.limit()).await?;
        let revisions = self.store.revisions_at_work(Some(&by.team.id)).await?;
        Ok(keyset.page(rows, |r| r.name.clone(), |r| view::deployment(&by.team.name, &r, &revisions)))
    }

    /// The row of a deployment.
    ///
    /// # Errors
    /// Not there.
    pub async fn row(&self, by: &TeamMember, name: &str) -> Result<DeploymentRow> {
        self.store.deployment(&by.team.id, name).await?.ok_or_else(|| Error::not_found("deployment"))
    }

    /// A deployment.
    ///
    /// # Errors
    /// Not there.
    pub async fn get(&self, by: &TeamMember, name: &str) -> Result<Deployment> {
        let row = self.row(by, name).await?;
        view::one(&self.store, &by.team.name, &row).await
    }

    /// Revisions of a deployment, newest first.
    ///
    /// # Errors
    /// Not there; a page token that is not ours.
    pub async fn revisions(&self, by: &TeamViewer, name: &str, query: &ListQuery) -> Result<Page<Revision>> {
        let keyset = Keyset::<i64>::of(query)?;
        let row = self.row(by, name).await?;
        let rows = self.store.revision_list(&row.id, keyset.after.unwrap_or(i64::MAX), keyset.limit()).await?;
        Ok(keyset.page(rows, |r| r.number, |r| view::revision(&r)))
    }

    /// The log of a revision (the newest, if none is named): of its newest replica, or of the attempt that is asked for.
    ///
    /// # Errors
    /// Not there; no such revision, no such attempt.
    pub async fn log(&self, logs: &LogStore, by: &TeamViewer, name: &str, revision: Option<i64>, query: &LogQuery) -> Result<LogPage> {
        let row = self.row(by, name).await?;
        let number = revision.unwrap_or(row.latest);
        let revision = self
            .store
            .revision_numbered(&row.id, number)
            .await?
            .ok_or_else(|| Error::invalid("revision", format!("There is no revision {number}; there were {}.", row.latest)))?;
        let replicas = self.store.workloads_of(&revision.id, 1000).await?;
        let wanted = match query.attempt {
            None => replicas.first(),
            Some(n) => Some(
                replicas
                    .iter()
                    .find(|w| w.attempt == n)
                    .ok_or_else(|| Error::invalid("attempt", format!("There is no attempt {n}; there were {}.", revision.attempts)))?,
            ),
        };
        let mut page = match wanted {
            None => LogPage::default(),
            Some(w) => {
                let page = logs.page(&w.id, &LogQuery { attempt: Some(w.attempt), ..query.clone() }).await?;
                // What never started has no log, and will have none.
                LogPage { complete: page.complete || (w.ended() && w.ensured_at.is_none()), attempt: w.attempt, ..page }
            }
        };
        page.attempts = revision.attempts;
        Ok(page)
    }

    /// Deploys a version, or a program, under a new name.
    ///
    /// # Errors
    /// A field that is wrong, a version that cannot be served, a name that is taken.
    pub async fn create(&self, by: &TeamEditor, new: &NewDeployment) -> Result<Deployment> {
        name::check(&new.name).map_err(|e| Error::invalid("name", e))?;
        check_env(&new.env)?;
        check_kind(new.custom.is_some(), [&new.alias, &new.runtime], Some(&new.model), new.version)?;
        secrets::check(&self.store, &by.team.id, &new.secrets).await?;
        secrets::apart(&new.env, &new.secrets)?;
        let wishes = Wishes { runtime: new.runtime.as_deref(), environment: new.environment.as_deref(), like: None };
        let (subject, target) = match &new.custom {
            Some(program) => (self.of_program(&by.team.id, program, wishes).await?, None),
            None if new.model.trim().is_empty() => return Err(no_model()),
            None => {
                let target = self.target(&by.team.id, &new.model, new.version, new.alias.as_deref()).await?;
                (self.of_model(&by.team.id, &new.model, target.version, wishes).await?, Some(target))
            }
        };
        let resources = self.resources(new.size.as_deref(), &new.amount, None).await?;
        let replicas = new.replicas.unwrap_or(1);
        self.check_replicas(by, replicas, resources).await?;
        let (id, revision_id) = (ids::new_id(&**self.store.clock()), ids::new_id(&**self.store.clock()));
        let mut tx = self.store.begin().await?;
        tx.deployment_insert(&id, &by.team.id, &new.name, replicas).await?;
        let follow = target.as_ref().and_then(Target::follow);
        tx.deployment_follow(&id, follow.as_ref()).await?;
        let who = by.actor();
        let wanted = Wanted { follow, ..Wanted::of(&subject, resources, &new.env, &new.secrets, &who) };
        tx.revision_insert(&wanted.row(&revision_id, &id, &by.team.id, 1)).await?;
        let mut after = wanted.noted(1);
        if replicas > 1 {
            after["replicas"] = replicas.into();
        }
        if let Some(follow) = &follow {
            after["alias"] = follow.alias.into();
        }
        event(&mut tx, by, "create", (&id, &new.name, 1), (None, Some(after))).await?;
        tx.commit().await?;
        self.get(by, &new.name).await
    }

    /// Deploys another version, or another program, under the same name: the one that serves goes on until the new one has taken over.
    ///
    /// # Errors
    /// Not there, or being removed; a version that cannot be served; a stale revision.
    pub async fn redeploy(&self, by: &TeamEditor, name: &str, ask: &Redeploy) -> Result<Deployment> {
        for _ in 0..TRIES {
            let row = self.seen(by, name, ask.revision).await?;
            canary::check_canary(&row, ask.canary)?;
            check_kind(ask.custom.is_some(), [&ask.alias, &ask.runtime], ask.model.as_deref(), ask.version)?;
            let like = self.last(&row).await?;
            let wishes = Wishes { runtime: ask.runtime.as_deref(), environment: ask.environment.as_deref(), like: Some(&like) };
            let (subject, target) = match (&ask.custom, like.program()?.filter(|_| like.model.is_empty() && names_no_model(ask))) {
                (Some(program), _) => (self.of_program(&by.team.id, program, wishes).await?, None),
                (None, Some(program)) => (self.again(&by.team.id, program, wishes).await?, None),
                (None, None) => {
                    let model = ask.model.as_deref().map(str::trim).filter(|m| !m.is_empty()).unwrap_or(&like.model);
                    let (version, alias) = match (ask.version, ask.alias.as_deref().map(str::trim).filter(|a| !a.is_empty())) {
                        (None, None) if model == like.model => as_now(&row, &like),
                        named => named,
                    };
                    let target = self.target(&by.team.id, model, version, alias).await?;
                    (self.of_model(&by.team.id, model, target.version, wishes).await?, Some(target))
                }
            };
            let resources = self.resources(ask.size.as_deref(), &ask.amount, Some(like.resources())).await?;
            self.check_replicas(by, row.replicas, resources).await?;
            let (env, who) = (ask.env.clone().unwrap_or_else(|| like.env()), by.actor());
            check_env(&env)?;
            let secrets = ask.secrets.clone().unwrap_or_else(|| like.secrets());
            secrets::check(&self.store, &by.team.id, &secrets).await?;
            secrets::apart(&env, &secrets)?;
            let follow = target.as_ref().and_then(Target::follow);
            let wanted = Wanted { share: ask.canary, follow, ..Wanted::of(&subject, resources, &env, &secrets, &who) };
            if revise(&self.store, &row, &by.actor(), "redeploy", &wanted).await? {
                return self.get(by, name).await;
            }
        }
        Err(busy())
    }

    /// Starts what was stopped or has failed: the revision that served last, or the newest. Running already: nothing happens.
    ///
    /// # Errors
    /// Not there, or being removed.
    pub async fn start(&self, by: &TeamEditor, name: &str) -> Result<()> {
        for _ in 0..TRIES {
            let row = self.wanted(by, name).await?;
            if Desired::of(&row.desired) == Desired::Running && (row.serving.is_some() || row.next.is_some()) {
                return Ok(());
            }
            // What the alias pointed at when it was stopped is not served once more.
            if self.store.deployment_is_behind(&row.id).await? && self.follow(&row).await? {
                let row = self.wanted(by, name).await?;
                if Desired::of(&row.desired) != Desired::Running {
                    continue;
                }
                let mut tx = self.store.begin().await?;
                event(&mut tx, by, "start", (&row.id, &row.name, row.revision), (None, None)).await?;
                return tx.commit().await;
            }
            let next = row.serving.is_none().then_some(row.latest);
            let again = self.last(&row).await?;
            let mut tx = self.store.begin().await?;
            let change = DeploymentChange {
                desired: "running",
                state: State::Queued,
                reason: None,
                latest: row.latest,
                serving: row.serving,
                canary: row.canary(),
                next,
                next_share: None,
            };
            if !tx.deployment_update(&row.id, row.revision, &change).await? {
                continue;
            }
            let state = if next.is_some() { RevisionState::Queued } else { again.state() };
            tx.revision_update(&again.id, &change_of(&again, state, None)).await?;
            tx.replicas_forgive(&again.id).await?;
            told(&mut tx, by, &row, "start", (None, None)).await?;
            return tx.commit().await;
        }
        Err(busy())
    }

    /// Stops it: requests under way are finished, new ones refused. Stopped already: nothing happens.
    ///
    /// # Errors
    /// Not there, or being removed.
    pub async fn stop(&self, by: &TeamEditor, name: &str) -> Result<()> {
        for _ in 0..TRIES {
            let row = self.wanted(by, name).await?;
            if Desired::of(&row.desired) == Desired::Stopped {
                return Ok(());
            }
            if self.end(by, &row, Desired::Stopped).await? {
                return Ok(());
            }
        }
        Err(busy())
    }

    /// Removes it with its revisions; what was trained and registered stays.
    ///
    /// # Errors
    /// Not there.
    pub async fn delete(&self, by: &TeamEditor, name: &str) -> Result<()> {
        for _ in 0..TRIES {
            let row = self.row(by, name).await?;
            if Desired::of(&row.desired) == Desired::Deleted || self.end(by, &row, Desired::Deleted).await? {
                return Ok(());
            }
        }
        Err(busy())
    }

    async fn end(&self, by: &TeamEditor, row: &DeploymentRow, desired: Desired) -> Result<bool> {
        let mut tx = self.store.begin().await?;
        let change = DeploymentChange {
            desired: desired.as_str(),
            state: State::Stopping,
            reason: None,
            latest: row.latest,
            serving: row.serving,
            canary: None,
            next: None,
            next_share: None,
        };
        if !tx.deployment_update(&row.id, row.revision, &change).await? {
            return Ok(false);
        }
        // From here on no request reaches it: the ledger says so with the same stroke.
        for number in [row.serving, row.canary_number].into_iter().flatten() {
            if let Some(revision) = self.store.revision_numbered(&row.id, number).await?
                && revision.state() == RevisionState::Serving
            {
                tx.revision_update(&revision.id, &change_of(&revision, RevisionState::Retired, None)).await?;
            }
        }
        if desired == Desired::Deleted {
            tx.tokens_revoke_of("deployment", &row.id).await?;
        }
        let action = if desired == Desired::Deleted { "delete" } else { "stop" };
        told(&mut tx, by, row, action, (None, None)).await?;
        tx.commit().await.map(|()| true)
    }

    /// A deployment that is not being removed, as it was seen by whoever says so.
    pub(super) async fn seen(&self, by: &TeamEditor, name: &str, revision: Option<i64>) -> Result<DeploymentRow> {
        let row = self.wanted(by, name).await?;
        Error::unless_stale(revision, row.revision, format!("The deployment {name}"))?;
        Ok(row)
    }

    /// Keeps what was set of a deployment, with its event.
    pub(super) async fn keep(
        &self,
        mut tx: Tx,
        by: &TeamEditor,
        row: &DeploymentRow,
        action: &str,
        was: Value,
        is: Value,
    ) -> Result<Deployment> {
        told(&mut tx, by, row, action, (Some(was), Some(is))).await?;
        tx.commit().await?;
        self.get(by, &row.name).await
    }

    /// A deployment that is not being removed.
    pub(super) async fn wanted(&self, by: &TeamEditor, name: &str) -> Result<DeploymentRow> {
        let row = self.row(by, name).await?;
        if Desired::of(&row.desired) == Desired::Deleted {
            return Err(
                Error::conflict("This deployment is being removed.").hint("Wait until it is gone, then deploy under this name again.")
            );
        }
        Ok(row)
    }

    /// The revision that served last, else the newest.
    pub(super) async fn last(&self, row: &DeploymentRow) -> Result<RevisionRow> {
        let number = row.serving.unwrap_or(row.latest);
        let found = self.store.revision_numbered(&row.id, number).await?;
        found.ok_or_else(|| Error::internal(format!("deployment {} has no revision {number}", row.id)))
    }

    async fn resources(&self, size: Option<&str>, amount: &ResourcesAsked, default: Option<Resources>) -> Result<Resources> {
        Sizes::in_force(&self.store).await?.resolve(self.cluster.capacity().await?.total, size, amount, default)
    }
}

/// How far a revision is, with everything else as it was.
pub fn change_of<'a>(row: &'a RevisionRow, state: RevisionState, reason: Option<&'a str>) -> RevisionChange<'a> {
    RevisionChange { state, reason, smoke: None, attempts: row.attempts }
}

/// The event of a change.
pub(super) async fn told(
    tx: &mut Tx,
    by: &TeamEditor,
    row: &DeploymentRow,
    action: &str,
    (before, after): (Option<Value>, Option<Value>),
) -> Result<()> {
    event(tx, by, action, (&row.id, &row.name, row.revision + 1), (before, after)).await
}

async fn event(
    tx: &mut Tx,
    by: &TeamEditor,
    action: &str,
    (object_id, object_name, revision): (&str, &str, i64),
    (before, after): (Option<Value>, Option<Value>),
) -> Result<()> {
    tx.event(NewEvent {
        team_id: Some(&by.team.id),
        actor: &by.actor(),
        action,
        kind: "deployment",
        object_id,
        object_name,
        revision,
        before,
        after,
    })
    .await
    .map(drop)
}

/// A program is deployed without a model, and without what chooses one.
fn check_kind(custom: bool, texts: [&Option<String>; 2], model: Option<&str>, version: Option<i64>) -> Result<()> {
    let empty = |text: &Option<String>| text.as_deref().is_none_or(|t| t.trim().is_empty());
    let alone = version.is_none() && model.is_none_or(|m| m.trim().is_empty()) && texts.into_iter().all(empty);
    if !custom || alone {
        return Ok(());
    }
    Err(Error::invalid("custom", "A program is deployed without model, version, alias and runtime.")
        .hint("To serve a model with a server of your own, name a runtime that a platform admin declared."))
}

/// What is served now: an alias that is followed, and points somewhere; else the version.
fn as_now<'a>(row: &'a DeploymentRow, like: &RevisionRow) -> (Option<i64>, Option<&'a str>) {
    let alias = row.follow_alias.as_deref().filter(|_| row.follow_version.is_some() && row.follow_model.as_ref() == Some(&like.model));
    (Some(like.version).filter(|_| alias.is_none()), alias)
}

fn names_no_model(ask: &Redeploy) -> bool {
    let empty = |text: &Option<String>| text.as_deref().is_none_or(|t| t.trim().is_empty());
    ask.version.is_none() && empty(&ask.model) && empty(&ask.alias) && empty(&ask.runtime)
}

/// Somebody was always faster.
pub(super) fn busy() -> Error {
    Error::conflict("The deployment changes all the time just now.").hint("Try again in a moment.")
}
