//! The last complaint of a program, as the reason why it ended.

use super::LogStore;
use app::api::logs::{LogLine, LogQuery};

/// How far from its end a log is read, in bytes.
const TAIL: i64 = 16 * 1024;
/// The longest that is told, in characters.
const LONGEST: usize = 500;

impl LogStore {
    /// The last thing that a program complained of; nothing where it did not, or where its log cannot be read.
    pub async fn last_words(&self, workload: &str, attempt: i64) -> Option<String> {
        let query = LogQuery { attempt: Some(attempt), offset: Some(-TAIL), limit: Some(500), ..LogQuery::default() };
        match self.page(workload, &query).await {
            Ok(page) => of(&page.items),
            Err(error) => {
                tracing::warn!(workload, error = %error, "its log cannot be read");
                None
            }
        }
    }
}

/// Not a mere rule, not a frame of a trace, not news of a server that is well.
fn of(lines: &[LogLine]) -> Option<String> {
    let meaningful = |l: &&LogLine| {
        let news = l.stream != "err" || l.text.starts_with("INFO ") || !l.text.contains(char::is_alphanumeric);
        !news && !l.text.starts_with([' ', '\t', '^']) && !is_access(&l.text)
    };
    Some(lines.iter().rev().find(meaningful)?.text.trim().chars().take(LONGEST).collect())
}

/// A line of an access log, as most servers write it: `"GET /ready HTTP/1.1" 503 -`.
fn is_access(text: &str) -> bool {
    [" HTTP/1.0\" ", " HTTP/1.1\" ", " HTTP/2\" ", " HTTP/2.0\" "].iter().any(|version| text.contains(version))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(texts: &[(&str, &str)]) -> Vec<LogLine> {
        texts.iter().map(|(s, t)| LogLine { time: String::new(), stream: (*s).into(), text: (*t).into() }).collect()
    }

    #[test]
    fn the_last_complaint() {
        let log = lines(&[
            ("err", "Traceback (most recent call last):"),
            ("err", "  File \"x.py\", line 1"),
            ("err", "ValueError: no such column: age"),
            ("err", "   "),
            ("slipway", "Exited with code 1."),
        ]);
        assert_eq!(of(&log).as_deref(), Some("ValueError: no such column: age"));
        let well = [("out", "{\"event\": \"ready\"}"), ("err", "INFO uvicorn.error: Started"), ("slipway", "x")];
        assert_eq!(of(&lines(&well)), None);
    }
}
