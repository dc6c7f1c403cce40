//! The files that make up the log of an attempt.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// A file of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Offset of its first byte in the log.
    pub begin: u64,
    /// Its length now.
    pub length: u64,
    /// Where it lies.
    pub path: PathBuf,
}

impl Part {
    /// Offset behind its last byte.
    pub fn end(&self) -> u64 {
        self.begin + self.length
    }
}

/// Folder of the log of a node, below that of its workload.
pub fn node_folder(folder: &Path, node: u32) -> PathBuf {
    if node == 0 { folder.to_owned() } else { folder.join(format!("node-{node}")) }
}

/// Path of the part that begins at this offset.
pub fn part_path(folder: &Path, attempt: i64, begin: u64) -> PathBuf {
    folder.join(if begin == 0 { format!("{attempt}.log") } else { format!("{attempt}.log.{begin}") })
}

/// Path of the mark that the log of an attempt has ended.
pub fn end_path(folder: &Path, attempt: i64) -> PathBuf {
    folder.join(format!("{attempt}.end"))
}

/// Attempt and first offset of a file of a log folder.
pub fn parse_name(name: &str) -> Option<(i64, u64)> {
    let (attempt, rest) = name.split_once(".log")?;
    let begin = match rest.strip_prefix('.') {
        Some(begin) => begin.parse().ok()?,
        None if rest.is_empty() => 0,
        None => return None,
    };
    Some((attempt.parse().ok()?, begin))
}

/// The parts of an attempt, oldest first; none where there is no log.
///
/// # Errors
/// What the system says.
pub fn parts(folder: &Path, attempt: i64) -> io::Result<Vec<Part>> {
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let Some((of, begin)) = entry.file_name().to_str().and_then(parse_name) else { continue };
        // A part that was dropped meanwhile is no part any more.
        if of == attempt
            && let Ok(meta) = entry.metadata()
        {
            found.push(Part { begin, length: meta.len(), path: entry.path() });
        }
    }
    found.sort_by_key(|p| p.begin);
    Ok(found)
}
