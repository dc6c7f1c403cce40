//! An upload in pieces.

use bytes::Bytes;
use object_store::{MultipartUpload, Result};
use tokio::task::JoinSet;

/// Pieces on their way at once; bounds the memory of one upload.
const AT_ONCE: usize = 2;

/// An upload in pieces. Where it is dropped before its end, because its sender is gone or its stream broke, what was sent is taken back.
pub(super) struct Pieces {
    upload: Option<Box<dyn MultipartUpload>>,
    sent: JoinSet<Result<()>>,
}

impl Pieces {
    /// An upload that was begun.
    pub fn of(upload: Box<dyn MultipartUpload>) -> Self {
        Self { upload: Some(upload), sent: JoinSet::new() }
    }

    /// Sends one more, after waiting for those before where there are many.
    pub async fn put(&mut self, piece: Bytes) -> Result<()> {
        self.wait(AT_ONCE - 1).await?;
        if let Some(upload) = &mut self.upload {
            self.sent.spawn(upload.put_part(piece.into()));
        }
        Ok(())
    }

    /// Puts the whole in its place.
    pub async fn complete(mut self) -> Result<()> {
        self.wait(0).await?;
        if let Some(upload) = &mut self.upload {
            upload.complete().await?;
        }
        self.upload = None;
        Ok(())
    }

    async fn wait(&mut self, left: usize) -> Result<()> {
        while self.sent.len() > left {
            if let Some(one) = self.sent.join_next().await {
                one??;
            }
        }
        Ok(())
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        let (Some(mut upload), Ok(runtime)) = (self.upload.take(), tokio::runtime::Handle::try_current()) else { return };
        let mut sent = std::mem::take(&mut self.sent);
        runtime.spawn(async move {
            sent.shutdown().await;
            // Where this fails, too, the sweep finds it.
            if let Err(error) = upload.abort().await {
                tracing::warn!(%error, "a broken upload could not be taken back at once");
            }
        });
    }
}
