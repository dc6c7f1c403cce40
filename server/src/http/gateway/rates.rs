//! How fast each caller may call. Counted here, as one portal runs at a time; a caller begins with a second's worth.

use governor::{
    DefaultDirectRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};
use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Most callers that are counted. Who is forgotten begins anew, with a second's worth.
const MOST: usize = 20_000;

struct Limited {
    rate: NonZeroU32,
    limiter: Arc<DefaultDirectRateLimiter>,
}

/// The rates that are counted, by caller.
#[derive(Default)]
pub struct Rates(Mutex<HashMap<String, Limited>>);

impl Rates {
    /// Counts a request of a caller that may do `rate` in a second.
    ///
    /// # Errors
    /// Too many came: how long to wait.
    pub fn admit(&self, caller: &str, rate: i64) -> Result<(), Duration> {
        let Some(rate) = u32::try_from(rate).ok().and_then(NonZeroU32::new) else { return Ok(()) };
        let limiter = self.of(caller, rate);
        limiter.check().map_err(|not_until| not_until.wait_time_from(DefaultClock::default().now()))
    }

    fn of(&self, caller: &str, rate: NonZeroU32) -> Arc<DefaultDirectRateLimiter> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.get(caller).filter(|l| l.rate == rate) {
            return known.limiter.clone();
        }
        if all.len() >= MOST {
            all.clear();
        }
        let limiter = Arc::new(RateLimiter::direct(Quota::per_second(rate)));
        all.insert(caller.to_owned(), Limited { rate, limiter: limiter.clone() });
        limiter
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_caller_has_a_seconds_worth_and_no_more() {
        let rates = Rates::default();
        // A second's worth of 2 is gone before half a second is over, however slow the machine.
        let refused = |caller: &str| (0..1000).find_map(|_| rates.admit(caller, 2).err());
        let wait = refused("a").unwrap();
        assert!(wait <= Duration::from_millis(500), "{wait:?}");
        assert!(rates.admit("b", 2).is_ok(), "another caller is counted by itself");
        assert!(rates.admit("a", 3).is_ok(), "another rate begins anew");
        assert!((0..1000).all(|_| rates.admit("c", 0).is_ok()), "none is none");
    }
}
