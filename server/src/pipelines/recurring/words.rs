//! Schedules and times in words.

use super::{cron::Cron, schedule::Schedule};
use jiff::{Timestamp, civil, tz::AmbiguousOffset};

const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const NTH: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];
const DAILY: &str = "every day";
/// More than these are not listed one by one where there are shorter words.
const LISTED: usize = 4;
/// Minutes of a day.
const DAY: u16 = 24 * 60;

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

fn cron_words(cron: &Cron) -> String {
    let [second, minute, hour, day, month, weekday] = cron.fields();
    let days = days(day, weekday);
    let within = match month.as_str() {
        "*" => String::new(),
        months => format!(" in {}", listed(&values(months, 0), |m| MONTHS[usize::from(m) - 1].to_owned())),
    };
    let (seconds, minutes, hours) = (values(second, 60), values(minute, 60), values(hour, 24));
    if let ("0", "0", Some(step)) = (second.as_str(), minute.as_str(), even(hour)) {
        return often(&format!("every {step} hours"), &days, &within);
    }
    if let ([s], true) = (seconds.as_slice(), hour != "*") {
        let times: Vec<u16> = hours.iter().flat_map(|h| minutes.iter().map(move |m| h * 60 + m)).collect();
        let even = if times.len() > LISTED { row(&times, *s) } else { None };
        if let Some(row) = even {
            return format!("{row}, {days}{within}");
        }
        if times.len() <= LISTED || minutes.len() == 1 {
            return format!("{days}{within} at {}", and(&times.iter().map(|t| clock(t / 60, t % 60, *s)).collect::<Vec<_>>()));
        }
    }
    let of_hours = whole(hour, &hours, "hour");
    let text = match (second.as_str(), minutes.as_slice(), hour.as_str()) {
        ("0", [0], "*") => "every hour".to_owned(),
        ("0", [1], "*") => "every hour, 1 minute past".to_owned(),
        ("0", [m], "*") => format!("every hour, {m} minutes past"),
        ("0", ..) => within_one(minute, &minutes, "minute", &[of_hours]),
        _ => within_one(second, &seconds, "second", &[whole(minute, &minutes, "minute"), of_hours]),
    };
    if hour == "*" { often(&text, &days, &within) } else { format!("{text}, {days}{within}") }
}

/// What comes many times a day needs no word about the days where it is every day.
fn often(text: &str, days: &str, within: &str) -> String {
    if days == DAILY { format!("{text}{within}") } else { format!("{text}, {days}{within}") }
}

/// Times of a day, in minutes, in even steps: `every 30 minutes from 09:00 to 17:30`. Where they go all through the day, it needs no end.
fn row(times: &[u16], s: u16) -> Option<String> {
    let (&[first, second, ..], &last) = (times, times.last()?) else { return None };
    let step = second - first;
    if times.windows(2).any(|two| two[1] - two[0] != step) {
        return None;
    }
    let every = match (step % 60, step / 60) {
        (0, 1) => "every hour".to_owned(),
        (0, hours) => format!("every {hours} hours"),
        _ if step == 1 => "every minute".to_owned(),
        _ => format!("every {step} minutes"),
    };
    let at = |t: u16| clock(t / 60, t % 60, s);
    let to = if first < step && last + step >= DAY { String::new() } else { format!(" to {}", at(last)) };
    Some(format!("{every} from {}{to}", at(first)))
}

/// Seconds or minutes, of the minutes and hours they are in: `at minutes 0 and 45 of every hour`.
fn within_one(field: &str, values: &[u16], unit: &str, wholes: &[String]) -> String {
    let every = |whole: &String| whole.starts_with("every ");
    let goes_round = match (field, even(field)) {
        ("*", _) => Some(format!("every {unit}")),
        (_, Some(step)) => Some(format!("every {step} {unit}s")),
        _ => None,
    };
    let (text, skip, take) = match goes_round {
        Some(text) => (text, wholes.iter().take_while(|whole| every(whole)).count(), wholes.len()),
        // Of every minute is of every hour.
        None => (some_of_one(values, unit), 0, if wholes.iter().all(every) { 1 } else { wholes.len() }),
    };
    wholes.iter().skip(skip).take(take).fold(text, |text, whole| format!("{text} of {whole}"))
}

fn some_of_one(values: &[u16], unit: &str) -> String {
    match values {
        [one] => format!("at {unit} {one}"),
        _ => match steps(values, 60).filter(|_| values.len() > LISTED) {
            Some((first, step)) => format!("every {step} {unit}s from {unit} {first}"),
            None => format!("at {unit}s {}", listed(values, |v| v.to_string())),
        },
    }
}

/// Minutes or hours that something is in: `every hour`, `hours 9 to 17`.
fn whole(field: &str, values: &[u16], unit: &str) -> String {
    match values {
        _ if field == "*" => format!("every {unit}"),
        [one] => format!("{unit} {one}"),
        _ => format!("{unit}s {}", listed(values, |v| v.to_string())),
    }
}

/// Where both are said, one of them is enough.
fn days(day: &str, weekday: &str) -> String {
    let words = |field: &str, words: fn(&str) -> String| Some(words(field)).filter(|said| field != "*" && !said.is_empty());
    let said: Vec<String> = [words(day, of_month), words(weekday, of_week)].into_iter().flatten().collect();
    if said.is_empty() || said.iter().any(|words| words == DAILY) { DAILY.to_owned() } else { and(&said) }
}

fn of_month(field: &str) -> String {
    let numbers = values(field, 0);
    let special = field.split(',').filter_map(|part| match part {
        "L" => Some("the last day".to_owned()),
        "LW" => Some("the last weekday".to_owned()),
        _ => part.strip_suffix('W').map(|day| format!("the weekday nearest day {day}")),
    });
    let mut items: Vec<String> = special.collect();
    match (numbers.as_slice(), steps(&numbers, 32)) {
        ([], _) => {}
        (all, _) if all.len() == 31 => return DAILY.to_owned(),
        (many, Some((first, step))) if many.len() > LISTED && items.is_empty() => {
            return format!("every {step} days from day {first} of the month");
        }
        ([one], _) => items.insert(0, format!("day {one}")),
        (many, _) => items.insert(0, format!("days {}", listed(many, |v| v.to_string()))),
    }
    if items.is_empty() { String::new() } else { format!("on {} of the month", and(&items)) }
}

fn of_week(field: &str) -> String {
    let name = |day: u16| DAYS[usize::from(day) % 7].to_owned();
    let every = match values(field, 0).as_slice() {
        [] => None,
        [1, 2, 3, 4, 5] => Some("every weekday".to_owned()),
        [0, 6] => Some("every Saturday and Sunday".to_owned()),
        [0, 1, 2, 3, 4, 5, 6] => return DAILY.to_owned(),
        some => Some(format!("every {}", and(&some.iter().map(|d| name(*d)).collect::<Vec<_>>()))),
    };
    let special = field.split(',').filter_map(|part| {
        let (day, which) = match (part.split_once('#'), part.strip_suffix('L')) {
            (Some((day, n)), _) => (day, *NTH.get(n.parse::<usize>().ok()?.checked_sub(1)?)?),
            (None, Some(day)) => (day, "last"),
            (None, None) => return None,
        };
        Some(format!("the {which} {}", name(day.parse().ok()?)))
    });
    let special: Vec<String> = special.collect();
    let special = (!special.is_empty()).then(|| format!("on {} of the month", and(&special)));
    and(&every.into_iter().chain(special).collect::<Vec<_>>())
}

/// The numbers of a field, of which `*` has so many.
fn values(field: &str, all: u16) -> Vec<u16> {
    match (field, even(field)) {
        ("*", _) => (0..all).collect(),
        (_, Some(step)) => (0..all).step_by(usize::from(step)).collect(),
        _ => field.split(',').filter_map(|part| part.parse().ok()).collect(),
    }
}

/// The step of `*/5`, which comes out even.
fn even(field: &str) -> Option<u16> {
    field.strip_prefix("*/")?.parse().ok().filter(|step| *step > 0)
}

/// The first and the step of numbers that go to the end of the whole in steps.
fn steps(values: &[u16], whole: u16) -> Option<(u16, u16)> {
    let (&[first, second, ..], &last) = (values, values.last()?) else { return None };
    let step = second - first;
    let all = values.windows(2).all(|two| two[1] - two[0] == step);
    (all && step > 1 && last + step >= whole).then_some((first, step))
}

/// One by one; of many, those that follow one another as `1 to 7`.
fn listed(values: &[u16], name: impl Fn(u16) -> String) -> String {
    if values.len() <= LISTED {
        return and(&values.iter().map(|v| name(*v)).collect::<Vec<_>>());
    }
    let spans = values.chunk_by(|a, b| a + 1 == *b).flat_map(|span| match span {
        [first, _, .., last] => vec![format!("{} to {}", name(*first), name(*last))],
        few => few.iter().map(|v| name(*v)).collect(),
    });
    and(&spans.collect::<Vec<_>>())
}

fn and(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}

fn clock(h: u16, m: u16, s: u16) -> String {
    if s == 0 { format!("{h:02}:{m:02}") } else { format!("{h:02}:{m:02}:{s:02}") }
}

/// A time as people say it now: `tomorrow at 02:00`. On the clock of the schedule's time zone; where that shows the time twice, with which
/// of the two is meant.
pub fn time(schedule: &Schedule, at: i64, now: i64) -> String {
    let zone = schedule.zone();
    let civil = |ms: i64| Timestamp::from_millisecond(ms).ok().map(|t| zone.to_datetime(t));
    let (Some(then), Some(today)) = (civil(at), civil(now)) else { return String::new() };
    let [h, m, s] = [then.hour(), then.minute(), then.second()].map(|n| u16::from(n.unsigned_abs()));
    let clock = clock(h, m, s);
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
            ("0 0 0 1 4-12 *", "On day 1 of the month in April to December at 00:00, UTC"),
        ] {
            assert_eq!(when(&schedule(Some(cron), None, "UTC")), words, "{cron}");
        }
        for (seconds, words) in [(1, "Every second"), (90, "Every 90 seconds"), (3600, "Every hour"), (172_800, "Every 2 days")] {
            assert_eq!(when(&schedule(None, Some(seconds), "UTC")), words);
        }
    }

    #[test]
    fn times_of_some_hours() {
        for (cron, words) in [
            ("0 */30 1 * * *", "Every day at 01:00 and 01:30, UTC"),
            ("0 */45 8 * * *", "Every day at 08:00 and 08:45, UTC"),
            ("0 0-30/10 8 * * *", "Every day at 08:00, 08:10, 08:20 and 08:30, UTC"),
            ("0 */5 8 * * *", "Every 5 minutes from 08:00 to 08:55, every day, UTC"),
            ("0 0 9-17 * * MON-FRI", "Every hour from 09:00 to 17:00, every weekday, UTC"),
            ("0 */30 9-17 * * MON-FRI", "Every 30 minutes from 09:00 to 17:30, every weekday, UTC"),
            ("0 * 9-17 * * *", "Every minute from 09:00 to 17:59, every day, UTC"),
            ("30 * 9-17 * * *", "Every minute from 09:00:30 to 17:59:30, every day, UTC"),
            ("0 0 8-18/2 * * *", "Every 2 hours from 08:00 to 18:00, every day, UTC"),
            ("0 0 1-23 * * *", "Every hour from 01:00 to 23:00, every day, UTC"),
            ("0 0 1,2,3,5,8 * * *", "Every day at 01:00, 02:00, 03:00, 05:00 and 08:00, UTC"),
            ("0 5,20 9-17 * * *", "At minutes 5 and 20 of hours 9 to 17, every day, UTC"),
            ("0 */15 9,11 * * *", "Every 15 minutes of hours 9 and 11, every day, UTC"),
            ("0 0-10 9,11 * * *", "At minutes 0 to 10 of hours 9 and 11, every day, UTC"),
            ("* 0 2 * * *", "Every second of minute 0 of hour 2, every day, UTC"),
            ("* * 2 * * SUN", "Every second of hour 2, every Sunday, UTC"),
            ("*/10 5 * * * *", "Every 10 seconds of minute 5 of every hour, UTC"),
            ("30 5 * * * *", "At second 30 of minute 5 of every hour, UTC"),
            ("30 */15 * * * *", "At second 30 of minutes 0, 15, 30 and 45 of every hour, UTC"),
            ("5,6 * 2 * * *", "At seconds 5 and 6 of every minute of hour 2, every day, UTC"),
            ("0 0 */12 1W 1-6 *", "Every 12 hours, on the weekday nearest day 1 of the month in January to June, UTC"),
        ] {
            assert_eq!(when(&schedule(Some(cron), None, "UTC")), words, "{cron}");
        }
    }

    #[test]
    fn days_that_depend_on_the_month() {
        for (days, words) in [
            ("LW * ?", "On the last weekday of the month"),
            ("L * ?", "On the last day of the month"),
            ("LW,15 * ?", "On day 15 and the last weekday of the month"),
            ("LW * 2", "On the last weekday of the month and every Tuesday"),
            // It comes on the last weekday only, as the parser takes it.
            ("L,LW * *", "On the last weekday of the month"),
            ("15W,1W * *", "On the weekday nearest day 1 and the weekday nearest day 15 of the month"),
            ("L,1-2,15W * *", "On days 1 and 2, the weekday nearest day 15 and the last day of the month"),
            ("* * 5L", "On the last Friday of the month"),
            ("* * FRI#L", "On the last Friday of the month"),
            ("? * fri#2,SUNL", "On the second Friday and the last Sunday of the month"),
            ("? * 7#5", "On the fifth Sunday of the month"),
            ("* * 1-2#1", "On the first Monday and the first Tuesday of the month"),
            ("* * 1,5L", "Every Monday and on the last Friday of the month"),
            ("15 * FRI", "On day 15 of the month and every Friday"),
            ("1-31 * FRI", "Every day"),
            ("15 * 0-6", "Every day"),
            ("1-7,15 * *", "On days 1 to 7 and 15 of the month"),
            ("*/2 * *", "Every 2 days from day 1 of the month"),
        ] {
            assert_eq!(when(&schedule(Some(&format!("0 0 2 {days}")), None, "UTC")), format!("{words} at 02:00, UTC"), "{days}");
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
