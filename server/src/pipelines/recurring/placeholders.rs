//! What Kubeflow Pipelines fills in where a parameter of a recurring run says so: `[[ScheduledTime]]`, `[[CurrentTime]]`, `[[Index]]`,
//! `[[RunUUID]]`, and the two times in a form of one's own, `[[ScheduledTime.2006-01-02]]`. Times are in UTC. Anything else in double
//! brackets stays as it is.

use jiff::{Timestamp, civil, tz::TimeZone};
use serde_json::{Map, Value};
use std::fmt::Write;

/// The form of a time where none is said.
const PLAIN: &str = "20060102150405";
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
/// What stands for a part of a time: January 2, 15:04:05 of 2006. What begins another stands after it.
const PARTS: [&str; 29] = [
    "January", "Jan", "Monday", "Mon", "MST", "2006", "Z07:00", "Z0700", "Z07", "-07:00", "-0700", "-07", "__2", "002", "_2", "01", "02",
    "03", "04", "05", "06", "15", "PM", "pm", "1", "2", "3", "4", "5",
];

/// What one run is filled in with.
#[derive(Debug, Clone, Copy)]
pub struct Filling<'a> {
    /// Id of the pipeline run.
    pub run: &'a str,
    /// The time it is for, milliseconds since 1970.
    pub scheduled: i64,
    /// Milliseconds since 1970.
    pub now: i64,
    /// The how many-th run it is, from 1.
    pub index: i64,
}

impl Filling<'_> {
    /// Parameters with everything filled in, in texts however deep.
    pub fn fill(&self, parameters: &Map<String, Value>) -> Map<String, Value> {
        parameters.iter().map(|(name, value)| (name.clone(), self.value(value))).collect()
    }

    fn value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => Value::Array(items.iter().map(|v| self.value(v)).collect()),
            Value::Object(map) => Value::Object(self.fill(map)),
            other => other.clone(),
        }
    }

    fn text(&self, text: &str) -> String {
        let (mut out, mut rest) = (String::new(), text);
        while let Some((before, after)) = rest.split_once("[[") {
            let Some((name, behind)) = after.split_once("]]") else { break };
            out += before;
            match self.named(name) {
                Some(value) => out += &value,
                None => {
                    let _ = write!(out, "[[{name}]]");
                }
            }
            rest = behind;
        }
        out + rest
    }

    fn named(&self, name: &str) -> Option<String> {
        match name {
            "ScheduledTime" => Some(written(self.scheduled, PLAIN)),
            "CurrentTime" => Some(written(self.now, PLAIN)),
            "Index" => Some(self.index.to_string()),
            "RunUUID" => Some(self.run.to_owned()),
            _ => {
                let (which, layout) = name.split_once('.')?;
                match which {
                    "ScheduledTime" => Some(written(self.scheduled, layout)),
                    "CurrentTime" => Some(written(self.now, layout)),
                    _ => None,
                }
            }
        }
    }
}

/// Whether there is something to fill in.
pub fn has(text: &str) -> bool {
    ["[[ScheduledTime", "[[CurrentTime", "[[Index]]", "[[RunUUID]]"].iter().any(|name| text.contains(name))
}

/// A time in UTC in a form as Go has it: an example of the time it begins with.
fn written(ms: i64, layout: &str) -> String {
    let Ok(at) = Timestamp::from_second(ms.div_euclid(1000)) else { return String::new() };
    let at = TimeZone::UTC.to_datetime(at);
    let (mut out, mut rest) = (String::new(), layout);
    while let Some(next) = rest.chars().next() {
        if let Some(part) = PARTS.into_iter().find(|part| rest.starts_with(part)) {
            out += &one(part, at);
            rest = &rest[part.len()..];
        } else {
            out.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    out
}

fn one(part: &str, at: civil::DateTime) -> String {
    let month = MONTHS[at.month().unsigned_abs() as usize - 1];
    let weekday = DAYS[at.weekday().to_sunday_zero_offset().unsigned_abs() as usize];
    let twelve = if at.hour() % 12 == 0 { 12 } else { at.hour() % 12 };
    let half = if at.hour() < 12 { "AM" } else { "PM" };
    match part {
        "January" => month.to_owned(),
        "Jan" => month[..3].to_owned(),
        "Monday" => weekday.to_owned(),
        "Mon" => weekday[..3].to_owned(),
        "MST" => "UTC".to_owned(),
        "2006" => format!("{:04}", at.year()),
        "06" => format!("{:02}", at.year() % 100),
        "Z07:00" | "Z0700" | "Z07" => "Z".to_owned(),
        "-07:00" => "+00:00".to_owned(),
        "-0700" => "+0000".to_owned(),
        "-07" => "+00".to_owned(),
        "__2" => format!("{:>3}", at.day_of_year()),
        "002" => format!("{:03}", at.day_of_year()),
        "_2" => format!("{:>2}", at.day()),
        "01" => format!("{:02}", at.month()),
        "1" => at.month().to_string(),
        "02" => format!("{:02}", at.day()),
        "2" => at.day().to_string(),
        "15" => format!("{:02}", at.hour()),
        "03" => format!("{twelve:02}"),
        "3" => twelve.to_string(),
        "04" => format!("{:02}", at.minute()),
        "4" => at.minute().to_string(),
        "05" => format!("{:02}", at.second()),
        "5" => at.second().to_string(),
        "PM" => half.to_owned(),
        "pm" => half.to_lowercase(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::parse_rfc3339;
    use serde_json::json;

    #[test]
    fn texts_are_filled_in() {
        let at = |text: &str| parse_rfc3339(text).unwrap();
        let f = Filling { run: "abc", scheduled: at("2026-03-07T02:05:09Z"), now: at("2026-03-07T14:06:00Z"), index: 7 };
        for (given, filled) in [
            ("[[ScheduledTime]]", "20260307020509"),
            ("day=[[ScheduledTime.2006-01-02]]/[[Index]]", "day=2026-03-07/7"),
            ("[[CurrentTime.Mon Jan _2 3:04PM 06]]", "Sat Mar  7 2:06PM 26"),
            ("[[ScheduledTime.2006-01-02T15:04:05Z07:00]]", "2026-03-07T02:05:09Z"),
            ("[[ScheduledTime.Monday, January 2 (002) -0700 MST]]", "Saturday, March 7 (066) +0000 UTC"),
            ("[[RunUUID]] [[Unknown]] [[", "abc [[Unknown]] [["),
            ("x[[1]]y", "x[[1]]y"),
            ("]] plain", "]] plain"),
        ] {
            assert_eq!(f.text(given), filled);
        }
        let given = json!({ "a": ["[[Index]]", 1], "b": { "c": "[[Index]]" }, "d": true });
        assert_eq!(Value::Object(f.fill(given.as_object().unwrap())), json!({ "a": ["7", 1], "b": { "c": "7" }, "d": true }));
        assert!(has("x [[ScheduledTime.2006]]") && has("[[Index]]") && !has("[[1, 2]]"));
    }
}
