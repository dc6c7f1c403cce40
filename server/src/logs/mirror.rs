//! A copy of a log that is written elsewhere, byte for byte, as it arrives in pieces.

use super::parts::{end_path, part_path, parts};
use std::{
    fs, io,
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// So many parts are kept, as where the log is written.
const PARTS: usize = 2;

/// The copy of the log of one attempt. There is one writer at a time.
#[derive(Debug, Clone)]
pub struct LogMirror {
    folder: PathBuf,
    attempt: i64,
}

/// A piece of a log.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'a> {
    /// Offset at which the part begins that it is of.
    pub part: u64,
    /// Offset of its first byte in the log.
    pub offset: u64,
    /// The bytes.
    pub bytes: &'a [u8],
}

impl LogMirror {
    /// The copy in this folder; nothing is made yet.
    pub fn new(folder: &Path, attempt: i64) -> Self {
        Self { folder: folder.to_owned(), attempt }
    }

    /// Offset behind the last byte that is here.
    ///
    /// # Errors
    /// What the system says.
    pub fn end(&self) -> io::Result<u64> {
        Ok(parts(&self.folder, self.attempt)?.last().map_or(0, |p| p.end()))
    }

    /// Whether nothing follows any more.
    pub fn is_finished(&self) -> bool {
        end_path(&self.folder, self.attempt).exists()
    }

    /// Takes a piece, whole or not at all, if it begins where the copy ends, or at a part behind it whose beginning was dropped where the log is
    /// written. Answers where the copy ends now: where it is not behind the piece, the piece was not taken.
    ///
    /// # Errors
    /// What the system says.
    pub fn append(&self, piece: Piece<'_>) -> io::Result<u64> {
        let there = parts(&self.folder, self.attempt)?;
        let (begin, end) = there.last().map_or((0, 0), |p| (p.begin, p.end()));
        let begins_part = piece.part == piece.offset && piece.offset >= end;
        let goes_on = piece.part == begin && piece.offset == end;
        if self.is_finished() || piece.bytes.is_empty() || !(begins_part || goes_on) {
            return Ok(end);
        }
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let path = part_path(&self.folder, self.attempt, piece.part);
        let mut file = fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        if let Err(e) = file.write_all(piece.bytes) {
            // Half a piece is taken back, or its lines would be there twice.
            file.set_len(piece.offset - piece.part)?;
            return Err(e);
        }
        let there = parts(&self.folder, self.attempt)?;
        for old in there.iter().rev().skip(PARTS) {
            fs::remove_file(&old.path)?;
        }
        Ok(piece.offset + piece.bytes.len() as u64)
    }

    /// Says that nothing follows any more.
    ///
    /// # Errors
    /// The mark cannot be written; readers then wait for more.
    pub fn finish(&self) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        if let Some(last) = parts(&self.folder, self.attempt)?.last() {
            fs::File::open(&last.path)?.sync_data()?;
        }
        fs::File::create(end_path(&self.folder, self.attempt)).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(part: u64, offset: u64, text: &str) -> Piece<'_> {
        Piece { part, offset, bytes: text.as_bytes() }
    }

    #[test]
    fn pieces_arrive_once_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let mirror = LogMirror::new(&folder.path().join("w"), 1);
        assert_eq!(mirror.end().unwrap(), 0);
        assert_eq!(mirror.append(piece(0, 0, "one\ntw")).unwrap(), 6);
        // Sent again because the answer was lost, and one that is ahead.
        assert_eq!(mirror.append(piece(0, 0, "one\ntw")).unwrap(), 6);
        assert_eq!(mirror.append(piece(0, 9, "x")).unwrap(), 6);
        assert_eq!(mirror.append(piece(0, 6, "o\n")).unwrap(), 8);
        assert_eq!(fs::read_to_string(folder.path().join("w/1.log")).unwrap(), "one\ntwo\n");
        assert!(!mirror.is_finished());
        mirror.finish().unwrap();
        assert!(mirror.is_finished());
        assert_eq!(mirror.append(piece(0, 8, "late\n")).unwrap(), 8);
    }

    #[test]
    fn parts_are_those_of_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let mirror = LogMirror::new(folder.path(), 2);
        mirror.append(piece(0, 0, "aaaa\n")).unwrap();
        assert_eq!(mirror.append(piece(5, 5, "bbbb\n")).unwrap(), 10);
        assert_eq!(mirror.append(piece(5, 10, "cc\n")).unwrap(), 13);
        // What came between was dropped while nobody could be reached.
        assert_eq!(mirror.append(piece(40, 40, "dddd\n")).unwrap(), 45);
        let there = parts(folder.path(), 2).unwrap();
        assert_eq!(there.iter().map(|p| (p.begin, p.length)).collect::<Vec<_>>(), [(5, 8), (40, 5)]);
        // A part that is already behind does not come back.
        assert_eq!(mirror.append(piece(0, 0, "aaaa\n")).unwrap(), 45);
    }
}
