//! Signing in with a password.

use super::{Principal, Via, password};
use crate::{
    error::{Error, Kind, Result},
    store::{Store, users::UserRow},
};

/// Checks name and password; the answer does not tell which of both was wrong.
///
/// # Errors
/// Wrong, or the user is disabled: unauthenticated.
pub async fn sign_in(store: &Store, user: &str, password: String) -> Result<Principal> {
    let row = store.user_by_name(user).await?;
    let hash = row.as_ref().and_then(|r| r.password_hash.clone());
    let right = password::verify(password, hash).await?;
    let Some(row) = row.filter(|_| right) else {
        metrics::counter!("slipway_sign_ins_total", "result" => "refused").increment(1);
        return Err(Error::new(Kind::Unauthenticated, "User or password is wrong."));
    };
    if row.disabled() {
        return Err(Error::new(Kind::Unauthenticated, "This user is disabled.").hint("Ask a platform admin."));
    }
    let mut tx = store.begin().await?;
    tx.user_signed_in(&row.id).await?;
    tx.commit().await?;
    metrics::counter!("slipway_sign_ins_total", "result" => "ok").increment(1);
    Ok(of_session(&row))
}

/// The principal of a user who is signed in.
pub fn of_session(row: &UserRow) -> Principal {
    Principal {
        user_id: row.id.clone(),
        user: row.name.clone(),
        display_name: row.display_name.clone(),
        admin: row.admin(),
        via: Via::Session,
    }
}
