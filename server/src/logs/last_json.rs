//! The last JSON object that a program printed: its result, where it has one.

use super::LogStore;
use app::api::logs::{LogLine, LogQuery};
use serde_json::Value;

/// How far from its end a log is read, in bytes.
const TAIL: i64 = 256 * 1024;

impl LogStore {
    /// The object on the last line of standard output that is one; nothing where there is none, or where the log cannot be read.
    pub async fn last_json(&self, workload: &str, attempt: i64) -> Option<Value> {
        let query = LogQuery { attempt: Some(attempt), offset: Some(-TAIL), limit: Some(5000), ..LogQuery::default() };
        match self.page(workload, &query).await {
            Ok(page) => of(&page.items),
            Err(error) => {
                tracing::warn!(workload, error = %error, "its log cannot be read");
                None
            }
        }
    }
}

fn of(lines: &[LogLine]) -> Option<Value> {
    lines.iter().rev().filter(|l| l.stream == "out").find_map(|l| serde_json::from_str(l.text.trim()).ok().filter(Value::is_object))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_last_object_on_standard_output() {
        let lines = [("out", "{\"a\": 1}"), ("out", "{\"a\": 2}"), ("out", "[3]"), ("err", "{\"a\": 4}"), ("out", "done")];
        let lines = lines.map(|(s, t)| LogLine { time: String::new(), stream: s.into(), text: t.into() });
        assert_eq!(of(&lines), Some(json!({ "a": 2 })));
        assert_eq!(of(&lines[2..]), None);
    }
}
