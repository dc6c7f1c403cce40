//! How soon an eager task looks again.

use std::time::Duration;
use tokio::time::Instant;

/// Looks may take this part of the time, over some time.
const PART: f64 = 4.0;
/// What may be taken ahead, seconds: a handful of quick looks in a row, as steps follow from steps.
const AHEAD: f64 = 0.05;
/// The longest rest, seconds: most of a long look is waiting for others.
const LONGEST: f64 = 0.25;

/// What a task has of its part of the time.
#[derive(Debug)]
pub(super) struct Pace {
    /// Seconds; below zero where it took more than its part.
    spare: f64,
    since: Instant,
}

impl Pace {
    /// Nothing was taken yet.
    pub(super) const fn new(since: Instant) -> Self {
        Self { spare: AHEAD, since }
    }

    /// How long to rest after a look.
    pub(super) fn rest(&mut self, begun: Instant, ended: Instant) -> Duration {
        let earned = ended.duration_since(self.since).as_secs_f64() / PART;
        let took = ended.duration_since(begun).as_secs_f64();
        self.spare = (self.spare + earned - took).clamp(-LONGEST / PART, AHEAD);
        self.since = ended;
        Duration::from_secs_f64((-self.spare).max(0.0) * PART)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn a_few_looks_follow_at_once_and_many_take_a_part_of_the_time() {
        let mut now = Instant::now();
        let mut pace = Pace::new(now);
        let mut look = |took: Duration, idle: Duration| {
            let begun = now + idle;
            now = begun + took;
            let rest = pace.rest(begun, now);
            now += rest;
            rest
        };
        for _ in 0..10 {
            assert_eq!(look(ms(5), ms(0)), Duration::ZERO);
        }
        let (mut looked, mut rested) = (Duration::ZERO, Duration::ZERO);
        for _ in 0..100 {
            looked += ms(5);
            rested += look(ms(5), ms(0));
        }
        assert!(rested > looked * 2 && rested < looked * 4, "{rested:?} beside {looked:?}");
        // After a while in which nothing was to be done.
        assert_eq!(look(ms(5), ms(1000)), Duration::ZERO);
    }

    #[test]
    fn no_rest_is_long() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        assert_eq!(pace.rest(now, now + ms(60_000)), ms(250));
    }
}
