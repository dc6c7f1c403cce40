//! Gates as a line of words, for forms and terminals: `val_auc >= 0.92`, `no worse log_loss minimize by 0.01`, `signature`,
//! `smoke on large within 200 ms`, `script fairness in train: python check.py`.

use super::promotions::{Direction, Gate};
use serde::{Deserialize, Deserializer, de::Error};
use std::{fmt, str::FromStr};

/// What a line can be.
pub const HELP: &str = "One a line: NAME >= NUMBER, NAME <= NUMBER, no worse NAME maximize (or minimize; by NUMBER; on any data), signature, \
                        smoke (on SIZE; within NUMBER ms), script NAME in ENVIRONMENT (on SIZE; within NUMBER s): COMMAND";

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Metric { name, min, max } => {
                let bounds = [(">=", min), ("<=", max)].into_iter().filter_map(|(sign, v)| v.map(|v| format!(" {sign} {v}")));
                write!(f, "{name}{}", bounds.collect::<String>())
            }
            Self::NoWorse { name, direction, tolerance, same_dataset } => {
                let way = match direction {
                    Direction::Maximize => "maximize",
                    Direction::Minimize => "minimize",
                };
                write!(f, "no worse {name} {way}")?;
                if *tolerance != 0.0 {
                    write!(f, " by {tolerance}")?;
                }
                f.write_str(if *same_dataset { "" } else { " on any data" })
            }
            Self::Signature => f.write_str("signature"),
            Self::Smoke { within_ms, size } => {
                f.write_str("smoke")?;
                if let Some(size) = size {
                    write!(f, " on {size}")?;
                }
                within_ms.map_or(Ok(()), |ms| write!(f, " within {ms} ms"))
            }
            Self::Script { name, environment, command, timeout_seconds, size } => {
                write!(f, "script {name} in {environment}")?;
                if let Some(size) = size {
                    write!(f, " on {size}")?;
                }
                if *timeout_seconds != 600 {
                    write!(f, " within {timeout_seconds} s")?;
                }
                // A command of several lines stays on one, as a JSON text.
                if command.contains('\n') || command.starts_with('"') {
                    write!(f, ": {}", serde_json::Value::from(command.as_str()))
                } else {
                    write!(f, ": {command}")
                }
            }
        }
    }
}

impl FromStr for Gate {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let line = line.trim();
        let not = || format!("\"{line}\" is no gate. {HELP}");
        if line.eq_ignore_ascii_case("signature") {
            return Ok(Self::Signature);
        }
        let smoke = line.strip_prefix("smoke").filter(|r| r.is_empty() || r.starts_with(' '));
        if let Some((size, within_ms)) = smoke.and_then(|rest| room(rest, "ms")) {
            return Ok(Self::Smoke { within_ms, size });
        }
        if let Some(rest) = line.strip_prefix("no worse ") {
            return no_worse(rest).ok_or_else(not);
        }
        if let Some(rest) = line.strip_prefix("script ") {
            return script(rest).ok_or_else(not);
        }
        metric(line).ok_or_else(not)
    }
}

fn metric(line: &str) -> Option<Gate> {
    let (mut rest, mut min, mut max) = (line, None, None);
    while let Some(at) = rest.rfind(">=").max(rest.rfind("<=")) {
        let value: f64 = rest[at + 2..].trim().parse().ok().filter(|v: &f64| v.is_finite())?;
        let bound = if rest[at..].starts_with('>') { &mut min } else { &mut max };
        if bound.replace(value).is_some() {
            return None;
        }
        rest = &rest[..at];
    }
    let name = rest.trim();
    (!name.is_empty() && (min.is_some() || max.is_some())).then(|| Gate::Metric { name: name.into(), min, max })
}

fn no_worse(rest: &str) -> Option<Gate> {
    let rest = rest.trim();
    let (rest, same_dataset) = rest.strip_suffix(" on any data").map_or((rest, true), |r| (r.trim_end(), false));
    let by = rest.rsplit_once(" by ").and_then(|(r, n)| Some((r.trim_end(), n.trim().parse::<f64>().ok()?)));
    let (rest, tolerance) = by.unwrap_or((rest, 0.0));
    let (name, way) = rest.rsplit_once(' ')?;
    let direction = match way {
        "maximize" => Direction::Maximize,
        "minimize" => Direction::Minimize,
        _ => return None,
    };
    Some(Gate::NoWorse { name: name.trim().into(), direction, tolerance, same_dataset })
}

/// What is said of size and time: `on large within 200 ms`, both or one or nothing.
fn room(rest: &str, unit: &str) -> Option<(Option<String>, Option<i64>)> {
    let (mut size, mut time) = (None, None);
    let mut words = rest.split_whitespace();
    while let Some(word) = words.next() {
        match word {
            "on" if size.is_none() => size = Some(words.next()?.to_owned()),
            "within" if time.is_none() => {
                time = Some(words.next()?.parse().ok()?);
                words.next().filter(|w| *w == unit)?;
            }
            _ => return None,
        }
    }
    Some((size, time))
}

fn script(rest: &str) -> Option<Gate> {
    let (head, command) = rest.split_once(':')?;
    let (name, place) = head.rsplit_once(" in ")?;
    let (environment, place) = place.trim().split_once(' ').unwrap_or((place.trim(), ""));
    let (size, seconds) = room(place, "s")?;
    let command = command.trim();
    let command = if command.starts_with('"') { serde_json::from_str(command).ok()? } else { command.to_owned() };
    let named = !name.trim().is_empty() && !environment.is_empty() && !command.is_empty();
    let timeout_seconds = seconds.unwrap_or(600);
    named.then(|| Gate::Script { name: name.trim().into(), environment: environment.into(), command, timeout_seconds, size })
}

/// Gates as objects or as lines of words.
///
/// # Errors
/// A line that is no gate.
pub(super) fn gates<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Gate>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Words(String),
        Object(Gate),
    }
    let read = |written| match written {
        Written::Object(gate) => Ok(gate),
        Written::Words(line) => line.parse().map_err(D::Error::custom),
    };
    let all = Vec::<Written>::deserialize(deserializer)?;
    all.into_iter().filter(|w| !matches!(w, Written::Words(line) if line.trim().is_empty())).map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_as_it_was() {
        let lines = [
            "val_auc >= 0.92",
            "log loss <= 0.3",
            "auc >= 0.1 <= 0.9",
            "no worse val_auc maximize",
            "no worse log loss minimize by 0.01 on any data",
            "signature",
            "smoke",
            "smoke within 200 ms",
            "smoke on large",
            "smoke on large within 200 ms",
            "script fairness in train: python check.py --max 0.1",
            "script long one in train on medium within 60 s: \"set -e\\npython a.py\"",
        ];
        for line in lines {
            assert_eq!(line.parse::<Gate>().expect(line).to_string(), line);
        }
        let bad =
            ["", "auc", "auc >= x", "auc >= 1 >= 2", "no worse auc", "smoke within x ms", "smoke within 2 s", "smoke on", "script x: y"];
        for bad in bad.into_iter().chain([">= 3", "auc >= NaN", "script x in y soon: z"]) {
            assert!(bad.parse::<Gate>().is_err(), "{bad:?}");
        }
    }
}
