//! Times: relative in place, exact on hover. The server writes the exact time in UTC; the browser puts them in the reader's words.

#[cfg(feature = "ssr")]
use leptos::prelude::*;

/// A moment, as "3 min ago".
#[cfg(feature = "ssr")]
#[component]
pub fn Ago(
    /// RFC 3339.
    #[prop(into)]
    time: String,
) -> impl IntoView {
    let words = exact(parse(&time)?, false);
    Some(view! { <time class="nowrap" datetime=time title=words.clone()>{words.clone()}</time> })
}

/// How long something took, or takes until now: "41 min".
#[cfg(feature = "ssr")]
#[component]
pub fn Lasting(
    /// RFC 3339.
    #[prop(into)]
    from: String,
    /// RFC 3339; now when left out.
    #[prop(optional_no_strip)]
    to: Option<String>,
) -> impl IntoView {
    let words = parse(&from).zip(to.as_deref().and_then(parse)).map(|(from, to)| duration((to - from) / 1000.0));
    view! { <span class="nowrap" data-from=from data-to=to>{words}</span> }
}

/// Milliseconds since 1970 of an RFC 3339 time in UTC.
pub fn parse(text: &str) -> Option<f64> {
    let (date, rest) = text.split_once('T')?;
    let mut ymd = date.split('-').map(|p| p.parse::<i64>().ok());
    let (y, m, d) = (ymd.next()??, ymd.next()??, ymd.next()??);
    let mut hms = rest.trim_end_matches('Z').trim_end_matches("+00:00").split(':');
    let (h, min) = (hms.next()?.parse::<f64>().ok()?, hms.next()?.parse::<f64>().ok()?);
    let s = hms.next().and_then(|s| s.parse::<f64>().ok()).unwrap_or(0.0);
    // Days since 1970 of a civil date (Gregorian, years from March).
    let (y, m) = if m > 2 { (y, m - 3) } else { (y - 1, m + 9) };
    let (era, year) = (y.div_euclid(400), y.rem_euclid(400));
    let day = (153 * m + 2) / 5 + d - 1;
    let days = era * 146_097 + year * 365 + year / 4 - year / 100 + day - 719_468;
    Some((days as f64 * 86_400.0 + h * 3600.0 + min * 60.0 + s) * 1000.0)
}

/// `(year, month, day, hour, minute, second)` of milliseconds since 1970.
fn civil(ms: f64) -> (i64, usize, i64, i64, i64, i64) {
    let secs = (ms / 1000.0).floor() as i64;
    let (days, rest) = (secs.div_euclid(86_400), secs.rem_euclid(86_400));
    let z = days + 719_468;
    let (era, doe) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (month, day) = (if mp < 10 { mp + 3 } else { mp - 9 }, doy - (153 * mp + 2) / 5 + 1);
    let year = yoe + era * 400 + i64::from(month <= 2);
    (year, month as usize, day, rest / 3600, rest / 60 % 60, rest % 60)
}

const MONTHS: [&str; 13] = ["", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Minutes that the reader's clock is ahead of UTC at that moment.
fn zone_minutes(ms: f64) -> f64 {
    #[cfg(feature = "browser")]
    return -js_sys::Date::new(&ms.into()).get_timezone_offset();
    #[cfg(not(feature = "browser"))]
    {
        let _ = ms;
        0.0
    }
}

/// Milliseconds that the clock which is shown is ahead of UTC at that moment: the reader's where `local`.
pub fn zone(ms: f64, local: bool) -> f64 {
    if local { zone_minutes(ms) * 60_000.0 } else { 0.0 }
}

/// `23 Nov`, in the reader's zone where `local`.
pub fn day(ms: f64, local: bool) -> String {
    let (_, month, day, ..) = civil(ms + zone(ms, local));
    format!("{day} {}", MONTHS[month])
}

/// `23 Nov 2026, 14:02:09 UTC`; in the reader's zone and without its name where `local`.
pub fn exact(ms: f64, local: bool) -> String {
    let (y, m, d, h, min, s) = civil(ms + zone(ms, local));
    format!("{d} {} {y}, {h:02}:{min:02}:{s:02}{}", MONTHS[m], if local { "" } else { " UTC" })
}

/// `2026-11-23T14:02:09`, as a field for date and time holds it; in the reader's zone in a browser.
pub fn local(ms: f64) -> String {
    let (y, m, d, h, min, s) = civil(ms + zone_minutes(ms) * 60_000.0);
    format!("{y:04}-{m:02}-{d:02}T{h:02}:{min:02}:{s:02}")
}

/// `14:02:09`, in the reader's zone where `local`.
pub fn clock(ms: f64, local: bool, seconds: bool) -> String {
    let (_, _, _, h, m, s) = civil(ms + zone(ms, local));
    if seconds { format!("{h:02}:{m:02}:{s:02}") } else { format!("{h:02}:{m:02}") }
}

/// `just now`, `3 min ago`, `in 2 d`, `12 Nov`.
pub fn relative(ms: f64, now: f64) -> String {
    let s = (now - ms) / 1000.0;
    match s {
        s if s < -45.0 => format!("in {}", ahead(-s)),
        s if s < 45.0 => "just now".into(),
        s if s < 7.0 * 86_400.0 => format!("{} ago", coarse(s)),
        _ => {
            let ((y, m, d, ..), (this, ..)) = (civil(ms + zone_minutes(ms) * 60_000.0), civil(now));
            if y == this { format!("{d} {}", MONTHS[m]) } else { format!("{d} {} {y}", MONTHS[m]) }
        }
    }
}

/// One unit, the nearest: what was asked for as 30 days is 30 days ahead, and not 29, the moment after.
fn ahead(s: f64) -> String {
    match s {
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 90.0 * 60.0 => format!("{:.0} min", s / 60.0),
        s if s < 48.0 * 3600.0 => format!("{:.0} h", s / 3600.0),
        s => format!("{:.0} d", s / 86_400.0),
    }
}

/// One unit: `41 min`.
fn coarse(s: f64) -> String {
    match s {
        s if s < 60.0 => format!("{s:.0} s"),
        s if s < 3600.0 => format!("{:.0} min", (s / 60.0).floor()),
        s if s < 86_400.0 => format!("{:.0} h", (s / 3600.0).floor()),
        s => format!("{:.0} d", (s / 86_400.0).floor()),
    }
}

/// A span of seconds: `0.4 s`, `41 s`, `28 min`, `3 h 5 min`, `9 d`.
pub fn duration(s: f64) -> String {
    match s.max(0.0) {
        s if s < 10.0 && s.fract() > 0.05 => format!("{s:.1} s"),
        s if s < 60.0 => format!("{s:.0} s"),
        s if s < 600.0 && (s % 60.0) >= 1.0 => format!("{:.0} min {:.0} s", (s / 60.0).floor(), (s % 60.0).floor()),
        s if s < 3600.0 => format!("{:.0} min", (s / 60.0).floor()),
        s if s < 86_400.0 => format!("{:.0} h {:.0} min", (s / 3600.0).floor(), ((s % 3600.0) / 60.0).floor()),
        s => format!("{:.0} d", (s / 86_400.0).floor()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        assert_eq!(parse("1970-01-01T00:00:00.000Z"), Some(0.0));
        assert_eq!(parse("2026-11-23T23:14:03.250Z"), Some(1_795_475_643_250.0));
        assert_eq!(exact(1_795_475_643_250.0, false), "23 Nov 2026, 23:14:03 UTC");
        assert_eq!(exact(951_782_400_000.0, false), "29 Feb 2000, 00:00:00 UTC");
        assert_eq!(parse("yesterday"), None);
    }

    #[test]
    fn words() {
        assert_eq!(relative(0.0, 30_000.0), "just now");
        assert_eq!(relative(0.0, 120_000.0), "2 min ago");
        assert_eq!(relative(30.0 * 86_400_000.0, 1500.0), "in 30 d");
        assert_eq!(relative(25.0 * 3_600_000.0, 0.0), "in 25 h");
        assert_eq!(duration(0.42), "0.4 s");
        assert_eq!(duration(11_100.0), "3 h 5 min");
    }
}
