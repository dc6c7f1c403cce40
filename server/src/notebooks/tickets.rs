//! The way from the portal into a notebook: a ticket that works once within a minute, exchanged for the secret of a browser's cookie.

use crate::{
    error::{Error, Kind, Result},
    ids,
    store::{
        Store,
        notebook_tickets::{NewTicketRow, TicketRow},
    },
};

/// How long a ticket works, milliseconds.
pub const TICKET_MS: i64 = 60_000;

/// Makes a ticket; its secret. `portal_session` is the hash of the session it is asked in: what comes of the ticket ends with it.
///
/// # Errors
/// The database does not answer.
pub async fn issue(store: &Store, notebook_id: &str, user_id: &str, portal_session: Option<&str>) -> Result<String> {
    let secret = ids::random_secret();
    let mut tx = store.begin().await?;
    let expires_at = tx.now() + TICKET_MS;
    tx.notebook_ticket_insert(&NewTicketRow { hash: &ids::sha256(&secret), notebook_id, user_id, portal_session, expires_at }).await?;
    tx.commit().await?;
    Ok(secret)
}

fn gone() -> Error {
    Error::new(Kind::Forbidden, "This link was used already, or is older than a minute. Open the notebook from Slipway again.")
}

/// A ticket that can still be used.
///
/// # Errors
/// Unknown, used, expired, or of another notebook.
pub async fn look(store: &Store, team: &str, name: &str, secret: &str) -> Result<TicketRow> {
    store.notebook_ticket(&ids::sha256(secret), team, name).await?.ok_or_else(gone)
}

/// Uses a ticket up and lets a browser in; the secret for its cookie.
///
/// # Errors
/// Unknown, used, expired, or of another notebook.
pub async fn exchange(store: &Store, team: &str, name: &str, secret: &str) -> Result<String> {
    let ticket = look(store, team, name, secret).await?;
    let cookie = ids::random_secret();
    let mut tx = store.begin().await?;
    // Two browsers at once: one of them finds it used.
    if !tx.notebook_ticket_use(&ids::sha256(secret)).await? {
        return Err(gone());
    }
    tx.notebook_session_insert(&ids::sha256(&cookie), &ticket).await?;
    tx.commit().await?;
    Ok(cookie)
}

/// Remembers that a browser was seen.
///
/// # Errors
/// The database does not answer.
pub async fn seen(store: &Store, hash: &str) -> Result<()> {
    let mut tx = store.begin().await?;
    tx.notebook_session_seen(hash).await?;
    tx.commit().await
}
