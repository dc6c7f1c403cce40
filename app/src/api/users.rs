//! Local users, for the platform admin.

use super::{
    Client, ListQuery, Page,
    client::{Reply, segment, with_query},
};
use http::Method;
use serde::{Deserialize, Serialize};

/// A user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct User {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Free text.
    pub display_name: String,
    /// Platform admin.
    pub admin: bool,
    /// Cannot sign in; tokens are refused.
    pub disabled: bool,
    /// Counts up with each change.
    pub revision: i64,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_sign_in_at: Option<String>,
}

/// A user to make.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct NewUser {
    /// See [`super::name`].
    pub name: String,
    /// Free text; the name when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// At least 10 characters.
    pub password: String,
    /// Platform admin.
    #[serde(default)]
    pub admin: bool,
}

/// A change of a user; what is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct UserChange {
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Ends every session of the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Platform admin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admin: Option<bool>,
    /// Ends every session and refuses every token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    /// The revision that was seen; where it is no longer the one in force, nothing is changed (409).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
}

impl Client {
    /// `GET /api/v1/users`
    pub fn user_list(&self, query: &ListQuery) -> Reply<Page<User>> {
        self.get(with_query("/api/v1/users".into(), query))
    }
    /// `POST /api/v1/users`
    pub fn user_create(&self, body: &NewUser) -> Reply<User> {
        self.call(Method::POST, "/api/v1/users", body)
    }
    /// `PATCH /api/v1/users/{user}`
    pub fn user_update(&self, user: &str, body: &UserChange) -> Reply<User> {
        self.call(Method::PATCH, format!("/api/v1/users/{}", segment(user)), body)
    }
}
