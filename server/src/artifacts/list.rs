//! What is in a folder.

use super::{ArtifactPath, ArtifactStore, decoded, store_error, trouble::trouble};
use crate::error::{Error, Result};
use futures::TryStreamExt;

/// A file or a folder in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its last name.
    pub name: String,
    /// Bytes of a file; none for a folder.
    pub size: Option<u64>,
}

/// A file somewhere below a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Path from that folder.
    pub path: ArtifactPath,
    /// Bytes.
    pub size: u64,
}

/// How much lies below a folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Measured {
    /// Files.
    pub files: usize,
    /// Bytes of them.
    pub bytes: u64,
    /// Whether all of it was counted.
    pub whole: bool,
}

impl ArtifactStore {
    /// How much lies below a folder, up to so many files.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn measure(&self, team_id: &str, folder: &ArtifactPath, at_most: usize) -> Result<Measured> {
        let root = self.key(team_id, folder);
        let mut measured = Measured { whole: true, ..Measured::default() };
        let mut found = self.store.list(Some(&root));
        while let Some(object) = found.try_next().await.map_err(store_error)? {
            if measured.files == at_most {
                return Ok(Measured { whole: false, ..measured });
            }
            measured.files += 1;
            measured.bytes += object.size;
        }
        Ok(measured)
    }

    /// Files and folders directly in a folder, by name, folders first; nothing where there is no such folder.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn list(&self, team_id: &str, folder: &ArtifactPath) -> Result<Vec<Entry>> {
        let found = match self.store.list_with_delimiter(Some(&self.key(team_id, folder))).await {
            Ok(found) => found,
            Err(e) if trouble(&e).is_some() => return Err(store_error(e)),
            Err(object_store::Error::NotFound { .. }) => return Ok(Vec::new()),
            Err(e) => return if self.size(team_id, folder).await?.is_some() { Ok(Vec::new()) } else { Err(store_error(e)) },
        };
        let name = |path: &object_store::path::Path| decoded(path.filename().unwrap_or_default());
        let mut out: Vec<Entry> = found.common_prefixes.iter().map(|p| Entry { name: name(p), size: None }).collect();
        out.extend(found.objects.iter().map(|o| Entry { name: name(&o.location), size: Some(o.size) }));
        out.sort_by(|a, b| a.size.is_some().cmp(&b.size.is_some()).then_with(|| a.name.cmp(&b.name)));
        Ok(out)
    }

    /// All files below a folder, by path.
    ///
    /// # Errors
    /// More than `at_most` files; the store does not answer.
    pub async fn list_all(&self, team_id: &str, folder: &ArtifactPath, at_most: usize) -> Result<Vec<File>> {
        let root = self.key(team_id, folder);
        let mut out = Vec::new();
        let mut found = self.store.list(Some(&root));
        while let Some(object) = found.try_next().await.map_err(store_error)? {
            let Some(parts) = object.location.prefix_match(&root) else { continue };
            let path: Vec<String> = parts.map(|p| decoded(p.as_ref())).collect();
            if out.len() >= at_most {
                return Err(Error::invalid("path", format!("`{folder}` has more than {at_most} files.")));
            }
            out.push(File { path: ArtifactPath::parse(&path.join("/"))?, size: object.size });
        }
        out.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(out)
    }
}
