//! The first platform admin: from the configuration, else by a one-time set-up link. No default password exists.

use super::password;
use crate::{
    error::{Error, Kind, Result},
    ids,
    store::{Store, events::NewEvent, users::NewUserRow},
};
use app::api::name;

/// Makes the admin of the configuration where there is no user yet; else answers the token of a new set-up link where there is
/// still no user.
///
/// # Errors
/// A name or password that is not good enough.
pub async fn prepare(store: &Store, user: Option<&str>, password: Option<&str>) -> Result<Option<String>> {
    if store.any_user().await? {
        return Ok(None);
    }
    match (user, password) {
        (Some(user), Some(password)) => make(store, user, password).await.map(|_| None),
        (None, None) => {
            let secret = ids::random_secret();
            let mut tx = store.begin().await?;
            tx.setup_link_replace(&ids::sha256(&secret)).await?;
            tx.commit().await?;
            Ok(Some(secret))
        }
        _ => Err(Error::invalid("admin_user", "Give both, SLIPWAY_ADMIN_USER and SLIPWAY_ADMIN_PASSWORD, or neither.")),
    }
}

/// Uses the set-up link: makes the admin. The link works once, and only while there is no user.
///
/// # Errors
/// A link that is not known or was used; a name or password that is not good enough.
pub async fn by_link(store: &Store, token: &str, user: &str, password: &str) -> Result<String> {
    let gone = || {
        Error::new(Kind::NotFound, "This set-up link is not known or was used.")
            .hint("Sign in, or restart Slipway: while there is no user it prints a new one.")
    };
    if !store.setup_link_open(&ids::sha256(token)).await? || store.any_user().await? {
        return Err(gone());
    }
    make(store, user, password).await
}

async fn make(store: &Store, user: &str, secret: &str) -> Result<String> {
    name::check(user).map_err(|e| Error::invalid("user", e))?;
    password::check_new("password", secret)?;
    let hash = password::hash(secret.to_owned()).await?;
    let mut tx = store.begin().await?;
    if tx.any_user().await? {
        return Err(Error::conflict("There is a user already."));
    }
    let id = ids::new_id(&**store.clock());
    tx.user_insert(&NewUserRow { id: &id, name: user, display_name: user, password_hash: Some(&hash), admin: true }).await?;
    tx.setup_links_use().await?;
    tx.event(NewEvent {
        team_id: None,
        actor: "slipway",
        action: "create",
        kind: "user",
        object_id: &id,
        object_name: user,
        revision: 0,
        before: None,
        after: Some(serde_json::json!({ "admin": true })),
    })
    .await?;
    tx.commit().await?;
    Ok(id)
}
