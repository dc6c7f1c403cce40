//! Placements of sizes and environments.

use super::{Store, Tx};
use crate::{args, error::Result};
use app::api::resources::ResourcesAsked;

/// A placement as it was written.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
#[expect(missing_docs, reason = "the columns of the table; its migration says what they mean")]
pub struct PlacementRow {
    pub kind: String,
    pub object_id: String,
    pub tolerations: String,
    pub node_selector: String,
    pub patch: String,
    pub cpu: String,
    pub memory: String,
    pub gpu: String,
    pub revision: i64,
}

impl PlacementRow {
    /// What a size holds, as it was written: what is empty is as it ships.
    pub fn asked(&self) -> ResourcesAsked {
        let given = |text: &String| Some(text.clone());
        ResourcesAsked { cpu: given(&self.cpu), memory: given(&self.memory), gpu: given(&self.gpu) }
    }
}

/// An environment with its placement, which is empty and of revision 0 where none was set.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
#[expect(missing_docs, reason = "columns of environments, teams and placements")]
pub struct PlacedEnvironment {
    pub id: String,
    pub name: String,
    pub team: Option<String>,
    pub tolerations: String,
    pub node_selector: String,
    pub patch: String,
    pub revision: i64,
}

macro_rules! environments {
    ($rest:literal) => {
        concat!(
            "SELECT e.id, e.name, t.name AS team, COALESCE(p.tolerations, '') AS tolerations, COALESCE(p.node_selector, '') AS node_selector,
                    COALESCE(p.patch, '') AS patch, COALESCE(p.revision, 0) AS revision
             FROM environments e LEFT JOIN teams t ON t.id = e.team_id
             LEFT JOIN placements p ON p.kind = 'environment' AND p.object_id = e.id ",
            $rest
        )
    };
}

impl Store {
    /// Every placement of sizes.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn placements_of_sizes(&self) -> Result<Vec<PlacementRow>> {
        self.all(
            "SELECT kind, object_id, tolerations, node_selector, patch, cpu, memory, gpu, revision FROM placements WHERE kind = 'size'",
            vec![],
        )
        .await
    }

    /// Every placement that is set.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn placements(&self) -> Result<Vec<PlacementRow>> {
        self.all("SELECT kind, object_id, tolerations, node_selector, patch, cpu, memory, gpu, revision FROM placements", vec![]).await
    }

    /// The placements that count for a workload of this size in this version of an environment: that of the size first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn placements_for(&self, size: &str, environment_version_id: &str) -> Result<Vec<PlacementRow>> {
        self.all(
            "SELECT kind, object_id, tolerations, node_selector, patch, cpu, memory, gpu, revision FROM placements
             WHERE (kind = 'size' AND object_id = $1)
                OR (kind = 'environment' AND object_id = (SELECT environment_id FROM environment_versions WHERE id = $2))
             ORDER BY kind DESC",
            args![size, environment_version_id],
        )
        .await
    }

    /// Environments of all teams and the shipped ones, by id, after `after`.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn placed_environments(&self, after: &str, limit: i64) -> Result<Vec<PlacedEnvironment>> {
        self.all(environments!("WHERE e.id > $1 ORDER BY e.id LIMIT $2"), args![after, limit]).await
    }

    /// One of them: a team's, or a shipped one.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn placed_environment(&self, team: Option<&str>, name: &str) -> Result<Option<PlacedEnvironment>> {
        match team {
            Some(team) => self.opt(environments!("WHERE t.name = $1 AND e.name = $2"), args![team, name]).await,
            None => self.opt(environments!("WHERE e.team_id IS NULL AND e.name = $1"), args![name]).await,
        }
    }
}

impl Tx {
    /// Sets a placement where `revision` is the one in force, 0 for none; whether it was.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn placement_set(&mut self, p: &PlacementRow) -> Result<bool> {
        let (kind, object) = (p.kind.as_str(), p.object_id.as_str());
        let texts = args![
            kind,
            object,
            p.tolerations.as_str(),
            p.node_selector.as_str(),
            p.patch.as_str(),
            p.revision,
            p.cpu.as_str(),
            p.memory.as_str(),
            p.gpu.as_str()
        ];
        let n = match p.revision {
            0 => {
                self.exec(
                    "INSERT INTO placements (kind, object_id, tolerations, node_selector, patch, revision, cpu, memory, gpu)
                     VALUES ($1, $2, $3, $4, $5, $6 + 1, $7, $8, $9)
                     ON CONFLICT (kind, object_id) DO NOTHING",
                    texts,
                )
                .await?
            }
            _ => {
                self.exec(
                    "UPDATE placements SET tolerations = $3, node_selector = $4, patch = $5, cpu = $7, memory = $8, gpu = $9, revision = revision + 1
                     WHERE kind = $1 AND object_id = $2 AND revision = $6",
                    texts,
                )
                .await?
            }
        };
        Ok(n == 1)
    }
}
