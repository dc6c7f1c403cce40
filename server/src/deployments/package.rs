//! The shipped model server: Python in the binary, unpacked once into a folder named by what is in it.

use crate::{
    error::{Error, Kind, Result},
    ids,
};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};
use std::{
    borrow::Cow,
    path::{Path, PathBuf},
};

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
    let unpacked = tokio::task::spawn_blocking(move || unpack(&all)).await.map_err(Error::internal)?;
    unpacked.map_err(|e| match Error::from(e) {
        full if full.kind == Kind::Full => full,
        // Whoever deploys cannot mend it, but can say whom to ask for what.
        other => Error {
            public: "The model server cannot be unpacked into the portal's data folder: an admin has to look at it (`slipway doctor`)."
                .into(),
            ..other
        },
    })
}

/// SHA-256 over its files.
pub fn digest() -> String {
    digest_of(&files())
}

type Packed = Vec<(Cow<'static, str>, Cow<'static, [u8]>)>;

fn files() -> Packed {
    let mut names: Vec<_> = Files::iter().filter(|n| n.ends_with(".py")).collect();
    names.sort_unstable();
    names.into_iter().filter_map(|name| Some((name.clone(), Files::get(&name)?.data))).collect()
}

fn digest_of(files: &Packed) -> String {
    let mut hash = Sha256::new();
    for (name, data) in files {
        hash.update(format!("{name}\0{}\0", data.len()));
        hash.update(data);
    }
    ids::hex(&hash.finalize())
}

fn unpack(all: &Path) -> std::io::Result<PathBuf> {
    let files = files();
    let folder = all.join(&digest_of(&files)[..16]);
    if folder.is_dir() {
        return Ok(folder);
    }
    // Beside its final place, so that it is there as a whole or not at all.
    let scratch = all.join(format!(".part-{}", ids::random_secret()));
    match write(&scratch, &files).and_then(|()| std::fs::rename(&scratch, &folder)) {
        Err(e) if !folder.is_dir() => {
            // It is tried again and again: nothing may be left of each try.
            let _ = std::fs::remove_dir_all(&scratch);
            Err(e)
        }
        Err(_) => std::fs::remove_dir_all(&scratch).map(|()| folder),
        Ok(()) => Ok(folder),
    }
}

fn write(folder: &Path, files: &[(Cow<'_, str>, Cow<'_, [u8]>)]) -> std::io::Result<()> {
    for (name, data) in files {
        let path = folder.join(PACKAGE).join(&**name);
        std::fs::create_dir_all(path.parent().unwrap_or(folder))?;
        std::fs::write(path, data)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn a_folder_that_cannot_be_written_is_told() {
        let data = tempfile::tempdir().unwrap();
        std::fs::write(data.path().join("runtimes"), "in the way").unwrap();
        let told = super::folder(data.path()).await.unwrap_err();
        assert!(told.public.contains("The model server cannot be unpacked"), "{told}");
    }

    #[test]
    fn unpacked_once() {
        let data = tempfile::tempdir().unwrap();
        let first = super::unpack(data.path()).unwrap();
        assert!(first.join("slipway_model_server/__main__.py").is_file());
        assert_eq!(super::unpack(data.path()).unwrap(), first);
        assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 1);
    }
}
