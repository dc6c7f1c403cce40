//! Which files are being put in their place, or taken from it, at this moment. One portal runs at a time, so it knows of all.
//!
//! Whether a file may be changed is asked right before that is done, and done takes as long as the store does. Who is about to rely on files
//! looks whether such a change is still under way: one that began before is waited for, and one that begins later is told that it may not.

use super::{ArtifactPath, ArtifactStore};
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// How often who waits looks again.
const PAUSE: Duration = Duration::from_millis(100);

/// The changes under way: team and path.
#[derive(Debug, Default)]
pub(super) struct Changes(Mutex<Vec<(String, ArtifactPath)>>);

/// A change, for as long as this lives.
#[derive(Debug)]
pub struct Change<'a> {
    all: &'a Changes,
    team_id: String,
    path: ArtifactPath,
}

impl Drop for Change<'_> {
    fn drop(&mut self) {
        let mut all = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = all.iter().position(|(team, path)| *team == self.team_id && *path == self.path) {
            all.swap_remove(at);
        }
    }
}

impl ArtifactStore {
    /// A file, or what is in a folder, is about to change. Begin this before it is asked whether it may.
    pub fn change(&self, team_id: &str, path: &ArtifactPath) -> Change<'_> {
        self.changes.0.lock().unwrap_or_else(PoisonError::into_inner).push((team_id.to_owned(), path.clone()));
        Change { all: &self.changes, team_id: team_id.to_owned(), path: path.clone() }
    }

    /// Whether something at or below a folder, or all of a folder that it lies in, is changing.
    pub fn is_changing(&self, team_id: &str, folder: &ArtifactPath) -> bool {
        let all = self.changes.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().any(|(team, path)| team == team_id && (path.below(folder).is_some() || folder.below(path).is_some()))
    }

    /// Waits until nothing is changing there.
    pub async fn settled(&self, team_id: &str, folder: &ArtifactPath) {
        while self.is_changing(team_id, folder) {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_relies_on_files_waits_for_what_began_before() {
        let data = tempfile::tempdir().unwrap();
        let store = ArtifactStore::open_folder(data.path(), 1 << 20).unwrap();
        let path = |text: &str| ArtifactPath::parse(text).unwrap();
        let (one, same) = (store.change("t", &path("1/r/artifacts/m/a")), store.change("t", &path("1/r/artifacts/m/a")));
        for (team, folder, is) in
            [("t", "1/r/artifacts/m", true), ("t", "1/r/artifacts/m/a", true), ("t", "1/r/artifacts/mm", false), ("u", "1/r", false)]
        {
            assert_eq!(store.is_changing(team, &path(folder)), is, "{folder}");
        }
        drop(one);
        assert!(store.is_changing("t", &path("1/r")));
        let (there, folder) = (store.clone(), path("1/r/artifacts/m"));
        let waits = tokio::spawn(async move { there.settled("t", &folder).await });
        tokio::task::yield_now().await;
        assert!(!waits.is_finished());
        drop(same);
        waits.await.unwrap();
        let all = store.change("t", &path("1/r"));
        assert!(store.is_changing("t", &path("1/r/artifacts/m")), "the folder that it lies in is deleted");
        drop(all);
    }
}
