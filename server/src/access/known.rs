//! Tokens that were looked up lately, each with its team and the membership behind it, so that a request of a busy client asks the
//! database nothing.
//!
//! What this server itself changes (a token revoked, a member removed, a user disabled) counts at once ([`Store::access`]); what another
//! server changes counts after [`FRESH`] at the latest. Only the hashes of tokens are kept.

use super::{
    Principal,
    proof::role_in_force,
    tokens::{self, Found},
};
use crate::{
    error::Result,
    store::{Store, teams::TeamRow},
};
use app::api::members::Role;
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

/// How long a look-up counts at most, in milliseconds.
pub const FRESH: i64 = 3_000;
/// Most look-ups that are kept.
const MOST: usize = 20_000;

/// A token that is good, as it was looked up.
#[derive(Debug)]
pub struct Known {
    /// Who it belongs to.
    pub principal: Principal,
    /// The only team it is for.
    pub team: TeamRow,
    /// The role of its user in that team.
    pub(super) member: Option<Role>,
    /// Whose requests are counted, and how many of them there may be in a second: the secrets of one caller, as while one is replaced, share it.
    pub rate: Option<(String, i64)>,
}

impl Known {
    /// The role in the token's team; none where its user is no member any more.
    pub fn role(&self) -> Option<Role> {
        role_in_force(&self.principal, &self.team.id, self.member)
    }
}

struct Entry {
    known: Arc<Known>,
    epoch: u64,
    from: i64,
    until: i64,
}

/// The look-ups that everyone shares. Cheap to clone.
#[derive(Clone, Default)]
pub struct Tokens(Arc<RwLock<HashMap<[u8; 32], Entry>>>);

impl Tokens {
    /// Who a token belongs to.
    ///
    /// # Errors
    /// As [`tokens::authenticate`].
    pub async fn authenticate(&self, store: &Store, secret: &str) -> Result<Arc<Known>> {
        let hash: [u8; 32] = Sha256::digest(secret).into();
        let (epoch, now) = (store.access().now(), store.clock().now());
        let good = |e: &&Entry| e.epoch == epoch && (e.from..e.until).contains(&now);
        if let Some(entry) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&hash).filter(good) {
            return Ok(entry.known.clone());
        }
        // In a box: it takes no room in the future of a request that does not need it.
        Box::pin(self.look_up(store, secret, hash, epoch, now)).await
    }

    async fn look_up(&self, store: &Store, secret: &str, hash: [u8; 32], epoch: u64, now: i64) -> Result<Arc<Known>> {
        let Found { principal, team, member, expires_at, rate } = tokens::authenticate(store, secret).await?;
        let known = Arc::new(Known { principal, team, member, rate });
        let until = expires_at.unwrap_or(i64::MAX).min(now.saturating_add(FRESH));
        let mut entries = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= MOST {
            entries.retain(|_, e| e.epoch == epoch && e.until > now);
            if entries.len() >= MOST {
                entries.clear();
            }
        }
        entries.insert(hash, Entry { known: known.clone(), epoch, from: now, until });
        Ok(known)
    }
}
