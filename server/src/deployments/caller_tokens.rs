//! Tokens of a deployment. They are the deployment's and not their maker's: what calls with one goes on when its maker leaves the team.

use super::service::Service;
use crate::{
    access::{Subject, TeamEditor, Via, tokens},
    clock::rfc3339,
    error::{Error, Result},
    store::{Tx, caller_tokens::CallerTokenRow, deployments::DeploymentRow, events::NewEvent, keyset::Keyset, tokens::NewTokenRow},
};
use app::api::{
    ListQuery, Page,
    callers::{CallerToken, DEFAULT_OVERLAP, HIGHEST_RATE, MadeCallerToken, NewCallerToken, RotateToken},
    members::Role,
    tokens::Scope,
};
use serde_json::{Value, json};

const DAY: i64 = 24 * 3600;
const DEFAULT_SECONDS: i64 = 90 * DAY;
const LONGEST_OVERLAP: i64 = 30 * DAY;

fn token(row: CallerTokenRow) -> CallerToken {
    CallerToken {
        id: row.id,
        name: row.name,
        prefix: row.prefix,
        by: row.made_by,
        rate: row.rate,
        created_at: rfc3339(row.created_at),
        expires_at: rfc3339(row.expires_at),
        last_used_at: row.last_used_at.map(rfc3339),
    }
}

/// A workload's token ends with its workload; what it made would not.
fn themselves(by: &TeamEditor) -> Result<()> {
    match &by.principal.via {
        Via::Token { subject: Some(_), .. } => {
            Err(Error::forbidden("The token of a workload has no say over tokens.").hint("Sign in, or use a token of your own."))
        }
        _ => Ok(()),
    }
}

impl Service {
    /// The tokens of a deployment, newest first.
    ///
    /// # Errors
    /// Not there; a page token that is not ours.
    pub async fn caller_tokens(&self, by: &TeamEditor, name: &str, query: &ListQuery) -> Result<Page<CallerToken>> {
        themselves(by)?;
        Keyset::<(i64, String)>::of(query)?;
        let row = self.row(by, name).await?;
        let page = self.store.caller_token_list(&row.id, query).await?;
        Ok(Page { items: page.items.into_iter().map(token).collect(), next_page_token: page.next_page_token })
    }

    /// Makes a token with which this deployment is asked for predictions, and nothing else.
    ///
    /// # Errors
    /// Not there, or being removed; a name, lifetime or rate that is none.
    pub async fn caller_token_create(&self, by: &TeamEditor, deployment: &str, new: &NewCallerToken) -> Result<MadeCallerToken> {
        themselves(by)?;
        let name = new.name.trim();
        if name.is_empty() || name.chars().count() > 100 {
            return Err(Error::invalid("name", "A token has a name of 1 to 100 characters: who calls with it."));
        }
        let lives = new.expires_in.unwrap_or(DEFAULT_SECONDS);
        if !(1..=366 * DAY).contains(&lives) {
            return Err(Error::invalid("expires_in", "A token lives 1 second to 366 days."));
        }
        if new.rate.is_some_and(|n| !(1..=HIGHEST_RATE).contains(&n)) {
            return Err(Error::invalid("rate", format!("A token is limited to 1 to {HIGHEST_RATE} requests per second.")));
        }
        let row = self.wanted(by, deployment).await?;
        let mut tx = self.store.begin().await?;
        let made = self.insert(&mut tx, by, &row, name, lives, new.rate).await?;
        let what = json!({ "deployment": row.name, "scope": Scope::Predict, "rate": new.rate, "expires_at": made.about.expires_at });
        event(&mut tx, by, "create", (&made.about.id, name), what).await?;
        tx.commit().await.map(|()| made)
    }

    /// Replaces a token: a new secret for the same caller, with the old one's rate and lifetime; the old one counts for a while yet.
    ///
    /// # Errors
    /// Not there, ended or revoked: not found; an overlap that is none.
    pub async fn caller_token_rotate(&self, by: &TeamEditor, deployment: &str, id: &str, ask: &RotateToken) -> Result<MadeCallerToken> {
        themselves(by)?;
        let overlap = ask.overlap_seconds.unwrap_or(DEFAULT_OVERLAP);
        if !(0..=LONGEST_OVERLAP).contains(&overlap) {
            return Err(Error::invalid("overlap_seconds", "The old secret counts for 0 seconds to 30 days yet."));
        }
        let row = self.wanted(by, deployment).await?;
        let mut tx = self.store.begin().await?;
        let old = tx.caller_token(&row.id, id).await?.ok_or_else(|| Error::not_found("token"))?;
        let lives = ((old.expires_at - old.created_at) / 1000).max(1);
        let made = self.insert(&mut tx, by, &row, &old.name, lives, old.rate).await?;
        let ends = (tx.now() + overlap * 1000).min(old.expires_at);
        tx.caller_token_ends(id, ends).await?;
        let what = json!({ "deployment": row.name, "by": made.about.id, "old_expires_at": rfc3339(ends) });
        event(&mut tx, by, "rotate", (id, &old.name), what).await?;
        tx.commit().await.map(|()| made)
    }

    /// Revokes a token of a deployment: what calls with it is refused from the next request on.
    ///
    /// # Errors
    /// Not there, or revoked already: not found.
    pub async fn caller_token_revoke(&self, by: &TeamEditor, deployment: &str, id: &str) -> Result<()> {
        themselves(by)?;
        let row = self.row(by, deployment).await?;
        let mut tx = self.store.begin().await?;
        let name = tx.caller_token_revoke(&row.id, id).await?.ok_or_else(|| Error::not_found("token"))?;
        event(&mut tx, by, "revoke", (id, &name), json!({ "deployment": row.name })).await?;
        tx.commit().await
    }

    async fn insert(
        &self,
        tx: &mut Tx,
        by: &TeamEditor,
        row: &DeploymentRow,
        name: &str,
        lives: i64,
        rate: Option<i64>,
    ) -> Result<MadeCallerToken> {
        let (secret, id) = tokens::secret(&self.store);
        let subject = Subject::Deployment(row.id.clone());
        let (now, prefix) = (tx.now(), tokens::beginning(&secret));
        let expires_at = now + lives * 1000;
        tx.token_insert(&NewTokenRow {
            id: &id,
            hash: &crate::ids::sha256(&secret),
            name,
            prefix,
            user_id: &by.principal.user_id,
            team_id: &by.team.id,
            role: Role::Viewer,
            scope: Some(Scope::Predict),
            subject: Some(&subject),
            rate,
            expires_at: Some(expires_at),
        })
        .await?;
        let about = CallerToken {
            id,
            name: name.into(),
            prefix: prefix.into(),
            by: by.principal.user.clone(),
            rate,
            created_at: rfc3339(now),
            expires_at: rfc3339(expires_at),
            last_used_at: None,
        };
        Ok(MadeCallerToken { token: secret, about })
    }
}

async fn event(tx: &mut Tx, by: &TeamEditor, action: &str, (id, name): (&str, &str), what: Value) -> Result<()> {
    tx.event(NewEvent {
        team_id: Some(&by.team.id),
        actor: &by.actor(),
        action,
        kind: "token",
        object_id: id,
        object_name: name,
        revision: 0,
        before: None,
        after: Some(what),
    })
    .await
    .map(drop)
}
