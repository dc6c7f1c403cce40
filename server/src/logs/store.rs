//! Reading logs: a page, as they grow, and as a whole.

use super::{
    line::parse_line,
    parts::{Part, end_path, node_folder, parse_name, parts},
};
use crate::error::{Context, Error, Result};
use app::api::logs::{LogLine, LogPage, LogQuery};
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use std::{
    fs,
    io::{self, BufRead, BufReader, Seek, SeekFrom},
    path::PathBuf,
    time::Duration,
};

/// Lines of a page when nothing is asked.
const LIMIT_DEFAULT: u32 = 500;
/// Lines of a page at most.
const LIMIT_MAX: u32 = 5000;
/// Bytes looked at for one page: a rare text in a large log is found over several pages.
const LOOKED_AT_MAX: u64 = 8 * 1024 * 1024;
/// How often a growing log is looked at.
const FOLLOW_EVERY: Duration = Duration::from_millis(200);

/// The logs of a data folder.
#[derive(Debug, Clone)]
pub struct LogStore {
    folder: PathBuf,
}

impl LogStore {
    /// The logs below `{data}/logs`.
    pub fn new(data: &std::path::Path) -> Self {
        Self { folder: data.join("logs") }
    }

    /// A piece of a log. An offset inside a line begins at the next one, an offset whose lines were dropped at the oldest there is.
    /// `complete` only after the log's end was read. A log that does not exist (yet) is empty and not complete.
    ///
    /// # Errors
    /// The workload's id or the limit makes no sense, or the disk cannot be read.
    pub async fn page(&self, workload: &str, query: &LogQuery) -> Result<LogPage> {
        let folder = node_folder(&self.of(workload)?, query.node.unwrap_or(0));
        let query = query.clone();
        let read = tokio::task::spawn_blocking(move || read_page(&folder, &query)).await;
        read.map_err(Error::internal)?
    }

    /// The log as it grows: pages with at least one line, the last one `complete`. It ends with the log; where the workload may
    /// never be started, the caller ends it. `next_offset` of a page is where to go on after a break.
    pub fn follow(&self, workload: &str, query: LogQuery) -> impl Stream<Item = Result<LogPage>> + Send + use<> {
        let (store, workload) = (self.clone(), workload.to_owned());
        stream::unfold(Some(query), move |query| {
            let (store, workload) = (store.clone(), workload.clone());
            async move {
                let mut query = query?;
                loop {
                    let page = match store.page(&workload, &query).await {
                        Ok(page) => page,
                        Err(e) => return Some((Err(e), None)),
                    };
                    let moved = query.offset != Some(page.next_offset);
                    if page.next_offset > 0 || page.complete {
                        query.offset = Some(page.next_offset);
                        query.attempt = Some(page.attempt);
                    }
                    if page.complete {
                        return Some((Ok(page), None));
                    }
                    if !page.items.is_empty() {
                        return Some((Ok(page), Some(query)));
                    }
                    if !moved || page.next_offset == 0 {
                        tokio::time::sleep(FOLLOW_EVERY).await;
                    }
                }
            }
        })
    }

    /// The bytes of a log as they are now, for a download.
    ///
    /// # Errors
    /// The workload's id makes no sense, or the disk cannot be read.
    pub async fn text(
        &self,
        workload: &str,
        attempt: Option<i64>,
        node: u32,
    ) -> Result<impl Stream<Item = io::Result<Bytes>> + Send + use<>> {
        let folder = node_folder(&self.of(workload)?, node);
        let found = tokio::task::spawn_blocking(move || {
            let attempt = attempt.or_else(|| attempts(&folder).ok()?.last().copied()).unwrap_or(1);
            // Opened now, so that a part dropped while somebody downloads is still read to its end.
            parts(&folder, attempt)?.into_iter().map(|p| Ok((fs::File::open(&p.path)?, p.length))).collect::<io::Result<Vec<_>>>()
        });
        let files = found.await.map_err(Error::internal)?.context("opening a log")?;
        Ok(stream::iter(files).flat_map(|(file, length)| {
            use tokio::io::AsyncReadExt;
            tokio_util::io::ReaderStream::with_capacity(tokio::fs::File::from_std(file).take(length), 64 * 1024)
        }))
    }

    /// Numbers of the attempts that have a log, in order.
    ///
    /// # Errors
    /// The workload's id makes no sense, or the disk cannot be read.
    pub async fn attempts(&self, workload: &str) -> Result<Vec<i64>> {
        let folder = self.of(workload)?;
        let read = tokio::task::spawn_blocking(move || attempts(&folder)).await;
        read.map_err(Error::internal)?.context("listing the attempts of a log")
    }

    fn of(&self, workload: &str) -> Result<PathBuf> {
        let fine = !workload.is_empty() && workload.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if fine { Ok(self.folder.join(workload)) } else { Err(Error::not_found("log")) }
    }
}

fn attempts(folder: &std::path::Path) -> io::Result<Vec<i64>> {
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut found: Vec<i64> = entries.filter_map(|e| Some(parse_name(e.ok()?.file_name().to_str()?)?.0)).collect();
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

fn read_page(folder: &std::path::Path, query: &LogQuery) -> Result<LogPage> {
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Error::invalid("limit", format!("A piece of a log has 1 to {LIMIT_MAX} lines.")));
    }
    let known = attempts(folder)?;
    let last = known.last().copied().unwrap_or(0);
    let attempt = query.attempt.unwrap_or(last.max(1));
    // Asked before reading: lines written between the two would otherwise be missed for good.
    let ended = end_path(folder, attempt).exists() || attempt < last;
    let mut page = LogPage { attempt, attempts: last, complete: ended, node: i64::from(query.node.unwrap_or(0)), ..LogPage::default() };
    let there = parts(folder, attempt)?;
    let (Some(first), Some(newest)) = (there.first(), there.last()) else { return Ok(page) };
    let (begin, end) = (first.begin, newest.end());
    let asked = query.offset.unwrap_or(0);
    let from = if asked < 0 { end.saturating_sub(asked.unsigned_abs()) } else { asked as u64 }.clamp(begin, end);

    let mut reader = Reader { next: from, looked_at: 0 };
    let contains = query.contains.as_deref().filter(|c| !c.is_empty());
    for part in there.iter().filter(|p| p.end() > from) {
        let full = reader.read(part, ended, |line| {
            if contains.is_none_or(|c| line.text.contains(c)) {
                page.items.push(line);
            }
            page.items.len() < limit as usize
        })?;
        if !full {
            break;
        }
    }
    page.next_offset = reader.next as i64;
    page.complete = ended && reader.next >= end;
    Ok(page)
}

/// Walks over the lines of parts.
struct Reader {
    /// Offset of the first byte not yet given.
    next: u64,
    looked_at: u64,
}

impl Reader {
    /// Reads lines until `take` has enough (`false`), the part ends (`true`), or enough was looked at (`false`).
    fn read(&mut self, part: &Part, ended: bool, mut take: impl FnMut(LogLine) -> bool) -> io::Result<bool> {
        let mut file = match fs::File::open(&part.path) {
            // Dropped while we read: its lines are gone, go on with the next part.
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                self.next = self.next.max(part.end());
                return Ok(true);
            }
            other => other?,
        };
        self.next = self.next.max(part.begin);
        let inside = self.next - part.begin;
        // One byte earlier, to see whether the offset is the beginning of a line.
        file.seek(SeekFrom::Start(inside.saturating_sub(1)))?;
        let mut reader = BufReader::with_capacity(64 * 1024, file);
        let mut line = Vec::new();
        if inside > 0 {
            let skipped = reader.read_until(b'\n', &mut line)? as u64;
            self.next += skipped.saturating_sub(1);
        }
        loop {
            line.clear();
            let read = reader.read_until(b'\n', &mut line)? as u64;
            let whole = line.last() == Some(&b'\n');
            // Half a line is one that is being written, unless nothing follows any more.
            if read == 0 || (!whole && !ended) {
                return Ok(read == 0);
            }
            self.next += read;
            self.looked_at += read;
            if whole {
                line.pop();
            }
            let more = take(parse_line(&line));
            if !more || self.looked_at >= LOOKED_AT_MAX {
                return Ok(false);
            }
        }
    }
}
