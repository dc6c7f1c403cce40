//! Reading a file.

use super::{
    ArtifactPath, ArtifactStore, store_error,
    trouble::{Trouble, broken_off, trouble},
};
use crate::error::{Context, Error, Kind, Result};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use object_store::{GetOptions, GetRange, GetResult, GetResultPayload, ObjectStore};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

/// Bytes read from disk at once.
const CHUNK: usize = 128 * 1024;

/// A part of a file, as in the HTTP header `Range`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// From the first to the last byte, both included.
    Between(u64, u64),
    /// From this byte on.
    From(u64),
    /// So many bytes at the end.
    Last(u64),
}

/// A file, opened for reading.
pub struct Opened {
    /// Size of the whole file, in bytes.
    pub size: u64,
    /// The bytes that `body` gives.
    pub range: std::ops::Range<u64>,
    /// Changes when the file does.
    pub tag: Option<String>,
    /// Last change, milliseconds since 1970.
    pub modified: i64,
    /// The bytes.
    pub body: BoxStream<'static, std::io::Result<Bytes>>,
}

impl ArtifactStore {
    /// Opens a file, or a part of it; `None` where there is no such file.
    ///
    /// # Errors
    /// The range begins after the end of the file; the store does not answer.
    pub async fn open(&self, team_id: &str, path: &ArtifactPath, range: Option<Range>) -> Result<Option<Opened>> {
        let wanted = range.map(|r| match r {
            Range::Between(from, to) => GetRange::Bounded(from..to.saturating_add(1)),
            Range::From(from) => GetRange::Offset(from),
            Range::Last(n) => GetRange::Suffix(n),
        });
        let options = GetOptions::new().with_range(wanted);
        match self.store.get_opts(&self.key(team_id, path), options).await {
            Ok(found) => opened(found).await.map(Some),
            Err(e) if is_gone(&e) => Ok(None),
            // 416 is about the range, which is told from the size.
            Err(e) if trouble(&e).is_some() && !e.to_string().contains("status code: 416") => Err(store_error(e)),
            Err(e) => match self.size(team_id, path).await? {
                None => Ok(None),
                Some(size) if range.is_some() => {
                    Err(Error::invalid("range", format!("The range lies outside of the file, which has {size} bytes."))
                        .context(e.to_string()))
                }
                Some(_) => Err(store_error(e)),
            },
        }
    }

    /// Size of a file in bytes; `None` where there is no such file.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn size(&self, team_id: &str, path: &ArtifactPath) -> Result<Option<u64>> {
        if path.is_root() {
            return Ok(None);
        }
        match self.store.get_opts(&self.key(team_id, path), GetOptions::new().with_head(true)).await {
            Ok(found) => Ok(Some(found.meta.size)),
            Err(e) if self.is_missing(&e) => Ok(None),
            Err(e) => Err(store_error(e)),
        }
    }

    /// A small file whole; `None` where there is no such file.
    ///
    /// # Errors
    /// Larger than `at_most` bytes; the store does not answer.
    pub async fn read(&self, team_id: &str, path: &ArtifactPath, at_most: u64) -> Result<Option<Bytes>> {
        let Some(file) = self.open(team_id, path, None).await? else { return Ok(None) };
        if file.size > at_most {
            return Err(Error::new(Kind::TooLarge, format!("`{path}` has {} bytes; up to {at_most} are read here.", file.size)));
        }
        let all: Vec<Bytes> = file.body.try_collect().await.map_err(broken_off)?;
        Ok(Some(Bytes::from(all.concat())))
    }

    /// A folder, or a path below a file, is not a file either; the local store says so in ways of its own.
    fn is_missing(&self, e: &object_store::Error) -> bool {
        let io_kind = |e: &(dyn std::error::Error + 'static)| {
            let mut next = Some(e);
            while let Some(e) = next {
                if let Some(io) = e.downcast_ref::<std::io::Error>() {
                    return Some(io.kind());
                }
                next = e.source();
            }
            None
        };
        is_gone(e)
            || matches!(
                io_kind(e),
                Some(std::io::ErrorKind::NotADirectory | std::io::ErrorKind::IsADirectory | std::io::ErrorKind::NotFound)
            )
    }
}

/// Whether a store says that an object is not there. A bucket that is not there is something else.
fn is_gone(e: &object_store::Error) -> bool {
    matches!(e, object_store::Error::NotFound { .. }) && trouble(e) != Some(Trouble::NoBucket)
}

async fn opened(found: GetResult) -> Result<Opened> {
    let (size, range, tag) = (found.meta.size, found.range.clone(), found.meta.e_tag.clone());
    let modified = found.meta.last_modified.timestamp_millis();
    let body = match found.payload {
        GetResultPayload::File(file, _) => {
            let mut file = tokio::fs::File::from_std(file);
            file.seek(std::io::SeekFrom::Start(range.start)).await.context("seek in an artifact")?;
            ReaderStream::with_capacity(file.take(range.end - range.start), CHUNK).boxed()
        }
        GetResultPayload::Stream(stream) => stream.map_err(std::io::Error::other).boxed(),
    };
    Ok(Opened { size, range, tag, modified, body })
}
