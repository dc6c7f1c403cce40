//! Who is let in: at every request, what the browser's cookie opens now.

use super::{Place, headers};
use crate::{
    clock::SharedClock,
    cluster::Endpoint,
    error::Result,
    http::state::Web,
    ids,
    notebooks::{NotebookKeys, tickets},
    store::Store,
};
use app::api::State;
use axum::http::HeaderMap;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Name of the cookie; it is valid for one notebook's path.
pub const COOKIE: &str = "slipway_notebook";
/// How long an answer may be used again: a page of JupyterLab is hundreds of requests.
const FRESH_MS: i64 = 2000;
/// A planted cookie can stand before the real one; more than a few are not looked at.
const COOKIES: usize = 4;
const MINUTE: i64 = 60_000;

/// A browser that was let in to a notebook.
#[derive(Debug)]
pub struct Admitted {
    /// Hash of its cookie.
    pub hash: String,
    /// State of the notebook.
    pub state: State,
    /// Why it waits, does not start, or failed.
    pub reason: Option<String>,
    /// The notebook's workload.
    pub workload_id: String,
    /// Where it listens, while it runs.
    pub endpoint: Option<Endpoint>,
    /// Jupyter's token.
    pub token: String,
}

type Key = (String, String, String);

/// Lets browsers in.
pub struct Gate {
    store: Store,
    clock: SharedClock,
    keys: NotebookKeys,
    idle_ms: i64,
    life_ms: i64,
    fresh: Mutex<HashMap<Key, (i64, Arc<Admitted>)>>,
}

impl Gate {
    /// A gate that remembers nothing yet.
    pub fn new(web: &Web) -> Self {
        Self {
            store: web.store.clone(),
            clock: web.clock.clone(),
            keys: NotebookKeys::new(web.sealer.clone()),
            idle_ms: web.config.session_idle_seconds * 1000,
            life_ms: web.config.session_max_seconds * 1000,
            fresh: Mutex::default(),
        }
    }

    /// The database.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// What the browser's cookies open at `place`, if anything.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn admit(&self, headers: &HeaderMap, place: &Place) -> Result<Option<Arc<Admitted>>> {
        for secret in headers::cookies(headers, COOKIE).filter(|s| !s.is_empty()).take(COOKIES) {
            if let Some(admitted) = self.look(&ids::sha256(secret), place).await? {
                return Ok(Some(admitted));
            }
        }
        Ok(None)
    }

    /// What the cookie of this hash opens at `place`, if anything.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn look(&self, hash: &str, place: &Place) -> Result<Option<Arc<Admitted>>> {
        let key = (hash.to_owned(), place.team.clone(), place.name.clone());
        let now = self.clock.now();
        if let Some(admitted) = self.remembered(&key, now) {
            return Ok(Some(admitted));
        }
        let since = (now - self.idle_ms, now - self.life_ms);
        let Some(row) = self.store.notebook_session(hash, &place.team, &place.name, since.0, since.1).await? else { return Ok(None) };
        if now - row.seen_at > MINUTE {
            tickets::seen(&self.store, hash).await?;
        }
        let admitted = Arc::new(Admitted {
            hash: hash.to_owned(),
            state: row.state(),
            endpoint: row.endpoint.as_deref().and_then(|e| serde_json::from_str(e).ok()),
            token: self.keys.open(&row.workload_id, &row.server_token)?,
            reason: row.reason,
            workload_id: row.workload_id,
        });
        let mut fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        fresh.retain(|_, (at, _)| now - *at < FRESH_MS);
        fresh.insert(key, (now, admitted.clone()));
        Ok(Some(admitted))
    }

    fn remembered(&self, key: &Key, now: i64) -> Option<Arc<Admitted>> {
        let fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        fresh.get(key).filter(|(at, _)| (0..FRESH_MS).contains(&(now - at))).map(|(_, a)| a.clone())
    }

    /// Forgets what was remembered: the notebook did not answer where it was.
    pub fn forget(&self) {
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
