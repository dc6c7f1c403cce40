//! How many requests a deployment answers at once, and how many wait for their turn, first come first served.

use app::api::{
    limits::{DEFAULT_SECONDS, Limits},
    resources::parse_bytes,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The gate of a deployment.
pub struct Gate {
    /// What it goes by.
    pub limits: Limits,
    /// How long a request may wait for its turn, and then for its answer to begin.
    pub within: Duration,
    /// Largest body, in bytes; the portal's limit holds besides.
    pub max_body: usize,
    /// A permit for each request at once; none where that is not limited.
    places: Option<Arc<Semaphore>>,
    waiting: AtomicUsize,
}

/// Why a request did not get in.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    /// As many wait as may.
    Full,
    /// Its turn did not come in time.
    Late,
}

/// A place behind the gate, for as long as it lives.
pub struct Place {
    _permit: Option<OwnedSemaphorePermit>,
}

/// Counts one who waits.
struct Waits<'a>(&'a AtomicUsize);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Gate {
    /// With these limits.
    pub fn new(limits: Limits) -> Self {
        let places = limits.concurrency.and_then(|n| usize::try_from(n).ok()).map(|n| Arc::new(Semaphore::new(n)));
        let seconds = limits.timeout_seconds.unwrap_or(DEFAULT_SECONDS);
        let max_body = limits.max_body.as_deref().and_then(|t| parse_bytes(t).ok()).and_then(|n| usize::try_from(n).ok());
        Self {
            within: Duration::from_secs(seconds.unsigned_abs()),
            max_body: max_body.unwrap_or(usize::MAX),
            limits,
            places,
            waiting: AtomicUsize::new(0),
        }
    }

    /// Goes in, at once or after waiting in line for at most `within`. Whoever gives up leaves the line.
    ///
    /// # Errors
    /// The line is full, or it took too long.
    pub async fn enter(&self, within: Duration) -> Result<Place, Refused> {
        let Some(places) = &self.places else { return Ok(Place { _permit: None }) };
        if let Ok(permit) = places.clone().try_acquire_owned() {
            return Ok(Place { _permit: Some(permit) });
        }
        // In a box: it takes no room in the future of a request that gets in at once.
        Box::pin(self.stand_in_line(places, within)).await
    }

    async fn stand_in_line(&self, places: &Arc<Semaphore>, within: Duration) -> Result<Place, Refused> {
        let longest = usize::try_from(self.limits.queue.unwrap_or(0)).unwrap_or(0);
        let joined = self.waiting.fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| (n < longest).then_some(n + 1));
        joined.map_err(|_| Refused::Full)?;
        let _waits = Waits(&self.waiting);
        match tokio::time::timeout(within, places.clone().acquire_owned()).await {
            Ok(Ok(permit)) => Ok(Place { _permit: Some(permit) }),
            _ => Err(Refused::Late),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(20);

    fn gate(concurrency: Option<i64>, queue: Option<i64>) -> Gate {
        Gate::new(Limits { concurrency, queue, ..Limits::default() })
    }

    #[tokio::test]
    async fn so_many_at_once_and_so_many_in_line() {
        let gate = Arc::new(gate(Some(1), Some(1)));
        let first = gate.enter(LONG).await.ok().unwrap();
        let second = tokio::spawn({
            let gate = gate.clone();
            async move { gate.enter(LONG).await.is_ok() }
        });
        tokio::task::yield_now().await;
        assert_eq!(gate.enter(LONG).await.err(), Some(Refused::Full));
        drop(first);
        assert!(second.await.unwrap(), "its turn came");
        let _third = gate.enter(LONG).await.ok().unwrap();
        assert_eq!(gate.enter(SHORT).await.err(), Some(Refused::Late));
        // Who gave up does not stand in the line any more.
        assert!(tokio::time::timeout(SHORT, gate.enter(LONG)).await.is_err());
        assert_eq!(gate.enter(SHORT).await.err(), Some(Refused::Late));
    }

    #[tokio::test]
    async fn without_limits_everybody_goes_in() {
        let gate = gate(None, None);
        let all: Vec<_> = futures::future::join_all((0..100).map(|_| gate.enter(Duration::ZERO))).await;
        assert!(all.iter().all(Result::is_ok));
    }
}
