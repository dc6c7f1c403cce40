//! What `slipway login` keeps: `~/.config/slipway/credentials.toml`, readable by its owner only.

use super::Failure;
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// The portal one is signed in to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Credentials {
    /// Its URL, without a slash at the end.
    pub url: String,
    /// Name of the user.
    pub user: String,
    /// The team of commands that name none.
    pub team: String,
    /// A token for each team one signed in to.
    #[serde(default)]
    pub tokens: BTreeMap<String, String>,
}

/// Where they lie: in `XDG_CONFIG_HOME`, else in `~/.config`.
///
/// # Errors
/// Neither is set.
pub fn path() -> Result<PathBuf, Failure> {
    let variable = |name: &str| std::env::vars_os().find(|(k, v)| k == name && !v.is_empty()).map(|(_, v)| PathBuf::from(v));
    variable("XDG_CONFIG_HOME")
        .or_else(|| variable("HOME").map(|h| h.join(".config")))
        .map(|base| base.join("slipway/credentials.toml"))
        .ok_or_else(|| Failure::usage("neither HOME nor XDG_CONFIG_HOME is set: there is nowhere to keep credentials"))
}

/// What is kept, if anything.
///
/// # Errors
/// A file that cannot be read.
pub fn load(path: &Path) -> Result<Option<Credentials>, Failure> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Failure::failed(format!("read {}: {e}", path.display()))),
    };
    toml::from_str(&text)
        .map(Some)
        .map_err(|e| Failure::failed(format!("{} cannot be read: {}\n  Sign in again with `slipway login`.", path.display(), e.message())))
}

/// Keeps them, mode 0600, whole or not at all.
///
/// # Errors
/// A folder that cannot be written.
pub fn save(path: &Path, credentials: &Credentials) -> Result<(), Failure> {
    let failed = |e: std::io::Error| Failure::failed(format!("write {}: {e}", path.display()));
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let new = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new).map_err(failed)?;
    file.write_all(credentials.text().as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    std::fs::rename(&new, path).map_err(failed)
}

/// Forgets them.
///
/// # Errors
/// A file that cannot be removed.
pub fn forget(path: &Path) -> Result<(), Failure> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Failure::failed(format!("remove {}: {e}", path.display()))),
        _ => Ok(()),
    }
}

impl Credentials {
    fn text(&self) -> String {
        // A JSON string is a TOML string.
        let quote = |s: &str| serde_json::Value::from(s).to_string();
        let mut out = format!("url = {}\nuser = {}\nteam = {}\n\n[tokens]\n", quote(&self.url), quote(&self.user), quote(&self.team));
        for (team, token) in &self.tokens {
            out.push_str(&format!("{} = {}\n", quote(team), quote(token)));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn kept_for_the_owner_only_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/credentials.toml");
        assert_eq!(load(&path).unwrap(), None);
        let kept = Credentials {
            url: "http://127.0.0.1:8080".into(),
            user: "ada \"the\" first\n".into(),
            team: "vision".into(),
            tokens: [("vision".to_owned(), "slip_x".to_owned()), ("nlp".to_owned(), "slip_y".to_owned())].into(),
        };
        save(&path, &kept).unwrap();
        assert_eq!(load(&path).unwrap().unwrap(), kept);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        forget(&path).unwrap();
        forget(&path).unwrap();
        assert_eq!(load(&path).unwrap(), None);
    }
}
