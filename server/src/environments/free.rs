//! How much room an environment takes on this machine, and taking it away.

use super::digest;
use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// What lies in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// Files and links.
    pub files: usize,
    /// Bytes on the disk of those that no other folder shares: packages are links into the cache of uv where they can be.
    pub bytes: u64,
    /// Whether all of it was counted.
    pub whole: bool,
}

/// Measures a folder, up to so many files; nothing where there is none. Blocks.
///
/// # Errors
/// A folder cannot be read.
pub fn measure(folder: &Path, most: usize) -> io::Result<Measured> {
    let mut measured = Measured { files: 0, bytes: 0, whole: true };
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let Ok(about) = entry.metadata() else { continue };
            if about.is_dir() {
                folders.push(entry.path());
                continue;
            }
            if measured.files == most {
                return Ok(Measured { whole: false, ..measured });
            }
            measured.files += 1;
            if about.nlink() == 1 {
                measured.bytes += about.blocks() * 512;
            }
        }
    }
    Ok(measured)
}

/// What came of taking an environment away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is not there any more.
    Gone,
    /// It is being made right now: later.
    Busy,
    /// A program of this machine runs in it.
    Used,
}

/// Takes an environment from the disk. It is moved aside in one step first, so that it is whole or not there. Blocks.
///
/// # Errors
/// It cannot be moved or deleted. Part of what was moved may be gone by then; done again, it goes on.
pub fn take(cache: &Path, digest: &str) -> io::Result<Taken> {
    let folder = digest::folder(cache, digest);
    if folder.exists() {
        // Whoever makes it, for this portal or for another on this machine, holds the same lock.
        let door = fs::File::create(folder.with_file_name(format!("{digest}.lock")))?;
        if door.try_lock().is_err() {
            return Ok(Taken::Busy);
        }
        if is_used(&folder)? {
            return Ok(Taken::Used);
        }
        sweep(cache, digest)?;
        fs::rename(&folder, aside(cache, digest))?;
    }
    sweep(cache, digest).map(|()| Taken::Gone)
}

/// Deletes what was moved aside.
///
/// # Errors
/// It cannot be deleted.
pub fn sweep(cache: &Path, digest: &str) -> io::Result<()> {
    match fs::remove_dir_all(aside(cache, digest)) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// Named as what a build leaves that was interrupted: `build.py` deletes that as well.
fn aside(cache: &Path, digest: &str) -> PathBuf {
    digest::folder(cache, digest).with_file_name(format!("{digest}.tmp-freed"))
}

/// Whether a process of this machine was started in it, or holds it open: of this portal, or of another one that shares the cache.
fn is_used(folder: &Path) -> io::Result<bool> {
    let name = folder.as_os_str().as_encoded_bytes();
    let real = fs::canonicalize(folder)?;
    for entry in fs::read_dir("/proc")? {
        let process = entry?.path();
        let is_process = process.file_name().is_some_and(|n| n.as_encoded_bytes().iter().all(u8::is_ascii_digit));
        if !is_process {
            continue;
        }
        for file in ["cmdline", "environ"] {
            // Somebody else's, or gone.
            let Ok(text) = fs::read(process.join(file)) else { continue };
            if text.windows(name.len()).any(|w| w == name) {
                return Ok(true);
            }
        }
        let open = fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
        if open.filter_map(|file| fs::read_link(file.path()).ok()).any(|file| file == real) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn what_runs_in_it_keeps_it() {
        let cache = tempfile::tempdir().unwrap();
        let folder = digest::folder(cache.path(), "abc");
        fs::create_dir_all(folder.join("lib")).unwrap();
        fs::write(folder.join("lib/own"), vec![7; 10_000]).unwrap();
        fs::write(cache.path().join("shared"), "x").unwrap();
        fs::hard_link(cache.path().join("shared"), folder.join("lib/shared")).unwrap();
        let measured = measure(&folder, 10).unwrap();
        assert!(measured.whole && measured.files == 2 && (10_000..100_000).contains(&measured.bytes), "{measured:?}");
        assert!(!measure(&folder, 1).unwrap().whole);

        let mut runs = Command::new("cat").env("VIRTUAL_ENV", &folder).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        // A program that has just begun has no environment for a moment.
        while fs::read(format!("/proc/{}/environ", runs.id())).unwrap().is_empty() {
            std::thread::yield_now();
        }
        // It ends with us, too.
        let taken = take(cache.path(), "abc").unwrap();
        drop(runs.stdin.take());
        runs.wait().unwrap();
        assert_eq!(taken, Taken::Used);
        let held = fs::File::open(&folder).unwrap();
        assert_eq!(take(cache.path(), "abc").unwrap(), Taken::Used);
        drop(held);
        let making = fs::File::create(folder.with_file_name("abc.lock")).unwrap();
        making.lock().unwrap();
        assert_eq!(take(cache.path(), "abc").unwrap(), Taken::Busy);
        assert!(folder.join("lib/own").exists());
        drop(making);
        assert_eq!(take(cache.path(), "abc").unwrap(), Taken::Gone);
        assert!(!folder.exists() && !aside(cache.path(), "abc").exists());
        // Again, and after it was only moved aside.
        fs::create_dir_all(aside(cache.path(), "abc")).unwrap();
        assert_eq!(take(cache.path(), "abc").unwrap(), Taken::Gone);
        assert!(!aside(cache.path(), "abc").exists());
        assert_eq!(measure(&folder, 10).unwrap(), Measured { files: 0, bytes: 0, whole: true });
    }
}
