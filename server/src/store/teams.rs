//! Teams and their members.

use super::{Store, Tx};
use crate::{
    args,
    error::{Error, Result},
};
use app::api::members::Role;

/// A team.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct TeamRow {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Free text.
    pub display_name: String,
    /// How many members.
    pub members: i64,
    /// Counts up with each change.
    pub revision: i64,
    /// Milliseconds since 1970.
    pub created_at: i64,
}

/// A member of a team.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct MemberRow {
    /// Name of the user.
    pub user: String,
    /// Free text.
    pub display_name: String,
    /// Role.
    pub role: String,
    /// Counts up with each change.
    pub revision: i64,
    /// Milliseconds since 1970.
    pub created_at: i64,
}

#[derive(sqlx::FromRow)]
struct TeamAndRole {
    id: String,
    name: String,
    display_name: String,
    members: i64,
    revision: i64,
    created_at: i64,
    role: Option<String>,
}

impl TeamAndRole {
    fn split(self) -> Result<(TeamRow, Option<Role>)> {
        let role = self.role.map(|r| r.parse()).transpose().map_err(Error::internal)?;
        let team = TeamRow {
            id: self.id,
            name: self.name,
            display_name: self.display_name,
            members: self.members,
            revision: self.revision,
            created_at: self.created_at,
        };
        Ok((team, role))
    }
}

/// What belongs to a team and is known by its id alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the nouns of the house")]
pub enum Thing {
    PipelineRun,
    Pipeline,
    Experiment,
    RecurringRun,
}

impl Store {
    /// Name of the team that has the thing of this id, for who then checks that it is the asker's.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn team_with(&self, thing: Thing, id: &str) -> Result<Option<String>> {
        let sql = match thing {
            Thing::PipelineRun => "SELECT t.name FROM pipeline_runs x JOIN teams t ON t.id = x.team_id WHERE x.id = $1",
            Thing::Pipeline => "SELECT t.name FROM pipelines x JOIN teams t ON t.id = x.team_id WHERE x.id = $1",
            Thing::Experiment => "SELECT t.name FROM experiments x JOIN teams t ON t.id = x.team_id WHERE x.id = $1",
            Thing::RecurringRun => "SELECT t.name FROM recurring_runs x JOIN teams t ON t.id = x.team_id WHERE x.id = $1",
        };
        Ok(self.opt::<(String,)>(sql, args![id]).await?.map(|row| row.0))
    }

    /// The team of this name with the role a user has in it.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn team_of(&self, name: &str, user_id: &str) -> Result<Option<(TeamRow, Option<Role>)>> {
        let row: Option<TeamAndRole> = self
            .opt(
                "SELECT t.id, t.name, t.display_name, t.members, t.revision, t.created_at, m.role
                 FROM teams t LEFT JOIN members m ON m.team_id = t.id AND m.user_id = $2 WHERE t.name = $1",
                args![name, user_id],
            )
            .await?;
        row.map(TeamAndRole::split).transpose()
    }

    /// The team of this id.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn team(&self, id: &str) -> Result<Option<TeamRow>> {
        self.opt("SELECT id, name, display_name, members, revision, created_at FROM teams WHERE id = $1", args![id]).await
    }

    /// Teams by name, after `after`: those of a user, or all.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn team_list(&self, user_id: Option<&str>, after: &str, limit: i64) -> Result<Vec<TeamRow>> {
        match user_id {
            Some(user) => {
                self.all(
                    "SELECT t.id, t.name, t.display_name, t.members, t.revision, t.created_at
                     FROM members m JOIN teams t ON t.id = m.team_id WHERE m.user_id = $1 AND t.name > $2 ORDER BY t.name LIMIT $3",
                    args![user, after, limit],
                )
                .await
            }
            None => {
                self.all(
                    "SELECT id, name, display_name, members, revision, created_at FROM teams WHERE name > $1 ORDER BY name LIMIT $2",
                    args![after, limit],
                )
                .await
            }
        }
    }

    /// The teams of a user with the role in each.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn teams_of_user(&self, user_id: &str) -> Result<Vec<(TeamRow, Role)>> {
        let rows: Vec<TeamAndRole> = self
            .all(
                "SELECT t.id, t.name, t.display_name, t.members, t.revision, t.created_at, m.role
                 FROM members m JOIN teams t ON t.id = m.team_id WHERE m.user_id = $1 ORDER BY t.name LIMIT 500",
                args![user_id],
            )
            .await?;
        rows.into_iter().map(|r| r.split().map(|(t, role)| (t, role.unwrap_or(Role::Viewer)))).collect()
    }

    /// Members by name, after `after`.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn member_list(&self, team_id: &str, after: &str, limit: i64) -> Result<Vec<MemberRow>> {
        self.all(
            "SELECT u.name AS \"user\", u.display_name, m.role, m.revision, m.created_at FROM members m JOIN users u ON u.id = m.user_id
             WHERE m.team_id = $1 AND u.name > $2 ORDER BY u.name LIMIT $3",
            args![team_id, after, limit],
        )
        .await
    }
}

impl Tx {
    /// Inserts a team without members, with its quota and its Default experiment.
    ///
    /// # Errors
    /// The name is taken.
    pub async fn team_insert(&mut self, id: &str, name: &str, display_name: &str) -> Result<()> {
        let now = self.now();
        self.exec(
            "INSERT INTO teams (id, name, display_name, members, revision, created_at) VALUES ($1, $2, $3, 0, 1, $4)",
            args![id, name, display_name, now],
        )
        .await?;
        self.exec("INSERT INTO quotas (team_id, revision) VALUES ($1, 1)", args![id]).await?;
        self.experiment_insert_default(id).await
    }

    /// Changes the display name where `revision` is the one in force; whether it was.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn team_update(&mut self, id: &str, display_name: &str, revision: i64) -> Result<bool> {
        self.access_changes();
        let n = self
            .exec(
                "UPDATE teams SET display_name = $2, revision = revision + 1 WHERE id = $1 AND revision = $3",
                args![id, display_name, revision],
            )
            .await?;
        Ok(n == 1)
    }

    /// The role of a user in a team, with its revision.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn member_role(&mut self, team_id: &str, user_id: &str) -> Result<Option<(Role, i64)>> {
        let row: Option<(String, i64)> =
            self.opt("SELECT role, revision FROM members WHERE team_id = $1 AND user_id = $2", args![team_id, user_id]).await?;
        row.map(|(r, revision)| r.parse().map(|r| (r, revision)).map_err(Error::internal)).transpose()
    }

    /// How many maintainers a team has.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn maintainers(&mut self, team_id: &str) -> Result<i64> {
        let row: Option<(i64,)> =
            self.opt("SELECT COUNT(*) FROM members WHERE team_id = $1 AND role = 'maintainer'", args![team_id]).await?;
        Ok(row.map_or(0, |r| r.0))
    }

    /// Gives a user a role in a team.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn member_set(&mut self, team_id: &str, user_id: &str, role: Role) -> Result<()> {
        self.access_changes();
        let now = self.now();
        self.exec(
            "INSERT INTO members (team_id, user_id, role, revision, created_at) VALUES ($1, $2, $3, 1, $4)
             ON CONFLICT (team_id, user_id) DO UPDATE SET role = excluded.role, revision = members.revision + 1",
            args![team_id, user_id, role.as_str(), now],
        )
        .await?;
        self.count_members(team_id).await
    }

    /// Takes a user out of a team; whether they were in.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn member_remove(&mut self, team_id: &str, user_id: &str) -> Result<bool> {
        self.access_changes();
        let n = self.exec("DELETE FROM members WHERE team_id = $1 AND user_id = $2", args![team_id, user_id]).await?;
        self.count_members(team_id).await?;
        Ok(n == 1)
    }

    async fn count_members(&mut self, team_id: &str) -> Result<()> {
        self.exec("UPDATE teams SET members = (SELECT COUNT(*) FROM members WHERE team_id = $1) WHERE id = $1", args![team_id])
            .await
            .map(drop)
    }
}
