//! Tokens, by the hash of their secret.

use super::{Store, Tx, keyset::Keyset, list, run_tags::chunk, teams::TeamRow};
use crate::{
    args,
    error::{Error, Result},
    records::principal::Subject,
};
use app::api::{
    members::Role,
    page::{ListQuery, Page},
    tokens::Scope,
};

/// A token with its user.
#[derive(Debug, Clone, sqlx::FromRow)]
#[expect(missing_docs, reason = "the columns of the table, and of the user and team it names")]
pub struct TokenRow {
    pub id: String,
    pub name: String,
    pub prefix: String,
    pub user_id: String,
    pub user_name: String,
    pub user_display_name: String,
    pub user_disabled: i64,
    pub team_id: String,
    pub team_name: String,
    pub team_display_name: String,
    pub team_members: i64,
    pub team_revision: i64,
    pub team_created_at: i64,
    /// The role of its user in the team; none where they are no member any more.
    pub member_role: Option<String>,
    pub role: String,
    pub scope: Option<String>,
    pub subject_kind: Option<String>,
    pub subject_id: Option<String>,
    pub created_at: i64,
    pub expires_at: Option<i64>,
    pub revoked_at: Option<i64>,
    pub last_used_at: Option<i64>,
    pub rate: Option<i64>,
}

impl TokenRow {
    /// Its team, and the role of its user there.
    ///
    /// # Errors
    /// A role that nobody knows.
    pub fn team(&self) -> Result<(TeamRow, Option<Role>)> {
        let role = self.member_role.as_deref().map(str::parse).transpose().map_err(Error::internal)?;
        let team = TeamRow {
            id: self.team_id.clone(),
            name: self.team_name.clone(),
            display_name: self.team_display_name.clone(),
            members: self.team_members,
            revision: self.team_revision,
            created_at: self.team_created_at,
        };
        Ok((team, role))
    }
}

/// A token to insert.
#[derive(Debug)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct NewTokenRow<'a> {
    pub id: &'a str,
    pub hash: &'a str,
    pub name: &'a str,
    pub prefix: &'a str,
    pub user_id: &'a str,
    pub team_id: &'a str,
    pub role: Role,
    pub scope: Option<Scope>,
    pub subject: Option<&'a Subject>,
    pub rate: Option<i64>,
    pub expires_at: Option<i64>,
}

const COLUMNS: &str = "SELECT k.id, k.name, k.prefix, k.user_id, u.name AS user_name, u.display_name AS user_display_name,
    u.disabled AS user_disabled, k.team_id, t.name AS team_name, t.display_name AS team_display_name, t.members AS team_members,
    t.revision AS team_revision, t.created_at AS team_created_at, m.role AS member_role, k.role, k.scope, k.subject_kind, k.subject_id, k.created_at,
    k.expires_at, k.revoked_at, k.last_used_at, k.rate
    FROM tokens k JOIN users u ON u.id = k.user_id JOIN teams t ON t.id = k.team_id
    LEFT JOIN members m ON m.team_id = k.team_id AND m.user_id = k.user_id";

impl Store {
    /// The token whose secret has this hash.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn token_by_hash(&self, hash: &str) -> Result<Option<TokenRow>> {
        self.opt(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE k.hash = $1")), args![hash]).await
    }

    /// Whether the token whose secret has this hash is there and not revoked.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn token_is_good(&self, hash: &str) -> Result<bool> {
        let row: Option<(String,)> = self.opt("SELECT id FROM tokens WHERE hash = $1 AND revoked_at IS NULL", args![hash]).await?;
        Ok(row.is_some())
    }

    /// The tokens a person made and did not revoke, newest first.
    ///
    /// # Errors
    /// A page token that is not ours.
    pub async fn token_list(&self, user_id: &str, query: &ListQuery) -> Result<Page<TokenRow>> {
        let keyset = Keyset::<(i64, String)>::of(query)?;
        let (time, id) = keyset.after.clone().unwrap_or((i64::MAX, String::new()));
        let sql = format!(
            "{COLUMNS} WHERE k.user_id = $1 AND k.subject_kind IS NULL AND k.revoked_at IS NULL
             AND (k.created_at < $2 OR (k.created_at = $2 AND k.id > $3)) ORDER BY k.created_at DESC, k.id LIMIT $4"
        );
        let rows: Vec<TokenRow> = self.all(sqlx::AssertSqlSafe(sql), args![user_id, time, id, keyset.limit()]).await?;
        Ok(keyset.page(rows, |r| (r.created_at, r.id.clone()), |r| r))
    }
}

impl Tx {
    /// When a token ends; nothing where it never does.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn token_expires_at(&mut self, id: &str) -> Result<Option<i64>> {
        let row: Option<(Option<i64>,)> = self.opt("SELECT expires_at FROM tokens WHERE id = $1", args![id]).await?;
        Ok(row.and_then(|(t,)| t))
    }

    /// Inserts a token.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn token_insert(&mut self, t: &NewTokenRow<'_>) -> Result<()> {
        self.tokens_insert(std::slice::from_ref(t)).await
    }

    /// Inserts tokens.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn tokens_insert(&mut self, all: &[NewTokenRow<'_>]) -> Result<()> {
        const INSERT: &str =
            "INSERT INTO tokens (id, hash, name, prefix, user_id, team_id, role, scope, subject_kind, subject_id, created_at,
            expires_at, rate)";
        let (now, mut rest) = (self.now(), all);
        while !rest.is_empty() {
            let (some, later) = rest.split_at(chunk(rest.len()));
            let row = |t: &NewTokenRow<'_>| {
                let (kind, id) = match t.subject {
                    None => (None, None),
                    Some(Subject::Run(id)) => (Some("run"), Some(id.as_str())),
                    Some(Subject::Notebook(id)) => (Some("notebook"), Some(id.as_str())),
                    Some(Subject::Deployment(id)) => (Some("deployment"), Some(id.as_str())),
                };
                let scope = t.scope.map(|Scope::Predict| "predict");
                args![t.id, t.hash, t.name, t.prefix, t.user_id, t.team_id, t.role.as_str(), scope, kind, id, now, t.expires_at, t.rate]
            };
            let sql = self.values_sql(INSERT, 13, some.len(), "");
            self.exec(sql, some.iter().flat_map(row).collect()).await?;
            rest = later;
        }
        Ok(())
    }

    /// Revokes a person's own token; its name and team where there was one.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn token_revoke(&mut self, id: &str, user_id: &str) -> Result<Option<(String, String)>> {
        self.access_changes();
        let now = self.now();
        self.opt(
            "UPDATE tokens SET revoked_at = $3 WHERE id = $1 AND user_id = $2 AND subject_kind IS NULL AND revoked_at IS NULL
             RETURNING name, team_id",
            args![id, user_id, now],
        )
        .await
    }

    /// Revokes the tokens of what they belong to (`run`, `notebook`, `deployment`).
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn tokens_revoke_of(&mut self, kind: &str, id: &str) -> Result<()> {
        self.tokens_revoke_of_all(kind, &[id]).await
    }

    /// The same for several.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn tokens_revoke_of_all(&mut self, kind: &str, ids: &[&str]) -> Result<()> {
        self.access_changes();
        let now = self.now();
        let sql = self
            .list_sql("UPDATE tokens SET revoked_at = $3 WHERE subject_kind = $1 AND subject_id IN (@TEXTS($2)) AND revoked_at IS NULL");
        self.exec(sql, args![kind, list::texts(ids), now]).await.map(drop)
    }

    /// Makes a token good that was revoked; whether there is one whose secret has this hash.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn token_restore(&mut self, hash: &str) -> Result<bool> {
        self.access_changes();
        Ok(self.exec("UPDATE tokens SET revoked_at = NULL WHERE hash = $1", args![hash]).await? > 0)
    }

    /// Revokes a person's own tokens in a team.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn tokens_revoke_in(&mut self, team_id: &str, user_id: &str) -> Result<()> {
        self.access_changes();
        let now = self.now();
        self.exec(
            "UPDATE tokens SET revoked_at = $3 WHERE team_id = $1 AND user_id = $2 AND subject_kind IS NULL AND revoked_at IS NULL",
            args![team_id, user_id, now],
        )
        .await
        .map(drop)
    }

    /// Remembers, to the minute, that a token was used.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn token_used(&mut self, id: &str) -> Result<()> {
        let now = self.now();
        self.exec("UPDATE tokens SET last_used_at = $2 WHERE id = $1", args![id, now]).await.map(drop)
    }
}
