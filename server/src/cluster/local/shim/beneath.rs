//! Files below a folder that somebody else may have filled with symbolic links: no step of a path is ever followed through one.

use rustix::{
    fs::{AtFlags, CWD, Mode, OFlags, mkdirat, openat, symlinkat, unlinkat},
    io::Errno,
};
use std::{
    ffi::OsStr,
    fs::File,
    io,
    os::fd::OwnedFd,
    path::{Component, Path},
};

/// A folder, held open.
pub struct Beneath(OwnedFd);

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

impl Beneath {
    /// Opens the folder that everything shall be beneath.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(folder: &Path) -> io::Result<Self> {
        Ok(Self(openat(CWD, folder, FOLDER, Mode::empty())?))
    }

    /// Makes a file with these permissions, and the folders above it. What was there under its name is replaced.
    ///
    /// # Errors
    /// The path leads elsewhere, or what the system says.
    pub fn file(&self, path: &Path, mode: u32) -> io::Result<File> {
        let (folder, name) = self.place(path)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(mode & 0o777);
        let made = match openat(&folder, name, flags, mode) {
            Err(Errno::EXIST) => {
                unlinkat(&folder, name, AtFlags::empty())?;
                openat(&folder, name, flags, mode)?
            }
            other => other?,
        };
        Ok(File::from(made))
    }

    /// Makes a folder and the folders above it.
    ///
    /// # Errors
    /// The path leads elsewhere, or what the system says.
    pub fn folder(&self, path: &Path) -> io::Result<()> {
        self.walk(path).map(drop)
    }

    /// Makes a symbolic link, and the folders above it. Where it points to is the caller's to judge.
    ///
    /// # Errors
    /// The path leads elsewhere, or what the system says.
    pub fn link(&self, path: &Path, target: &Path) -> io::Result<()> {
        let (folder, name) = self.place(path)?;
        match symlinkat(target, &folder, name) {
            Err(Errno::EXIST) => {
                unlinkat(&folder, name, AtFlags::empty())?;
                Ok(symlinkat(target, &folder, name)?)
            }
            other => Ok(other?),
        }
    }

    fn place<'a>(&self, path: &'a Path) -> io::Result<(OwnedFd, &'a OsStr)> {
        let name = path.file_name().ok_or_else(|| outside(path))?;
        Ok((self.walk(path.parent().unwrap_or(Path::new("")))?, name))
    }

    fn walk(&self, path: &Path) -> io::Result<OwnedFd> {
        let mut at = self.0.try_clone()?;
        for step in path.components() {
            let name = match step {
                Component::Normal(name) => name,
                Component::CurDir => continue,
                _ => return Err(outside(path)),
            };
            match mkdirat(&at, name, Mode::from_raw_mode(0o700)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(e) => return Err(e.into()),
            }
            at = openat(&at, name, FOLDER | OFlags::NOFOLLOW, Mode::empty())?;
        }
        Ok(at)
    }
}

fn outside(path: &Path) -> io::Error {
    io::Error::other(format!("\"{}\" does not stay below its folder", path.display()))
}
