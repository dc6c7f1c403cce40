//! URIs of stored files: `mlflow-artifacts:/{experiment}/{run}/artifacts/…` and `mlflow-artifacts:/{experiment}/models/{id}/artifacts/…`.

use crate::{artifacts::ArtifactPath, error::Result};

const SCHEME: &str = "mlflow-artifacts:";

/// What a path in a team's artifacts belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner<'a> {
    /// `{experiment}/{run}/artifacts` and below.
    Run(&'a str),
    /// `{experiment}/models/{id}/artifacts` and below.
    Model(&'a str),
    /// Anything else in the folder of an experiment.
    Experiment,
}

/// The path that a URI of our own artifacts names; `None` for any other URI.
///
/// # Errors
/// Ours, but not a clean path.
pub fn path_of(uri: &str) -> Result<Option<ArtifactPath>> {
    let Some(rest) = uri.strip_prefix(SCHEME) else { return Ok(None) };
    // `mlflow-artifacts://host:port/path` means the same: whoever may ask us is at the right host.
    let path = match rest.strip_prefix("//") {
        Some(with_host) => with_host.split_once('/').map_or("", |(_, path)| path),
        None => rest.strip_prefix('/').unwrap_or(rest),
    };
    ArtifactPath::parse(path).map(Some)
}

/// The URI of a path.
pub fn uri_of(path: &ArtifactPath) -> String {
    format!("{SCHEME}/{path}")
}

/// The URI of the folder of a logged model, below the location of its experiment.
pub fn model_uri(experiment_location: &str, model_id: &str) -> String {
    format!("{}/models/{model_id}/artifacts", experiment_location.trim_end_matches('/'))
}

/// The id of the experiment that a path begins with, and what the rest belongs to.
pub fn owner(path: &ArtifactPath) -> Option<(&str, Owner<'_>)> {
    let mut names = path.names();
    let experiment = names.next()?;
    let owner = match (names.next(), names.next(), names.next()) {
        (Some("models"), Some(id), Some("artifacts")) => Owner::Model(id),
        (Some("models"), ..) => Owner::Experiment,
        (Some(run), Some("artifacts"), _) => Owner::Run(run),
        _ => Owner::Experiment,
    };
    Some((experiment, owner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris() {
        let path = |uri: &str| path_of(uri).expect("clean").map(|p| p.to_string());
        assert_eq!(path("mlflow-artifacts:/1/r/artifacts/m"), Some("1/r/artifacts/m".into()));
        assert_eq!(path("mlflow-artifacts://host:5000/1/r/artifacts"), Some("1/r/artifacts".into()));
        assert_eq!(path("mlflow-artifacts:1/r"), Some("1/r".into()));
        assert_eq!(path("s3://bucket/x"), None);
        assert!(path_of("mlflow-artifacts:/1/../2").is_err());
        assert!(path_of("mlflow-artifacts:/1/%2e%2e/2").is_err());
        assert_eq!(model_uri("mlflow-artifacts:/7/", "m-1"), "mlflow-artifacts:/7/models/m-1/artifacts");
    }

    #[test]
    fn owners() {
        let of = |text: &str| owner(&ArtifactPath::parse(text).expect("path")).map(|(e, o)| (e.to_owned(), format!("{o:?}")));
        assert_eq!(of("7/r1/artifacts/a"), Some(("7".into(), "Run(\"r1\")".into())));
        assert_eq!(of("7/models/m-1/artifacts"), Some(("7".into(), "Model(\"m-1\")".into())));
        assert_eq!(of("7/traces/t/artifacts/x"), Some(("7".into(), "Experiment".into())));
        assert_eq!(of("7"), Some(("7".into(), "Experiment".into())));
        assert_eq!(of(""), None);
    }
}
