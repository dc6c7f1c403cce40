//! Artifacts of a task: brought before the command starts, kept after it ended. Each is a file or a folder.

use super::{
    Input, elsewhere,
    folder::{self, Contents, Found},
    portal::Portal,
};
use app::api::pipeline_runs::KeptFile;
use futures::TryStreamExt;
use sha2::{Digest, Sha256};
use std::{
    fs, io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};
use tokio::io::AsyncWriteExt;

/// Brings an artifact to where it shall lie.
///
/// # Errors
/// It is not there, or cannot be written.
pub async fn bring(portal: &Portal, input: &Input) -> Result<(), String> {
    let to = PathBuf::from(&input.path);
    if let Some(address) = &input.address {
        make(to.parent().unwrap_or(&to))?;
        return elsewhere::fetch(address, &to).await;
    }
    if file(portal, &input.artifact, &to).await? {
        return Ok(());
    }
    let mut folders = vec![(input.artifact.clone(), to)];
    let mut brought = false;
    while let Some((folder, to)) = folders.pop() {
        make(&to)?;
        for (path, is_folder) in portal.list(&folder).await? {
            let name = path.rsplit('/').next().unwrap_or_default();
            let (artifact, to) = (format!("{folder}/{name}"), to.join(name));
            match is_folder {
                true => folders.push((artifact, to)),
                false => brought |= file(portal, &artifact, &to).await?,
            }
        }
    }
    if brought { Ok(()) } else { Err(format!("The artifact {} is not there any more.", input.artifact)) }
}

async fn file(portal: &Portal, artifact: &str, to: &Path) -> Result<bool, String> {
    let Some(answer) = portal.open(artifact).await? else { return Ok(false) };
    if let Some(parent) = to.parent() {
        make(parent)?;
    }
    let disk = |e: io::Error| format!("{} cannot be written: {e}.", to.display());
    let mut out = tokio::fs::File::create(to).await.map_err(disk)?;
    let mut body = answer.bytes_stream();
    while let Some(bytes) = body.try_next().await.map_err(|e| format!("{artifact} could not be read whole: {e}."))? {
        out.write_all(&bytes).await.map_err(disk)?;
    }
    out.flush().await.map_err(disk)?;
    Ok(true)
}

/// Keeps what the command put there, if it did; the digest of its content.
///
/// # Errors
/// The portal does not take it; it is neither file nor folder.
pub async fn keep(portal: &Portal, output: &KeptFile) -> Result<String, String> {
    let from = PathBuf::from(&output.path);
    let Ok(kind) = fs::symlink_metadata(&from) else { return content(&from, &[]) };
    let Contents { files, left } = if from.is_dir() {
        folder::contents(&from)?
    } else {
        Contents { files: vec![Found { name: PathBuf::new(), linked: false }], left: Vec::new() }
    };
    for line in left {
        eprintln!("{line}");
    }
    let digest = content(&from, &files)?;
    // What a link points to is copied: the link itself is no file of the store.
    if let Some(place) = output.place.as_ref().filter(|_| !kind.is_symlink()) {
        match moved(&from, Path::new(place), &files) {
            Ok(()) => return Ok(digest),
            // Another file system, or a store that may not be written from here: the portal copies it.
            Err(e) if matches!(e.kind(), io::ErrorKind::CrossesDevices | io::ErrorKind::PermissionDenied) => {}
            Err(e) => return Err(format!("{} could not be kept: {e}.", from.display())),
        }
    }
    for Found { name, .. } in &files {
        let name = name.to_str().ok_or_else(|| format!("The name {} is not UTF-8.", name.display()))?;
        let (artifact, file) = if name.is_empty() {
            (output.artifact.clone(), from.clone())
        } else {
            (format!("{}/{name}", output.artifact), from.join(name))
        };
        portal.put(&artifact, &file).await?;
    }
    Ok(digest)
}

/// SHA-256 of files with their names, in this order.
fn content(from: &Path, files: &[Found]) -> Result<String, String> {
    let mut all = Sha256::new();
    for Found { name, .. } in files {
        let path = if name.as_os_str().is_empty() { from.to_owned() } else { from.join(name) };
        let mut one = Sha256::new();
        let read = |e: io::Error| format!("{} cannot be read: {e}.", path.display());
        io::copy(&mut fs::File::open(&path).map_err(read)?, &mut one).map_err(read)?;
        // A name cannot run over into what follows: it is told with its length.
        all.update((name.as_os_str().len() as u64).to_be_bytes());
        all.update(name.as_os_str().as_bytes());
        all.update(one.finalize());
    }
    Ok(all.finalize().iter().fold(String::with_capacity(64), |text, byte| text + &format!("{byte:02x}")))
}

/// Moves files into the store's folder, each on the disk before it is seen there.
fn moved(from: &Path, place: &Path, files: &[Found]) -> io::Result<()> {
    // Links first: what they lead to lies in the folder as long as it was not moved.
    for Found { name, linked } in files.iter().filter(|f| f.linked).chain(files.iter().filter(|f| !f.linked)) {
        let (file, to) =
            if name.as_os_str().is_empty() { (from.to_owned(), place.to_owned()) } else { (from.join(name), place.join(name)) };
        let opened = fs::File::open(&file)?;
        if !opened.metadata()?.is_file() {
            return Err(io::Error::other("it is no plain file"));
        }
        opened.sync_all()?;
        let parent = to.parent().ok_or_else(|| io::Error::other("the store has no such place"))?;
        fs::create_dir_all(parent)?;
        if *linked {
            second(&file, &to)?;
        } else {
            fs::rename(&file, &to)?;
        }
        fs::File::open(parent)?.sync_all()?;
    }
    Ok(())
}

/// Makes a file that is linked to a file of the store too, without a copy: nothing in the store is written to again.
fn second(link: &Path, to: &Path) -> io::Result<()> {
    match fs::remove_file(to) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => fs::hard_link(fs::canonicalize(link)?, to),
    }
}

/// Makes a folder.
///
/// # Errors
/// A sentence.
pub fn make(folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|e| format!("The folder {} could not be made: {e}.", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_told_by_bytes_and_names_and_not_by_the_place() {
        let all = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = all.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("a/x", "1");
        write("a/y", "2");
        write("b/x", "1");
        write("b/y", "2");
        write("c/x", "12");
        write("c/y", "");
        write("d/x", "1");
        write("d/z", "2");
        let digest = |name: &str| {
            let path = all.path().join(name);
            content(&path, &folder::contents(&path).unwrap().files).unwrap()
        };
        assert_eq!(digest("a"), digest("b"));
        assert!(digest("a") != digest("c") && digest("a") != digest("d"));
        let alone = [Found { name: PathBuf::new(), linked: false }];
        let one = |path: &str| content(&all.path().join(path), &alone).unwrap();
        assert_eq!(one("a/x"), one("b/x"));
        assert!(one("a/x") != one("a/y") && one("a/x") != content(all.path(), &[]).unwrap());
    }
}
