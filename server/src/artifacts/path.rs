//! Paths of artifacts: relative, clean, and the same on every kind of store.

use crate::error::{Error, Result};
use percent_encoding::percent_decode_str;
use std::fmt;

/// Longest path, in bytes.
const MAX_PATH: usize = 1024;
/// Longest name of a file or folder once it is encoded for the store, in bytes (what file systems take, less room for a suffix).
const MAX_NAME: usize = 240;

/// A clean path below the root of a team's artifacts: no `..`, nothing absolute, no NUL, no backslash, also not percent-encoded.
/// The empty path is the root.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ArtifactPath(String);

impl ArtifactPath {
    /// The root.
    pub const fn root() -> Self {
        Self(String::new())
    }

    /// A path as somebody from outside wrote it (already decoded once by the HTTP layer). One trailing `/` is allowed.
    ///
    /// # Errors
    /// It is not a clean relative path; the sentence says why.
    pub fn parse(text: &str) -> Result<Self> {
        if text.len() > MAX_PATH {
            return Err(Error::invalid("path", format!("Invalid path: it is longer than {MAX_PATH} bytes.")));
        }
        let text = text.strip_suffix('/').filter(|rest| !rest.is_empty()).unwrap_or(text);
        if text.is_empty() {
            return Ok(Self::root());
        }
        for name in text.split('/') {
            check_name(name).map_err(|why| {
                Error::invalid("path", format!("Invalid path: {why}."))
                    .hint("Give a path relative to the root, with names separated by `/`.")
            })?;
        }
        Ok(Self(text.into()))
    }

    /// Like [`ArtifactPath::parse`], but the root is refused: for what has to be a file.
    ///
    /// # Errors
    /// As [`ArtifactPath::parse`]; nothing but the root.
    pub fn parse_file(text: &str) -> Result<Self> {
        let path = Self::parse(text)?;
        if path.is_root() || text.ends_with('/') {
            return Err(Error::invalid("path", "Invalid path: it names no file."));
        }
        Ok(path)
    }

    /// Whether it is the root.
    pub const fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The path with `/` between names, without one at either end.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Names from the root down.
    pub fn names(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/').filter(|n| !n.is_empty())
    }

    /// The last name; empty for the root.
    pub fn name(&self) -> &str {
        self.names().next_back().unwrap_or_default()
    }

    /// This path with another below it.
    pub fn join(&self, below: &Self) -> Self {
        match (self.is_root(), below.is_root()) {
            (_, true) => self.clone(),
            (true, _) => below.clone(),
            _ => Self(format!("{}/{}", self.0, below.0)),
        }
    }

    /// What is below `folder`; none where this path is elsewhere.
    pub fn below(&self, folder: &Self) -> Option<Self> {
        if folder.is_root() {
            return Some(self.clone());
        }
        let rest = self.0.strip_prefix(folder.as_str())?;
        if rest.is_empty() { Some(Self::root()) } else { rest.strip_prefix('/').map(|r| Self(r.into())) }
    }

    /// The path of each folder above this one, nearest first, without the root.
    pub fn parents(&self) -> impl Iterator<Item = Self> + '_ {
        self.0.rmatch_indices('/').map(|(at, _)| Self(self.0[..at].into()))
    }
}

impl fmt::Display for ArtifactPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a name may be used; a refusal is the reason, to follow "Invalid path: ".
fn check_name(name: &str) -> std::result::Result<(), &'static str> {
    if name.is_empty() {
        return Err("it is absolute, or has a name of no letters");
    }
    // A name that is harmless here may be decoded once more by somebody behind us, so every layer of encoding is looked at.
    let mut seen = name.to_owned();
    loop {
        if seen == "." || seen == ".." {
            return Err("it has `.` or `..` as a name");
        }
        if seen.contains(['/', '\\']) {
            return Err("it has a backslash, or an encoded slash");
        }
        if seen.contains('\0') {
            return Err("it has a NUL");
        }
        let next = percent_decode_str(&seen).decode_utf8_lossy().into_owned();
        if next == seen {
            break;
        }
        seen = next;
    }
    if name.chars().any(char::is_control) {
        return Err("it has a control character");
    }
    if object_store::path::PathPart::from(name).as_ref().len() > MAX_NAME {
        return Err("a name in it is too long");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::ArtifactPath;

    #[test]
    fn clean_paths_stay_as_they_are() {
        for ok in [
            "a",
            "a/b.txt",
            "0/m-1/artifacts/MLmodel",
            "images/loss+step=1.png",
            "with space/ü#1~.json",
            "100%",
            "a%b",
            ".hidden",
            "a..b",
            "...",
        ] {
            assert_eq!(ArtifactPath::parse(ok).expect(ok).as_str(), ok);
        }
        assert_eq!(ArtifactPath::parse("a/b/").expect("trailing").as_str(), "a/b");
        assert!(ArtifactPath::parse("").expect("root").is_root());
    }

    #[test]
    fn tricks_are_refused() {
        for bad in [
            "/",
            "/etc/passwd",
            "//a",
            "a//b",
            "..",
            ".",
            "../a",
            "a/../b",
            "a/..",
            "./a",
            "a/./b",
            "..\\a",
            "a\\b",
            "C:\\x",
            "\\\\host\\x",
            "a\0b",
            "%2e%2e/a",
            "a/%2e%2e/b",
            "%2E%2E",
            "%252e%252e/a",
            "%25252e%25252e/a",
            "..%2fa",
            "a%2fb",
            "%2fetc/passwd",
            "a%5cb",
            "..%5ca",
            "a%00b",
            "a\nb",
            "a\tb",
            "\u{7f}",
        ] {
            assert!(ArtifactPath::parse(bad).is_err(), "{bad:?} was let through");
        }
        assert!(ArtifactPath::parse(&"a".repeat(300)).is_err());
        assert!(ArtifactPath::parse(&"a/".repeat(600)).is_err());
        for bad in ["", "a/", "/"] {
            assert!(ArtifactPath::parse_file(bad).is_err(), "{bad:?} names no file");
        }
    }

    #[test]
    fn parts() {
        let path = ArtifactPath::parse("a/b/c").expect("path");
        let parents: Vec<String> = path.parents().map(|p| p.to_string()).collect();
        assert_eq!(parents, ["a/b", "a"]);
        assert_eq!(path.name(), "c");
        let below = |f: &str| path.below(&ArtifactPath::parse(f).expect("folder")).map(|p| p.to_string());
        assert_eq!(below("a"), Some("b/c".into()));
        assert_eq!(below("a/b/c"), Some(String::new()));
        assert_eq!(below("a/bb"), None);
        assert_eq!(ArtifactPath::parse("ab").expect("path").below(&ArtifactPath::parse("a").expect("folder")), None);
    }
}
