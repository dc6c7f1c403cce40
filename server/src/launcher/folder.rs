//! What is kept of a folder: its files, with those that links in it lead to. A store of objects knows neither links nor empty folders.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Most files of a folder that are reached by links to folders: such links may lead round in more ways than there are files.
const MOST_LINKED: usize = 100_000;
/// Most names of what is left out that are told.
const MOST_TOLD: usize = 10;

/// A file of the folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// Path below the folder; empty: what was taken for a folder is a file itself.
    pub name: PathBuf,
    /// Whether a link leads to it: it lies elsewhere in the folder too.
    pub linked: bool,
}

/// What there is, and what is left out of it.
#[derive(Debug, Default)]
pub struct Contents {
    /// The files, sorted.
    pub files: Vec<Found>,
    /// Sentences about what is not kept.
    pub left: Vec<String>,
}

struct Todo {
    name: PathBuf,
    /// The folder itself, and those above it, without links.
    places: Vec<PathBuf>,
    linked: bool,
}

/// Looks through a folder.
///
/// # Errors
/// It cannot be read.
pub fn contents(folder: &Path) -> Result<Contents, String> {
    let unreadable = |e: io::Error| format!("{} cannot be read: {e}.", folder.display());
    let root = fs::canonicalize(folder).map_err(unreadable)?;
    let (mut files, mut empty, mut lost, mut linked_files) = (Vec::new(), Vec::new(), Vec::new(), 0);
    let mut todo = vec![Todo { name: PathBuf::new(), places: vec![root.clone()], linked: false }];
    while let Some(Todo { name, places, linked }) = todo.pop() {
        let mut is_empty = true;
        for entry in fs::read_dir(root.join(&name)).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            is_empty = false;
            let name = name.join(entry.file_name());
            let mut kind = entry.file_type().map_err(unreadable)?;
            let is_link = kind.is_symlink();
            if is_link {
                match within(&root, &entry.path(), &places) {
                    Ok(led) => kind = led,
                    Err(why) => {
                        lost.push(format!("{} ({why})", name.display()));
                        continue;
                    }
                }
            }
            let linked = linked || is_link;
            if kind.is_dir() {
                let place = fs::canonicalize(entry.path()).map_err(unreadable)?;
                todo.push(Todo { name, places: places.iter().cloned().chain([place]).collect(), linked });
            } else if kind.is_file() {
                linked_files += usize::from(linked);
                if linked_files > MOST_LINKED {
                    return Err(format!("Links in {} lead to more than {MOST_LINKED} files.", folder.display()));
                }
                files.push(Found { name, linked });
            } else {
                lost.push(format!("{} (it is no plain file)", name.display()));
            }
        }
        if is_empty {
            empty.push(if name.as_os_str().is_empty() { ".".to_owned() } else { name.display().to_string() });
        }
    }
    files.sort();
    let mut left = Vec::new();
    for (what, names) in [("Not kept", &mut lost), ("Empty folders are not kept", &mut empty)] {
        names.sort();
        if !names.is_empty() {
            let more = names.len().saturating_sub(MOST_TOLD);
            names.truncate(MOST_TOLD);
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            left.push(format!("{what} of {}: {}{more}", folder.display(), names.join(", ")));
        }
    }
    Ok(Contents { files, left })
}

/// What a link leads to, where that is in the folder.
fn within(root: &Path, link: &Path, places: &[PathBuf]) -> Result<fs::FileType, String> {
    let Ok(place) = fs::canonicalize(link) else { return Err("a link that leads to nothing".to_owned()) };
    if !place.starts_with(root) {
        return Err(format!("a link out of it, to {}", place.display()));
    }
    if places.contains(&place) {
        return Err("a link to a folder that holds it".to_owned());
    }
    fs::metadata(&place).map(|m| m.file_type()).map_err(|e| format!("a link to what cannot be read: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn files_that_links_lead_to_are_found_and_the_rest_is_told() {
        let (folder, elsewhere) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("blobs")).expect("a folder");
        fs::create_dir_all(at("snapshots/main")).expect("a folder");
        fs::create_dir_all(at("nothing/within")).expect("a folder");
        fs::write(at("blobs/ab12"), "weights").expect("a file");
        fs::write(elsewhere.path().join("file"), "x").expect("a file");
        symlink("../../blobs/ab12", at("snapshots/main/model.bin")).expect("a link");
        symlink("snapshots/main", at("latest")).expect("a link");
        symlink("..", at("snapshots/up")).expect("a link");
        symlink("gone", at("dangling")).expect("a link");
        symlink(elsewhere.path().join("file"), at("out")).expect("a link");
        let Contents { files, left } = contents(folder.path()).expect("contents");
        let found: Vec<(String, bool)> = files.into_iter().map(|f| (f.name.display().to_string(), f.linked)).collect();
        let expected = [("blobs/ab12", false), ("latest/model.bin", true), ("snapshots/main/model.bin", true)];
        assert_eq!(found, expected.map(|(name, linked)| (name.to_owned(), linked)));
        assert_eq!(left.len(), 2, "{left:?}");
        for part in
            ["dangling (a link that leads to nothing)", "out (a link out of it, to ", "snapshots/up (a link to a folder that holds it)"]
        {
            assert!(left[0].contains(part), "{part}: {left:?}");
        }
        assert!(left[1].ends_with(": nothing/within"), "{left:?}");
    }
}
