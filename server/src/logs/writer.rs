//! Writing the log of one attempt. There is one writer at a time: the workload's supervisor, or the server after its death.

use super::{
    line::{MAX_LINE, Stream, format_line},
    parts::{end_path, part_path, parts},
};
use crate::clock::rfc3339;
use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// Appends lines, begins a new part when one is full, keeps two.
#[derive(Debug)]
pub struct LogWriter {
    folder: PathBuf,
    attempt: i64,
    part_bytes: u64,
    begin: u64,
    length: u64,
    file: fs::File,
    buffer: Vec<u8>,
    lost: u64,
}

impl LogWriter {
    /// Opens the log of an attempt, behind what is there.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(folder: &Path, attempt: i64, part_bytes: u64) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let (begin, length) = parts(folder, attempt)?.last().map_or((0, 0), |p| (p.begin, p.length));
        let file = open_part(folder, attempt, begin)?;
        let mut writer =
            Self { folder: folder.to_owned(), attempt, part_bytes: part_bytes.max(1024), begin, length, file, buffer: Vec::new(), lost: 0 };
        writer.close_torn_line()?;
        Ok(writer)
    }

    /// Writes lines of one moment (milliseconds since 1970). A full disk loses lines, never blocks the workload; the next line that can be
    /// written says how many.
    pub fn lines<'a>(&mut self, now: i64, stream: Stream, texts: impl IntoIterator<Item = &'a [u8]>) {
        let time = rfc3339(now);
        let mut buffer = std::mem::take(&mut self.buffer);
        if self.lost > 0 {
            let text = format!("{} lines are missing here: they could not be written to the disk.", self.lost);
            format_line(&mut buffer, &time, Stream::Slipway, text.as_bytes());
        }
        let mut count = 0;
        for text in texts {
            for piece in pieces(text) {
                format_line(&mut buffer, &time, stream, piece);
                count += 1;
            }
        }
        match self.append(&time, &buffer) {
            Ok(()) => self.lost = 0,
            Err(_) => self.lost += count,
        }
        buffer.clear();
        self.buffer = buffer;
    }

    /// Writes what we say about the workload.
    pub fn say(&mut self, now: i64, text: &str) {
        for line in text.lines() {
            self.lines(now, Stream::Slipway, [line.as_bytes()]);
        }
    }

    /// Brings it to the disk for good.
    pub fn sync(&self) {
        // Nothing better can be done with a failure here: the lines are in the file.
        let _ = self.file.sync_data();
    }

    /// Says that nothing follows any more.
    ///
    /// # Errors
    /// The mark cannot be written; readers then wait for more.
    pub fn finish(&self) -> io::Result<()> {
        self.sync();
        fs::File::create(end_path(&self.folder, self.attempt)).map(drop)
    }

    fn append(&mut self, time: &str, lines: &[u8]) -> io::Result<()> {
        if self.length > 0 && self.length + lines.len() as u64 > self.part_bytes {
            self.next_part(time)?;
        }
        let result = self.file.write_all(lines);
        if result.is_ok() {
            self.length += lines.len() as u64;
        // Half a line is taken back, or the next would stand in it.
        } else if self.file.set_len(self.length).is_err() {
            // Half a line stays: ask how much.
            self.length = self.file.metadata().map_or(self.length, |m| m.len());
        }
        result
    }

    fn next_part(&mut self, time: &str) -> io::Result<()> {
        let begin = self.begin + self.length;
        let file = open_part(&self.folder, self.attempt, begin)?;
        (self.file, self.begin, self.length) = (file, begin, 0);
        let mut there = parts(&self.folder, self.attempt)?;
        let mut dropped = false;
        while there.len() > 2 {
            fs::remove_file(&there.remove(0).path)?;
            dropped = true;
        }
        if dropped {
            let kept = app::api::resources::bytes_words((self.part_bytes * 2) as i64);
            let text = format!("This log grew larger than {kept}: its oldest lines were dropped.");
            let mut line = Vec::new();
            format_line(&mut line, time, Stream::Slipway, text.as_bytes());
            self.file.write_all(&line)?;
            self.length = line.len() as u64;
        }
        Ok(())
    }

    /// A crash of the machine may leave half a line: what follows has to begin on its own.
    fn close_torn_line(&mut self) -> io::Result<()> {
        use std::os::unix::fs::FileExt;
        let mut last = [b'\n'];
        if self.length > 0 {
            fs::File::open(part_path(&self.folder, self.attempt, self.begin))?.read_exact_at(&mut last, self.length - 1)?;
        }
        if last != [b'\n'] {
            self.file.write_all(b"\n")?;
            self.length += 1;
        }
        Ok(())
    }
}

fn open_part(folder: &Path, attempt: i64, begin: u64) -> io::Result<fs::File> {
    fs::OpenOptions::new().append(true).create(true).mode(0o600).open(part_path(folder, attempt, begin))
}

/// Splits a long text, never inside a character.
fn pieces(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let now = rest?;
        if now.len() <= MAX_LINE {
            rest = None;
            return Some(now);
        }
        let cut = (MAX_LINE - 3..=MAX_LINE).rev().find(|i| now[*i] & 0xC0 != 0x80).unwrap_or(MAX_LINE);
        let (piece, after) = now.split_at(cut);
        rest = Some(after);
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_split_between_characters() {
        let text = "é".repeat(MAX_LINE);
        let all: Vec<_> = pieces(text.as_bytes()).collect();
        assert!(all.len() > 1 && all.iter().all(|p| p.len() <= MAX_LINE && std::str::from_utf8(p).is_ok()));
        assert_eq!(all.concat(), text.as_bytes());
        assert_eq!(pieces(b"").count(), 1);
    }

    #[test]
    fn two_parts_are_kept_and_the_newer_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = LogWriter::open(folder.path(), 1, 4096).unwrap();
        for i in 0..500 {
            writer.lines(0, Stream::Out, [format!("line {i}").as_bytes()]);
        }
        let there = parts(folder.path(), 1).unwrap();
        assert_eq!(there.len(), 2);
        assert_eq!(there[0].end(), there[1].begin);
        assert!(there.iter().all(|p| p.length <= 4096));
        assert!(fs::read_to_string(&there[1].path).unwrap().contains("oldest lines were dropped"));
    }

    #[test]
    fn it_goes_on_behind_a_torn_line() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("1.log"), "half a").unwrap();
        LogWriter::open(folder.path(), 1, 4096).unwrap().say(0, "on");
        assert_eq!(fs::read_to_string(folder.path().join("1.log")).unwrap(), "half a\n1970-01-01T00:00:00.000Z slipway on\n");
    }
}
