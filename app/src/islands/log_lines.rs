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
            "err" => "l err",
            "slipway" => "l slipway",
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
        escape(&line.text, &mut out);
        out.push_str("</span></div>");
    }
    out
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
