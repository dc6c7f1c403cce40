//! Which files are being put in their place, or taken from it, at this moment. One portal runs at a time, so it knows of all.
//!
//! Whether a file may be changed is asked right before that is done, and done takes as long as the store does. Who is about to rely on files
//! looks whether such a change is still under way: one that began before is waited for, and one that begins later is told that it may not.

use super::{ArtifactPath, ArtifactStore};
use crate::error::{Error, Result};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// How often who waits looks again.
const PAUSE: Duration = Duration::from_millis(100);
/// So long a change counts as under way that the store was asked for and did not answer: it may still do it.
const UNANSWERED: Duration = Duration::from_secs(120);

/// The changes under way.
#[derive(Debug, Default)]
pub(super) struct Changes(Mutex<Vec<Underway>>);

#[derive(Debug)]
struct Underway {
    team_id: String,
    path: ArtifactPath,
    /// Until when it counts, where nobody waits for the answer any more.
    until: Option<Instant>,
}

impl Changes {
    /// Without those that count no more.
    fn now(&self) -> MutexGuard<'_, Vec<Underway>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|u| u.until.is_none_or(|until| until > Instant::now()));
        all
    }
}

/// A change, for as long as this lives.
#[derive(Debug)]
pub struct Change {
    all: Arc<Changes>,
    team_id: String,
    path: ArtifactPath,
    answered: bool,
}

impl Change {
    /// Does it, to its end even where who asked for it gives up: what the store was asked for it does all the same. `unanswered`: whether it may
    /// still do it after this error.
    ///
    /// # Errors
    /// As of `work`.
    pub async fn carry_out<T: Send + 'static, E: Send + 'static>(
        self,
        work: impl Future<Output = std::result::Result<T, E>> + Send + 'static,
        unanswered: fn(&E) -> bool,
    ) -> Result<std::result::Result<T, E>> {
        let task = async move {
            let mut change = self;
            let done = work.await;
            change.answered = !done.as_ref().is_err_and(unanswered);
            done
        };
        tokio::spawn(task).await.map_err(Error::internal)
    }
}

impl Drop for Change {
    fn drop(&mut self) {
        let mut all = self.all.now();
        let Some(at) = all.iter().position(|u| u.until.is_none() && u.team_id == self.team_id && u.path == self.path) else { return };
        if self.answered {
            all.swap_remove(at);
        } else {
            all[at].until = Some(Instant::now() + UNANSWERED);
        }
    }
}

impl ArtifactStore {
    /// A file, or what is in a folder, is about to change. Begin this before it is asked whether it may.
    pub fn change(&self, team_id: &str, path: &ArtifactPath) -> Change {
        let underway = Underway { team_id: team_id.to_owned(), path: path.clone(), until: None };
        self.changes.now().push(underway);
        Change { all: self.changes.clone(), team_id: team_id.to_owned(), path: path.clone(), answered: true }
    }

    /// Whether something at or below a folder, or all of a folder that it lies in, is changing.
    pub fn is_changing(&self, team_id: &str, folder: &ArtifactPath) -> bool {
        let near = |path: &ArtifactPath| path.below(folder).is_some() || folder.below(path).is_some();
        self.changes.now().iter().any(|u| u.team_id == team_id && near(&u.path))
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

    #[tokio::test]
    async fn what_the_store_was_asked_for_counts_though_nobody_waits_for_it() {
        let data = tempfile::tempdir().unwrap();
        let store = ArtifactStore::open_folder(data.path(), 1 << 20).unwrap();
        let (at, folder) = (ArtifactPath::parse("1/r/artifacts/m/a").unwrap(), ArtifactPath::parse("1/r").unwrap());
        let is = || store.is_changing("t", &folder);
        let (answers, answer) = tokio::sync::oneshot::channel::<()>();
        let work = answer;
        let given_up = tokio::time::timeout(Duration::from_millis(20), store.change("t", &at).carry_out(work, |_| true)).await;
        assert!(given_up.is_err() && is());
        answers.send(()).unwrap();
        tokio::time::timeout(Duration::from_secs(10), store.settled("t", &folder)).await.unwrap();
        for (unanswered, counts) in [(false, false), (true, true)] {
            let failed = store.change("t", &at).carry_out(async move { Err::<(), _>(unanswered) }, |unanswered| *unanswered).await;
            assert_eq!((failed.unwrap(), is()), (Err(unanswered), counts));
        }
        for underway in store.changes.now().iter_mut() {
            underway.until = underway.until.map(|_| Instant::now());
        }
        assert!(!is(), "the store will not do it any more");
    }
}
