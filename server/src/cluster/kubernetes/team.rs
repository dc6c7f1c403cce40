//! The place of a team: its namespace and what is kept in it.

use super::{
    Inner, build,
    client::Name,
    names::{PORTAL, TEAM, label},
    spaces::{self, Space, Whose},
    table::{News, Table},
    things::{KINDS, Marks},
};
use crate::{
    cluster::{Kept, PutBack, TeamSpec},
    error::{Error, Kind, Result},
    ids,
};
use kube::api::DynamicObject;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// How often what is kept is applied again where it cannot be watched whether somebody changes it, milliseconds.
const AGAIN: i64 = 600_000;

/// Where a team's workloads run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Name of the namespace.
    pub namespace: String,
    /// Its uid: one of the same name that was made later is another.
    pub uid: String,
    /// Whether we made it.
    pub ours: bool,
    /// Whether it confines its pods as one of ours does.
    pub confined: bool,
}

/// What is kept, as it was applied last.
#[derive(Debug, Default)]
pub(super) struct Teams {
    /// Teams as we were told of them last.
    teams: Mutex<HashMap<String, TeamSpec>>,
    /// By the namespace's uid.
    applied: Mutex<HashMap<String, Applied>>,
    /// What was put back and not told yet.
    put_back: Mutex<Vec<PutBack>>,
}

/// What was applied in a namespace.
#[derive(Debug, Clone)]
struct Applied {
    /// Of all of it.
    digest: String,
    /// When, milliseconds since 1970.
    at: i64,
    /// Who had written each object after that, by kind and name.
    marks: Vec<(&'static str, String, Marks)>,
}

impl Inner {
    /// The namespace of a team. One that was handed over counts more than one that we made.
    pub(super) async fn space(&self, team: &str) -> Result<Option<Space>> {
        let tables = self.index.whole().await?;
        let of_team = tables.spaces.all().filter(|s| s.team.as_deref() == Some(&label(team)));
        Ok(of_team.min_by_key(|s| (s.ours, &s.name)).cloned())
    }

    /// The place of a team, with what every pod needs in it; made where there is none.
    pub(super) async fn place(&self, team: &str) -> Result<Place> {
        if let Some(space) = self.space(team).await? {
            let place = usable(&space)?;
            if self.is_kept(&place) {
                return Ok(place);
            }
        }
        let _door = self.doors.door(&format!("team {team}")).await;
        let space = match self.space(team).await? {
            Some(space) => space,
            None => {
                let made = self.make(team).await?;
                self.index.take(|t| &mut t.spaces, News::Is(made.clone()));
                made
            }
        };
        let place = usable(&space)?;
        if !self.is_kept(&place) {
            let told = self.teams.teams.lock().unwrap_or_else(PoisonError::into_inner).get(team).cloned();
            self.keep(&place, team, told.as_ref()).await?;
        }
        Ok(place)
    }

    fn is_kept(&self, place: &Place) -> bool {
        self.teams.applied.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&place.uid)
    }

    async fn make(&self, team: &str) -> Result<Space> {
        let name = self.settings.namespace(team);
        let made = match self.api.create(&build::namespace(&name, team, &self.settings)).await? {
            Some(made) => Some(made),
            None => self.api.get::<DynamicObject>(Name { kind: "Namespace", namespace: "", name: &name }).await?,
        };
        let made = made.ok_or_else(|| Error::new(Kind::Unavailable, format!("The namespace \"{name}\" has just been deleted.")))?;
        let mut raw: spaces::Raw = serde_json::from_value(serde_json::to_value(&made)?)?;
        let fix = format!(
            "Hand it over with `kubectl label --overwrite namespace {name} {TEAM}={} {PORTAL}={}`, or set kubernetes_namespace_prefix.",
            label(team),
            self.settings.name
        );
        match spaces::whose(&raw, &self.settings.name, team) {
            Whose::Ours => {}
            Whose::Lost => {
                let labels = json!({ "metadata": { "labels": { TEAM: label(team), PORTAL: self.settings.name } } });
                raw = self.api.merge(Name { kind: "Namespace", namespace: "", name: &name }, &labels).await?.unwrap_or(raw);
                self.tell_put_back(team, format!("The labels of the namespace {name} were taken away from outside. They were put back."));
            }
            Whose::Given(label) => {
                let what = format!("The namespace \"{name}\" is labelled {label} now, so it is left alone. {fix}");
                return Err(Error::conflict(what));
            }
            Whose::Theirs => {
                let what = format!("There is a namespace \"{name}\" that Slipway did not make, so it is left alone. {fix}");
                return Err(Error::conflict(what));
            }
        }
        Space::read(&raw, &self.settings.name)
            .ok_or_else(|| Error::new(Kind::Unavailable, format!("The namespace \"{name}\" has just been changed.")))
    }

    /// Keeps what each of these teams needs.
    pub(super) async fn keep_teams(&self, teams: &[TeamSpec]) -> Kept {
        {
            let mut told = self.teams.teams.lock().unwrap_or_else(PoisonError::into_inner);
            *told = teams.iter().map(|t| (t.name.clone(), t.clone())).collect();
        }
        let mut refused = Vec::new();
        for team in teams {
            let kept = async {
                let place = self.place(&team.name).await?;
                self.keep(&place, &team.name, Some(team)).await
            };
            if let Err(error) = kept.await {
                tracing::warn!(team = team.name, error = %error, "keeping a team's namespace");
                refused.push((team.name.clone(), error));
            }
        }
        let put_back = std::mem::take(&mut *self.teams.put_back.lock().unwrap_or_else(PoisonError::into_inner));
        Kept { put_back, refused }
    }

    /// Applies what is kept in a namespace, where it is not as it was applied last. As long as nobody has told us the team's limits, these stay
    /// as they are.
    async fn keep(&self, place: &Place, name: &str, told: Option<&TeamSpec>) -> Result<()> {
        let objects = build::namespace_objects(place, name, told, &self.settings);
        let digest = ids::sha256(serde_json::to_vec(&objects)?);
        let now = self.clock.now();
        let before = self.teams.applied.lock().unwrap_or_else(PoisonError::into_inner).get(&place.uid).cloned();
        let before = before.filter(|b| b.digest == digest);
        if before.as_ref().is_some_and(|b| self.stands(place, b, now)) {
            return Ok(());
        }
        let mut marks = Vec::new();
        self.confine(place, name).await?;
        for object in &objects {
            let (kind, called) = (object["kind"].as_str().unwrap_or_default(), object["metadata"]["name"].as_str().unwrap_or_default());
            let Some(kind) = KINDS.into_iter().find(|k| *k == kind) else { continue };
            self.check_ours(place, kind, called).await?;
            let seen = self.index.tables().thing(kind, &place.namespace, called).map(|thing| thing.marks.clone());
            let mut applied: DynamicObject = self.api.apply(object).await?;
            if let Some(stray) = more_limits(object, &applied) {
                applied = self.api.merge(Name { kind, namespace: &place.namespace, name: called }, &stray).await?.unwrap_or(applied);
            }
            let after = Marks::of(&applied.metadata);
            let was = before.as_ref().and_then(|b| b.marks.iter().find(|(k, n, _)| *k == kind && n == called));
            // The time of ours counts whole seconds.
            let taken = |was: &Marks| was.own != after.own || seen.is_some_and(|s| s.own == was.own && s.fields != was.fields);
            if was.is_some_and(|(_, _, was)| taken(was)) {
                let what = format!("The {kind} {called} of the namespace {} was changed from outside. It was put back.", place.namespace);
                tracing::warn!(team = name, what, "put back");
                self.tell_put_back(name, what);
            }
            marks.push((kind, called.to_owned(), after));
        }
        if let Some((kind, name)) = told.and_then(|team| build::namespace_stale(place, team, &self.settings)) {
            self.api.delete(Name { kind, namespace: &place.namespace, name }, None, None).await?;
        }
        self.teams.applied.lock().unwrap_or_else(PoisonError::into_inner).insert(place.uid.clone(), Applied { digest, at: now, marks });
        Ok(())
    }

    pub(super) fn tell_put_back(&self, team: &str, what: String) {
        self.teams.put_back.lock().unwrap_or_else(PoisonError::into_inner).push(PutBack { team: team.to_owned(), what });
    }

    /// Puts the labels back upon a namespace that we made, those of Pod Security among them.
    async fn confine(&self, place: &Place, team: &str) -> Result<()> {
        if place.confined || !place.ours {
            return Ok(());
        }
        let made = build::namespace(&place.namespace, team, &self.settings);
        let labels = json!({ "metadata": { "labels": made["metadata"]["labels"] } });
        let changed: Option<spaces::Raw> =
            self.api.merge(Name { kind: "Namespace", namespace: "", name: &place.namespace }, &labels).await?;
        if let Some(space) = changed.and_then(|raw| Space::read(&raw, &self.settings.name)) {
            self.index.take(|t| &mut t.spaces, News::Is(space));
        }
        let what = format!("The labels of the namespace {} were changed from outside. They were put back.", place.namespace);
        tracing::warn!(team, what, "put back");
        self.tell_put_back(team, what);
        Ok(())
    }

    /// Refuses to write upon an object of one of our names that somebody else made. What we once applied is ours, whatever became of its labels.
    async fn check_ours(&self, place: &Place, kind: &'static str, name: &str) -> Result<()> {
        if self.index.tables().thing(kind, &place.namespace, name).is_some_and(|thing| !thing.marks.own.is_empty()) {
            return Ok(());
        }
        let found: Option<DynamicObject> = self.api.find(Name { kind, namespace: &place.namespace, name }).await?;
        if found.is_none_or(|f| !Marks::of(&f.metadata).own.is_empty()) {
            return Ok(());
        }
        let sentence =
            format!("The namespace \"{}\" has a {kind} \"{name}\" that Slipway did not make, so it is left alone.", place.namespace);
        Err(Error::conflict(sentence).hint("Remove it or give it another name, or let the team have another namespace."))
    }

    /// Whether everything is as it was applied, as far as that can be seen.
    fn stands(&self, place: &Place, applied: &Applied, now: i64) -> bool {
        if place.ours && !place.confined {
            return false;
        }
        let tables = self.index.tables();
        let watched = tables.things.iter().all(Table::is_whole);
        let same = |(kind, name, marks): &(&'static str, String, Marks)| {
            let table = KINDS.iter().position(|k| k == kind).map(|at| &tables.things[at]);
            table.is_none_or(|t| !t.is_whole() || t.get(&format!("{}/{name}", place.namespace)).is_some_and(|thing| thing.marks == *marks))
        };
        (watched || now - applied.at < AGAIN) && applied.marks.iter().all(same)
    }
}

fn usable(space: &Space) -> Result<Place> {
    if space.deleting {
        return Err(Error::new(Kind::Unavailable, format!("The namespace \"{}\" is being deleted.", space.name))
            .hint("It is made anew once it is gone."));
    }
    Ok(Place { namespace: space.name.clone(), uid: space.uid.clone(), ours: space.ours, confined: space.confined })
}

/// What takes away the limits that somebody else has added to a quota: of a map, an apply takes only what it gave.
fn more_limits(wanted: &Value, there: &DynamicObject) -> Option<Value> {
    let shall = wanted.pointer("/spec/hard")?.as_object()?;
    let is = there.data.pointer("/spec/hard")?.as_object()?;
    let stray: serde_json::Map<String, Value> = is.keys().filter(|k| !shall.contains_key(*k)).map(|k| (k.clone(), Value::Null)).collect();
    (!stray.is_empty()).then(|| json!({ "spec": { "hard": stray } }))
}
