//! Cuts a stream of bytes into lines of a log.

use crate::logs::MAX_LINE;

/// Holds what has no line end yet.
#[derive(Debug, Default)]
pub struct Lines {
    rest: Vec<u8>,
}

impl Lines {
    /// Takes bytes and gives the lines that are whole now. A line that grows past [`MAX_LINE`] is given in pieces.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut whole = Vec::new();
        for piece in bytes.split_inclusive(|b| *b == b'\n') {
            self.rest.extend_from_slice(piece);
            if self.rest.last() == Some(&b'\n') {
                self.rest.pop();
                whole.push(shown(&self.rest).to_vec());
                self.rest.clear();
            }
            while self.rest.len() > MAX_LINE {
                let cut = (MAX_LINE - 3..=MAX_LINE).rev().find(|i| self.rest[*i] & 0xC0 != 0x80).unwrap_or(MAX_LINE);
                let after = self.rest.split_off(cut);
                whole.push(std::mem::replace(&mut self.rest, after));
            }
        }
        whole
    }

    /// Whether something waits for its line end.
    pub fn is_waiting(&self) -> bool {
        !self.rest.is_empty()
    }

    /// Gives what waits, as a line of its own. The bytes of a character that is not whole yet are kept back unless `all` is asked.
    pub fn take(&mut self, all: bool) -> Option<Vec<u8>> {
        let whole = match std::str::from_utf8(&self.rest) {
            Err(e) if e.error_len().is_none() && !all => e.valid_up_to(),
            _ => self.rest.len(),
        };
        let after = self.rest.split_off(whole);
        let taken = std::mem::replace(&mut self.rest, after);
        let text = shown(&taken);
        (!text.is_empty()).then(|| text.to_vec())
    }
}

/// What a terminal would show in the end: a progress bar writes over its line with carriage returns.
fn shown(line: &[u8]) -> &[u8] {
    let mut line = line;
    while let Some(before) = line.strip_suffix(b"\r") {
        line = before;
    }
    line.rsplit(|b| *b == b'\r').next().unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: Vec<Vec<u8>>) -> Vec<String> {
        lines.into_iter().map(|l| String::from_utf8(l).unwrap()).collect()
    }

    #[test]
    fn lines_come_whole_however_the_bytes_arrive() {
        let mut lines = Lines::default();
        assert!(lines.push(b"on").is_empty());
        assert_eq!(texts(lines.push(b"e\r\ntwo\n\nthr")), ["one", "two", ""]);
        assert!(lines.is_waiting());
        assert_eq!(lines.take(false).as_deref(), Some(&b"thr"[..]));
        assert_eq!(lines.take(true), None);
    }

    #[test]
    fn a_progress_bar_shows_its_last_state() {
        let mut lines = Lines::default();
        assert_eq!(texts(lines.push(b"\r10%\r20%\r30%\n")), ["30%"]);
        lines.push(b"\r40%\r50%\r");
        assert_eq!(lines.take(false).as_deref(), Some(&b"50%"[..]));
    }

    #[test]
    fn a_line_without_end_is_given_in_pieces() {
        let mut lines = Lines::default();
        let given = lines.push(&vec![b'x'; MAX_LINE * 2 + 5]);
        assert_eq!(given.iter().map(Vec::len).collect::<Vec<_>>(), [MAX_LINE, MAX_LINE]);
        assert_eq!(lines.take(true).map(|l| l.len()), Some(5));
    }

    #[test]
    fn a_character_is_not_torn() {
        let mut lines = Lines::default();
        lines.push(&"aé".as_bytes()[..2]);
        assert_eq!(lines.take(false).as_deref(), Some(&b"a"[..]));
        lines.push(&"é".as_bytes()[1..]);
        assert_eq!(lines.take(false).as_deref(), Some("é".as_bytes()));
    }
}
