//! One line of a log, written and read.

use app::api::logs::LogLine;

/// The longest text of a line in bytes; longer ones are split.
pub const MAX_LINE: usize = 64 * 1024;

/// Who said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
    /// We, about the workload.
    Slipway,
}

impl Stream {
    /// The word in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::Err => "err",
            Self::Slipway => "slipway",
        }
    }
}

/// Appends a line. Line ends inside the text would forge other lines, so they become spaces; what is no UTF-8 is replaced.
pub fn format_line(into: &mut Vec<u8>, time: &str, stream: Stream, text: &[u8]) {
    into.extend_from_slice(time.as_bytes());
    into.push(b' ');
    into.extend_from_slice(stream.as_str().as_bytes());
    into.push(b' ');
    let text = String::from_utf8_lossy(text);
    into.extend(text.bytes().map(|b| if b == b'\n' { b' ' } else { b }));
    into.push(b'\n');
}

/// Reads a line without its line end. What is not of our form (a torn line after a crash) is shown as it is.
pub fn parse_line(line: &[u8]) -> LogLine {
    let text = String::from_utf8_lossy(line);
    let mut parts = text.splitn(3, ' ');
    if let (Some(time), Some(stream), Some(text)) = (parts.next(), parts.next(), parts.next())
        && matches!(stream, "out" | "err" | "slipway")
        && time.len() == 24
        && time.ends_with('Z')
    {
        return LogLine { time: time.into(), stream: stream.into(), text: text.into() };
    }
    LogLine { time: String::new(), stream: "slipway".into(), text: text.into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_comes_back_as_it_went_in() {
        let mut bytes = Vec::new();
        format_line(&mut bytes, "2026-11-23T14:02:00.000Z", Stream::Err, b" two  spaces\xff");
        let line = parse_line(bytes.strip_suffix(b"\n").unwrap());
        assert_eq!((line.time.as_str(), line.stream.as_str()), ("2026-11-23T14:02:00.000Z", "err"));
        assert_eq!(line.text, " two  spaces\u{fffd}");
    }

    #[test]
    fn a_torn_line_is_shown_as_it_is() {
        assert_eq!(parse_line(b"half a").text, "half a");
    }

    #[test]
    fn a_text_cannot_forge_a_line() {
        let mut bytes = Vec::new();
        format_line(&mut bytes, "2026-11-23T14:02:00.000Z", Stream::Out, b"a\nb");
        assert_eq!(bytes.iter().filter(|b| **b == b'\n').count(), 1);
    }
}
