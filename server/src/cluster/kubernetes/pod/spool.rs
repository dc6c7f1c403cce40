//! What the supervisor writes, as the courier finds it.

use crate::{
    cluster::{
        Exit,
        kubernetes::plans::Orders,
        local::{
            paths::{Paths, make_private},
            record::{self, StopRequest},
        },
    },
    logs::{end_path, parts},
};
use bytes::Bytes;
use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

/// So many bytes of a log travel at once.
const PIECE: usize = 256 * 1024;

/// The records of one workload.
pub struct Spool {
    paths: Paths,
    logs: PathBuf,
    id: String,
    attempt: i64,
}

/// A piece of the log.
#[derive(Debug, PartialEq, Eq)]
pub struct Piece {
    /// Offset at which its part begins.
    pub part: u64,
    /// Offset of its first byte.
    pub offset: u64,
    /// The bytes.
    pub bytes: Bytes,
}

impl Spool {
    /// Below the supervisor's data folder.
    pub fn new(data: &Path, orders: &Orders) -> Self {
        let paths = Paths::new(data);
        Self { logs: paths.logs(&orders.id), paths, id: orders.id.clone(), attempt: orders.attempt }
    }

    /// The next piece behind this offset; `None` where there is nothing yet.
    ///
    /// # Errors
    /// What the system says.
    pub fn next(&self, from: u64) -> io::Result<Option<Piece>> {
        let there = parts(&self.logs, self.attempt)?;
        let Some(part) = there.iter().find(|p| p.end() > from) else { return Ok(None) };
        // What was dropped here before it was brought is not brought any more.
        let offset = from.max(part.begin);
        let length = usize::try_from(part.end() - offset).unwrap_or(PIECE).min(PIECE);
        let mut bytes = vec![0; length];
        let read = File::open(&part.path)?.read_at(&mut bytes, offset - part.begin)?;
        bytes.truncate(read);
        Ok((read > 0).then(|| Piece { part: part.begin, offset, bytes: bytes.into() }))
    }

    /// How it ended, once the log is whole and that is recorded.
    pub fn exit(&self) -> Option<Exit> {
        let whole = end_path(&self.logs, self.attempt).exists();
        record::read::<Exit>(&self.paths.exit(&self.id)).ok().flatten().filter(|_| whole)
    }

    /// Asks the supervisor to end the workload.
    ///
    /// # Errors
    /// What the system says.
    pub fn ask_to_end(&self, grace_ms: u64) -> io::Result<()> {
        make_private(&self.paths.records())?;
        record::write(&self.paths.stop(&self.id), &StopRequest { grace_ms })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::{LogMirror, LogWriter, Stream};
    use std::collections::BTreeMap;

    fn orders() -> Orders {
        Orders {
            portal: String::new(),
            id: "abc".into(),
            attempt: 1,
            token: String::new(),
            archive: None,
            folders: BTreeMap::new(),
            beside: None,
            upload_bytes: 0,
        }
    }

    /// What is brought piece by piece, with a portal that was away while parts were dropped, is what was written.
    #[test]
    fn a_log_arrives_as_it_was_written() {
        let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let spool = Spool::new(here.path(), &orders());
        let mirror = LogMirror::new(&there.path().join("abc"), 1);
        let bring = || {
            while let Some(piece) = spool.next(mirror.end().unwrap()).unwrap() {
                let end = mirror.append(crate::logs::Piece { part: piece.part, offset: piece.offset, bytes: &piece.bytes }).unwrap();
                assert_eq!(end, piece.offset + piece.bytes.len() as u64);
            }
        };
        let mut writer = LogWriter::open(&spool.logs, 1, 4096).unwrap();
        let mut write = |from: usize, to: usize| {
            for i in from..to {
                writer.lines(0, Stream::Out, [format!("line {i}").as_bytes()]);
            }
        };
        write(0, 10);
        bring();
        write(10, 150);
        bring();
        // Two parts and more while nobody came.
        write(150, 1000);
        bring();
        let read = |folder: &Path| {
            let all = parts(&folder.join("abc"), 1).unwrap();
            all.iter().map(|p| (p.begin, std::fs::read_to_string(&p.path).unwrap())).collect::<Vec<_>>()
        };
        let (written, brought) = (read(&here.path().join("logs")), read(there.path()));
        assert_eq!(written, brought);
        assert!(brought.last().unwrap().1.ends_with("line 999\n"));
        assert_eq!(spool.next(mirror.end().unwrap()).unwrap(), None);
        assert_eq!(spool.exit(), None);
    }
}
