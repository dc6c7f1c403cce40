//! Signing in and out, the first admin, and who one is.

use super::{Client, client::Reply, teams::MyTeam};
use http::Method;
use serde::{Deserialize, Serialize};

/// What sign-in takes, as JSON or a form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SignIn {
    /// Name of the user.
    pub user: String,
    /// The password.
    pub password: String,
    /// Where a plain browser goes afterwards; a path on this server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// What the one-time set-up link takes: it makes the platform admin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SetUp {
    /// The token of the link.
    pub token: String,
    /// Name of the admin.
    pub user: String,
    /// At least 10 characters.
    pub password: String,
}

/// Who is signed in, and to what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Me {
    /// Id of the user.
    pub id: String,
    /// Name of the user; for a token the name of its maker.
    pub user: String,
    /// Free text.
    pub display_name: String,
    /// Platform admin.
    pub admin: bool,
    /// The teams one is a member of, by name.
    pub teams: Vec<MyTeam>,
}

/// A new password.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ChangePassword {
    /// The one in force.
    pub current: String,
    /// At least 10 characters.
    pub new: String,
}

impl Client {
    /// `POST /api/v1/session`
    pub fn sign_in(&self, body: &SignIn) -> Reply<Me> {
        self.call(Method::POST, "/api/v1/session", body)
    }
    /// `DELETE /api/v1/session`
    pub fn sign_out(&self) -> Reply<()> {
        self.act(Method::DELETE, "/api/v1/session")
    }
    /// `GET /api/v1/me`
    pub fn me(&self) -> Reply<Me> {
        self.get("/api/v1/me")
    }
    /// `POST /api/v1/me/password`
    pub fn change_password(&self, body: &ChangePassword) -> Reply<()> {
        self.act_with(Method::POST, "/api/v1/me/password", body)
    }
    /// `POST /api/v1/setup`
    pub fn set_up(&self, body: &SetUp) -> Reply<Me> {
        self.call(Method::POST, "/api/v1/setup", body)
    }
}
