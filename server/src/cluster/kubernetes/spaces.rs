//! Namespaces that belong to teams.

use super::{
    names::{MANAGED_BY, MANAGER, NAME, PORTAL, TEAM},
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
    /// Whether it confines its pods as one of ours does.
    pub confined: bool,
    /// Whether it is being deleted.
    pub deleting: bool,
}

impl Space {
    /// Reads an object. `None`: it is another portal's.
    pub fn read(raw: &Raw, portal: &str) -> Option<Self> {
        let label = |name: &str| raw.metadata.labels.as_ref().and_then(|l| l.get(name));
        label(PORTAL).filter(|of| *of == portal)?;
        Some(Self {
            name: raw.metadata.name.clone()?,
            uid: raw.metadata.uid.clone()?,
            version: raw.metadata.resource_version.clone().unwrap_or_default(),
            team: label(TEAM).cloned(),
            ours: label(MANAGED_BY).is_some_and(|by| by == MANAGER),
            confined: super::build::pod_security().iter().all(|(name, level)| label(name).is_some_and(|l| level == l)),
            deleting: raw.metadata.deletion_timestamp.is_some(),
        })
    }
}

/// Whether this is the namespace that we made for the team, without the label that says whose it is.
pub fn lost_its_team(raw: &Raw, portal: &str, team: &str) -> bool {
    let meta = &raw.metadata;
    let note = meta.annotations.as_ref().and_then(|a| a.get(NAME));
    Space::read(raw, portal).is_some_and(|s| s.ours && s.team.is_none()) && note.is_some_and(|of| of == team)
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
