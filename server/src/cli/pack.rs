//! A folder as a gzipped tar, without what `.gitignore` leaves out. The same files make the same bytes.

use flate2::{Compression, write::GzEncoder};
use ignore::WalkBuilder;
use std::{
    io,
    path::{Path, PathBuf},
};

/// A packed folder.
#[derive(Debug)]
pub struct Packed {
    /// The archive.
    pub archive: Vec<u8>,
    /// Files and links in it.
    pub files: usize,
    /// Bytes before compression.
    pub bytes: u64,
    /// What is neither file, folder nor link, and was left out.
    pub left_out: Vec<PathBuf>,
}

/// Packs `folder`. Left out: what `.gitignore` and `.slipwayignore` name, and `.git` itself.
///
/// # Errors
/// A file that cannot be read, with its path.
pub fn pack(folder: &Path) -> Result<Packed, String> {
    if !folder.is_dir() {
        return Err(format!("{} is not a folder", folder.display()));
    }
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    let mut packed = Packed { archive: Vec::new(), files: 0, bytes: 0, left_out: Vec::new() };
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
            // Read whole: a file that grows meanwhile must not outgrow its header.
            let content = std::fs::read(entry.path()).map_err(told)?;
            header.set_size(content.len() as u64);
            packed.bytes += content.len() as u64;
            builder.append_data(&mut header, path, content.as_slice()).map_err(told)?;
        } else {
            packed.left_out.push(path.to_owned());
            continue;
        }
        packed.files += 1;
    }
    let finish = || builder.into_inner()?.finish();
    packed.archive = finish().map_err(|e| format!("pack {}: {e}", folder.display()))?;
    Ok(packed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

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
        let packed = pack(folder.path()).unwrap();
        let found = names(&packed.archive);
        assert_eq!(found, [".env.example", ".gitignore", ".slipwayignore", "link.py", "src", "src/a.py", "train.py"]);
        assert_eq!(packed.files, 6);
        fs::File::open(at("train.py")).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
        assert_eq!(pack(folder.path()).unwrap().archive, packed.archive);
        assert!(pack(&at("train.py")).is_err());
    }
}
