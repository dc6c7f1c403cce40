//! `slipway model`.

use super::{Failure, card, here::Here, list::List, output, pairs};
use app::api::models::{Model, ModelChange, ModelVersion, NewModelVersion};
use clap::Subcommand;
use std::collections::BTreeMap;

/// Verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The team's registered models
    List(List),
    /// The versions of a model, newest first
    Versions {
        /// Name of the model
        model: String,
        #[command(flatten)]
        list: List,
    },
    /// A version with where it came from
    Show {
        /// Name of the model
        model: String,
        /// Version [default: the newest]
        version: Option<i64>,
    },
    /// Register a version from a run
    Register {
        /// Name of the model; made where it does not exist
        model: String,
        /// Id of the run
        #[arg(long)]
        run: String,
        /// URI of the logged model, or path in the run's artifacts [default: the run's only model]
        #[arg(long)]
        source: Option<String>,
        /// Free text
        #[arg(long, default_value = "")]
        description: String,
    },
    /// The card of a model: its description, in Markdown
    #[command(subcommand)]
    Card(card::Command),
    /// Describe a model, or a version of it
    Describe {
        /// Name of the model
        model: String,
        /// Free text; an empty one removes it
        text: String,
        /// Version, instead of the model
        #[arg(long)]
        version: Option<i64>,
    },
    /// Set tags of a model, or of a version of it
    Tag {
        /// Name of the model
        model: String,
        /// NAME=VALUE; NAME= removes it
        #[arg(required = true, value_name = "NAME=VALUE", value_parser = pairs::pair)]
        tags: Vec<(String, String)>,
        /// Version, instead of the model
        #[arg(long)]
        version: Option<i64>,
    },
    /// Point an alias at a version
    Alias {
        /// Name of the model
        model: String,
        /// Alias
        alias: String,
        /// Version
        #[arg(required_unless_present = "remove")]
        version: Option<i64>,
        /// Remove the alias
        #[arg(long, conflicts_with = "version")]
        remove: bool,
    },
}

/// Runs a verb.
///
/// # Errors
/// What the API answers.
pub async fn run(command: Command, here: Here) -> Result<(), Failure> {
    let Here { client, team, .. } = &here;
    match command {
        Command::List(list) => list.show(&here, async |q| client.model_list(team, &q).await, table, None).await?,
        Command::Versions { model, list } => {
            list.show(&here, async |q| client.version_list(team, &model, &q).await, versions, None).await?;
        }
        Command::Show { model, version } => {
            let version = newest(&here, &model, version).await?;
            here.show(&client.version(team, &model, version).await?, facts);
        }
        Command::Register { model, run, source, description } => {
            let new = NewModelVersion { model, run_id: run, source, description };
            here.show(&client.version_register(team, &new).await?, facts);
        }
        Command::Card(command) => card::run(command, &here).await?,
        Command::Describe { model, text, version } => {
            change(&here, &model, version, ModelChange { description: Some(text), ..ModelChange::default() }).await?;
        }
        Command::Tag { model, tags, version } => {
            change(&here, &model, version, ModelChange { tags: pairs::once(tags)?, ..ModelChange::default() }).await?;
        }
        Command::Alias { model, alias, remove: true, .. } => {
            client.alias_remove(team, &model, &alias).await?;
            here.say(format!("{model} has no alias {alias} any more."));
        }
        Command::Alias { model, alias, version, .. } => {
            let version = newest(&here, &model, version).await?;
            here.show(&client.alias_set(team, &model, &alias, version).await?, |m| table(std::slice::from_ref(m)));
        }
    }
    Ok(())
}

/// Changes a version where one is named, else the model.
async fn change(here: &Here, model: &str, version: Option<i64>, change: ModelChange) -> Result<(), Failure> {
    match version {
        Some(version) => here.show(&here.client.version_update(&here.team, model, version, &change).await?, facts),
        None => here.show(&here.client.model_update(&here.team, model, &change).await?, |m| table(std::slice::from_ref(m))),
    }
    Ok(())
}

/// The version asked for, else the newest.
///
/// # Errors
/// A model without versions: exit code 4.
pub async fn newest(here: &Here, model: &str, version: Option<i64>) -> Result<i64, Failure> {
    if let Some(version) = version {
        return Ok(version);
    }
    let found = here.client.model(&here.team, model).await?.latest_version;
    found.ok_or_else(|| Failure { message: format!("the model {model} has no version"), code: 4 })
}

fn table(models: &[Model]) -> String {
    let row = |m: &Model| {
        let aliases = m.aliases.iter().map(|(a, v)| format!("{a}=v{v}")).collect::<Vec<_>>().join(", ");
        let latest = m.latest_version.map(|v| format!("v{v}")).unwrap_or_default();
        vec![m.name.clone(), latest, aliases, tags(&m.tags), output::ago(Some(&m.updated_at)), m.description.clone()]
    };
    output::rows(&["name", "latest", "aliases", "tags", "changed", "description"], models.iter().map(row).collect(), "No models.")
}

fn tags(tags: &BTreeMap<String, String>) -> String {
    tags.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(", ")
}

fn versions(versions: &[ModelVersion]) -> String {
    let row = |v: &ModelVersion| {
        vec![
            format!("v{}", v.version),
            v.aliases.join(", "),
            v.user.clone(),
            v.lineage.as_ref().map(|l| l.run_name.clone()).unwrap_or_default(),
            v.flavors.join(", "),
            v.deployments.join(", "),
            output::ago(Some(&v.created_at)),
        ]
    };
    let head = ["version", "aliases", "by", "run", "flavors", "deployments", "age"];
    output::rows(&head, versions.iter().map(row).collect(), "No versions.")
}

fn facts(v: &ModelVersion) -> String {
    let lineage = v.lineage.as_ref();
    let metrics = v.metrics.iter().map(|(k, m)| format!("{k} {}", output::number(m))).collect::<Vec<_>>().join(", ");
    let datasets = lineage.map(|l| l.datasets.iter().map(|d| d.name.as_str()).collect::<Vec<_>>().join(", "));
    output::facts(&[
        ("Model", v.model.clone()),
        ("Version", v.version.to_string()),
        ("Status", v.status.clone()),
        ("Aliases", v.aliases.join(", ")),
        ("Tags", tags(&v.tags)),
        ("By", v.user.clone()),
        ("Run", lineage.map(|l| format!("{} ({})", l.run_name, l.run_id)).unwrap_or_default()),
        ("Commit", lineage.and_then(|l| l.commit.clone()).unwrap_or_default()),
        ("Code", lineage.and_then(|l| l.code_digest.clone()).unwrap_or_default()),
        ("Environment", lineage.and_then(|l| l.environment.clone()).unwrap_or_default()),
        ("Datasets", datasets.unwrap_or_default()),
        ("Flavors", v.flavors.join(", ")),
        ("Metrics", metrics),
        ("Input example", if v.input_example { "yes".into() } else { "no".into() }),
        ("Deployments", v.deployments.join(", ")),
        ("Source", v.source.clone()),
        ("Created", v.created_at.clone()),
        ("Description", v.description.clone()),
    ])
}
