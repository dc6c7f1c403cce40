//! The beginning of a file of a run, as far as it can be shown.

use super::{
    Client,
    client::{Reply, segment, team_path, with_query},
    runs::{Artifact, ArtifactQuery},
};
use serde::{Deserialize, Serialize};

/// What of a file is shown. Nothing of it is run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ArtifactPreview {
    /// Path from the run's root.
    pub path: String,
    /// Bytes of the file; absent for a folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<i64>,
    /// What it is, by its name, or by its beginning where the name does not say.
    pub shows: Shows,
    /// Its text, or the beginning of it; empty for what is no text.
    #[serde(default)]
    pub text: String,
    /// Whether there is more than the text that is here.
    #[serde(default)]
    pub cut: bool,
    /// Files and folders in it, where it is a folder; at most 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Artifact>,
}

/// What a file is shown as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Shows {
    /// Text.
    Text,
    /// JSON, whole and laid out.
    Json,
    /// A table with commas between its cells.
    Csv,
    /// A table with tabs between its cells.
    Tsv,
    /// Markdown.
    Markdown,
    /// HTML: its source. `artifact/page` answers it for a frame.
    Html,
    /// An image, which the address of the file answers.
    Image,
    /// A folder.
    Folder,
    /// Nothing that can be shown.
    Nothing,
    /// Something that is too large to be shown.
    TooLarge,
}

impl Client {
    /// `GET /api/v1/teams/{team}/runs/{id}/artifact/preview`
    pub fn run_artifact_preview(&self, team: &str, id: &str, query: &ArtifactQuery) -> Reply<ArtifactPreview> {
        self.get(with_query(team_path(team, &format!("/runs/{}/artifact/preview", segment(id))), query))
    }
}
