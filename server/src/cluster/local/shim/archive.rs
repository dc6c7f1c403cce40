//! Unpacks an uploaded folder. It comes from a user, so nothing in it may reach out of the working folder or fill the disk.

use super::beneath::Beneath;
use crate::cluster::upload;
use flate2::read::MultiGzDecoder;
use std::{
    fs::File,
    io::{self, BufReader, Read, Write},
    path::{Component, Path},
    sync::atomic::{AtomicBool, Ordering},
};
use tar::EntryType;

/// Unpacks a gzipped tar below a folder, at most `limit` bytes; `cancelled` ends it early.
///
/// # Errors
/// A sentence that says what is wrong with the archive. What was unpacked so far stays.
pub fn unpack(archive: &Path, into: &Beneath, limit: u64, cancelled: &AtomicBool) -> Result<(), String> {
    let file = File::open(archive).map_err(|e| format!("The uploaded archive could not be opened: {e}."))?;
    // Bounded before parsing, so that names and headers cannot grow without end either.
    let bounded = MultiGzDecoder::new(BufReader::new(file)).take(upload::bound(limit));
    let mut archive = tar::Archive::new(bounded);
    let entries = archive.entries().map_err(broken)?;
    let (mut count, mut bytes) = (0, 0_u64);
    for entry in entries {
        if cancelled.load(Ordering::Relaxed) {
            return Err("Unpacking was ended.".into());
        }
        let mut entry = entry.map_err(broken)?;
        upload::counted(&mut count).and_then(|()| upload::allowed(&entry)).map_err(|e| format!("The uploaded archive is refused. {e}"))?;
        let path = entry.path().map_err(broken)?.into_owned();
        let shown = path.display().to_string();
        if path.components().all(|c| c == Component::CurDir) {
            continue;
        }
        let failed = |e: io::Error| format!("\"{shown}\" of the uploaded archive could not be unpacked: {e}.");
        match entry.header().entry_type() {
            EntryType::Regular | EntryType::Continuous => {
                let mode = entry.header().mode().unwrap_or(0o600) & 0o755 | 0o600;
                let mut file = into.file(&path, mode).map_err(failed)?;
                bytes = bytes.saturating_add(entry.size());
                if bytes > limit {
                    return Err(format!("The uploaded archive is refused. {}", upload::grows(limit)));
                }
                copy(&mut entry, &mut file, cancelled).map_err(failed)?;
            }
            EntryType::Directory => into.folder(&path).map_err(failed)?,
            EntryType::Symlink => {
                let target = entry.link_name().map_err(broken)?.unwrap_or_default();
                into.link(&path, &target).map_err(failed)?;
            }
            // A comment; everything else was refused above.
            _ => {}
        }
    }
    Ok(())
}

fn broken(e: io::Error) -> String {
    format!("The uploaded archive cannot be read: {e}.")
}

fn copy(from: &mut impl Read, into: &mut File, cancelled: &AtomicBool) -> io::Result<()> {
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        if cancelled.load(Ordering::Relaxed) {
            return Err(io::Error::other("it was ended"));
        }
        into.write_all(&buffer[..read])?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};

    fn unpacked(build: impl FnOnce(&mut tar::Builder<GzEncoder<File>>)) -> (tempfile::TempDir, Result<(), String>) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.tgz");
        let mut builder = tar::Builder::new(GzEncoder::new(File::create(&file).unwrap(), Compression::fast()));
        build(&mut builder);
        builder.into_inner().unwrap().finish().unwrap();
        std::fs::create_dir(folder.path().join("in")).unwrap();
        let into = Beneath::open(&folder.path().join("in")).unwrap();
        let result = unpack(&file, &into, 64 << 10, &AtomicBool::new(false));
        (folder, result)
    }

    /// The builder refuses such names itself, so they are written into the header by hand.
    fn add(builder: &mut tar::Builder<GzEncoder<File>>, name: &str, kind: EntryType, link: &str, text: &[u8]) {
        let mut header = tar::Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.as_gnu_mut().unwrap().linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_entry_type(kind);
        header.set_mode(0o755);
        header.set_size(text.len() as u64);
        header.set_cksum();
        builder.append(&header, text).unwrap();
    }

    #[test]
    fn files_folders_and_links_arrive() {
        let (folder, result) = unpacked(|b| {
            add(b, "./", EntryType::Directory, "", b"");
            add(b, "src/train.py", EntryType::Regular, "", b"print(1)");
            add(b, "src/again.py", EntryType::Symlink, "train.py", b"");
        });
        assert_eq!(result, Ok(()));
        assert_eq!(std::fs::read_to_string(folder.path().join("in/src/again.py")).unwrap(), "print(1)");
    }

    #[test]
    fn nothing_reaches_out() {
        for (name, kind, link) in [
            ("../out", EntryType::Regular, ""),
            ("/tmp/out", EntryType::Regular, ""),
            ("a/../../out", EntryType::Regular, ""),
            ("link", EntryType::Symlink, "/etc"),
            ("link", EntryType::Symlink, "../.."),
            ("a/link", EntryType::Symlink, "b/../../../x"),
            ("hard", EntryType::Link, "/etc/passwd"),
            ("pipe", EntryType::Fifo, ""),
            ("device", EntryType::Char, ""),
        ] {
            let (folder, result) = unpacked(|b| add(b, name, kind, link, b""));
            assert!(result.is_err(), "{name} -> {link}");
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "{name} -> {link}");
        }
    }

    #[test]
    fn no_more_than_the_limit_is_unpacked() {
        let (folder, result) = unpacked(|b| {
            add(b, "fits", EntryType::Regular, "", &[0; 40 << 10]);
            add(b, "one.too.many", EntryType::Regular, "", &[0; 40 << 10]);
        });
        assert!(result.unwrap_err().contains("larger than 64 KiB"));
        assert!(folder.path().join("in/fits").exists());
    }

    #[test]
    fn no_file_goes_through_a_link() {
        let (folder, result) = unpacked(|b| {
            add(b, "real/x", EntryType::Regular, "", b"1");
            add(b, "link", EntryType::Symlink, "real", b"");
            add(b, "link/x", EntryType::Regular, "", b"2");
        });
        assert!(result.is_err());
        assert_eq!(std::fs::read_to_string(folder.path().join("in/real/x")).unwrap(), "1");
    }
}
