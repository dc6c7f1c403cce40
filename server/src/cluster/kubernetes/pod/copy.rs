//! Copies our program to where every container of the pod can start it, with the loader and the libraries that it runs with here: an image of
//! somebody else's may have another libc, or none.

use crate::cluster::kubernetes::places::{LOADER, PROGRAM, ROOTS};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{
    collections::BTreeSet,
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// Copies all of it into `folder`.
///
/// # Errors
/// What the system says.
pub fn ourselves(folder: &Path) -> io::Result<()> {
    let maps = fs::read_to_string("/proc/self/maps")?;
    let program = fs::read_link("/proc/self/exe")?;
    copy(&program, &folder.join(PROGRAM))?;
    let mut has_loader = false;
    for library in libraries(&maps) {
        let Some(name) = library.file_name().map(|n| n.to_string_lossy().into_owned()) else { continue };
        if is_loader(&name) {
            has_loader = true;
            copy(&library, &folder.join(LOADER))?;
        }
        copy(&library, &folder.join(name))?;
    }
    if !has_loader {
        // A static program needs none: it passes the loader's words over by itself.
        copy(&program, &folder.join(LOADER))?;
    }
    Ok(())
}

/// Writes down whom this image trusts, where it trusts anybody.
///
/// # Errors
/// What the system says.
pub fn roots(folder: &Path) -> io::Result<()> {
    let pem: String = rustls_native_certs::load_native_certs().certs.iter().map(|c| pem(c)).collect();
    if pem.is_empty() {
        return Ok(());
    }
    let fresh = folder.join(ROOTS).with_extension("new");
    fs::write(&fresh, pem)?;
    fs::set_permissions(&fresh, fs::Permissions::from_mode(0o644))?;
    fs::rename(fresh, folder.join(ROOTS))
}

fn pem(certificate: &[u8]) -> String {
    let text = STANDARD.encode(certificate);
    let lines: Vec<&str> = text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

/// What is mapped into a process of ours and is a library.
fn libraries(maps: &str) -> BTreeSet<PathBuf> {
    let paths = maps.lines().filter_map(|line| line.find('/').map(|at| &line[at..]));
    paths.filter(|p| p.contains(".so")).map(PathBuf::from).collect()
}

fn is_loader(name: &str) -> bool {
    name.starts_with("ld-linux") || name.starts_with("ld-musl") || name.starts_with("ld64")
}

/// A container that is started again finds it there.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if to.exists() {
        return Ok(());
    }
    let fresh = to.with_extension("new");
    fs::copy(from, &fresh)?;
    fs::set_permissions(&fresh, fs::Permissions::from_mode(0o755))?;
    fs::rename(fresh, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_found_in_a_map() {
        let maps = "\
55d0 r--p 00000000 fe:00 1 /usr/bin/slipway
7f00 r-xp 00028000 fe:00 2 /usr/lib/x86_64-linux-gnu/libc.so.6
7f01 r--p 00000000 fe:00 2 /usr/lib/x86_64-linux-gnu/libc.so.6
7f02 r--p 00000000 fe:00 3 /usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2
7ffd rw-p 00000000 00:00 0 [stack]
";
        let found: Vec<_> = libraries(maps).into_iter().map(|p| p.file_name().unwrap().to_str().unwrap().to_owned()).collect();
        assert_eq!(found, ["ld-linux-x86-64.so.2", "libc.so.6"]);
        assert!(is_loader(&found[0]) && !is_loader(&found[1]));
    }

    #[test]
    fn whom_we_trust_can_be_read_again() {
        let folder = tempfile::tempdir().unwrap();
        roots(folder.path()).unwrap();
        let trusted = rustls_native_certs::load_native_certs().certs;
        let read = fs::read(folder.path().join(ROOTS)).map(|pem| reqwest::Certificate::from_pem_bundle(&pem).unwrap().len()).unwrap_or(0);
        assert_eq!(read, trusted.len());
    }

    #[test]
    fn the_copy_starts_with_its_own_loader() {
        let folder = tempfile::tempdir().unwrap();
        ourselves(folder.path()).unwrap();
        ourselves(folder.path()).unwrap();
        let at = |name: &str| folder.path().join(name);
        let out = std::process::Command::new(at(LOADER)).arg("--library-path").arg(folder.path()).arg(at(PROGRAM)).arg("--list").output();
        let out = out.unwrap();
        assert!(out.status.success() && String::from_utf8_lossy(&out.stdout).contains("the_copy_starts_with_its_own_loader"));
    }
}
