//! The files of a version, copied once to a folder named by what is in them, for a server to load from.

use super::{location, mlmodel, names, versions};
use crate::{
    artifacts::{ArtifactPath, ArtifactStore, File, broken_off},
    durable,
    error::{Context, Error, Result},
    ids,
    store::{Store, model_versions::VersionRow},
};
use futures::TryStreamExt;
use sha2::{Digest, Sha256};
use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};
use tokio::io::AsyncWriteExt;

/// Where copies of models lie in the data folder.
pub const FOLDER: &str = "models";
/// How the name of what is not yet, or no longer, a copy begins.
pub const UNFINISHED: char = '.';

/// Most files of one model.
const MAX_FILES: usize = 10_000;

/// A version and where its files lie among the team's artifacts.
#[derive(Debug, Clone)]
pub struct Located {
    /// The version.
    pub version: VersionRow,
    /// The folder that holds its `MLmodel`.
    pub folder: ArtifactPath,
}

/// A local copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Read-only folder with the files; shared by all versions that have the same ones.
    pub folder: PathBuf,
    /// SHA-256 over names, sizes and contents.
    pub digest: String,
}

/// Finds the files of a version.
///
/// # Errors
/// There is no such version; its files lie in a store elsewhere.
pub async fn resolve(store: &Store, team_id: &str, model: &str, version: i64) -> Result<Located> {
    names::model("model", model)?;
    let row = store.version(team_id, model, version).await?.ok_or_else(|| versions::not_found(model, version))?.row;
    let Some(folder) = location::path_of(&row.storage)? else {
        return Err(Error::invalid("version", format!("The files of {model} v{version} lie elsewhere ({}), not in Slipway.", row.storage))
            .hint("Log the model to a run here and register it from there."));
    };
    Ok(Located { version: row, folder })
}

impl Located {
    /// Its files by path from its folder.
    ///
    /// # Errors
    /// There is no model in the folder; the store does not answer.
    pub async fn files(&self, artifacts: &ArtifactStore, team_id: &str) -> Result<Vec<File>> {
        let files = artifacts.list_all(team_id, &self.folder, MAX_FILES).await?;
        if files.iter().any(|f| f.path.as_str() == mlmodel::FILE) {
            return Ok(files);
        }
        let (model, version) = (&self.version.model, self.version.version);
        Err(Error::invalid(
            "version",
            format!("There is no model where {model} v{version} was registered from: `{}` has no MLmodel file.", self.folder),
        )
        .hint("Log the model again and register a new version."))
    }
}

/// Copies the files of a version to `{data}/models/{digest}`, unless they are there, and notes the digest with the version.
///
/// # Errors
/// There is no model; the files changed since they were fetched first; the disk is full.
pub async fn fetch(store: &Store, artifacts: &ArtifactStore, data: &Path, team_id: &str, located: &Located) -> Result<Fetched> {
    let all = data.join(FOLDER);
    if let Some(digest) = &located.version.digest
        && tokio::fs::try_exists(all.join(digest)).await?
    {
        return Ok(Fetched { folder: all.join(digest), digest: digest.clone() });
    }
    artifacts.settled(team_id, &located.folder).await;
    let files = located.files(artifacts, team_id).await?;
    tokio::fs::create_dir_all(&all).await.context("make the folder of models")?;
    // Beside its final place, so that the move at the end is one step.
    let scratch = Scratch(all.join(format!("{UNFINISHED}part-{}", ids::random_secret())));
    let digest = copy(artifacts, team_id, located, &files, &scratch.0).await?;
    if let Some(known) = located.version.digest.as_ref().filter(|d| **d != digest) {
        let (model, version) = (&located.version.model, located.version.version);
        return Err(Error::conflict(format!("The files of {model} v{version} changed since they were fetched first."))
            .hint("Register what is there now as a new version.")
            .context(format!("was {known}, is {digest}")));
    }
    let folder = all.join(&digest);
    match tokio::fs::rename(&scratch.0, &folder).await {
        Ok(()) => durable::folder(&all).await?,
        // Somebody fetched the same at the same time.
        Err(_) if tokio::fs::try_exists(&folder).await? => {}
        Err(e) => return Err(e).context("put the model in its place"),
    }
    if located.version.digest.is_none() {
        let mut tx = store.begin().await?;
        tx.version_digest(&located.version.id, &digest).await?;
        tx.commit().await?;
    }
    Ok(Fetched { folder, digest })
}

async fn copy(artifacts: &ArtifactStore, team_id: &str, located: &Located, files: &[File], to: &Path) -> Result<String> {
    let mut whole = Sha256::new();
    let mut folders = vec![to.to_owned()];
    tokio::fs::create_dir(to).await.context("make a folder for the model")?;
    for file in files {
        let target = file.path.names().fold(to.to_owned(), |at, name| at.join(name));
        if let Some(parent) = target.parent().filter(|p| *p != to) {
            tokio::fs::create_dir_all(parent).await.context("make a folder in the model")?;
            folders.extend(parent.ancestors().take_while(|p| *p != to).map(Path::to_owned));
        }
        let source = located.folder.join(&file.path);
        let opened = artifacts.open(team_id, &source, None).await?;
        let mut body = opened.ok_or_else(|| Error::conflict("The model's files changed while they were fetched.").hint("Try again."))?.body;
        let mut out = tokio::fs::File::create_new(&target).await.context("write a file of the model")?;
        let (mut hash, mut size) = (Sha256::new(), 0u64);
        while let Some(chunk) = body.try_next().await.map_err(broken_off)? {
            hash.update(&chunk);
            size += chunk.len() as u64;
            out.write_all(&chunk).await.context("write a file of the model")?;
        }
        durable::end(&mut out).await.context("write a file of the model")?;
        if size != file.size {
            return Err(Error::conflict("The model's files changed while they were fetched.")
                .hint("Try again.")
                .context(format!("{}: {size} bytes of {}", file.path, file.size)));
        }
        tokio::fs::set_permissions(&target, PermissionsExt::from_mode(0o444)).await?;
        whole.update(format!("{}\0{size}\0{}\n", file.path, ids::hex(&hash.finalize())));
    }
    for folder in folders {
        tokio::fs::set_permissions(&folder, PermissionsExt::from_mode(0o555)).await?;
    }
    Ok(ids::hex(&whole.finalize()))
}

/// A folder that goes when it is left behind.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        if self.0.exists() {
            remove(&self.0);
        }
    }
}

/// Takes a copy away that nobody reads any more. Read-only folders do not let go of what is in them. Blocks.
pub fn remove(folder: &Path) {
    let _ = std::fs::set_permissions(folder, PermissionsExt::from_mode(0o755));
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|t| t.is_dir()) {
            remove(&entry.path());
        }
    }
    if let Err(e) = std::fs::remove_dir_all(folder)
        && e.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(folder = %folder.display(), error = %e, "what is left of a model stays behind");
    }
}
