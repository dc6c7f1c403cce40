//! Writing a file.

use super::{ArtifactPath, ArtifactStore, Place, pieces::Pieces, store_error, trouble::is_unanswered};
use crate::error::{Error, Kind, Result};
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt, TryStreamExt, future};
use object_store::{ObjectStoreExt, PutPayload};
use std::pin::pin;

/// Up to here a file is sent in one piece.
const PIECE: u64 = 5 * 1024 * 1024;
/// Pieces that S3 takes for one file.
const MOST_PIECES: u64 = 10_000;

impl ArtifactStore {
    /// Writes a file from a stream and answers its size in bytes. A file that was there is replaced in one step; a stream that ends
    /// early or is too large leaves what was there.
    ///
    /// # Errors
    /// Larger than allowed; the stream broke; a file lies where a folder would be, or the other way round.
    pub async fn put<S, E>(&self, team_id: &str, path: &ArtifactPath, body: S) -> Result<u64>
    where
        S: Stream<Item = std::result::Result<Bytes, E>>,
        E: std::fmt::Display,
    {
        self.put_if(team_id, path, body, future::ok(())).await
    }

    /// As [`ArtifactStore::put`]; `may` is asked once all has come, right before it is put in its place: a stream may take its time.
    ///
    /// # Errors
    /// As of `put`, and what `may` says.
    pub async fn put_if<S, E>(&self, team_id: &str, path: &ArtifactPath, body: S, may: impl Future<Output = Result<()>>) -> Result<u64>
    where
        S: Stream<Item = std::result::Result<Bytes, E>>,
        E: std::fmt::Display,
    {
        if matches!(self.place, Place::S3(_)) {
            self.fits(team_id, path).await?;
        }
        let piece = usize::try_from(PIECE.max(self.max_bytes.div_ceil(MOST_PIECES))).map_err(Error::internal)?;
        let mut body = pin!(body);
        let mut kept = BytesMut::new();
        let mut size = 0u64;
        while kept.len() <= piece {
            let Some(chunk) = self.take(body.next().await, &mut size)? else {
                let change = self.change(team_id, path);
                may.await?;
                let (store, key) = (self.store.clone(), self.key(team_id, path));
                let work = async move { store.put(&key, PutPayload::from(kept.freeze())).await };
                let written = change.carry_out(work, is_unanswered).await?;
                return self.written(team_id, path, written.map(drop), size).await;
            };
            kept.extend_from_slice(&chunk);
        }
        let mut pieces = match self.store.put_multipart(&self.key(team_id, path)).await {
            Ok(upload) => Pieces::of(upload),
            Err(e) => return self.written(team_id, path, Err(e), size).await,
        };
        loop {
            // Some servers want all pieces but the last to be of one size.
            while kept.len() > piece {
                pieces.put(kept.split_to(piece).freeze()).await.map_err(store_error)?;
            }
            let Some(chunk) = self.take(body.next().await, &mut size)? else { break };
            kept.extend_from_slice(&chunk);
        }
        pieces.put(kept.freeze()).await.map_err(store_error)?;
        let change = self.change(team_id, path);
        may.await?;
        let written = change.carry_out(pieces.complete(), is_unanswered).await?;
        self.written(team_id, path, written, size).await
    }

    fn take<E: std::fmt::Display>(&self, next: Option<std::result::Result<Bytes, E>>, size: &mut u64) -> Result<Option<Bytes>> {
        let Some(chunk) = next else { return Ok(None) };
        let chunk = chunk.map_err(|e| {
            Error::invalid("", "The upload ended before the file was complete.").hint("Send it again.").context(e.to_string())
        })?;
        *size += chunk.len() as u64;
        if *size > self.max_bytes { Err(self.too_large()) } else { Ok(Some(chunk)) }
    }

    /// The error for a file that is too large.
    pub fn too_large(&self) -> Error {
        Error::new(Kind::TooLarge, format!("The file is larger than the {} bytes allowed here.", self.max_bytes))
            .hint("An admin can raise the limit in the configuration.")
    }

    /// Explains a failed write where the tree is the cause: that is the reader's to mend, not ours.
    async fn written(&self, team_id: &str, path: &ArtifactPath, result: object_store::Result<()>, size: u64) -> Result<u64> {
        let Err(error) = result else { return Ok(size) };
        if matches!(self.place, Place::Folder(_)) {
            self.fits(team_id, path).await?;
        }
        Err(store_error(error))
    }

    /// Whether a file may be here: no file is above it and nothing below. A file system sees to that by itself, S3 does not mind.
    async fn fits(&self, team_id: &str, path: &ArtifactPath) -> Result<()> {
        let above = future::try_join_all(path.parents().map(|parent| async move {
            let size = self.size(team_id, &parent).await?;
            Ok::<_, Error>(size.map(|_| parent))
        }));
        let here = self.key(team_id, path);
        // A file system lists a file as what is in it.
        let mut below = self.store.list(Some(&here)).try_filter(|o| future::ready(o.location != here));
        let below = async { below.try_next().await };
        let (above, below) = future::join(above, below).await;
        if let Some(parent) = above?.into_iter().flatten().next() {
            return Err(Error::conflict(format!("`{parent}` is a file, so nothing can be written below it.")));
        }
        if matches!(below, Ok(Some(_))) {
            return Err(Error::conflict(format!("`{path}` is a folder, so no file can be written there.")));
        }
        Ok(())
    }
}
