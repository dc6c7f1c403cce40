//! Versions whose files stay as they are because of a promotion: it is being decided, or it brought them to a protected stage.

use super::{Store, ledger::From};
use crate::{args, error::Result};

/// A version whose files stay as they are.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct HeldRow {
    /// The stage that has it, or is asked to.
    pub stage: String,
    /// The alias by which a protected stage has it; empty while a promotion is open.
    pub alias: String,
    /// Registered model.
    pub model: String,
    /// Version of it.
    pub version: i64,
    /// Where its files are, as a URI.
    pub storage: String,
}

/// Those that a condition leaves; the team is asked of the model, as there are few versions of a run or a logged model.
macro_rules! held {
    ($rest:literal) => {
        concat!(
            "SELECT p.stage, p.alias, m.name AS model, v.version, v.storage FROM model_versions v JOIN models m ON m.id = v.model_id
             JOIN model_aliases a ON a.model_id = v.model_id AND a.version = v.version
             JOIN stage_policies p ON p.team_id = m.team_id AND p.alias = a.alias AND p.protect = 1 WHERE m.team_id = $1 ",
            $rest,
            " UNION SELECT p.stage, '' AS alias, m.name AS model, v.version, v.storage FROM model_versions v JOIN models m ON m.id = v.model_id
             JOIN promotions p ON p.model_id = v.model_id AND p.version_id = v.id AND p.open_key IS NOT NULL WHERE m.team_id = $1 ",
            $rest,
            " ORDER BY 3, 4, 2 DESC"
        )
    };
}

impl Store {
    /// Those of a team.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn versions_held(&self, team_id: &str) -> Result<Vec<HeldRow>> {
        self.all(held!(""), args![team_id]).await
    }

    /// Those registered from this.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn versions_held_from(&self, team_id: &str, from: From<'_>) -> Result<Vec<HeldRow>> {
        match from {
            From::Run(id) => self.all(held!("AND v.run_id = $2"), args![team_id, id]).await,
            From::LoggedModel(id) => self.all(held!("AND v.logged_model_id = $2"), args![team_id, id]).await,
        }
    }
}
