//! What an uploaded archive may hold. It comes from a user: nothing in it may reach out of the folder that it is unpacked to.

use app::api::resources::bytes_words;
use std::{
    io::Read,
    path::{Component, Path},
};
use tar::EntryType;

/// Files and folders that an archive may have.
pub const ENTRIES_MAX: u64 = 200_000;

/// Looks at every entry of an unzipped archive without keeping any of it. `limit`: bytes that its files may have together.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub fn check(tar: impl Read, limit: u64) -> Result<(), String> {
    // Bounded before parsing, so that names and headers cannot grow without end either.
    let mut archive = tar::Archive::new(tar.take(bound(limit)));
    let (mut count, mut bytes) = (0, 0_u64);
    for entry in archive.entries().map_err(|e| broken(&e))? {
        let entry = entry.map_err(|e| broken(&e))?;
        counted(&mut count)?;
        allowed(&entry)?;
        bytes = bytes.saturating_add(entry.size());
        if bytes > limit {
            return Err(grows(limit));
        }
    }
    Ok(())
}

/// Bytes of an unzipped archive that are read at all: those of its files, and room for names and headers.
pub fn bound(limit: u64) -> u64 {
    limit.saturating_add(ENTRIES_MAX * 1536)
}

/// What is wrong with an archive whose files are larger than `limit` together.
pub fn grows(limit: u64) -> String {
    format!("Its files are larger than {} together: leave data out.", bytes_words(i64::try_from(limit).unwrap_or(i64::MAX)))
}

/// Counts one more entry.
///
/// # Errors
/// There are too many.
pub fn counted(count: &mut u64) -> Result<(), String> {
    *count += 1;
    if *count > ENTRIES_MAX { Err(format!("It has more than {ENTRIES_MAX} files: upload fewer.")) } else { Ok(()) }
}

/// Whether an entry stays in its folder and is something that a folder of code is made of.
///
/// # Errors
/// It is not; a sentence that names it.
pub fn allowed<R: Read>(entry: &tar::Entry<'_, R>) -> Result<(), String> {
    let path = entry.path().map_err(|e| broken(&e))?;
    let shown = path.display();
    match entry.header().entry_type() {
        // Comments of the format, for the whole archive.
        EntryType::XGlobalHeader => return Ok(()),
        EntryType::Regular | EntryType::Continuous | EntryType::Directory => {}
        EntryType::Symlink => {
            let target = entry.link_name().map_err(|e| broken(&e))?.ok_or("It has a link to nowhere.")?;
            if !stays_inside(&path, &target) {
                return Err(format!("\"{shown}\" links out of its folder: remove the link."));
            }
        }
        _ => return Err(format!("\"{shown}\" is neither file, folder nor link: leave it out.")),
    }
    if path.components().any(|c| !matches!(c, Component::Normal(_) | Component::CurDir)) {
        return Err(format!("\"{shown}\" lies outside of its folder: pack the folder itself."));
    }
    Ok(())
}

/// What is wrong with an archive that cannot be read.
pub fn broken(e: &std::io::Error) -> String {
    format!("It cannot be read: {e}.")
}

/// Whether a link at `path` to `target` stays below the folder, whatever else the archive holds.
fn stays_inside(path: &Path, target: &Path) -> bool {
    let mut depth = path.components().filter(|c| matches!(c, Component::Normal(_))).count() as i64 - 1;
    let mut climbing_is_over = false;
    for step in target.components() {
        match step {
            Component::Normal(_) => {
                depth += 1;
                climbing_is_over = true;
            }
            Component::CurDir => {}
            // Going up behind a name could go up from where another link leads.
            Component::ParentDir if climbing_is_over => return false,
            Component::ParentDir => depth -= 1,
            _ => return false,
        }
        if depth < 0 {
            return false;
        }
    }
    true
}
