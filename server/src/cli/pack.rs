//! A folder as a gzipped tar, without what `.gitignore` leaves out. The same files make the same bytes.

use flate2::{Compression, write::GzEncoder};
use ignore::WalkBuilder;
use std::{
    fs::File,
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
};

/// A packed folder.
#[derive(Debug)]
pub struct Packed {
    /// The archive, from its beginning. It has no name and goes away with this.
    pub archive: File,
    /// Its size in bytes.
    pub size: u64,
    /// Files and links in it.
    pub files: usize,
    /// Bytes before compression.
    pub bytes: u64,
    /// What is neither file, folder nor link, and was left out.
    pub left_out: Vec<PathBuf>,
}

/// Why a folder was not packed.
#[derive(Debug)]
pub enum Unpacked {
    /// It is larger than the limit.
    TooLarge,
    /// A sentence.
    Failed(String),
}

impl From<String> for Unpacked {
    fn from(why: String) -> Self {
        Self::Failed(why)
    }
}

/// Packs `folder` into a temporary file. Left out: what `.gitignore` and `.slipwayignore` name, and `.git` itself.
///
/// # Errors
/// A file that cannot be read, with its path; more than `limit` bytes, packed or not.
pub fn pack(folder: &Path, limit: u64) -> Result<Packed, Unpacked> {
    if !folder.is_dir() {
        return Err(format!("{} is not a folder", folder.display()).into());
    }
    let temporary = tempfile::tempfile().map_err(|e| format!("make a temporary file (TMPDIR names another folder): {e}"))?;
    let mut builder = tar::Builder::new(GzEncoder::new(temporary, Compression::default()));
    let (mut files, mut bytes, mut left_out) = (0, 0_u64, Vec::new());
    let mut walk = WalkBuilder::new(folder);
    walk.hidden(false).require_git(false).follow_links(false).add_custom_ignore_filename(".slipwayignore");
    walk.filter_entry(|e| e.depth() == 0 || e.file_name() != ".git").sort_by_file_name(Ord::cmp);
    for entry in walk.build() {
        let entry = entry.map_err(|e| e.to_string())?;
        let path = entry.path().strip_prefix(folder).unwrap_or(entry.path());
        if path.as_os_str().is_empty() {
            continue;
        }
        let told = |e: io::Error| format!("{}: {e}", entry.path().display());
        let meta = entry.path().symlink_metadata().map_err(told)?;
        let mut header = tar::Header::new_gnu();
        header.set_metadata_in_mode(&meta, tar::HeaderMode::Deterministic);
        if meta.is_symlink() {
            let target = std::fs::read_link(entry.path()).map_err(told)?;
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_size(0);
            builder.append_link(&mut header, path, target).map_err(told)?;
        } else if meta.is_dir() {
            header.set_size(0);
            builder.append_data(&mut header, path, io::empty()).map_err(told)?;
            continue;
        } else if meta.is_file() {
            bytes = bytes.saturating_add(meta.len());
            if bytes > limit {
                return Err(Unpacked::TooLarge);
            }
            header.set_size(meta.len());
            // A file that grows meanwhile must not outgrow its header; one that shrinks leaves it unfilled.
            let mut content = File::open(entry.path()).map_err(told)?.take(meta.len());
            builder.append_data(&mut header, path, &mut content).map_err(told)?;
            if content.limit() > 0 {
                return Err(format!("{} became shorter while it was packed: submit again", entry.path().display()).into());
            }
        } else {
            left_out.push(path.to_owned());
            continue;
        }
        files += 1;
    }
    let finish = || {
        let mut archive = builder.into_inner()?.finish()?;
        archive.flush()?;
        let size = archive.stream_position()?;
        archive.rewind()?;
        Ok((archive, size))
    };
    let (archive, size) = finish().map_err(|e: io::Error| format!("pack {}: {e}", folder.display()))?;
    if size > limit { Err(Unpacked::TooLarge) } else { Ok(Packed { archive, size, files, bytes, left_out }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn read(packed: &mut Packed) -> Vec<u8> {
        let mut all = Vec::new();
        packed.archive.read_to_end(&mut all).unwrap();
        assert_eq!(all.len() as u64, packed.size);
        all
    }

    fn names(archive: &[u8]) -> Vec<String> {
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(archive));
        tar.entries().unwrap().map(|e| e.unwrap().path().unwrap().display().to_string()).collect()
    }

    #[test]
    fn honours_ignore_files_and_is_the_same_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["src", "data", ".git", "data/deep"] {
            fs::create_dir(at(name)).unwrap();
        }
        for (name, text) in [
            (".gitignore", "*.log\n/data\n"),
            (".slipwayignore", "notes.md\n"),
            (".env.example", "A=1"),
            (".git/config", "x"),
            ("train.py", "print(1)"),
            ("src/a.py", "a"),
            ("src/b.log", "b"),
            ("data/deep/big.csv", "1"),
            ("notes.md", "n"),
        ] {
            fs::write(at(name), text).unwrap();
        }
        std::os::unix::fs::symlink("train.py", at("link.py")).unwrap();
        let mut packed = pack(folder.path(), 1 << 20).unwrap();
        let archive = read(&mut packed);
        let found = names(&archive);
        assert_eq!(found, [".env.example", ".gitignore", ".slipwayignore", "link.py", "src", "src/a.py", "train.py"]);
        assert_eq!(packed.files, 6);
        fs::File::open(at("train.py")).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
        assert_eq!(read(&mut pack(folder.path(), 1 << 20).unwrap()), archive);
        assert!(matches!(pack(&at("train.py"), 1 << 20), Err(Unpacked::Failed(_))));
        // Larger unpacked than the limit, then larger packed.
        assert_eq!(packed.bytes, 33);
        assert!(matches!(pack(folder.path(), 32), Err(Unpacked::TooLarge)));
        assert!(matches!(pack(folder.path(), packed.size - 1), Err(Unpacked::TooLarge)));
    }
}
