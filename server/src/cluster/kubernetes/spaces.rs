//! Namespaces that belong to teams.

use super::{
    names::{MANAGED_BY, MANAGER, NAME, PORTAL, TEAM, label as label_of, labels_of},
    table::Seen,
};
use kube::core::{ApiResource, Object};
use serde::{Deserialize, Serialize};

/// How the API server calls them.
pub fn resource() -> ApiResource {
    super::client::resource("", "v1", "Namespace", "namespaces")
}

/// What of a namespace's spec and status is read: nothing.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Nothing {}

/// The object as the API server gives it.
pub type Raw = Object<Nothing, Nothing>;

/// What is kept of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Space {
    /// Name.
    pub name: String,
    /// Says whether it is still the same one.
    pub uid: String,
    /// Counts up with each change.
    pub version: String,
    /// The team that it belongs to.
    pub team: Option<String>,
    /// Whether we made it. One that an admin handed over is used and left as it is.
    pub ours: bool,
    /// Whether its labels are as we made them, where we did, and it confines its pods as one of ours does.
    pub confined: bool,
    /// Whether it is being deleted.
    pub deleting: bool,
}

impl Space {
    /// Reads an object. `None`: it is another portal's.
    pub fn read(raw: &Raw, portal: &str) -> Option<Self> {
        let label = |name: &str| raw.metadata.labels.as_ref().and_then(|l| l.get(name));
        label(PORTAL).filter(|of| *of == portal)?;
        let made = labels_of(&raw.metadata);
        Some(Self {
            name: raw.metadata.name.clone()?,
            uid: raw.metadata.uid.clone()?,
            version: raw.metadata.resource_version.clone().unwrap_or_default(),
            team: label(TEAM).cloned(),
            ours: label(MANAGED_BY).is_some_and(|by| by == MANAGER) || !made.is_empty(),
            confined: super::build::pod_security().iter().all(|(name, level)| label(name).is_some_and(|l| level == l))
                && made.iter().all(|(name, value)| label(name) == Some(value)),
            deleting: raw.metadata.deletion_timestamp.is_some(),
        })
    }
}

/// Whose it is by the labels with which it was made, and by those that it has.
#[derive(Debug, PartialEq, Eq)]
pub enum Whose {
    /// The team's.
    Ours,
    /// The team's, and a label that says so was taken away.
    Lost,
    /// It was made for the team, and is labelled for somebody else now: the label.
    Given(String),
    /// Nobody's, or somebody else's.
    Theirs,
}

/// Whose it is.
pub fn whose(raw: &Raw, portal: &str, team: &str) -> Whose {
    let label = |name: &str| raw.metadata.labels.as_ref().and_then(|l| l.get(name));
    let (made, wanted) = (labels_of(&raw.metadata), [(PORTAL, portal.to_owned()), (TEAM, label_of(team))]);
    // One that is older than that note has another.
    let noted = raw.metadata.annotations.as_ref().and_then(|a| a.get(NAME)).is_some_and(|of| of == team);
    let before =
        made.is_empty() && noted && label(PORTAL).is_some_and(|of| of == portal) && label(MANAGED_BY).is_some_and(|by| by == MANAGER);
    if wanted.iter().all(|(name, value)| label(name) == Some(value)) {
        return Whose::Ours;
    }
    if !before && !wanted.iter().all(|(name, value)| made.get(*name) == Some(value)) {
        return Whose::Theirs;
    }
    let other = wanted.iter().find_map(|(name, value)| label(name).filter(|has| *has != value).map(|has| format!("{name}={has}")));
    other.map_or(Whose::Lost, Whose::Given)
}

impl Seen for Space {
    fn key(&self) -> &str {
        &self.name
    }
    fn uid(&self) -> &str {
        &self.uid
    }
    fn version(&self) -> &str {
        &self.version
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn whose_it_is_is_known_whatever_became_of_its_labels() {
        let settings = super::super::build::tests::settings();
        let of = |change: Value| {
            let mut raw = super::super::build::namespace("ada", "ada", &settings);
            raw["metadata"]["uid"] = json!("u");
            raw["spec"] = json!({});
            for (name, value) in change.as_object().unwrap() {
                let labels = raw["metadata"]["labels"].as_object_mut().unwrap();
                match value.as_str() {
                    Some(value) => labels.insert(name.clone(), value.into()),
                    None => labels.remove(name),
                };
            }
            serde_json::from_value::<Raw>(raw).unwrap()
        };
        let seen = |change: Value| Space::read(&of(change), "slipway").map(|s| (s.ours, s.confined));
        assert_eq!(seen(json!({})), Some((true, true)));
        for change in [json!({ MANAGED_BY: null }), json!({ "pod-security.kubernetes.io/warn": null }), json!({ MANAGED_BY: "hand" })] {
            assert_eq!(seen(change), Some((true, false)));
        }
        let whose = |change: Value, team| whose(&of(change), "slipway", team);
        assert_eq!(whose(json!({}), "ada"), Whose::Ours);
        assert_eq!(whose(json!({ TEAM: null }), "ada"), Whose::Lost);
        assert_eq!(whose(json!({ TEAM: null, PORTAL: null, MANAGED_BY: null }), "ada"), Whose::Lost);
        assert_eq!(whose(json!({ PORTAL: "theirs" }), "ada"), Whose::Given("slipway.dev/portal=theirs".into()));
        assert_eq!(whose(json!({ TEAM: null }), "eve"), Whose::Theirs);
        assert_eq!(super::whose(&of(json!({ PORTAL: null })), "another", "ada"), Whose::Theirs);
    }
}
