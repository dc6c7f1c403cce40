//! The shipped model server: Python in the binary, unpacked once into a folder named by what is in it.

use crate::{
    error::{Context, Result},
    ids,
};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

#[derive(RustEmbed)]
#[folder = "runtimes/model_server/slipway_model_server"]
struct Files;

const PACKAGE: &str = "slipway_model_server";

/// The folder for `PYTHONPATH`, `{data}/runtimes/{digest}`, made where it is not there.
///
/// # Errors
/// The disk cannot be written.
pub async fn folder(data: &Path) -> Result<PathBuf> {
    let all = data.join("runtimes");
    tokio::task::spawn_blocking(move || unpack(&all)).await.map_err(crate::error::Error::internal)?.context("unpack the model server")
}

fn unpack(all: &Path) -> std::io::Result<PathBuf> {
    let mut names: Vec<_> = Files::iter().filter(|n| n.ends_with(".py")).collect();
    names.sort_unstable();
    let mut hash = Sha256::new();
    let mut files = Vec::with_capacity(names.len());
    for name in names {
        let Some(file) = Files::get(&name) else { continue };
        hash.update(format!("{name}\0{}\0", file.data.len()));
        hash.update(&file.data);
        files.push((name, file.data));
    }
    let folder = all.join(&ids::hex(&hash.finalize())[..16]);
    if folder.is_dir() {
        return Ok(folder);
    }
    // Beside its final place, so that it is there as a whole or not at all.
    let scratch = all.join(format!(".part-{}", ids::random_secret()));
    for (name, data) in files {
        let path = scratch.join(PACKAGE).join(&*name);
        std::fs::create_dir_all(path.parent().unwrap_or(&scratch))?;
        std::fs::write(path, data)?;
    }
    match std::fs::rename(&scratch, &folder) {
        Err(e) if !folder.is_dir() => Err(e),
        Err(_) => std::fs::remove_dir_all(&scratch).map(|()| folder),
        Ok(()) => Ok(folder),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn unpacked_once() {
        let data = tempfile::tempdir().unwrap();
        let first = super::unpack(data.path()).unwrap();
        assert!(first.join("slipway_model_server/__main__.py").is_file());
        assert_eq!(super::unpack(data.path()).unwrap(), first);
        assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 1);
    }
}
