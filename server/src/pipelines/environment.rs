//! In which environment a component runs where there are no containers: what it would install is made once, beside the queue, and what stands
//! for its image is the admin's to say.

use super::engine::Install;
use crate::{
    environments::digest::of_requirements,
    error::{Error, Result},
    ids,
    store::{
        Store, Tx,
        environments::{EnvironmentRow, NewEnvVersion},
        events::NewEvent,
        pipeline_images::PipelineImageRow,
    },
};
use app::api::environments::Build;

/// What stands for an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// The interpreter of the machine.
    Python,
    /// An environment of this name, which every team has.
    Environment(String),
}

/// What stands for an image by the admin's table, else by its name; nothing where it may be anything.
pub fn base(table: &[PipelineImageRow], image: &str) -> Option<Base> {
    let untagged = untagged(image);
    let row = table.iter().find(|r| r.image == image).or_else(|| table.iter().find(|r| r.image == untagged));
    match row {
        Some(row) if row.environment.is_empty() => Some(Base::Python),
        Some(row) => Some(Base::Environment(row.environment.clone())),
        None => (untagged.rsplit('/').next() == Some("python")).then_some(Base::Python),
    }
}

/// An image without its tag and digest. A port of its host is no tag.
fn untagged(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => image,
    }
}

/// The sentence for an image that nothing stands for.
pub fn unknown(image: &str) -> String {
    format!(
        "There are no containers on this machine, and nothing stands for the image {image}. A platform admin says which environment does."
    )
}

/// What a component installs, as requirements of an environment.
pub fn requirements(installs: &[Install]) -> Vec<String> {
    let line = |(requirement, options): (&String, &str)| match options {
        "" => requirement.trim().to_owned(),
        options => format!("{} # {options}", requirement.trim()),
    };
    let lines = |install: &Install| {
        let options = options(install);
        install.requirements.iter().map(|r| line((r, &options))).collect::<Vec<_>>()
    };
    installs.iter().flat_map(lines).collect()
}

/// How it is installed, where that is not as usual; `build.py` knows these words.
fn options(install: &Install) -> String {
    let alone = install.no_deps.then(|| "--no-deps".to_owned());
    let index = install.index_urls.iter().enumerate().map(|(i, url)| match i {
        0 => format!("--index-url={url}"),
        _ => format!("--extra-index-url={url}"),
    });
    // Where no host is named, the SDK writes the addresses of the indexes here, which pip takes for no host.
    let hosts = install.trusted_hosts.iter().filter(|host| !host.contains('/')).map(|host| format!("--trusted-host={host}"));
    let words: Vec<String> = alone.into_iter().chain(index).chain(hosts).collect();
    shlex::try_join(words.iter().map(String::as_str)).unwrap_or_default()
}

/// The requirements of an environment with these packages on top of a base.
fn together(base: &str, packages: &[String]) -> String {
    let mut lines: Vec<&str> = base.lines().chain(packages.iter().map(String::as_str)).map(str::trim).collect();
    lines.retain(|l| !l.is_empty() && !l.starts_with('#'));
    lines.sort_unstable();
    lines.dedup();
    format!("{}\n", lines.join("\n"))
}

/// The environment of a team with these packages on top of a base, made where there is none: id of its version. `base`: where not the
/// interpreter alone.
///
/// # Errors
/// The database does not answer.
pub async fn ensure(tx: &mut Tx, store: &Store, team_id: &str, base: Option<&EnvironmentRow>, packages: &[String]) -> Result<String> {
    let requirements = together(base.map_or("", |b| &b.requirements), packages);
    let name = format!("pipeline-{}", &ids::sha256(&requirements)[..12]);
    if let Some(there) = tx.environment_own(Some(team_id), &name).await? {
        if there.requirements == requirements {
            return Ok(there.id);
        }
        return Err(Error::conflict(format!("The team's environment {name} is another than the one tasks of its pipelines need.")));
    }
    let (environment_id, version_id) = (ids::new_id(&**store.clock()), ids::new_id(&**store.clock()));
    let what = packages.join(", ");
    let description = format!("Made for tasks of pipelines: {}", what.chars().take(300).collect::<String>());
    tx.environment_insert(&environment_id, Some(team_id), &name, &description).await?;
    tx.environment_version_insert(&NewEnvVersion {
        id: &version_id,
        environment_id: &environment_id,
        version: 1,
        requirements: &requirements,
        lock_text: None,
        image: None,
        digest: &of_requirements(&requirements, None),
        build: Build::Queued,
        reason: None,
        packages: "[]",
    })
    .await?;
    tx.event(NewEvent {
        team_id: Some(team_id),
        actor: "slipway",
        action: "create",
        kind: "environment",
        object_id: &environment_id,
        object_name: &name,
        revision: 1,
        before: None,
        after: Some(serde_json::json!({ "requirements": requirements })),
    })
    .await?;
    Ok(version_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_component_installs_keeps_how_it_does() {
        let install = |requirements: &[&str], no_deps| Install {
            requirements: requirements.iter().map(|r| (*r).to_owned()).collect(),
            no_deps,
            ..Install::default()
        };
        let packages = requirements(&[install(&["six==1.17.0"], false), install(&["kfp==2.17.3"], true)]);
        let elsewhere = Install {
            index_urls: ["https://a/simple", "https://b/simple?x=y z"].map(str::to_owned).to_vec(),
            trusted_hosts: ["a:8080", "https://a/simple"].map(str::to_owned).to_vec(),
            ..install(&["six==1.17.0"], true)
        };
        let options = "--no-deps '--index-url=https://a/simple' '--extra-index-url=https://b/simple?x=y z' '--trusted-host=a:8080'";
        assert_eq!(requirements(&[elsewhere]), [format!("six==1.17.0 # {options}")]);
        assert_eq!(packages, ["six==1.17.0", "kfp==2.17.3 # --no-deps"]);
        assert_eq!(together("# ours\npandas\nsix==1.17.0\n", &packages), "kfp==2.17.3 # --no-deps\npandas\nsix==1.17.0\n");
    }

    #[test]
    fn what_stands_for_an_image() {
        let row = |image: &str, environment: &str| PipelineImageRow { image: image.into(), environment: environment.into() };
        let table = [row("registry.example.org:5000/ml/base", "train"), row("alpine:3", "")];
        let environment = |name: &str| Some(Base::Environment(name.into()));
        assert_eq!(base(&table, "registry.example.org:5000/ml/base:1.2"), environment("train"));
        assert_eq!(base(&table, "registry.example.org:5000/ml/base@sha256:abc"), environment("train"));
        assert_eq!(base(&table, "alpine:3"), Some(Base::Python));
        assert_eq!(base(&table, "python:3.11-slim"), Some(Base::Python));
        assert_eq!(base(&table, "registry.example.org/library/python:3.11"), Some(Base::Python));
        assert_eq!(base(&table, "alpine:2"), None);
    }
}
