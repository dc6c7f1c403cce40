//! When a recurring run is due. Pure.

use super::cron::{self, Cron};
use crate::{
    clock::parse_rfc3339,
    error::{Error, Result},
};
use app::api::recurring_runs::{Schedule as Words, ScheduleKind};
use jiff::{civil, tz::TimeZone};
use std::collections::VecDeque;

/// Longest interval, in seconds: a year.
const LONGEST: i64 = 366 * 24 * 3600;
/// The first look for what was missed goes back so far, in milliseconds; each further one twice as far.
const LOOK: i64 = 60_000;

/// What makes it due.
#[derive(Debug, Clone)]
enum Trigger {
    Cron(Box<Cron>),
    /// Every so many milliseconds from a point in time on, the first of them one interval after it.
    Interval {
        every: i64,
        from: i64,
    },
}

/// A schedule, read and checked.
#[derive(Debug, Clone)]
pub struct Schedule {
    trigger: Trigger,
    zone: TimeZone,
    /// As it is kept.
    pub cron: Option<String>,
    /// In seconds.
    pub interval_s: Option<i64>,
    /// Milliseconds since 1970.
    pub start: Option<i64>,
    /// Milliseconds since 1970; due at this time is still due.
    pub end: Option<i64>,
}

/// What is due, and was before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The last times, as many as were asked for, in order.
    pub times: Vec<i64>,
    /// Whether there were others before them.
    pub older: bool,
}

impl Schedule {
    /// Reads a schedule. `anchor`: intervals without a start are counted from then.
    ///
    /// # Errors
    /// What is wrong, by its field in the request.
    pub fn read(words: &Words, anchor: i64) -> Result<Self> {
        let zone = zone(words.time_zone.as_deref())?;
        let (start, end) = (time("start_at", words.start_at.as_deref(), &zone)?, time("end_at", words.end_at.as_deref(), &zone)?);
        if let (Some(start), Some(end)) = (start, end)
            && end < start
        {
            return Err(Error::invalid("schedule.end_at", "It ends before it starts."));
        }
        // A form that offers both says which one it means; the other field may still hold something.
        let (wants_cron, wants_interval) = match words.kind {
            Some(ScheduleKind::Cron) => (true, false),
            Some(ScheduleKind::Interval) => (false, true),
            None => (true, true),
        };
        let cron = words.cron.as_deref().map(str::trim).filter(|c| wants_cron && !c.is_empty());
        let interval_s = words.interval_seconds.filter(|_| wants_interval);
        let trigger = match (cron, interval_s) {
            (Some(_), Some(_)) => return Err(Error::invalid("schedule.cron", "Give a cron or an interval, but not both.")),
            (None, None) if words.kind == Some(ScheduleKind::Interval) => {
                return Err(Error::invalid("schedule.interval_seconds", "Say after how many seconds it runs again."));
            }
            (None, None) => {
                return Err(
                    Error::invalid("schedule.cron", "Say when it runs.").hint("Give a cron, such as \"0 0 2 * * *\", or an interval.")
                );
            }
            (Some(text), None) => {
                let read = Cron::read(text, zone.clone()).map_err(|(why, hint)| Error::invalid("schedule.cron", why).hint(hint))?;
                Trigger::Cron(Box::new(read))
            }
            (None, Some(seconds)) if (1..=LONGEST).contains(&seconds) => {
                Trigger::Interval { every: seconds * 1000, from: start.unwrap_or(anchor) }
            }
            (None, Some(_)) => {
                return Err(Error::invalid("schedule.interval_seconds", format!("An interval has 1 to {LONGEST} seconds.")));
            }
        };
        Ok(Self { trigger, zone, cron: cron.map(str::to_owned), interval_s, start, end })
    }

    /// Reads a schedule that somebody asks for; what is kept already is taken as it is.
    ///
    /// # Errors
    /// What is wrong, by its field in the request.
    pub fn asked(words: &Words, anchor: i64) -> Result<Self> {
        let cron = words.cron.as_deref().filter(|_| words.kind != Some(ScheduleKind::Interval));
        if let Some((why, hint)) = cron.and_then(cron::misplaced) {
            return Err(Error::invalid("schedule.cron", why).hint(hint));
        }
        Self::read(words, anchor)
    }

    /// Whether both were written down the same.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let said = |s: &Self| (s.cron.clone(), s.interval_s, s.zone_name().to_owned(), s.start, s.end);
        said(self) == said(other)
    }

    /// The time zone's name as the IANA writes it.
    pub fn zone_name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// The time zone.
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The cron, where it is one.
    pub fn as_cron(&self) -> Option<&Cron> {
        match &self.trigger {
            Trigger::Cron(cron) => Some(cron),
            Trigger::Interval { .. } => None,
        }
    }

    /// The first time after this one; none where there is none any more.
    pub fn after(&self, ms: i64) -> Option<i64> {
        // A time at the start itself counts.
        let ms = self.start.map_or(ms, |start| ms.max(start - 1));
        let at = match &self.trigger {
            Trigger::Cron(cron) => cron.after(ms)?,
            Trigger::Interval { every, from } => from + ((ms - from).div_euclid(*every).max(0) + 1) * every,
        };
        self.end.is_none_or(|end| at <= end).then_some(at)
    }

    /// The next times.
    pub fn next(&self, after: i64, n: usize) -> Vec<i64> {
        std::iter::successors(self.after(after), |at| self.after(*at)).take(n).collect()
    }

    /// The last `most` times after `since` up to now. However long ago `since` is, little more is looked at than what is answered.
    pub fn due(&self, since: i64, now: i64, most: usize) -> Due {
        let mut span = LOOK;
        loop {
            let from = since.max(now.saturating_sub(span));
            let mut times = VecDeque::new();
            let mut next = self.after(from);
            while let Some(at) = next.filter(|at| *at <= now) {
                times.push_back(at);
                if times.len() > most {
                    times.pop_front();
                }
                next = self.after(at);
            }
            if times.len() == most || from == since {
                let older = times.front().is_some_and(|oldest| self.after(since).is_some_and(|first| first < *oldest));
                return Due { times: times.into(), older };
            }
            span = span.saturating_mul(2);
        }
    }
}

/// A time zone by its name; UTC where none is given.
///
/// # Errors
/// There is none of that name.
pub fn zone(name: Option<&str>) -> Result<TimeZone> {
    let Some(name) = name.map(str::trim).filter(|n| !n.is_empty()) else { return Ok(TimeZone::UTC) };
    TimeZone::get(name).map_err(|_| {
        Error::invalid("schedule.time_zone", format!("There is no time zone \"{}\".", name.chars().take(60).collect::<String>()))
            .hint("Use a name such as Europe/Berlin or America/New_York.")
    })
}

/// A time with its offset, or on the clock of the time zone as a form has it.
fn time(field: &str, text: Option<&str>, zone: &TimeZone) -> Result<Option<i64>> {
    let Some(text) = text.map(str::trim).filter(|t| !t.is_empty()) else { return Ok(None) };
    let local = || text.parse::<civil::DateTime>().ok().and_then(|c| zone.to_timestamp(c).ok()).map(|t| t.as_millisecond());
    parse_rfc3339(text).or_else(local).map(Some).ok_or_else(|| {
        Error::invalid(&format!("schedule.{field}"), "This is no time.")
            .hint("Such as 2026-12-01T02:00:00Z, or 2026-12-01T02:00 in the time zone.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::rfc3339;

    const T: i64 = 1_796_000_000_000;
    const MINUTE: i64 = 60_000;

    fn interval(seconds: i64) -> Words {
        Words { interval_seconds: Some(seconds), ..Words::default() }
    }

    fn cron(text: &str) -> Words {
        Words { cron: Some(text.into()), ..Words::default() }
    }

    #[test]
    fn intervals_keep_their_grid_and_end() {
        let s = Schedule::read(&interval(60), T).unwrap();
        assert_eq!(s.next(T, 3), [T + MINUTE, T + 2 * MINUTE, T + 3 * MINUTE]);
        assert_eq!(s.after(T + MINUTE), Some(T + 2 * MINUTE));
        assert_eq!(s.after(T + 90_000), Some(T + 2 * MINUTE), "late, and back on the grid");
        assert_eq!(s.after(T - 10 * MINUTE), Some(T + MINUTE), "never before the first");
        let (start, end) = (T + 10 * MINUTE, T + 12 * MINUTE);
        let bounded = Words { start_at: Some(rfc3339(start)), end_at: Some(rfc3339(end)), ..interval(60) };
        let s = Schedule::read(&bounded, T).unwrap();
        assert_eq!(s.next(T, 5), [start + MINUTE, end], "one interval after the start; what falls on the end still counts");
        assert_eq!(s.due(T, end + 60 * MINUTE, 100), Due { times: vec![start + MINUTE, end], older: false }, "nothing after the end");
    }

    #[test]
    fn a_cron_begins_at_its_start_and_ends_with_its_end() {
        let bounds = |start: &str, end: &str| Words { start_at: Some(start.into()), end_at: Some(end.into()), ..cron("0 0 2 * * *") };
        let s = Schedule::read(&bounds("2026-12-01T02:00:00Z", "2026-12-02T02:00:00Z"), T).unwrap();
        let times: Vec<String> = s.next(0, 5).into_iter().map(rfc3339).collect();
        assert_eq!(times, ["2026-12-01T02:00:00.000Z", "2026-12-02T02:00:00.000Z"]);
        let local = Words { time_zone: Some("europe/berlin".into()), ..bounds("2026-12-01T02:00", "2026-12-01T23:00") };
        let s = Schedule::read(&local, T).unwrap();
        assert_eq!(s.next(0, 5).into_iter().map(rfc3339).collect::<Vec<_>>(), ["2026-12-01T01:00:00.000Z"], "the clock of the time zone");
        assert_eq!(s.zone_name(), "Europe/Berlin");
    }

    #[test]
    fn what_is_due_is_told_from_the_end() {
        let s = Schedule::read(&interval(1), T).unwrap();
        let week = 7 * 24 * 60 * MINUTE;
        let due = s.due(T, T + week, 3);
        assert_eq!(due, Due { times: vec![T + week - 2000, T + week - 1000, T + week], older: true });
        assert_eq!(s.due(T, T + 2500, 3), Due { times: vec![T + 1000, T + 2000], older: false });
        assert_eq!(s.due(T, T + 3500, 3), Due { times: vec![T + 1000, T + 2000, T + 3000], older: false });
        assert_eq!(s.due(T, T + 4500, 3), Due { times: vec![T + 2000, T + 3000, T + 4000], older: true });
        assert_eq!(s.due(T, T + 999, 3), Due { times: vec![], older: false });
        let monthly = Schedule::read(&cron("0 0 0 1 * *"), T).unwrap();
        let year = 365 * 24 * 60 * MINUTE;
        let due = monthly.due(T, T + 3 * year, 100);
        assert_eq!((due.times.len(), due.older), (36, false));
        assert_eq!(monthly.due(T, T + 3 * year, 1), Due { times: due.times[35..].to_vec(), older: true });
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        let field = |words: &Words| Schedule::read(words, T).expect_err("refused").field.unwrap_or_default();
        assert_eq!(field(&Words::default()), "schedule.cron");
        assert_eq!(field(&Words { cron: Some("0 0 2 * * *".into()), ..interval(60) }), "schedule.cron");
        assert_eq!(field(&cron("0 2 * * *")), "schedule.cron");
        assert_eq!(field(&interval(0)), "schedule.interval_seconds");
        assert_eq!(field(&interval(i64::MAX)), "schedule.interval_seconds");
        assert_eq!(field(&Words { kind: Some(ScheduleKind::Interval), ..cron("0 0 2 * * *") }), "schedule.interval_seconds");
        assert_eq!(field(&Words { time_zone: Some("Europe/Atlantis".into()), ..interval(60) }), "schedule.time_zone");
        assert_eq!(field(&Words { start_at: Some("soon".into()), ..interval(60) }), "schedule.start_at");
        let backwards =
            Words { start_at: Some("2026-12-02T00:00:00Z".into()), end_at: Some("2026-12-01T00:00:00Z".into()), ..interval(60) };
        assert_eq!(field(&backwards), "schedule.end_at");
        let chosen = Words { kind: Some(ScheduleKind::Cron), interval_seconds: Some(60), ..cron("0 0 2 * * *") };
        assert_eq!(Schedule::read(&chosen, T).unwrap().interval_s, None, "what was not chosen does not count");
        let ignored = cron("0 0 2 15 * L");
        assert!(Schedule::read(&ignored, T).is_ok(), "one that is kept goes on");
        assert_eq!(Schedule::asked(&ignored, T).expect_err("refused").field.as_deref(), Some("schedule.cron"));
        let chosen = Words { kind: Some(ScheduleKind::Interval), interval_seconds: Some(60), ..ignored };
        assert!(Schedule::asked(&chosen, T).is_ok(), "what was not chosen does not count");
    }
}
