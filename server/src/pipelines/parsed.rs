//! Pipelines that were read lately: a run asks for its own at every look.

use super::{
    ir::{self, Pipeline, Refusal},
    places::Places,
};
use crate::{
    error::{Error, Result},
    ids,
    store::{Store, pipeline_runs::PipelineRunRow},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// So many are kept.
const MOST: usize = 64;
/// And no more than have so many bytes of text together, unless it is one alone: in memory each takes several times as much.
const MOST_BYTES: usize = 16 << 20;
/// So many runs are kept, each a few hundred bytes.
const MOST_RUNS: usize = 1000;
/// So many refusals are told at once.
const TOLD: usize = 10;

/// A pipeline that was read.
struct One {
    /// When it was last asked for, in turns.
    at: u64,
    /// Bytes of its text.
    bytes: usize,
    pipeline: Arc<Pipeline>,
}

/// Those that were read, by digest.
#[derive(Default)]
struct Kept {
    turn: u64,
    all: HashMap<String, One>,
}

impl Kept {
    fn get(&mut self, digest: &str) -> Option<Arc<Pipeline>> {
        self.turn += 1;
        let one = self.all.get_mut(digest)?;
        one.at = self.turn;
        Some(one.pipeline.clone())
    }

    fn put(&mut self, digest: String, bytes: usize, pipeline: Arc<Pipeline>) {
        self.turn += 1;
        self.all.insert(digest, One { at: self.turn, bytes, pipeline });
        while self.all.len() > 1 && (self.all.len() > MOST || self.all.values().map(|o| o.bytes).sum::<usize>() > MOST_BYTES) {
            let oldest = self.all.iter().min_by_key(|(_, one)| one.at).map(|(digest, _)| digest.clone());
            oldest.map(|digest| self.all.remove(&digest));
        }
    }
}

/// Pipelines by the digest of what was uploaded. Cheap to clone.
#[derive(Clone)]
pub struct Parsed {
    store: Store,
    kept: Arc<Mutex<Kept>>,
    /// What was run, by id.
    made: Arc<Mutex<HashMap<String, Arc<PipelineRunRow>>>>,
    places: Places,
    /// What accelerators are called where tasks run.
    gpu: Arc<str>,
}

impl Parsed {
    /// Nothing is read yet. `gpu`: what accelerators are called where tasks run.
    pub fn new(store: Store, gpu: &str) -> Self {
        let places = Places::new(store.clone());
        Self { store, kept: Arc::default(), made: Arc::default(), places, gpu: gpu.into() }
    }

    /// Where tasks stand.
    pub(super) const fn places(&self) -> &Places {
        &self.places
    }

    /// The pipeline of a digest; `None` where nothing of that digest is kept.
    ///
    /// # Errors
    /// The database does not answer; it was taken once, but this Slipway cannot read it.
    pub async fn of(&self, digest: &str) -> Result<Option<Arc<Pipeline>>> {
        if let Some(there) = self.kept().get(digest) {
            return Ok(Some(there));
        }
        let Some(text) = self.store.pipeline_spec(digest).await? else { return Ok(None) };
        let bytes = text.len();
        // What was taken before is read, whatever there is by now: its tasks say it.
        let (_, pipeline) = read(text, None).await?;
        let pipeline = Arc::new(pipeline);
        self.kept().put(digest.to_owned(), bytes, pipeline.clone());
        Ok(Some(pipeline))
    }

    /// A pipeline run as it was made: of its row only what never changes counts. Its tasks ask one after the other.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn run_as_made(&self, id: &str) -> Result<Option<Arc<PipelineRunRow>>> {
        if let Some(there) = self.made().get(id) {
            return Ok(Some(there.clone()));
        }
        let Some(row) = self.store.pipeline_run_any(id).await?.map(Arc::new) else { return Ok(None) };
        let mut made = self.made();
        if made.len() >= MOST_RUNS {
            made.clear();
        }
        made.insert(id.to_owned(), row.clone());
        Ok(Some(row))
    }

    fn made(&self) -> MutexGuard<'_, HashMap<String, Arc<PipelineRunRow>>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what is uploaded: its digest, and the pipeline, which is about to be asked for.
    ///
    /// # Errors
    /// It is refused: the first places with their reasons.
    pub async fn take(&self, text: &str) -> Result<(String, Arc<Pipeline>)> {
        let (digest, pipeline) = read(text.to_owned(), Some(self.gpu.clone())).await?;
        let pipeline = Arc::new(pipeline);
        self.kept().put(digest.clone(), text.len(), pipeline.clone());
        Ok((digest, pipeline))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads a document, away from what must answer at once: its digest, and what it says. `gpu`: what accelerators have to be.
async fn read(text: String, gpu: Option<Arc<str>>) -> Result<(String, Pipeline)> {
    let work = move || {
        let pipeline = gpu.map_or_else(|| ir::parse(&text), |gpu| ir::parse_for(&text, &gpu));
        pipeline.map(|pipeline| (ids::sha256(&text), pipeline))
    };
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?.map_err(|refusals| refused("spec", &refusals))
}

/// Refusals as one error.
pub fn refused(field: &str, refusals: &[Refusal]) -> Error {
    let told: Vec<String> = refusals.iter().take(TOLD).map(ToString::to_string).collect();
    let more = refusals.len().saturating_sub(TOLD);
    let rest = if more > 0 { format!("; and {more} more") } else { String::new() };
    Error::invalid(field, format!("{}{rest}.", told.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipelines::ir::tests::small;

    #[test]
    fn what_was_asked_for_longest_ago_goes() {
        let pipeline = Arc::new(ir::parse(&small().to_string()).unwrap());
        let mut kept = Kept::default();
        for i in 0..MOST {
            kept.put(i.to_string(), 1, pipeline.clone());
        }
        assert!(kept.get("0").is_some());
        kept.put("more".into(), 1, pipeline.clone());
        assert!(kept.get("1").is_none() && kept.get("0").is_some() && kept.get("more").is_some());
        // One that is large leaves no room for others, and is kept all the same.
        kept.put("large".into(), MOST_BYTES + 1, pipeline);
        assert!(kept.get("large").is_some() && kept.get("0").is_none());
    }
}
