//! Following an alias: whatever it points at is served. When it moves, a revision is made for where it points now.

use super::{
    revise::{Wanted, revise},
    service::Service,
    subject::{Place, Subject, Wishes},
};
use crate::{
    error::{Error, Kind, Result},
    ids,
    models::{aliases, names},
    store::{
        Store,
        deployments::{DeploymentChange, DeploymentRow, Follow},
        events::{EventRow, NewEvent},
    },
};
use app::api::{changes::kinds, events::EventQuery};
use serde_json::{Value, json};

/// How many of a model's last events are looked at for who moved its alias.
const LOOKED_AT: u32 = 100;

/// What is to be served.
pub(super) struct Target {
    /// Version of the model.
    pub version: i64,
    /// Id of the model and its alias, where that is followed.
    alias: Option<(String, String)>,
}

impl Target {
    /// The alias to follow.
    pub fn follow(&self) -> Option<Follow<'_>> {
        self.alias.as_ref().map(|(model_id, alias)| Follow { model_id, alias, version: self.version })
    }
}

impl Service {
    /// What is asked for: an alias to follow, or else a version.
    ///
    /// # Errors
    /// Neither is given; there is no such model, or no such alias of it.
    pub(super) async fn target(&self, team_id: &str, model: &str, version: Option<i64>, alias: Option<&str>) -> Result<Target> {
        let model = model.trim();
        let Some(alias) = alias.map(aliases::typed).filter(|a| !a.is_empty()) else {
            let version = version.ok_or_else(|| {
                Error::invalid("version", "version is missing.").hint("Say which version to serve, or which alias to follow.")
            })?;
            return Ok(Target { version, alias: None });
        };
        names::alias(alias).map_err(|e| Error { field: Some("alias".into()), ..e })?;
        let found = self.store.model(team_id, model).await?;
        let found = found.ok_or_else(|| Error::invalid("model", format!("There is no model \"{model}\" in this team.")))?;
        let Some(version) = found.aliases.get(alias).copied() else {
            return Err(Error::invalid("alias", format!("{model} has no alias @{alias}."))
                .hint("Its page shows the aliases there are; `latest` is none that can be followed."));
        };
        Ok(Target { version, alias: Some((found.row.id, alias.to_owned())) })
    }

    /// Makes a revision for where the alias of `row` points now; false where there is nothing to do yet, or somebody was faster. One
    /// transaction, which also notes that this version was followed: done twice it does nothing the second time.
    ///
    /// # Errors
    /// Database or artifact store do not answer.
    pub async fn follow(&self, row: &DeploymentRow) -> Result<bool> {
        let (Some(model_id), Some(model), Some(alias), Some(version)) =
            (&row.follow_model_id, &row.follow_model, &row.follow_alias, row.follow_version)
        else {
            return Ok(false);
        };
        let Some(registered) = self.store.version(&row.team_id, model, version).await? else { return Ok(false) };
        // The files may still be on their way.
        if registered.row.status == "PENDING_REGISTRATION" {
            return Ok(false);
        }
        let by = moved(&self.store, &row.team_id, model_id, alias, version).await?.by;
        let like = self.last(row).await?;
        let (env, secrets, program) = (like.env(), like.secrets(), like.program()?);
        let follow = Some(Follow { model_id, alias, version });
        let wishes = Wishes { like: Some(&like), ..Wishes::default() };
        match self.of_model(&row.team_id, model, version, wishes).await {
            Ok(subject) => {
                let wanted = Wanted { follow, ..Wanted::of(&subject, like.resources(), &env, &secrets, &by) };
                revise(&self.store, row, "slipway", "follow", &wanted).await
            }
            Err(Error { kind: Kind::Invalid | Kind::NotFound | Kind::Conflict, public, .. }) => {
                let place = Place {
                    environment: like.environment.clone(),
                    version: like.environment_version,
                    version_id: like.environment_version_id.clone(),
                };
                let as_before = Subject { model: model.clone(), version, runtime: like.runtime.clone(), program, place };
                let wanted = Wanted { follow, ..Wanted::of(&as_before, like.resources(), &env, &secrets, &by) };
                self.cannot(row, &wanted, &public).await
            }
            Err(error) => Err(error),
        }
    }

    /// What the alias points at cannot be served: a revision that failed says so, and what serves goes on.
    async fn cannot(&self, row: &DeploymentRow, wanted: &Wanted<'_>, reason: &str) -> Result<bool> {
        let number = row.latest + 1;
        let told = format!("Revision {number} did not take over: {reason}");
        let mut tx = self.store.begin().await?;
        let change = DeploymentChange {
            desired: &row.desired,
            state: row.state(),
            reason: Some(&told),
            latest: number,
            serving: row.serving,
            canary: row.canary(),
            next: row.next,
            next_share: row.next_share,
        };
        if !tx.deployment_update(&row.id, row.revision, &change).await? {
            return Ok(false);
        }
        tx.deployment_follow(&row.id, wanted.follow.as_ref()).await?;
        let id = ids::new_id(&**self.store.clock());
        tx.revision_insert(&wanted.row(&id, &row.id, &row.team_id, number)).await?;
        tx.revision_failed(&id, reason).await?;
        tx.event(NewEvent {
            team_id: Some(&row.team_id),
            actor: "slipway",
            action: "fail",
            kind: "deployment",
            object_id: &row.id,
            object_name: &row.name,
            revision: row.revision + 1,
            before: None,
            after: Some(json!({ "revision": number, "reason": reason })),
        })
        .await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// Who pointed an alias at a version: whoever did allowed what is served by it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moved {
    /// Who did, or asked for the promotion that did.
    pub by: String,
    /// Who approved that promotion.
    pub approved_by: Vec<String>,
}

/// Who pointed the alias of a model at the version, as the events have it.
///
/// # Errors
/// The database does not answer.
pub async fn moved(store: &Store, team_id: &str, model_id: &str, alias: &str, version: i64) -> Result<Moved> {
    let after = |e: &EventRow| e.after_json.as_deref().and_then(|j| serde_json::from_str::<Value>(j).ok()).unwrap_or_default();
    let events = events_of(store, team_id, "model", model_id).await?;
    let Some(event) = events.iter().find(|e| after(e)["aliases"][alias] == version) else {
        return Ok(Moved { by: "slipway".into(), ..Moved::default() });
    };
    let Some(promotion) = after(event)["promotion"].as_str().map(str::to_owned) else {
        return Ok(Moved { by: event.actor.clone(), ..Moved::default() });
    };
    let told = events_of(store, team_id, kinds::PROMOTION, &promotion).await?;
    let told = told.iter().find(|e| e.action == "promote").map(after).unwrap_or_default();
    let approved = told["approved_by"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    Ok(Moved { by: told["requested_by"].as_str().unwrap_or(&event.actor).to_owned(), approved_by: approved.collect() })
}

async fn events_of(store: &Store, team_id: &str, kind: &str, object_id: &str) -> Result<Vec<EventRow>> {
    let query = EventQuery {
        kind: Some(kind.to_owned()),
        object_id: Some(object_id.to_owned()),
        page_size: Some(LOOKED_AT),
        ..EventQuery::default()
    };
    Ok(store.event_list(Some(team_id), &query).await?.items)
}
