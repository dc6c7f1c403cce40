//! What is to be done now about a recurring run. Pure.

use super::schedule::Schedule;
use app::api::recurring_runs::Overlap;

/// So many missed times are made up for at most, the last of them.
pub const CAUGHT_UP: usize = 100;

/// How things are.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// Times up to this one are settled, milliseconds since 1970.
    pub settled: i64,
    /// Milliseconds since 1970.
    pub now: i64,
    /// Whether each missed time is made up for, or only the last.
    pub catch_up: bool,
    /// What becomes of a time that comes while `max_active` runs are under way.
    pub overlap: Overlap,
    /// Most runs at once.
    pub max_active: i64,
    /// Runs under way.
    pub active: i64,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// Nothing: no time has come.
    Nothing,
    /// A time has come; it waits until a run ends.
    Wait,
    /// A run is to be made for a time, and the times up to it are settled with that.
    Run {
        /// The time.
        at: i64,
        /// Whether earlier ones are passed over.
        older: bool,
    },
    /// Times up to this one are passed over, as runs are under way.
    Skip {
        /// The last of them.
        to: i64,
    },
}

/// What is to be done.
pub fn plan(schedule: &Schedule, now: Now) -> Plan {
    let due = schedule.due(now.settled, now.now, if now.catch_up { CAUGHT_UP } else { 1 });
    let (Some(first), Some(last)) = (due.times.first(), due.times.last()) else { return Plan::Nothing };
    match now.overlap {
        _ if now.active < now.max_active => Plan::Run { at: *first, older: due.older },
        Overlap::Wait => Plan::Wait,
        Overlap::Skip => Plan::Skip { to: *last },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::api::recurring_runs::Schedule as Words;

    /// Each minute from 0 on.
    fn minutes() -> Schedule {
        Schedule::read(&Words { interval_seconds: Some(60), ..Words::default() }, 0).unwrap()
    }

    const fn at(settled: i64, now: i64) -> Now {
        Now { settled, now, catch_up: true, overlap: Overlap::Wait, max_active: 1, active: 0 }
    }

    const M: i64 = 60_000;

    #[test]
    fn times_are_made_one_after_another() {
        let s = minutes();
        assert_eq!(plan(&s, at(0, M - 1)), Plan::Nothing);
        assert_eq!(plan(&s, at(0, M)), Plan::Run { at: M, older: false });
        assert_eq!(plan(&s, at(M, M)), Plan::Nothing);
        // Away for five minutes.
        assert_eq!(plan(&s, at(M, 6 * M)), Plan::Run { at: 2 * M, older: false });
        assert_eq!(plan(&s, at(5 * M, 6 * M)), Plan::Run { at: 6 * M, older: false });
        let latest = Now { catch_up: false, ..at(M, 6 * M) };
        assert_eq!(plan(&s, latest), Plan::Run { at: 6 * M, older: true });
        assert_eq!(plan(&s, Now { catch_up: false, ..at(5 * M, 6 * M) }), Plan::Run { at: 6 * M, older: false });
        // Away for a week.
        let week = 7 * 24 * 60 * M;
        assert_eq!(plan(&s, at(0, week)), Plan::Run { at: week - 99 * M, older: true });
    }

    #[test]
    fn runs_under_way_are_counted() {
        let s = minutes();
        assert_eq!(plan(&s, Now { active: 1, ..at(0, 3 * M) }), Plan::Wait);
        assert_eq!(plan(&s, Now { active: 1, max_active: 2, ..at(0, 3 * M) }), Plan::Run { at: M, older: false });
        let skips = Now { overlap: Overlap::Skip, ..at(0, 3 * M) };
        assert_eq!(plan(&s, Now { active: 1, ..skips }), Plan::Skip { to: 3 * M });
        assert_eq!(plan(&s, skips), Plan::Run { at: M, older: false });
        assert_eq!(plan(&s, Now { active: 1, now: M - 1, ..skips }), Plan::Nothing);
    }
}
