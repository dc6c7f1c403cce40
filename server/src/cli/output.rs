//! How commands answer: a table for people, JSON for programs.

use crate::clock::{Clock, SystemClock, parse_rfc3339};
use clap::ValueEnum;
use comfy_table::{Table, presets};
use serde::Serialize;
use std::io::Write;

/// How to answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Columns for people.
    #[default]
    Table,
    /// The API's own JSON.
    Json,
}

/// Indented JSON.
pub fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|e| format!("{{\"error\": {:?}}}", e.to_string()))
}

/// Writes a line. A reader who has seen enough (`| head`) is no failure: the command ends quietly.
pub fn line(text: &str) {
    if writeln!(std::io::stdout().lock(), "{text}").is_err() {
        std::process::exit(0);
    }
}

/// A list of rows below a head; a sentence where there is none.
pub fn rows(head: &[&str], rows: Vec<Vec<String>>, none: &str) -> String {
    if rows.is_empty() {
        return none.to_owned();
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(head.iter().map(|h| h.to_uppercase()));
    for row in rows {
        table.add_row(row.into_iter().map(printable));
    }
    aligned(&table)
}

/// One thing: name and value, a pair a line. Pairs with an empty value are left out.
pub fn facts(pairs: &[(&str, String)]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    for (name, value) in pairs.iter().filter(|(_, v)| !v.is_empty()) {
        table.add_row([(*name).to_owned(), printable(value.clone())]);
    }
    aligned(&table)
}

fn aligned(table: &Table) -> String {
    // The preset pads both sides: a line begins with one blank that nobody needs.
    table.trim_fmt().lines().map(|l| l.strip_prefix(' ').unwrap_or(l)).collect::<Vec<_>>().join("\n")
}

/// What others wrote must not steer the terminal.
pub fn printable(text: String) -> String {
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect();
    }
    text
}

/// How long ago: `12s`, `5m`, `3h`, `9d`; `-` for never.
pub fn ago(time: Option<&str>) -> String {
    let Some(then) = time.and_then(parse_rfc3339) else { return "-".into() };
    span((SystemClock.now() - then) / 1000)
}

/// From one time to another, or to now.
pub fn took(from: Option<&str>, to: Option<&str>) -> String {
    let Some(from) = from.and_then(parse_rfc3339) else { return "-".into() };
    let to = to.and_then(parse_rfc3339).unwrap_or_else(|| SystemClock.now());
    span((to - from) / 1000)
}

/// A span of seconds in its largest units.
pub fn span(seconds: i64) -> String {
    match seconds.max(0) {
        s @ 0..=119 => format!("{s}s"),
        s @ 120..=7199 => format!("{}m", s / 60),
        s @ 7200..=172_799 => format!("{}h", s / 3600),
        s => format!("{}d", s / 86400),
    }
}

/// A metric as people read it.
pub fn number(value: &serde_json::Value) -> String {
    match value.as_f64() {
        Some(n) if n == n.trunc() && n.abs() < 1e15 => format!("{n}"),
        Some(n) if (1e-4..1e7).contains(&n.abs()) => format!("{n:.4}"),
        Some(n) => format!("{n:.3e}"),
        None => value.as_str().map_or_else(|| value.to_string(), str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables() {
        let text =
            rows(&["name", "state"], vec![vec!["a".into(), "running".into()], vec!["longer".into(), "\u{1b}[31mred".into()]], "none");
        assert_eq!(text, "NAME    STATE\na       running\nlonger  \u{fffd}[31mred");
        assert_eq!(rows(&["name"], vec![], "No rows."), "No rows.");
        assert_eq!(facts(&[("Name", "x".into()), ("Reason", String::new())]), "Name  x");
    }

    #[test]
    fn spans_and_numbers() {
        assert_eq!([span(5), span(300), span(7200), span(200_000)], ["5s", "5m", "2h", "2d"]);
        assert_eq!(number(&0.123_456.into()), "0.1235");
        assert_eq!(number(&3.0.into()), "3");
        assert_eq!(number(&"NaN".into()), "NaN");
    }
}
