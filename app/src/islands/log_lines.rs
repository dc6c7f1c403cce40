//! The lines of a log in blocks of text ready to be shown. Pure.

use crate::{api::logs::LogLine, ui::time};
use std::sync::Arc;

/// Lines per block.
const BLOCK: usize = 200;
/// Lines kept in the page; the oldest go first.
const KEPT: usize = 20_000;

/// What has arrived of a log.
#[derive(Default)]
pub struct Lines {
    blocks: Vec<Arc<Vec<LogLine>>>,
    /// How many blocks were dropped at the beginning.
    dropped: usize,
}

/// A block to show.
pub struct Block {
    /// Changes when its text does.
    pub key: (usize, usize, bool, bool),
    /// Whether it may still grow.
    pub last: bool,
    lines: Arc<Vec<LogLine>>,
    local: bool,
}

impl Block {
    /// Its lines as HTML, escaped.
    pub fn html(&self) -> String {
        html(&self.lines, self.local)
    }
}

impl Lines {
    /// Takes what came.
    pub fn append(&mut self, lines: Vec<LogLine>) {
        for line in lines {
            match self.blocks.last_mut() {
                Some(block) if block.len() < BLOCK => Arc::make_mut(block).push(line),
                _ => self.blocks.push(Arc::new(vec![line])),
            }
        }
        while self.blocks.len() > KEPT / BLOCK {
            self.blocks.remove(0);
            self.dropped += 1;
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// The blocks; times in the reader's zone where `local`.
    pub fn blocks(&self, local: bool) -> Vec<Block> {
        let last = self.blocks.len().saturating_sub(1);
        let block = |(i, lines): (usize, &Arc<Vec<LogLine>>)| Block {
            key: (i + self.dropped, lines.len(), i == last, local),
            last: i == last,
            lines: lines.clone(),
            local,
        };
        self.blocks.iter().enumerate().map(block).collect()
    }
}

fn html(lines: &[LogLine], local: bool) -> String {
    let mut out = String::with_capacity(lines.len() * 120);
    for line in lines {
        let class = match line.stream.as_str() {
            "slipway" => "l slipway",
            _ if says_failure(&line.text) => "l bad",
            "err" => "l err",
            _ => "l",
        };
        let clock = time::parse(&line.time).map(|ms| time::clock(ms, local, true)).unwrap_or_default();
        out.push_str("<div class=\"");
        out.push_str(class);
        out.push_str("\"><span class=\"t\" title=\"");
        escape(&line.time, &mut out);
        out.push_str("\">");
        out.push_str(&clock);
        out.push_str("</span><span class=\"x\">");
        linked(&line.text, &mut out);
        out.push_str("</span></div>");
    }
    out
}

/// Whether a line looks like an error: its level says so, or it begins or ends what Python says of one.
fn says_failure(text: &str) -> bool {
    let text = text.trim_start();
    // A level stands at the beginning of a line.
    let level = |word: &str| matches!(word, "ERROR" | "CRITICAL" | "FATAL");
    let exception = |name: &str| name.ends_with("Error") || name.ends_with("Exception");
    text.starts_with("Traceback (most recent call last)")
        || text.starts_with("[E ")
        || text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty()).take(16).any(level)
        || text.split_once(": ").is_some_and(|(name, _)| exception(name) && !name.contains(char::is_whitespace))
}

/// Text as HTML, with links where it has addresses of the web.
fn linked(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some((before, from)) = ["http://", "https://"].iter().filter_map(|s| rest.find(s)).min().map(|at| rest.split_at(at)) {
        let url = address(from);
        escape(before, out);
        // Nothing but the scheme.
        if url.ends_with('/') && url.trim_end_matches('/').ends_with(':') {
            escape(url, out);
        } else {
            out.push_str("<a href=\"");
            escape(url, out);
            out.push_str("\" target=\"_blank\" rel=\"noopener noreferrer\">");
            escape(url, out);
            out.push_str("</a>");
        }
        rest = from.split_at(url.len()).1;
    }
    escape(rest, out);
}

/// The address that a text begins with: without what ends the sentence or the bracket around it.
fn address(text: &str) -> &str {
    let ends = |c: char| c.is_whitespace() || c.is_control() || "<>\"'`|\\^{}".contains(c);
    let url = text.split(ends).next().unwrap_or_default();
    let url = if url.contains(['(', '[']) { url } else { url.split([')', ']']).next().unwrap_or_default() };
    url.trim_end_matches(['.', ',', ';', ':', '!', '?'])
}

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            // Control characters but the tab: colours of a terminal.
            c if c.is_control() && c != '\t' => {}
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> LogLine {
        LogLine { time: "2026-11-23T14:02:03.000Z".into(), stream: "out".into(), text: text.into() }
    }

    #[test]
    fn markup_is_text() {
        let mut lines = Lines::default();
        lines.append(vec![line("<b>&\u{1b}[31m")]);
        let blocks = lines.blocks(false);
        assert!(blocks[0].html().contains("&lt;b&gt;&amp;[31m"), "{}", blocks[0].html());
        assert!(blocks[0].html().contains("14:02:03"));
    }

    fn html_of(stream: &str, text: &str) -> String {
        html(&[LogLine { stream: stream.into(), ..line(text) }], false)
    }

    #[test]
    fn addresses_are_links() {
        let out = html_of("out", "see (https://a.example/x?a=1&b=\"2\"), or http://b.example.");
        assert!(out.contains("see (<a href=\"https://a.example/x?a=1&amp;b=\" target=\"_blank\" rel=\"noopener noreferrer\">"), "{out}");
        assert!(out.contains("</a>&quot;2&quot;), or <a href=\"http://b.example\""), "{out}");
        let wiki = html_of("out", "https://w.example/a_(b) javascript:alert(1)");
        assert!(wiki.contains("href=\"https://w.example/a_(b)\"") && wiki.matches("<a ").count() == 1, "{wiki}");
        for plain in ["http://", "ftp://a.example", "https://.", "https:///"] {
            assert!(!html_of("out", plain).contains("<a "), "{plain}");
        }
        assert!(html_of("out", "\u{1b}[34mhttp://a.example\u{1b}[0m").contains("href=\"http://a.example\""));
    }

    #[test]
    fn only_what_looks_like_an_error_is_marked_as_one() {
        for bad in [
            "Traceback (most recent call last):",
            "ValueError: x",
            "a.b.SomeError: no",
            "2026-11-23 14:02:03,000 ERROR root: no",
            "[E 2026-11-23 14:02:03.000 ServerApp] no",
            "CRITICAL:root:no",
        ] {
            assert!(html_of("err", bad).contains("l bad"), "{bad}");
        }
        for well in ["[I 2026-11-23 14:02:03.000 ServerApp] up", "0 errors", "ERROR_RATE=0", "No Error: fine"] {
            assert!(html_of("err", well).contains("l err"), "{well}");
        }
    }

    #[test]
    fn the_oldest_go_first() {
        let mut lines = Lines::default();
        lines.append((0..KEPT + 1).map(|i| line(&i.to_string())).collect());
        let blocks = lines.blocks(false);
        assert_eq!(blocks.len(), KEPT / BLOCK);
        assert_eq!(blocks[0].key.0, 1);
        assert_eq!(blocks.iter().filter(|b| b.last).count(), 1);
    }
}
