//! Pipelines that were read lately: a run asks for its own at every look.

use super::ir::{self, Pipeline, Refusal};
use crate::{
    error::{Error, Result},
    store::Store,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// So many are kept. One of 10 MB takes about as much memory again as its text.
const MOST: usize = 64;
/// So many refusals are told at once.
const TOLD: usize = 10;

/// By digest, each with when it was last asked for, in turns.
type Kept = HashMap<String, (u64, Arc<Pipeline>)>;

/// Pipelines by the digest of what was uploaded. Cheap to clone.
#[derive(Clone)]
pub struct Parsed {
    store: Store,
    kept: Arc<Mutex<Kept>>,
}

impl Parsed {
    /// Nothing is read yet.
    pub fn new(store: Store) -> Self {
        Self { store, kept: Arc::default() }
    }

    /// The pipeline of a digest; `None` where nothing of that digest is kept.
    ///
    /// # Errors
    /// The database does not answer; it was taken once, but this Slipway cannot read it.
    pub async fn of(&self, digest: &str) -> Result<Option<Arc<Pipeline>>> {
        if let Some(there) = self.there(digest) {
            return Ok(Some(there));
        }
        let Some(text) = self.store.pipeline_spec(digest).await? else { return Ok(None) };
        let pipeline = Arc::new(read(text).await?);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = kept.values().map(|(at, _)| *at).max().unwrap_or(0) + 1;
        if kept.len() >= MOST
            && let Some(oldest) = kept.iter().min_by_key(|(_, (at, _))| *at).map(|(digest, _)| digest.clone())
        {
            kept.remove(&oldest);
        }
        kept.insert(digest.to_owned(), (newest, pipeline.clone()));
        Ok(Some(pipeline))
    }

    fn there(&self, digest: &str) -> Option<Arc<Pipeline>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = kept.values().map(|(at, _)| *at).max().unwrap_or(0) + 1;
        let (at, pipeline) = kept.get_mut(digest)?;
        *at = newest;
        Some(pipeline.clone())
    }
}

/// Reads what was uploaded, away from what must answer at once.
///
/// # Errors
/// It is refused: the first places with their reasons.
pub async fn read(text: String) -> Result<Pipeline> {
    tokio::task::spawn_blocking(move || ir::parse(&text)).await.map_err(Error::internal)?.map_err(|refusals| refused("spec", &refusals))
}

/// Refusals as one error.
pub fn refused(field: &str, refusals: &[Refusal]) -> Error {
    let told: Vec<String> = refusals.iter().take(TOLD).map(ToString::to_string).collect();
    let more = refusals.len().saturating_sub(TOLD);
    let rest = if more > 0 { format!("; and {more} more") } else { String::new() };
    Error::invalid(field, format!("{}{rest}.", told.join("; ")))
}
