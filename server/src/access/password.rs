//! Passwords: argon2id, off the async threads.

use super::Principal;
use crate::{
    error::{Error, Result},
    store::{Store, events::NewEvent},
};
use app::api::session::ChangePassword;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version, password_hash::phc::PasswordHash};

/// Fewest characters of a password.
pub const MIN_CHARS: usize = 10;
/// Most bytes of a password.
pub const MAX_BYTES: usize = 1024;

/// Whether a new password is good enough.
///
/// # Errors
/// The sentence to show beside `field`.
pub fn check_new(field: &str, password: &str) -> Result<()> {
    if password.chars().count() < MIN_CHARS {
        return Err(Error::invalid(field, format!("A password has at least {MIN_CHARS} characters.")));
    }
    if password.len() > MAX_BYTES {
        return Err(Error::invalid(field, format!("A password has at most {MAX_BYTES} bytes.")));
    }
    Ok(())
}

/// Argon2id with 46 MiB and one pass, of OWASP's equal choices the one whose memory the allocator gives back to the system: what is
/// smaller than 32 MiB it keeps.
fn hasher() -> Argon2<'static> {
    Params::new(46 * 1024, 1, 1, None).map_or_else(|_| Argon2::default(), |p| Argon2::new(Algorithm::Argon2id, Version::V0x13, p))
}

/// Hashes a password.
///
/// # Errors
/// The hasher failed.
pub async fn hash(password: String) -> Result<String> {
    tokio::task::spawn_blocking(move || hasher().hash_password(password.as_bytes()).map(|h| h.to_string()).map_err(Error::internal))
        .await
        .map_err(Error::internal)?
}

/// Whether `password` is the one of `hash`. Without a hash it takes as long, so that nobody learns which users there are.
///
/// # Errors
/// The checking thread died.
pub async fn verify(password: String, hash: Option<String>) -> Result<bool> {
    if password.len() > MAX_BYTES {
        return Ok(false);
    }
    tokio::task::spawn_blocking(move || match hash {
        Some(hash) => PasswordHash::new(&hash).is_ok_and(|h| Argon2::default().verify_password(password.as_bytes(), &h).is_ok()),
        None => {
            let _ = hasher().hash_password(password.as_bytes());
            false
        }
    })
    .await
    .map_err(Error::internal)
}

/// Changes one's own password and ends all one's sessions.
///
/// # Errors
/// The current one is wrong, or the new one not good enough.
pub async fn change(store: &Store, principal: &Principal, body: ChangePassword) -> Result<()> {
    check_new("new", &body.new)?;
    let row = store.user(&principal.user_id).await?.ok_or_else(|| Error::not_found("user"))?;
    if !verify(body.current, row.password_hash.clone()).await? {
        return Err(Error::invalid("current", "This is not the current password."));
    }
    let hash = hash(body.new).await?;
    let mut tx = store.begin().await?;
    if !tx.user_update((&row.id, row.revision), &row.display_name, Some(&hash), row.admin(), row.disabled()).await? {
        return Err(Error::stale("Your account"));
    }
    tx.sessions_end_of(&row.id).await?;
    tx.event(NewEvent {
        team_id: None,
        actor: &principal.actor(),
        action: "change_password",
        kind: "user",
        object_id: &row.id,
        object_name: &row.name,
        revision: row.revision + 1,
        before: None,
        after: None,
    })
    .await?;
    tx.commit().await
}
