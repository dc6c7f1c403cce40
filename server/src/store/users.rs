//! Users and the one-time set-up link.

use super::{Store, Tx};
use crate::{args, error::Result};

/// A user.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct UserRow {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Free text.
    pub display_name: String,
    /// argon2id; none for users without a password.
    pub password_hash: Option<String>,
    admin: i64,
    disabled: i64,
    /// Counts up with each change.
    pub revision: i64,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// Milliseconds since 1970.
    pub last_sign_in_at: Option<i64>,
}

impl UserRow {
    /// Platform admin.
    pub const fn admin(&self) -> bool {
        self.admin != 0
    }
    /// Cannot sign in.
    pub const fn disabled(&self) -> bool {
        self.disabled != 0
    }
}

/// A user to insert.
#[derive(Debug)]
pub struct NewUserRow<'a> {
    /// Id.
    pub id: &'a str,
    /// Name.
    pub name: &'a str,
    /// Free text.
    pub display_name: &'a str,
    /// argon2id.
    pub password_hash: Option<&'a str>,
    /// Platform admin.
    pub admin: bool,
}

const COLUMNS: &str = "SELECT id, name, display_name, password_hash, admin, disabled, revision, created_at, last_sign_in_at FROM users";

impl Store {
    /// The user of this name.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn user_by_name(&self, name: &str) -> Result<Option<UserRow>> {
        self.opt(const_format(COLUMNS, "WHERE name = $1"), args![name]).await
    }

    /// The user of this id.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn user(&self, id: &str) -> Result<Option<UserRow>> {
        self.opt(const_format(COLUMNS, "WHERE id = $1"), args![id]).await
    }

    /// Users by name, after `after`.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn user_list(&self, after: &str, limit: i64) -> Result<Vec<UserRow>> {
        self.all(const_format(COLUMNS, "WHERE name > $1 ORDER BY name LIMIT $2"), args![after, limit]).await
    }

    /// Whether there is any user.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn any_user(&self) -> Result<bool> {
        Ok(self.opt::<(String,)>("SELECT id FROM users LIMIT 1", vec![]).await?.is_some())
    }

    /// Whether a set-up link of this hash is open.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn setup_link_open(&self, hash: &str) -> Result<bool> {
        Ok(self.opt::<(String,)>("SELECT hash FROM setup_links WHERE hash = $1 AND used_at IS NULL", args![hash]).await?.is_some())
    }
}

impl Tx {
    /// Whether there is any user.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn any_user(&mut self) -> Result<bool> {
        Ok(self.opt::<(String,)>("SELECT id FROM users LIMIT 1", vec![]).await?.is_some())
    }

    /// Inserts a user.
    ///
    /// # Errors
    /// The name is taken.
    pub async fn user_insert(&mut self, user: &NewUserRow<'_>) -> Result<()> {
        let now = self.now();
        self.exec(
            "INSERT INTO users (id, name, display_name, password_hash, admin, disabled, revision, created_at)
             VALUES ($1, $2, $3, $4, $5, 0, 1, $6)",
            args![user.id, user.name, user.display_name, user.password_hash, user.admin, now],
        )
        .await
        .map(drop)
    }

    /// Writes what may change of a user whose revision is still `seen`; whether it was.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn user_update(
        &mut self,
        (id, seen): (&str, i64),
        display_name: &str,
        password_hash: Option<&str>,
        admin: bool,
        disabled: bool,
    ) -> Result<bool> {
        self.access_changes();
        let n = self
            .exec(
                "UPDATE users SET display_name = $3, password_hash = $4, admin = $5, disabled = $6, revision = revision + 1
                 WHERE id = $1 AND revision = $2",
                args![id, seen, display_name, password_hash, admin, disabled],
            )
            .await?;
        Ok(n == 1)
    }

    /// Remembers when somebody signed in.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn user_signed_in(&mut self, id: &str) -> Result<()> {
        let now = self.now();
        self.exec("UPDATE users SET last_sign_in_at = $2 WHERE id = $1", args![id, now]).await.map(drop)
    }

    /// Makes this the only set-up link.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn setup_link_replace(&mut self, hash: &str) -> Result<()> {
        let now = self.now();
        self.exec("DELETE FROM setup_links", vec![]).await?;
        self.exec("INSERT INTO setup_links (hash, created_at) VALUES ($1, $2)", args![hash, now]).await.map(drop)
    }

    /// Closes every set-up link.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn setup_links_use(&mut self) -> Result<()> {
        let now = self.now();
        self.exec("UPDATE setup_links SET used_at = $1 WHERE used_at IS NULL", args![now]).await.map(drop)
    }
}

fn const_format(columns: &str, rest: &str) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(format!("{columns} {rest}"))
}
