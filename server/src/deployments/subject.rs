//! What a revision is to serve, and in what: a version of a model in a runtime, or a program of its own; each in an environment or an image.

use super::{program, runtime, service::Service, smoke};
use crate::{
    access::TeamViewer,
    error::{Error, Kind, Result},
    models::{
        fetch::{self, Located},
        mlmodel::MlModel,
    },
    store::{environments::EnvVersion, revisions::RevisionRow},
};
use app::api::{
    deployments::Example,
    environments::Build,
    runtimes::{CUSTOM, Custom, Program, Protocol},
};
use serde_json::json;

/// What a revision is to serve.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    /// Registered model; empty for a program of its own.
    pub model: String,
    /// Version of it; 0 for a program of its own.
    pub version: i64,
    /// Name of the runtime.
    pub runtime: String,
    /// What is run; nothing: the shipped model server.
    pub program: Option<Program>,
    /// In what.
    pub place: Place,
}

/// The environment of a revision; empty where it runs in an image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// Name.
    pub environment: String,
    /// Version of it.
    pub version: i64,
    /// Id of that version.
    pub version_id: String,
}

/// What is asked beside the model or the program.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wishes<'a> {
    /// A runtime by name.
    pub runtime: Option<&'a str>,
    /// An environment by name.
    pub environment: Option<&'a str>,
    /// The revision it takes after.
    pub like: Option<&'a RevisionRow>,
}

fn given(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|t| !t.is_empty())
}

/// Nothing to serve is named.
pub(super) fn no_model() -> Error {
    Error::invalid("model", "model is missing.").hint("Say which model to serve, or which program.")
}

impl Service {
    /// A version of a model in the runtime that is named, or the first that serves it.
    ///
    /// # Errors
    /// There is no such version, or none that can be served; no such runtime or environment.
    pub(super) async fn of_model(&self, team_id: &str, model: &str, version: i64, wishes: Wishes<'_>) -> Result<Subject> {
        let model = model.trim();
        let about = self.about(team_id, model, version).await?;
        let declared = self.store.runtime_list("", i64::MAX).await?;
        let before = wishes.like.filter(|r| !r.model.is_empty()).map(|r| r.runtime.as_str());
        let of = runtime::Model { name: model, version, flavors: &about.flavors };
        let chosen = runtime::choose(of, given(wishes.runtime), before, &declared)?;
        let own = chosen.environment.as_deref();
        let last = wishes.like.map(|r| r.environment.as_str());
        let kept = if before == Some(chosen.name.as_str()) { given(last).or(own) } else { own.or(given(last)) };
        let place = self.place(team_id, chosen.program.as_ref(), given(wishes.environment), kept).await?;
        Ok(Subject { model: model.to_owned(), version, runtime: chosen.name, program: chosen.program, place })
    }

    /// A program of its own.
    ///
    /// # Errors
    /// A field of it that is wrong; no such environment.
    pub(super) async fn of_program(&self, team_id: &str, asked: &Custom, wishes: Wishes<'_>) -> Result<Subject> {
        self.again(team_id, program::of_custom(&*self.cluster, asked)?, wishes).await
    }

    /// A program as it was written down before.
    ///
    /// # Errors
    /// No such environment.
    pub(super) async fn again(&self, team_id: &str, program: Program, wishes: Wishes<'_>) -> Result<Subject> {
        let last = given(wishes.like.map(|r| r.environment.as_str()));
        let place = self.place(team_id, Some(&program), given(wishes.environment), last).await?;
        Ok(Subject { model: String::new(), version: 0, runtime: CUSTOM.into(), program: Some(program), place })
    }

    /// Bodies to ask what serves with, where its server cannot be asked for them; nothing for the shipped one.
    ///
    /// # Errors
    /// There is no such deployment; it serves nothing that bodies are known for.
    pub async fn example(&self, by: &TeamViewer, name: &str) -> Result<Option<Example>> {
        let row = self.row(by, name).await?;
        let last = self.last(&row).await?;
        let Some(program) = last.program()? else { return Ok(None) };
        if last.model.is_empty() || !program.protocols.iter().any(|p| matches!(p, Protocol::V1 | Protocol::V2)) {
            return Err(Error::conflict(format!("{name} has paths of its own: no body is known that it takes."))
                .hint(format!("Ask /serve/{}/{name}/ with a token.", by.team.name)));
        }
        let found = smoke::example_of(&self.store, &self.artifacts, &last).await?;
        Ok(Some(found.unwrap_or_else(|| Example { v1: json!({ "instances": [] }), v2: json!({ "inputs": [] }), signature: None })))
    }

    /// A version that is there and whole, by what it says of itself.
    ///
    /// # Errors
    /// There is no such version, it is not ready, it holds no model.
    pub(super) async fn about(&self, team_id: &str, model: &str, version: i64) -> Result<MlModel> {
        if model.is_empty() {
            return Err(no_model());
        }
        let located = self.ready(team_id, model, version).await?;
        MlModel::read(&self.artifacts, team_id, &located.folder).await?.ok_or_else(|| {
            Error::invalid("version", format!("{model} v{version} holds no model: there is no MLmodel file in it."))
                .hint("Log the model again and register a new version.")
        })
    }

    /// A version that is there and registered to its end. Its files are not read.
    ///
    /// # Errors
    /// There is no such version, it is not ready.
    pub(super) async fn ready(&self, team_id: &str, model: &str, version: i64) -> Result<Located> {
        let located = fetch::resolve(&self.store, team_id, model, version).await.map_err(|e| match e.kind {
            Kind::NotFound => Error::invalid("version", format!("There is no version {version} of a model \"{model}\" in this team.")),
            _ => e,
        })?;
        if located.version.status != "READY" {
            return Err(Error::invalid("version", format!("{model} v{version} is not ready: {}.", located.version.status))
                .hint("Wait until its registration is done, or register it again."));
        }
        Ok(located)
    }

    /// The newest version of the environment that can be used: of the one that is asked for, or else `kept`, or else the one for models.
    async fn place(&self, team_id: &str, program: Option<&Program>, asked: Option<&str>, kept: Option<&str>) -> Result<Place> {
        if program.is_some_and(|p| p.image.is_some()) {
            return match asked {
                None => Ok(Place::default()),
                Some(_) => {
                    Err(Error::invalid("environment", "It runs in an image, and not in an environment.").hint("Leave one of both out."))
                }
            };
        }
        let name = asked.or(kept).unwrap_or(runtime::ENVIRONMENT);
        let EnvVersion { id, version, .. } = self.usable(team_id, name).await?;
        Ok(Place { environment: name.to_owned(), version, version_id: id })
    }

    async fn usable(&self, team_id: &str, name: &str) -> Result<EnvVersion> {
        let found = self.store.environment_usable(team_id, name).await?;
        let version = found.ok_or_else(|| Error::invalid("environment", format!("There is no environment \"{name}\".")))?;
        if version.build() == Build::Failed {
            return Err(Error::invalid("environment", format!("The environment {name} v{} could not be made.", version.version))
                .hint("Its page says why, and can try again."));
        }
        Ok(version)
    }
}
