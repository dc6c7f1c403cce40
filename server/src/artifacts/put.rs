//! Writing a file.

use super::{ArtifactPath, ArtifactStore, key, store_error};
use crate::error::{Error, Kind, Result};
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use object_store::{ObjectStoreExt, PutPayload, WriteMultipart};
use std::pin::pin;

/// Up to here a file is sent in one piece.
const PIECE: usize = 5 * 1024 * 1024;
/// Pieces on their way at once; bounds the memory of one upload.
const AT_ONCE: usize = 2;

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
        let mut body = pin!(body);
        let mut first = BytesMut::new();
        let mut size = 0u64;
        while first.len() < PIECE {
            let Some(chunk) = self.take(body.next().await, &mut size)? else {
                let written = self.store.put(&key(team_id, path), PutPayload::from(first.freeze())).await;
                return self.written(team_id, path, written.map(drop), size).await;
            };
            first.extend_from_slice(&chunk);
        }
        let upload = match self.store.put_multipart(&key(team_id, path)).await {
            Ok(upload) => upload,
            Err(e) => return self.written(team_id, path, Err(e), size).await,
        };
        let mut upload = WriteMultipart::new_with_chunk_size(upload, PIECE);
        upload.put(first.freeze());
        loop {
            match self.take(body.next().await, &mut size) {
                Ok(Some(chunk)) => {
                    if let Err(e) = upload.wait_for_capacity(AT_ONCE).await {
                        // The upload's own error is the one to tell.
                        let _ = upload.abort().await;
                        return Err(store_error(e));
                    }
                    upload.put(chunk);
                }
                Ok(None) => break,
                Err(e) => {
                    let _ = upload.abort().await;
                    return Err(e);
                }
            }
        }
        let written = upload.finish().await.map(drop);
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
        for parent in path.parents() {
            if self.store.head(&key(team_id, &parent)).await.is_ok() {
                return Err(Error::conflict(format!("`{parent}` is a file, so nothing can be written below it.")));
            }
        }
        let below = self.store.list_with_delimiter(Some(&key(team_id, path))).await;
        if below.is_ok_and(|l| !l.objects.is_empty() || !l.common_prefixes.is_empty()) {
            return Err(Error::conflict(format!("`{path}` is a folder, so no file can be written there.")));
        }
        Err(store_error(error))
    }
}
