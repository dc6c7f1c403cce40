//! Who may ask: tokens that were looked up lately. A revoked one is forgotten at the bell, and after five seconds in any case.

use crate::{
    access::{proof, tokens},
    error::{Error, Result},
    http::{authenticate, extract},
    store::Store,
};
use http::HeaderMap;
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

/// How long a look-up counts, in milliseconds.
const FRESH: i64 = 5_000;
/// Most look-ups that are kept.
const MOST: usize = 20_000;

struct Pass {
    team: String,
    team_id: String,
    until: i64,
}

/// The passes that everyone shares. Cheap to clone. Only the hashes of tokens are kept.
#[derive(Clone, Default)]
pub struct Passes(Arc<RwLock<HashMap<[u8; 32], Pass>>>);

impl Passes {
    /// Forgets all.
    pub fn clear(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The id of `team`, where the request's token is of a member of it: any role will do, and so does the scope `predict`. Cookies do not
    /// count here.
    ///
    /// # Errors
    /// No token, or one that is no good: unauthenticated. Of another team: not found.
    pub async fn check(&self, store: &Store, headers: &HeaderMap, team: &str) -> Result<String> {
        let token = authenticate::bearer(headers).ok_or_else(|| extract::who().hint("Send a token: Authorization: Bearer slip_…"))??;
        let hash: [u8; 32] = Sha256::digest(&token).into();
        let now = store.clock().now();
        if let Some(pass) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&hash).filter(|p| p.until > now) {
            return if pass.team == team { Ok(pass.team_id.clone()) } else { Err(Error::not_found("deployment")) };
        }
        let principal = tokens::authenticate(store, &token).await?;
        let (row, member) = store.team_of(team, &principal.user_id).await?.ok_or_else(|| Error::not_found("deployment"))?;
        proof::role_in_force(&principal, &row.id, member).ok_or_else(|| Error::not_found("deployment"))?;
        let mut passes = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if passes.len() >= MOST {
            passes.retain(|_, p| p.until > now);
            if passes.len() >= MOST {
                passes.clear();
            }
        }
        passes.insert(hash, Pass { team: row.name, team_id: row.id.clone(), until: now + FRESH });
        Ok(row.id)
    }
}
