//! The files of a version, fetched once and in the background: whoever asks is told how far it is. And copies that nobody needs any more.

use crate::{
    artifacts::ArtifactStore,
    durable,
    error::{Context, Error, Kind, Result},
    ids,
    models::fetch::{self, FOLDER, UNFINISHED},
    store::Store,
};
use std::{
    collections::{HashMap, HashSet},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How often a fetch that broke is tried again before it is given up.
const TRIES: u32 = 3;
/// And how long where the store does not answer, which is no fault of the version.
const UNANSWERED: Duration = Duration::from_secs(600);
/// After so long, longer than any pause, who asks is the first.
const STALE: Duration = Duration::from_secs(60);
/// The longest pause between two of them, seconds.
const PAUSE_AT_MOST: u32 = 10;

/// What can be rolled back to keeps its copy so long after it served last, milliseconds.
const UNUSED_MS: i64 = 30 * 24 * 3600 * 1000;

/// How the name of what was moved aside begins.
const GONE: &str = ".gone-";

/// After this long a fetch is no longer under way.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// How far the files of a version are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Files {
    /// They lie in this folder.
    Ready(PathBuf),
    /// They are being fetched; the bell rings when that is over. How far that is, in words.
    Fetching(String),
    /// They cannot be had: why.
    Never(String),
}

enum Job {
    Runs(String),
    Done(PathBuf),
    Broke(Error, Tries),
}

/// How often files were asked for in vain, since when, and when last.
#[derive(Clone, Copy)]
struct Tries {
    since: Instant,
    last: Instant,
    all: u32,
    /// And the store answered, but not with the files.
    answered: u32,
}

impl Tries {
    fn begin() -> Self {
        let now = Instant::now();
        Self { since: now, last: now, all: 0, answered: 0 }
    }

    fn and(self, error: Kind) -> Self {
        let answered = if matches!(error, Kind::Unavailable) { self.answered } else { self.answered + 1 };
        let last = Instant::now();
        // However long the first try took: nobody was refused before it ended.
        let since = if self.all == 0 { last } else { self.since };
        Self { since, last, all: self.all + 1, answered }
    }

    /// Whether nobody asked for them since: what was then says nothing of now.
    fn are_stale(self) -> bool {
        self.last.elapsed() >= STALE
    }

    /// Whether it is worth no other try: the same may work a little later, or never.
    fn are_over(self, error: Kind) -> bool {
        let most = if matches!(error, Kind::Unavailable | Kind::Internal | Kind::Upstream | Kind::Full) { TRIES } else { 1 };
        self.answered >= most || self.since.elapsed() >= UNANSWERED
    }
}

/// Key of a job: team, model, version.
type Key = (String, String, i64);

/// Fetches models. Cheap to clone.
#[derive(Clone)]
pub struct ModelFiles(Arc<Inner>);

struct Inner {
    store: Store,
    artifacts: ArtifactStore,
    data: PathBuf,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    jobs: HashMap<Key, Job>,
    /// Folders that were made or handed out since copies were last looked through.
    handed: HashSet<PathBuf>,
}

impl ModelFiles {
    /// Fetches to `{data}/models`.
    pub fn new(store: Store, artifacts: ArtifactStore, data: PathBuf) -> Self {
        Self(Arc::new(Inner { store, artifacts, data, known: Mutex::default() }))
    }

    /// How far the files of a version are; begins to fetch them where nobody has.
    pub fn of(&self, team_id: &str, model: &str, version: i64) -> Files {
        let key: Key = (team_id.to_owned(), model.to_owned(), version);
        let mut guard = self.known();
        let Known { jobs, handed } = &mut *guard;
        let (how, before) = match jobs.get(&key) {
            Some(Job::Runs(how)) => return Files::Fetching(how.clone()),
            Some(Job::Done(folder)) if folder.is_dir() => {
                handed.insert(folder.clone());
                return Files::Ready(folder.clone());
            }
            Some(Job::Broke(_, tries)) if tries.are_stale() => first(),
            Some(Job::Broke(error, tries)) if tries.are_over(error.kind) => {
                let lasts = matches!(error.kind, Kind::Unavailable).then(|| UNANSWERED.as_secs() / 60);
                let lasts = lasts.map(|m| format!(" That went on for {m} minutes: try again once it is over."));
                let why = format!("{}{}", error.public, lasts.unwrap_or_default());
                // Whoever deploys it again gets another try.
                jobs.remove(&key);
                return Files::Never(why);
            }
            Some(Job::Broke(error, tries)) => (again(error), *tries),
            Some(Job::Done(_)) | None => first(),
        };
        jobs.insert(key.clone(), Job::Runs(how.clone()));
        drop(guard);
        let this = self.clone();
        tokio::spawn(async move { this.fetch(key, before).await });
        Files::Fetching(how)
    }

    async fn fetch(&self, key: Key, before: Tries) {
        let inner = &self.0;
        let fetched = async {
            let located = fetch::resolve(&inner.store, &key.0, &key.1, key.2).await?;
            if inner.artifacts.is_changing(&key.0, &located.folder) {
                self.tell(&key, "Waits for a change of the model's files that is under way.".to_owned());
            }
            fetch::fetch(&inner.store, &inner.artifacts, &inner.data, &key.0, &located).await
        };
        let job = match fetched.await {
            Ok(fetched) => Job::Done(fetched.folder),
            Err(error) => {
                let tries = before.and(error.kind);
                tracing::warn!(model = key.1, version = key.2, tries = tries.all, error = %error, "its files could not be fetched");
                if !tries.are_over(error.kind) {
                    // Whoever waits is told at once why.
                    self.tell(&key, again(&error));
                    tokio::time::sleep(Duration::from_secs(u64::from(tries.all.min(PAUSE_AT_MOST)))).await;
                }
                Job::Broke(error, tries)
            }
        };
        let mut known = self.known();
        if let Job::Done(folder) = &job {
            known.handed.insert(folder.clone());
        }
        known.jobs.insert(key, job);
        drop(known);
        inner.store.bell().wake();
    }

    fn tell(&self, key: &Key, how: String) {
        self.known().jobs.insert(key.clone(), Job::Runs(how));
        self.0.store.bell().wake();
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes copies away that nobody needs, and what a server left that ended meanwhile; how many copies. Each is moved aside in one step first,
    /// so that it is whole or not there.
    ///
    /// Who asks for files has the row of its workload by then: it asked before the rows are read here, and they tell, or after, and is
    /// remembered.
    ///
    /// # Errors
    /// The database does not answer; the folder cannot be read or written.
    pub async fn sweep(&self) -> Result<u64> {
        let (inner, all) = (&self.0, self.0.data.join(FOLDER));
        self.known().handed.clear();
        let names = names(&all).context("read the folder of models")?;
        let (left, rest): (Vec<String>, Vec<String>) = names.into_iter().partition(|n| n.starts_with(UNFINISHED));
        // What is on its way elsewhere, as where two servers overlap, is left alone.
        let left: Vec<String> = left.into_iter().filter(|name| name.starts_with(GONE) || is_old(&all.join(name))).collect();
        // What else lies there is not ours.
        let digests: Vec<String> = rest.into_iter().filter(|n| n.len() == 64 && n.bytes().all(|b| b.is_ascii_hexdigit())).collect();
        if left.is_empty() && digests.is_empty() {
            return Ok(0);
        }
        let since = inner.store.clock().now() - UNUSED_MS;
        let needed: HashSet<String> = inner.store.copies_needed(&digests, since).await?.into_iter().collect();
        let unneeded = digests.into_iter().filter(|d| !needed.contains(d)).collect();
        let Some((moved, aside)) = self.aside(unneeded, left).context("move a model aside")? else { return Ok(0) };
        if moved > 0 {
            // What is deleted does not come back under its name.
            durable::folder(&all).await?;
        }
        tokio::task::spawn_blocking(move || aside.iter().for_each(|folder| fetch::remove(folder))).await.map_err(Error::internal)?;
        Ok(moved)
    }

    /// Moves aside what was not handed out meanwhile; how many, and all that is to be deleted. Nothing while something is being fetched: what
    /// lies there may be on its way.
    fn aside(&self, digests: Vec<String>, left: Vec<String>) -> io::Result<Option<(u64, Vec<PathBuf>)>> {
        let all = self.0.data.join(FOLDER);
        let mut known = self.known();
        if known.jobs.values().any(|job| matches!(job, Job::Runs(_))) {
            return Ok(None);
        }
        let (mut moved, mut aside) = (0, left.into_iter().map(|name| all.join(name)).collect::<Vec<_>>());
        for digest in digests {
            let folder = all.join(digest);
            if known.handed.contains(&folder) {
                continue;
            }
            let to = all.join(format!("{GONE}{}", ids::random_secret()));
            std::fs::rename(&folder, &to)?;
            known.jobs.retain(|_, job| !matches!(job, Job::Done(done) if *done == folder));
            aside.push(to);
            moved += 1;
        }
        Ok(Some((moved, aside)))
    }
}

fn first() -> (String, Tries) {
    ("Fetching the model.".to_owned(), Tries::begin())
}

fn again(error: &Error) -> String {
    format!("Fetching the model, again and again: {}", error.public)
}

/// Whether nothing was put into a folder for a day.
fn is_old(folder: &Path) -> bool {
    let changed = std::fs::metadata(folder).and_then(|about| about.modified());
    changed.is_ok_and(|at| at.elapsed().is_ok_and(|since| since > DAY))
}

/// What lies in a folder; nothing where there is none.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    match std::fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        entries => entries?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::SystemClock, wake::Bell};

    #[test]
    fn a_store_that_is_away_is_asked_for_long_and_one_that_refuses_is_not() {
        let after = |begun: Tries, kinds: &[Kind]| {
            let tries = kinds.iter().fold(begun, |tries, kind| tries.and(*kind));
            kinds.last().is_some_and(|kind| tries.are_over(*kind))
        };
        let new = Tries::begin();
        assert!(after(new, &[Kind::NotFound]));
        assert!(!after(new, &[Kind::Upstream; 2]) && after(new, &[Kind::Upstream; 3]));
        assert!(!after(new, &[Kind::Unavailable; 100]));
        let mut away = vec![Kind::Unavailable; 20];
        away.push(Kind::Upstream);
        assert!(!after(new, &away), "one bad answer among many that did not come is the first");
        if let Some(long_ago) = Instant::now().checked_sub(UNANSWERED) {
            let waits = Tries { since: long_ago, all: 1, ..new };
            assert!(after(waits, &[Kind::Unavailable]) && !waits.are_stale());
            assert!(!after(Tries { since: long_ago, ..new }, &[Kind::Unavailable]), "the first try may take long");
            assert!(Tries { last: long_ago, ..waits }.are_stale());
        }
    }

    #[tokio::test]
    async fn what_is_handed_out_meanwhile_stays() {
        let data = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", data.path().join("slipway.db").display());
        let store = Store::open(&url, Arc::new(SystemClock), Bell::default()).await.unwrap();
        let artifacts = ArtifactStore::open_folder(&data.path().join("artifacts"), 1 << 20).unwrap();
        let files = ModelFiles::new(store, artifacts, data.path().to_owned());
        let digest = "ab".repeat(32);
        let folder = data.path().join(FOLDER).join(&digest);
        std::fs::create_dir_all(&folder).unwrap();
        let key: Key = ("t".into(), "iris".into(), 1);
        files.known().jobs.insert(key.clone(), Job::Done(folder.clone()));

        // Asked for after the rows were read.
        assert_eq!(files.of("t", "iris", 1), Files::Ready(folder.clone()));
        let aside = || files.aside(vec![digest.clone()], vec![]).unwrap();
        assert_eq!(aside(), Some((0, vec![])));
        // Something is on its way there.
        files.known().handed.clear();
        files.known().jobs.insert(("t".into(), "iris".into(), 2), Job::Runs(String::new()));
        assert_eq!(aside(), None);
        assert!(folder.is_dir());
        files.known().jobs.remove(&("t".into(), "iris".into(), 2));
        let (moved, left) = aside().unwrap();
        assert!(moved == 1 && left[0].is_dir() && !folder.exists());
        // Who asks from now on has it fetched again; what was moved aside goes with the next look, also one of another server.
        assert!(!files.known().jobs.contains_key(&key));
        assert_eq!(files.sweep().await.unwrap(), 0);
        assert!(!left[0].exists());
    }
}
