//! Times of a cron with seconds, as Kubeflow Pipelines has it, in a time zone.
//!
//! A clock that is changed: where the hour is left open (`*`, `*/2`, `0-23`), the cron follows the clock, so it skips what the clock skips and comes
//! twice where the clock does. Where hours are named, each day counts once: a time that the clock skips comes when the clock jumps, one
//! that the clock shows twice comes the first time.

use croner::{
    CronComponent, CronPattern,
    parser::{CronParser, Seconds, Year},
};
use jiff::{
    Timestamp, civil,
    tz::{AmbiguousOffset, TimeZone},
};
use std::collections::BTreeSet;

/// Short forms.
const SHORT: [(&str, &str); 7] = [
    ("@yearly", "0 0 0 1 1 *"),
    ("@annually", "0 0 0 1 1 *"),
    ("@monthly", "0 0 0 1 * *"),
    ("@weekly", "0 0 0 * * 0"),
    ("@daily", "0 0 0 * * *"),
    ("@midnight", "0 0 0 * * *"),
    ("@hourly", "0 0 * * * *"),
];

/// What the fields are of.
const PLACES: [&str; 6] = ["seconds", "minutes", "hours", "days", "months", "weekdays"];

/// Names of days.
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// A cron in a time zone.
#[derive(Debug, Clone)]
pub struct Cron {
    fields: [String; 6],
    cron: croner::Cron,
    zone: TimeZone,
    /// The hour is left open.
    follows_clock: bool,
}

impl Cron {
    /// Reads `sec min hour day month weekday`, or a short form.
    ///
    /// # Errors
    /// What is wrong with it, and what to do, as a sentence each.
    pub fn read(text: &str, zone: TimeZone) -> Result<Self, (String, &'static str)> {
        const FIELDS: &str = "Such as \"0 30 2 * * *\": second, minute, hour, day of the month, month, day of the week.";
        let text = text.trim();
        let text = match SHORT.iter().find(|(short, _)| text.eq_ignore_ascii_case(short)) {
            Some((_, full)) => *full,
            None if text.to_ascii_lowercase().starts_with("@every") => {
                return Err(("A cron cannot say @every.".to_owned(), "Give an interval in seconds instead."));
            }
            None => text,
        };
        let fields: Vec<String> = text.split_whitespace().map(|f| f.replace('?', "*").to_ascii_uppercase()).collect();
        let mut fields: [String; 6] = fields.try_into().map_err(|fields: Vec<String>| match fields.len() {
            5 => ("The cron has 5 fields: it begins with the seconds.".to_owned(), "Put a 0 in front: \"0 30 2 * * *\" is half past two."),
            n => (format!("The cron has {n} fields, not 6."), FIELDS),
        })?;
        // Of the parser's own making, and known to nobody else.
        if fields[5].starts_with('+') {
            return Err(("A + means nothing in a cron.".to_owned(), FIELDS));
        }
        fields[5] = weekdays(&fields[5]);
        // From a number on in steps, `5/15`, as there.
        let cron = parser()
            .parse(&fields.join(" "))
            .map_err(|e| unreadable(&fields).unwrap_or_else(|| (format!("The cron cannot be read: {}.", said(&e.to_string())), FIELDS)))?;
        // What comes in no year never comes: no schedule is kept that would be looked for in vain again and again.
        if cron.find_next_occurrence(&civil::date(2000, 1, 1).at(0, 0, 0, 0), true).is_err() {
            return Err(("There is no such day in any year.".to_owned(), FIELDS));
        }
        let left_open = fields[2].starts_with('*');
        let fields = plain(&fields, &cron.pattern);
        let follows_clock = left_open || fields[2].starts_with('*');
        Ok(Self { fields, cron, zone, follows_clock })
    }

    /// Second, minute, hour, day of the month, month, day of the week, each as what it comes to: `*` for all, `*/5` for steps that come out
    /// even, else the numbers, Sunday as 0, and behind them the days that depend on the month: `15W`, `L` or `LW`; `5#2`, `5L`.
    pub const fn fields(&self) -> &[String; 6] {
        &self.fields
    }

    /// The first time after this one, both in milliseconds since 1970; none where the calendar ends.
    pub fn after(&self, ms: i64) -> Option<i64> {
        let from = Timestamp::from_second(ms.div_euclid(1000)).ok()?;
        let at = if self.follows_clock { self.after_on_the_clock(from)? } else { self.after_by_days(from)? };
        Some(at.as_second() * 1000)
    }

    /// Times of one offset after the other.
    fn after_on_the_clock(&self, mut from: Timestamp) -> Option<Timestamp> {
        let mut inclusive = false;
        loop {
            let offset = self.zone.to_offset(from);
            let at = offset.to_timestamp(self.civil_after(offset.to_datetime(from), inclusive)?).ok()?;
            match self.zone.following(from).next() {
                Some(change) if change.timestamp() <= at => (from, inclusive) = (change.timestamp(), true),
                _ => return Some(at),
            }
        }
    }

    fn after_by_days(&self, from: Timestamp) -> Option<Timestamp> {
        let mut civil = self.zone.to_datetime(from);
        loop {
            civil = self.civil_after(civil, false)?;
            let at = match self.zone.to_ambiguous_timestamp(civil).offset() {
                AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(civil).ok()?,
                AmbiguousOffset::Fold { before, .. } => before.to_timestamp(civil).ok()?,
                // By the offset that is not yet in force this is before the jump.
                AmbiguousOffset::Gap { after, .. } => self.zone.following(after.to_timestamp(civil).ok()?).next()?.timestamp(),
            };
            // A time that came before, or one that another of those skipped stands for.
            if at > from {
                return Some(at);
            }
        }
    }

    /// The next time on a clock that is never changed.
    fn civil_after(&self, from: civil::DateTime, inclusive: bool) -> Option<civil::DateTime> {
        self.cron.find_next_occurrence(&from, inclusive).ok()
    }
}

fn parser() -> CronParser {
    CronParser::builder().seconds(Seconds::Required).year(Year::Disallowed).sloppy_ranges(true).build()
}

/// What the fields come to.
fn plain([_, _, _, day, _, weekday]: &[String; 6], pattern: &CronPattern) -> [String; 6] {
    let list = |values: &[u16]| values.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let clock = |part: &CronComponent, all: u16| {
        let values = part.values();
        match (1..all).find(|step| values.iter().copied().eq((0..all).step_by(usize::from(*step)))) {
            Some(1) => "*".to_owned(),
            Some(step) if all.is_multiple_of(step) => format!("*/{step}"),
            _ => list(&values),
        }
    };
    // That a day is left open, and not only any, says whether one of both is enough.
    let days = |written: &String, part: &CronComponent, special: fn(&str) -> Vec<String>| {
        if written == "*" {
            return written.clone();
        }
        part.values().iter().map(ToString::to_string).chain(special(written)).collect::<Vec<_>>().join(",")
    };
    let months = pattern.months.values();
    [
        clock(&pattern.seconds, 60),
        clock(&pattern.minutes, 60),
        clock(&pattern.hours, 24),
        days(day, &pattern.days, days_of_months),
        if months.len() == 12 { "*".to_owned() } else { list(&months) },
        days(weekday, &pattern.days_of_week, weekdays_of_months),
    ]
}

/// Weekdays nearest a day in order, then the last day or weekday: where both are said, the parser takes the weekday for both.
fn days_of_months(field: &str) -> Vec<String> {
    let near: BTreeSet<u8> = field.split(',').filter_map(|part| part.split_once('W')?.0.parse().ok()).collect();
    let last = |what: &str| field.split(',').any(|part| part == what);
    let last = if field.split(',').any(|part| part.starts_with("LW")) { Some("LW") } else { last("L").then_some("L") };
    near.iter().map(|day| format!("{day}W")).chain(last.map(str::to_owned)).collect()
}

/// `5#2` for the second Friday, `5L` for the last, each day for itself.
fn weekdays_of_months(field: &str) -> Vec<String> {
    let numbers = WEEKDAYS.iter().zip(0..).fold(field.replace("-SUN", "-7"), |field, (name, n)| field.replace(name, &n.to_string()));
    let found: BTreeSet<(String, u16)> = numbers
        .split(',')
        .filter_map(|part| part.split_once('#').or_else(|| Some((part.strip_suffix('L').filter(|day| !day.is_empty())?, "L"))))
        .flat_map(|(days, which)| {
            let mut read = CronComponent::new(0, 7, 0, 0);
            read.set_sloppy_ranges(true);
            let days = if read.parse(days).is_ok() { read.values() } else { vec![] };
            days.into_iter().map(move |day| (if which.ends_with('L') { "L".to_owned() } else { format!("#{which}") }, day % 7))
        })
        .collect();
    found.into_iter().map(|(which, day)| format!("{day}{which}")).collect()
}

/// What the parser takes no notice of, or tells in terms of its own, in a cron that somebody writes: what is wrong, and what to do.
pub fn misplaced(text: &str) -> Option<(String, &'static str)> {
    let fields: Vec<String> = text.split_whitespace().map(str::to_ascii_uppercase).collect();
    let fields: [String; 6] = fields.try_into().ok()?;
    if let Some(at) = fields.iter().position(|field| field.split(',').any(str::is_empty)) {
        return Some((
            format!("The field of {}, \"{}\", has a comma too many.", PLACES[at], fields[at]),
            "Between two commas stands a value.",
        ));
    }
    let (letter, at) = fields.iter().enumerate().filter(|(at, _)| *at != 3).find_map(|(at, field)| {
        field.split(',').find_map(|part| match part.strip_suffix('W') {
            _ if part == "L" => Some(('L', at)),
            Some(day) if day == "L" || day.parse::<u8>().is_ok() => Some(('W', at)),
            _ => None,
        })
    })?;
    let hint = match (letter, at) {
        ('L', 5) => "Write 5L for the last Friday of the month, 6 or SAT for every Saturday; L as the day of the month is its last day.",
        ('L', _) => "It goes with days: L as the day of the month is its last, 5L as the weekday is the last Friday.",
        _ => "It goes with the day of the month: 15W is the weekday nearest the 15th, LW the last weekday.",
    };
    let alone = if (letter, at) == ('L', 5) { " alone" } else { "" };
    Some((format!("{letter}{alone} means nothing in the field of {}.", PLACES[at]), hint))
}

/// What is wrong with the first field that cannot be read by itself, and what to do.
fn unreadable(fields: &[String; 6]) -> Option<(String, &'static str)> {
    let alone = |at: usize| {
        let mut all = ["*"; 6];
        all[at] = &fields[at];
        parser().parse(&all.join(" ")).err()
    };
    let (at, error) = (0..6).find_map(|at| Some((at, alone(at)?)))?;
    let said = said(&error.to_string());
    // The parser says the same of a range that goes down and of one that goes too far.
    let (from, to) = fields[at].split(',').find_map(|part| part.split('/').next()?.split_once('-')).unwrap_or_default();
    let turned = said.starts_with("Range") && !to.is_empty() && {
        let mut all = ["*"; 6];
        let back = format!("{to}-{from}");
        all[at] = &back;
        parser().parse(&all.join(" ")).is_ok()
    };
    let why = if turned { "the range goes down".to_owned() } else { said.to_ascii_lowercase() };
    let hint = match (turned, at) {
        (true, 5) => "A range goes up: write two, such as FRI-SAT,SUN-MON.",
        (true, 4) => "A range goes up: write two, such as NOV-DEC,JAN-FEB.",
        (true, 3) => "A range goes up: write two, such as 25-31,1-5.",
        (true, 2) => "A range goes up: write two, such as 22-23,0-2.",
        (true, _) => "A range goes up: write two, such as 50-59,0-10.",
        (_, 5) => "It takes 0 to 7 (0 and 7 are Sunday), SUN to SAT, ranges and lists of them, steps such as 1/2, 5#2 and 5L.",
        (_, 4) => "It takes 1 to 12, JAN to DEC, ranges and lists of them, and steps such as */3.",
        (_, 3) => "It takes 1 to 31, ranges and lists of them, steps such as */2, L, LW and 15W.",
        (_, 2) => "It takes 0 to 23, ranges and lists of them, and steps such as */2.",
        _ => "It takes 0 to 59, ranges and lists of them, and steps such as */5.",
    };
    Some((format!("The field of {}, \"{}\", cannot be read: {why}.", PLACES[at], fields[at].chars().take(60).collect::<String>()), hint))
}

/// A step from a day on goes to the end of the week, of which the parser knows a second Sunday, 7.
fn weekdays(field: &str) -> String {
    let one = |day: &str| day.parse::<u8>().is_ok() || WEEKDAYS.contains(&day);
    let part = |part: &str| match part.split_once('/') {
        Some((from, step)) if one(from) => format!("{from}-6/{step}"),
        _ => part.to_owned(),
    };
    field.split(',').map(part).collect::<Vec<_>>().join(",")
}

/// Without what the parser puts in front, and a stop at the end.
fn said(error: &str) -> String {
    let text = error.rsplit_once(": ").map_or(error, |(_, rest)| rest);
    text.trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{parse_rfc3339, rfc3339};

    fn cron(text: &str, zone: &str) -> Cron {
        Cron::read(text, TimeZone::get(zone).unwrap()).unwrap_or_else(|(why, _)| panic!("{text}: {why}"))
    }

    /// The times of a cron after one, in UTC without the day's date where it is the same.
    fn times(text: &str, zone: &str, after: &str, n: usize) -> Vec<String> {
        let cron = cron(text, zone);
        let first = parse_rfc3339(after).unwrap();
        let all = std::iter::successors(cron.after(first), |at| cron.after(*at));
        all.take(n).map(|at| rfc3339(at).replace(":00.000Z", "")).collect()
    }

    #[test]
    fn seconds_days_and_names() {
        assert_eq!(times("0 0 2 * * *", "UTC", "2026-11-29T02:00:00Z", 2), ["2026-11-30T02:00", "2026-12-01T02:00"]);
        assert_eq!(times("*/20 * * * * ?", "UTC", "2026-11-29T01:59:50.500Z", 2), ["2026-11-29T02:00", "2026-11-29T02:00:20.000Z"]);
        // As there, 0 is Sunday: 2-6 are Tuesday to Saturday.
        assert_eq!(times("0 0 9 ? * 2-6", "UTC", "2026-11-29T00:00:00Z", 2), ["2026-12-01T09:00", "2026-12-02T09:00"]);
        assert_eq!(
            times("0 5/25 9 * * 4/2", "UTC", "2026-11-29T00:00:00Z", 3),
            ["2026-12-03T09:05", "2026-12-03T09:30", "2026-12-03T09:55"]
        );
        assert_eq!(times("0 0 9 * * 4/2", "UTC", "2026-11-29T00:00:00Z", 3), ["2026-12-03T09:00", "2026-12-05T09:00", "2026-12-10T09:00"]);
        // By its name as by its number, the week ends with Saturday.
        assert_eq!(times("0 0 9 * * mon/2", "UTC", "2026-11-29T00:00:00Z", 4), times("0 0 9 * * 1/2", "UTC", "2026-11-29T00:00:00Z", 4));
        assert_eq!(times("0 0 9 * * MON/2", "UTC", "2026-12-05T00:00:00Z", 2), ["2026-12-07T09:00", "2026-12-09T09:00"]);
        assert_eq!(times("0 0 9 * * SUN/6", "UTC", "2026-12-05T00:00:00Z", 2), ["2026-12-05T09:00", "2026-12-06T09:00"]);
        assert_eq!(times("0 0 9 * jan MON", "UTC", "2026-11-29T00:00:00Z", 1), ["2027-01-04T09:00"]);
        // Both days said: one of them is enough.
        assert_eq!(times("0 0 0 1 * 1", "UTC", "2026-11-29T00:00:00Z", 3), ["2026-11-30T00:00", "2026-12-01T00:00", "2026-12-07T00:00"]);
        assert_eq!(times("@daily", "UTC", "2026-11-29T00:00:00Z", 1), ["2026-11-30T00:00"]);
        assert_eq!(times("0 0 0 29 2 *", "UTC", "2026-11-29T00:00:00Z", 2), ["2028-02-29T00:00", "2032-02-29T00:00"]);
        assert_eq!(times("0 0 2 * * *", "Asia/Kolkata", "2026-11-29T00:00:00Z", 1), ["2026-11-29T20:30"]);
    }

    #[test]
    fn a_time_that_the_clock_skips_comes_when_it_jumps() {
        let berlin = |text: &str, n| times(text, "Europe/Berlin", "2027-03-27T12:00:00Z", n);
        // 2027-03-28, 02:00 becomes 03:00, which is 01:00 UTC.
        assert_eq!(berlin("0 30 2 * * *", 3), ["2027-03-28T01:00", "2027-03-29T00:30", "2027-03-30T00:30"]);
        assert_eq!(berlin("0 */10 2 * * *", 3), ["2027-03-28T01:00", "2027-03-29T00:00", "2027-03-29T00:10"], "once, not six times");
        assert_eq!(berlin("0 0 2,3 * * *", 3), ["2027-03-28T01:00", "2027-03-29T00:00", "2027-03-29T01:00"], "both are the same time then");
        let york = times("0 30 2 * * *", "America/New_York", "2027-03-13T12:00:00Z", 2);
        assert_eq!(york, ["2027-03-14T07:00", "2027-03-15T06:30"]);
    }

    #[test]
    fn a_time_that_the_clock_shows_twice_comes_the_first_time() {
        // 2027-10-31, 03:00 becomes 02:00, which is 01:00 UTC.
        let berlin = times("0 30 2 * * *", "Europe/Berlin", "2027-10-30T12:00:00Z", 2);
        assert_eq!(berlin, ["2027-10-31T00:30", "2027-11-01T01:30"]);
        let between = times("0 30 2 * * *", "Europe/Berlin", "2027-10-31T01:10:00Z", 1);
        assert_eq!(between, ["2027-11-01T01:30"], "asked in the hour that comes again");
        let york = times("0 30 1 * * *", "America/New_York", "2027-11-06T12:00:00Z", 2);
        assert_eq!(york, ["2027-11-07T05:30", "2027-11-08T06:30"]);
    }

    #[test]
    fn every_hour_follows_the_clock() {
        let spring = times("0 30 * * * *", "Europe/Berlin", "2027-03-28T00:00:00Z", 3);
        assert_eq!(spring, ["2027-03-28T00:30", "2027-03-28T01:30", "2027-03-28T02:30"], "01:30, 03:30, 04:30 on the clock");
        let autumn = times("0 30 * * * *", "Europe/Berlin", "2027-10-31T00:00:00Z", 3);
        assert_eq!(autumn, ["2027-10-31T00:30", "2027-10-31T01:30", "2027-10-31T02:30"], "02:30, 02:30 again, 03:30");
        let all = times("0 30 0-23 * * *", "Europe/Berlin", "2027-10-31T00:00:00Z", 3);
        assert_eq!(all, autumn, "all hours are as good as an open one");
        let york = times("0 0 */2 * * *", "America/New_York", "2027-11-07T03:00:00Z", 3);
        assert_eq!(york, ["2027-11-07T04:00", "2027-11-07T07:00", "2027-11-07T09:00"], "00:00, 02:00, 04:00 on the clock");
    }

    #[test]
    fn fields_are_what_they_come_to() {
        for (text, fields) in [
            ("* 0-59 0-23 * 1/1 *", "* * * * * *"),
            ("*/20 0,15,30,45 0-23/6 ? * 0-7", "*/20 */15 */6 * * 0,1,2,3,4,5,6"),
            ("*/50 */45 */15 */10 */5 */3", "0,50 0,45 0,15 1,11,21,31 1,6,11 0,3,6"),
            ("59/5 5/30 0-20/10 L JAN-MAR 5#2", "59 5,35 0,10,20 L 1,2,3 5#2"),
            ("0 0 2 LW,20,3W,1-2 * FRIL,MON-TUE#1,SUN", "0 0 2 1,2,20,3W,LW * 0,1#1,2#1,5L"),
        ] {
            assert_eq!(cron(text, "UTC").fields().join(" "), fields, "{text}");
        }
    }

    #[test]
    fn letters_that_mean_nothing_where_they_stand() {
        for (text, part, hint) in [
            ("0 0 2 * * L", "L alone means nothing in the field of weekdays.", "5L for the last Friday"),
            ("0 0 2 ? * 1,l", "L alone means nothing in the field of weekdays.", "5L for the last Friday"),
            ("0 0 L * * *", "L means nothing in the field of hours.", "L as the day of the month"),
            ("0 0 2 * * 5W", "W means nothing in the field of weekdays.", "15W"),
            ("0 0 15W * * *", "W means nothing in the field of hours.", "15W"),
            ("0 0 2 * * mon,,TUE", "The field of weekdays, \"MON,,TUE\", has a comma too many.", "stands a value"),
        ] {
            let (why, what) = misplaced(text).expect(text);
            assert!(why == part && what.contains(hint), "{text}: {why} {what}");
        }
        for text in ["0 0 2 LW,15W * ?", "0 0 2 L * 5L", "0 0 2 * JUL WED", "0 0 2 * * wed#2", "@daily", "L", ""] {
            assert_eq!(misplaced(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_cron_is_refused() {
        for (text, part) in [
            ("0 2 * * *", "begins with the seconds"),
            ("", "0 fields"),
            ("* * * * * * *", "7 fields"),
            ("0 0 25 * * *", "The field of hours, \"25\", cannot be read"),
            ("0 0 x * * *", "cannot be read"),
            ("0 0 2 * * FRI-MON", "The field of weekdays, \"FRI-MON\", cannot be read: the range goes down."),
            ("0 0 2 1 NOV-FEB *", "The field of months, \"NOV-FEB\", cannot be read: the range goes down."),
            ("0 0 23-2 * * *", "The field of hours, \"23-2\", cannot be read: the range goes down."),
            ("0 0 20-24 * * *", "The field of hours, \"20-24\", cannot be read: range out of bounds."),
            ("@every 1h", "@every"),
            ("0 0 0 30 2 *", "no such day"),
            ("0 0 0 1 * +1", "+"),
        ] {
            let (why, hint) = Cron::read(text, TimeZone::UTC).expect_err(text);
            assert!(why.contains(part) && !hint.is_empty(), "{text}: {why}");
        }
    }
}
