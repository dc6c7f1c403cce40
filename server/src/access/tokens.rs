//! Tokens: made once, kept as a hash, with a ceiling of role, a team and perhaps a scope.

use super::{Principal, Subject, TeamMember, Via};
use crate::{
    clock::rfc3339,
    error::{Error, Kind, Result},
    ids,
    store::{
        Store, Tx,
        events::NewEvent,
        teams::TeamRow,
        tokens::{NewTokenRow, TokenRow},
    },
};
use app::api::{
    ListQuery, Page,
    members::Role,
    tokens::{CreatedToken, NewToken, Scope, Token},
};

/// What every token begins with, so that scanners recognise one.
pub const PREFIX: &str = "slip_";
const DEFAULT_SECONDS: i64 = 30 * 24 * 3600;
const MAX_SECONDS: i64 = 366 * 24 * 3600;
const DEPLOYMENT: &str = "deployment";

/// Makes a token for a person. Only who is signed in makes tokens, or a token that may itself do as much.
///
/// # Errors
/// A role above one's own, a lifetime out of bounds or beyond that of the token that asks, a team one is not in.
pub async fn create(store: &Store, member: &TeamMember, new: &NewToken) -> Result<CreatedToken> {
    let name = new.name.trim();
    if name.is_empty() || name.chars().count() > 100 {
        return Err(Error::invalid("name", "A token has a name of 1 to 100 characters."));
    }
    if new.role > member.role {
        return Err(Error::invalid(
            "role",
            format!("Your role in {} is {}: a token cannot do more.", member.team.name, member.role.as_str()),
        ));
    }
    let lives = new.expires_in.unwrap_or(DEFAULT_SECONDS);
    if !(1..=MAX_SECONDS).contains(&lives) {
        return Err(Error::invalid("expires_in", "A token lives 1 second to 366 days."));
    }
    let mut tx = store.begin().await?;
    let now = tx.now();
    let mut expires_at = now + lives * 1000;
    // Else what leaks once could renew itself for ever.
    if let Via::Token { id, .. } = &member.principal.via
        && let Some(end) = tx.token_expires_at(id).await?
        && end < expires_at
    {
        if new.expires_in.is_some() {
            let sentence = format!("A token that a token makes does not outlive it: this one ends at {}.", rfc3339(end));
            return Err(Error::invalid("expires_in", sentence).hint("Sign in to make one that lives longer, or leave expires_in out."));
        }
        expires_at = end;
    }
    let (secret, id) = secret(store);
    let row = NewTokenRow {
        id: &id,
        hash: &ids::sha256(&secret),
        name,
        prefix: beginning(&secret),
        user_id: &member.principal.user_id,
        team_id: &member.team.id,
        role: new.role,
        scope: new.scope,
        subject: None,
        rate: None,
        expires_at: Some(expires_at),
    };
    tx.token_insert(&row).await?;
    tx.event(NewEvent {
        team_id: Some(&member.team.id),
        actor: &member.actor(),
        action: "create",
        kind: "token",
        object_id: &id,
        object_name: name,
        revision: 0,
        before: None,
        after: Some(serde_json::json!({ "role": new.role, "scope": new.scope, "expires_at": rfc3339(expires_at) })),
    })
    .await?;
    tx.commit().await?;
    let about = Token {
        id,
        name: name.into(),
        prefix: beginning(&secret).into(),
        team: member.team.name.clone(),
        role: new.role,
        scope: new.scope,
        created_at: rfc3339(now),
        expires_at: Some(rfc3339(expires_at)),
        last_used_at: None,
    };
    Ok(CreatedToken { token: secret, about })
}

/// The secret of a new token, and its id.
pub fn secret(store: &Store) -> (String, String) {
    (format!("{PREFIX}{}", ids::random_secret()), ids::new_id(&**store.clock()))
}

/// What of a secret is shown afterwards.
pub fn beginning(secret: &str) -> &str {
    secret.get(..PREFIX.len() + 6).unwrap_or(secret)
}

/// A token as it was looked up.
pub struct Found {
    /// Who it belongs to.
    pub principal: Principal,
    /// Its team.
    pub team: TeamRow,
    /// The role of its user there; none where they are no member.
    pub member: Option<Role>,
    /// Milliseconds since 1970.
    pub expires_at: Option<i64>,
    /// Most requests per second with it.
    pub rate: Option<(String, i64)>,
}

/// Makes the token of a workload, in the transaction that needs it; the secret. Ends with [`Tx::tokens_revoke_of`].
///
/// # Errors
/// The database does not answer.
pub async fn create_for_workload(
    tx: &mut Tx,
    store: &Store,
    user_id: &str,
    team_id: &str,
    name: &str,
    subject: &Subject,
) -> Result<String> {
    let (secret, id) = secret(store);
    tx.token_insert(&NewTokenRow {
        id: &id,
        hash: &ids::sha256(&secret),
        name,
        prefix: beginning(&secret),
        user_id,
        team_id,
        role: Role::Editor,
        scope: None,
        subject: Some(subject),
        rate: None,
        expires_at: None,
    })
    .await?;
    Ok(secret)
}

/// Who a token belongs to, and what goes with it. Asks the database: [`super::Tokens`] remembers.
///
/// # Errors
/// Unknown, expired, revoked, of a disabled user: unauthenticated, with the reason.
pub async fn authenticate(store: &Store, secret: &str) -> Result<Found> {
    let refused = |why: &str| {
        Error::new(Kind::Unauthenticated, why)
            .hint("Make a new token on the Account page, or on the page of the deployment that it is for.")
    };
    if !secret.starts_with(PREFIX) || secret.len() > 200 {
        return Err(refused("This is not a token of Slipway."));
    }
    let row = store.token_by_hash(&ids::sha256(secret)).await?.ok_or_else(|| refused("This token is not known."))?;
    let now = store.clock().now();
    if row.revoked_at.is_some() {
        return Err(refused("This token was revoked."));
    }
    if row.expires_at.is_some_and(|t| t <= now) {
        return Err(refused("This token has expired."));
    }
    // What calls with a token of a deployment goes on without who made it.
    if row.user_disabled != 0 && row.subject_kind.as_deref() != Some(DEPLOYMENT) {
        return Err(refused("The user of this token is disabled."));
    }
    // Nobody looks when a workload used its own.
    let by_hand = row.subject_kind.is_none() || row.subject_kind.as_deref() == Some(DEPLOYMENT);
    if by_hand && row.last_used_at.is_none_or(|t| now - t > 60_000) {
        let mut tx = store.begin().await?;
        tx.token_used(&row.id).await?;
        tx.commit().await?;
    }
    let ((team, member), expires_at) = (row.team()?, row.expires_at);
    // By its name, which a secret that takes its place has, too; another rate is counted by itself.
    let rate = row.rate.map(|rate| (format!("{} {rate} {}", row.subject_id.as_deref().unwrap_or(&row.id), row.name), rate));
    Ok(Found { principal: principal(row)?, team, member, expires_at, rate })
}

fn principal(row: TokenRow) -> Result<Principal> {
    let role = row.role.parse().map_err(Error::internal)?;
    let scope = match row.scope.as_deref() {
        None => None,
        Some("predict") => Some(Scope::Predict),
        Some(other) => return Err(Error::internal(format!("token scope {other}"))),
    };
    let subject = match (row.subject_kind.as_deref(), row.subject_id) {
        (Some("run"), Some(id)) => Some(Subject::Run(id)),
        (Some("notebook"), Some(id)) => Some(Subject::Notebook(id)),
        (Some(DEPLOYMENT), Some(id)) => Some(Subject::Deployment(id)),
        _ => None,
    };
    Ok(Principal {
        user_id: row.user_id,
        user: row.user_name,
        display_name: row.user_display_name,
        admin: false,
        via: Via::Token { id: row.id, team_id: row.team_id, role, scope, subject },
    })
}

/// The tokens a person made.
///
/// # Errors
/// A page token that is not ours.
pub async fn list(store: &Store, principal: &Principal, query: &ListQuery) -> Result<Page<TokenRow>> {
    store.token_list(&principal.user_id, query).await
}

/// Revokes one of one's own tokens.
///
/// # Errors
/// Not one's own, or revoked already: not found.
pub async fn revoke(store: &Store, principal: &Principal, id: &str) -> Result<()> {
    let mut tx = store.begin().await?;
    let (name, team_id) = tx.token_revoke(id, &principal.user_id).await?.ok_or_else(|| Error::not_found("token"))?;
    tx.event(NewEvent {
        team_id: Some(&team_id),
        actor: &principal.actor(),
        action: "revoke",
        kind: "token",
        object_id: id,
        object_name: &name,
        revision: 0,
        before: None,
        after: None,
    })
    .await?;
    tx.commit().await
}
