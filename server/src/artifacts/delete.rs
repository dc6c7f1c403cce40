//! Taking files away.

use super::{ArtifactPath, ArtifactStore, store_error};
use crate::error::Result;
use futures::{StreamExt, TryStreamExt};

impl ArtifactStore {
    /// Deletes a file, or a folder with everything in it; how many files that were. Zero: nothing was there.
    ///
    /// # Errors
    /// The store does not answer; some files may be gone by then.
    pub async fn delete(&self, team_id: &str, path: &ArtifactPath) -> Result<u64> {
        let here = self.key(team_id, path);
        if self.size(team_id, path).await?.is_some() {
            let one = futures::stream::once(futures::future::ok(here)).boxed();
            return self.store.delete_stream(one).try_fold(0, |n, _| async move { Ok(n + 1) }).await.map_err(store_error);
        }
        let below = self.store.list(Some(&here)).map_ok(|o| o.location).boxed();
        self.store.delete_stream(below).try_fold(0, |n, _| async move { Ok(n + 1) }).await.map_err(store_error)
    }
}
