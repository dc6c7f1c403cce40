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
        months => format!(" in {}", and(&numbers(months)?.iter().map(|m| MONTHS[usize::from(*m) - 1]).collect::<Vec<_>>())),
    };
    let plain = |text: &str| text.parse::<u8>().ok();
    let even_hours = || even(hour).map(|step| (0..24).step_by(usize::from(step)).collect());
    if let (Some(s), Some(m), Some(hours)) = (plain(second), plain(minute), numbers(hour).or_else(even_hours)) {
        if let (0, 0, Some(step)) = (s, m, even(hour)) {
            return Some(often(&format!("every {step} hours"), &days, &within));
        }
        if hours.len() <= LISTED {
            let times: Vec<String> = hours.iter().map(|h| clock(*h, m, s)).collect();
            return Some(format!("{days}{within} at {}", and(&times.iter().map(String::as_str).collect::<Vec<_>>())));
        }
        // To the end of the day, and from its beginning again.
        let (first, step) = steps(&hours, 24)?;
        return Some(format!("every {step} hours from {}, {days}{within}", clock(first, m, s)));
    }
    let text = match (second.as_str(), minute.as_str(), hour.as_str()) {
        ("*", "*", "*") => "every second".to_owned(),
        ("0", "*", "*") => "every minute".to_owned(),
        ("0", "0", "*") => "every hour".to_owned(),
        ("0", m, "*") if plain(m).is_some() => match plain(m)? {
            1 => "every hour, 1 minute past".to_owned(),
            m => format!("every hour, {m} minutes past"),
        },
        (s, "*", "*") => within_one(s, "second", "minute")?,
        ("0", m, "*") => within_one(m, "minute", "hour")?,
        _ => return None,
    };
    Some(often(&text, &days, &within))
}

/// What comes many times a day needs no word about the days where it is every day.
fn often(text: &str, days: &str, within: &str) -> String {
    if days == "every day" { format!("{text}{within}") } else { format!("{text}, {days}{within}") }
}

/// Seconds of every minute, or minutes of every hour.
fn within_one(field: &str, unit: &str, whole: &str) -> Option<String> {
    if let Some(step) = even(field) {
        return Some(format!("every {step} {unit}s"));
    }
    let values = numbers(field)?;
    if let [one] = values.as_slice() {
        return Some(format!("at {unit} {one} of every {whole}"));
    }
    if values.len() <= LISTED {
        let texts: Vec<String> = values.iter().map(ToString::to_string).collect();
        return Some(format!("at {unit}s {} of every {whole}", and(&texts.iter().map(String::as_str).collect::<Vec<_>>())));
    }
    let (first, step) = steps(&values, 60)?;
    Some(format!("every {step} {unit}s from {unit} {first} of every {whole}"))
}

fn days(day: &str, weekday: &str) -> Option<String> {
    match (day, weekday) {
        ("*", "*") => Some("every day".to_owned()),
        ("*", list) => Some(match numbers(list)?.as_slice() {
            [1, 2, 3, 4, 5] => "every weekday".to_owned(),
            [0, 6] => "every Saturday and Sunday".to_owned(),
            [0, 1, 2, 3, 4, 5, 6] => "every day".to_owned(),
            some => format!("every {}", and(&some.iter().map(|d| DAYS[usize::from(*d)]).collect::<Vec<_>>())),
        }),
        (list, "*") => {
            let days: Vec<String> = numbers(list)?.iter().map(ToString::to_string).collect();
            let which = if days.len() == 1 { "day" } else { "days" };
            (days.len() <= LISTED).then(|| format!("on {which} {} of the month", and(&days.iter().map(String::as_str).collect::<Vec<_>>())))
        }
        _ => None,
    }
}

/// A list of numbers; `None` for anything else.
fn numbers(list: &str) -> Option<Vec<u8>> {
    list.split(',').map(|part| part.parse().ok()).collect()
}

/// The step of `*/5`, which comes out even.
fn even(field: &str) -> Option<u8> {
    field.strip_prefix("*/")?.parse().ok()
}

/// The first and the step of numbers that go to the end of the whole in steps.
fn steps(values: &[u8], whole: u8) -> Option<(u8, u8)> {
    let (&[first, second, ..], &last) = (values, values.last()?) else { return None };
    let step = second - first;
    let all = values.windows(2).all(|two| two[1] - two[0] == step);
    (all && step > 1 && last + step >= whole).then_some((first, step))
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
            ("0 0 0-23 * * *", "Every hour, UTC"),
            ("0 0,30 * * * *", "Every 30 minutes, UTC"),
            // What does not come out even begins anew with each hour, minute, day.
            ("0 */45 * * * *", "At minutes 0 and 45 of every hour, UTC"),
            ("0 5/15 * * * MON-FRI", "At minutes 5, 20, 35 and 50 of every hour, every weekday, UTC"),
            ("0 */7 * * * *", "Every 7 minutes from minute 0 of every hour, UTC"),
            ("0 5/10 * * * *", "Every 10 minutes from minute 5 of every hour, UTC"),
            ("*/50 * * * * *", "At seconds 0 and 50 of every minute, UTC"),
            ("30 * * * * *", "At second 30 of every minute, UTC"),
            ("*/7 * * * * *", "Every 7 seconds from second 0 of every minute, UTC"),
            ("0 0 */5 * * *", "Every 5 hours from 00:00, every day, UTC"),
            ("0 30 1/5 * * SUN", "Every 5 hours from 01:30, every Sunday, UTC"),
            ("0 30 0,12 * * *", "Every day at 00:30 and 12:30, UTC"),
            ("0 30 */2 * * *", "Every 2 hours from 00:30, every day, UTC"),
            ("0 0 */9 * * *", "Every day at 00:00, 09:00 and 18:00, UTC"),
            ("0 0 0 1 */5 *", "On day 1 of the month in January, June and November at 00:00, UTC"),
            ("0 0 0 */10 * *", "On days 1, 11, 21 and 31 of the month at 00:00, UTC"),
            ("0 0 2 * * 5-7", "Every Sunday, Friday and Saturday at 02:00, UTC"),
        ] {
            assert_eq!(when(&schedule(Some(cron), None, "UTC")), words, "{cron}");
        }
        // The parser's words, which say a step only where it goes all the way round.
        for (cron, part) in [
            ("0 */45 8 * * *", "minute 0 and 45"),
            ("0 0-30/10 8 * * *", "minute 0, 10, 20, and 30"),
            ("0 */15 8 * * *", "every 15 minutes"),
        ] {
            let words = when(&schedule(Some(cron), None, "UTC"));
            assert!(words.contains(part), "{cron}: {words}");
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
