//! Schedules and times in words.

use super::{cron::Cron, schedule::Schedule};
use jiff::{Timestamp, civil, tz::AmbiguousOffset};

const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
/// More times of a day than these are not listed.
const LISTED: usize = 4;

/// When it runs: `Every weekday at 02:00, Europe/Berlin`.
pub fn when(schedule: &Schedule) -> String {
    match (schedule.as_cron(), schedule.interval_s) {
        (Some(cron), _) => format!("{}, {}", first_large(cron_words(cron)), schedule.zone_name()),
        (None, Some(seconds)) => first_large(interval(seconds)),
        (None, None) => String::new(),
    }
}

fn first_large(text: String) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn interval(seconds: i64) -> String {
    for (unit, name) in [(86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")] {
        match (seconds % unit, seconds / unit) {
            (0, 1) => return format!("every {name}"),
            (0, n) => return format!("every {n} {name}s"),
            _ => {}
        }
    }
    format!("every {seconds} seconds")
}

/// The words of what people mostly write; the parser's own for anything else.
fn cron_words(cron: &Cron) -> String {
    words_of(cron.fields()).unwrap_or_else(|| cron.described())
}

fn words_of([second, minute, hour, day, month, weekday]: &[String; 6]) -> Option<String> {
    let days = days(day, weekday)?;
    let within = match month.as_str() {
        "*" => String::new(),
        months => {
            format!(" in {}", and(&numbers(months, name_of(&MONTHS, 1))?.iter().map(|m| MONTHS[*m as usize - 1]).collect::<Vec<_>>()))
        }
    };
    let plain = |text: &str| text.parse::<u8>().ok();
    if let (Some(s), Some(m), Some(hours)) = (plain(second), plain(minute), numbers(hour, |_| None)) {
        if hours.len() > LISTED {
            return None;
        }
        let times: Vec<String> = hours.iter().map(|h| clock(*h, m, s)).collect();
        return Some(format!("{days}{within} at {}", and(&times.iter().map(String::as_str).collect::<Vec<_>>())));
    }
    let often = match (second.as_str(), minute.as_str(), hour.as_str()) {
        ("*", "*", "*") => "every second".to_owned(),
        (s, "*", "*") if step(s).is_some() => format!("every {} seconds", step(s)?),
        ("0", "*", "*") => "every minute".to_owned(),
        ("0", m, "*") if step(m).is_some() => format!("every {} minutes", step(m)?),
        ("0", "0", "*") => "every hour".to_owned(),
        ("0", m, "*") => match plain(m)? {
            1 => "every hour, 1 minute past".to_owned(),
            m => format!("every hour, {m} minutes past"),
        },
        ("0", "0", h) if step(h).is_some() => format!("every {} hours", step(h)?),
        _ => return None,
    };
    Some(if days == "every day" { format!("{often}{within}") } else { format!("{often}, {days}{within}") })
}

fn days(day: &str, weekday: &str) -> Option<String> {
    match (day, weekday) {
        ("*", "*") => Some("every day".to_owned()),
        ("*", list) => {
            let mut days: Vec<u8> = numbers(list, name_of(&DAYS, 0))?.into_iter().map(|d| d % 7).collect();
            days.sort_unstable();
            days.dedup();
            Some(match days.as_slice() {
                [1, 2, 3, 4, 5] => "every weekday".to_owned(),
                [0, 6] => "every Saturday and Sunday".to_owned(),
                [0, 1, 2, 3, 4, 5, 6] => "every day".to_owned(),
                some => format!("every {}", and(&some.iter().map(|d| DAYS[*d as usize]).collect::<Vec<_>>())),
            })
        }
        (list, "*") => {
            let days: Vec<String> = numbers(list, |_| None)?.iter().map(ToString::to_string).collect();
            let which = if days.len() == 1 { "day" } else { "days" };
            (days.len() <= LISTED).then(|| format!("on {which} {} of the month", and(&days.iter().map(String::as_str).collect::<Vec<_>>())))
        }
        _ => None,
    }
}

/// The number of a name of three letters.
fn name_of<const N: usize>(names: &'static [&'static str; N], first: u8) -> impl Fn(&str) -> Option<u8> {
    move |text| names.iter().position(|n| n[..3].eq_ignore_ascii_case(text)).and_then(|i| u8::try_from(i).ok()).map(|i| i + first)
}

/// A list of numbers and ranges; `None` for anything else.
fn numbers(list: &str, name: impl Fn(&str) -> Option<u8>) -> Option<Vec<u8>> {
    let number = |text: &str| text.parse::<u8>().ok().or_else(|| name(text));
    let mut out = Vec::new();
    for part in list.split(',') {
        match part.split_once('-') {
            Some((from, to)) => out.extend(number(from)?..=number(to)?),
            None => out.push(number(part)?),
        }
    }
    (!out.is_empty()).then_some(out)
}

/// The step of `*/5`.
fn step(field: &str) -> Option<u8> {
    field.strip_prefix("*/")?.parse().ok().filter(|n| *n > 1)
}

fn and(items: &[&str]) -> String {
    match items {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}

fn clock(h: u8, m: u8, s: u8) -> String {
    if s == 0 { format!("{h:02}:{m:02}") } else { format!("{h:02}:{m:02}:{s:02}") }
}

/// A time as people say it now: `tomorrow at 02:00`. On the clock of the schedule's time zone; where that shows the time twice, with which
/// of the two is meant.
pub fn time(schedule: &Schedule, at: i64, now: i64) -> String {
    let zone = schedule.zone();
    let civil = |ms: i64| Timestamp::from_millisecond(ms).ok().map(|t| zone.to_datetime(t));
    let (Some(then), Some(today)) = (civil(at), civil(now)) else { return String::new() };
    let clock = clock(then.hour().unsigned_abs(), then.minute().unsigned_abs(), then.second().unsigned_abs());
    let twice = match zone.to_ambiguous_timestamp(then).offset() {
        AmbiguousOffset::Fold { .. } => {
            Timestamp::from_millisecond(at).map_or_else(|_| String::new(), |t| format!(" (UTC{})", zone.to_offset(t)))
        }
        _ => String::new(),
    };
    format!("{} at {clock}{twice}", day(then.date(), today.date()))
}

fn day(then: civil::Date, today: civil::Date) -> String {
    let weekday = DAYS[then.weekday().to_sunday_zero_offset().unsigned_abs() as usize];
    match then.since(today).map_or(i32::MAX, |span| span.get_days()) {
        0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        -1 => "yesterday".to_owned(),
        2..=6 => weekday.to_owned(),
        _ => {
            let year = if then.year() == today.year() { String::new() } else { format!(" {}", then.year()) };
            format!("{weekday} {} {}{year}", then.day(), MONTHS[then.month().unsigned_abs() as usize - 1])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::parse_rfc3339;
    use app::api::recurring_runs::Schedule as Words;

    fn schedule(cron: Option<&str>, seconds: Option<i64>, zone: &str) -> Schedule {
        let words = Words { cron: cron.map(str::to_owned), interval_seconds: seconds, time_zone: Some(zone.into()), ..Words::default() };
        Schedule::read(&words, 0).unwrap()
    }

    #[test]
    fn schedules() {
        for (cron, words) in [
            ("0 0 2 * * *", "Every day at 02:00, UTC"),
            ("0 0 2 * * MON-FRI", "Every weekday at 02:00, UTC"),
            ("0 0 2 ? * 1-5", "Every weekday at 02:00, UTC"),
            ("15 30 8,20 * * 0,6", "Every Saturday and Sunday at 08:30:15 and 20:30:15, UTC"),
            ("0 0 6 * * mon,THU", "Every Monday and Thursday at 06:00, UTC"),
            ("0 0 0 1 * *", "On day 1 of the month at 00:00, UTC"),
            ("0 0 0 1,15 JAN,7 *", "On days 1 and 15 of the month in January and July at 00:00, UTC"),
            ("0 */15 * * * *", "Every 15 minutes, UTC"),
            ("*/10 * * * * *", "Every 10 seconds, UTC"),
            ("0 0 */6 * * *", "Every 6 hours, UTC"),
            ("0 5 * * * SUN", "Every hour, 5 minutes past, every Sunday, UTC"),
            ("0 0 * * * *", "Every hour, UTC"),
            ("* * * * * *", "Every second, UTC"),
        ] {
            assert_eq!(when(&schedule(Some(cron), None, "UTC")), words, "{cron}");
        }
        let other = when(&schedule(Some("0 10-20/5 2 1 * 1"), None, "Europe/Berlin"));
        assert!(other.ends_with(", Europe/Berlin") && other.len() > 20, "{other}");
        for (seconds, words) in [(1, "Every second"), (90, "Every 90 seconds"), (3600, "Every hour"), (172_800, "Every 2 days")] {
            assert_eq!(when(&schedule(None, Some(seconds), "UTC")), words);
        }
    }

    #[test]
    fn times() {
        let s = schedule(Some("0 0 2 * * *"), None, "Europe/Berlin");
        let at = |text: &str| time(&s, parse_rfc3339(text).unwrap(), parse_rfc3339("2026-11-29T22:30:00Z").unwrap());
        assert_eq!(at("2026-11-29T22:45:00Z"), "today at 23:45");
        assert_eq!(at("2026-11-30T01:00:00Z"), "tomorrow at 02:00");
        assert_eq!(at("2026-12-02T01:00:05Z"), "Wednesday at 02:00:05");
        assert_eq!(at("2026-12-24T01:00:00Z"), "Thursday 24 December at 02:00");
        assert_eq!(at("2027-01-01T01:00:00Z"), "Friday 1 January 2027 at 02:00");
        assert_eq!(at("2027-10-31T00:30:00Z"), "Sunday 31 October 2027 at 02:30 (UTC+02)");
        assert_eq!(at("2027-10-31T01:30:00Z"), "Sunday 31 October 2027 at 02:30 (UTC+01)");
    }
}
