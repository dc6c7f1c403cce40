//! The file of an upload: what `kfp` compiled, as it is or in a gzipped tar.

use crate::{
    error::{Error, Kind, Result},
    pipelines::ir::LARGEST,
};
use flate2::read::GzDecoder;
use std::io::Read;

/// The pipeline in a file.
///
/// # Errors
/// It is no text, too large, or an archive without a pipeline.
pub fn text(bytes: &[u8]) -> Result<String> {
    let bytes = match bytes {
        [0x1f, 0x8b, ..] => unpacked(bytes)?,
        [b'P', b'K', 3, 4, ..] => {
            return Err(wrong("It is a zip archive.").hint("Upload the YAML in it, or a .tar.gz of that."));
        }
        _ => bytes.to_vec(),
    };
    String::from_utf8(bytes).map_err(|_| wrong("It is not UTF-8 text, so it is no compiled pipeline.").hint("Compile it with kfp 2."))
}

fn wrong(sentence: &str) -> Error {
    Error::invalid("uploadfile", sentence)
}

/// `pipeline.yaml` of a gzipped tar, or its only file that ends so.
fn unpacked(bytes: &[u8]) -> Result<Vec<u8>> {
    let unreadable = |e: std::io::Error| wrong("It is no gzipped tar that can be read.").context(e.to_string());
    // A small archive may hold a large file; no more than this is unpacked of it.
    let most = LARGEST as u64 + (1 << 20);
    let mut archive = tar::Archive::new(GzDecoder::new(bytes).take(most));
    let mut found: Vec<(String, Vec<u8>)> = Vec::new();
    for entry in archive.entries().map_err(unreadable)? {
        let mut entry = entry.map_err(unreadable)?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).trim_start_matches("./").to_owned();
        if !entry.header().entry_type().is_file() || !(path.ends_with(".yaml") || path.ends_with(".yml")) {
            continue;
        }
        if entry.size() > LARGEST as u64 {
            return Err(Error::new(Kind::TooLarge, format!("The pipeline in it has {} bytes, at most {LARGEST} are taken.", entry.size())));
        }
        let mut text = Vec::new();
        entry.read_to_end(&mut text).map_err(unreadable)?;
        found.push((path, text));
    }
    match (found.iter().position(|(path, _)| path == "pipeline.yaml"), found.len()) {
        (Some(at), _) => Ok(found.swap_remove(at).1),
        (None, 1) => Ok(found.remove(0).1),
        (None, 0) => Err(wrong("There is no file that ends in .yaml in it.")),
        (None, _) => Err(wrong("There are several files that end in .yaml in it, and none is called pipeline.yaml.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(files: &[(&str, &str)]) -> Vec<u8> {
        let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
        for (path, text) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, path, text.as_bytes()).unwrap();
        }
        tar.into_inner().unwrap().finish().unwrap()
    }

    #[test]
    fn what_is_uploaded() {
        assert_eq!(text(b"a: 1").unwrap(), "a: 1");
        assert_eq!(text(&packed(&[("x/other.txt", "no"), ("p.yaml", "a: 2")])).unwrap(), "a: 2");
        assert_eq!(text(&packed(&[("p.yaml", "a: 2"), ("pipeline.yaml", "a: 3")])).unwrap(), "a: 3");
        for (bytes, part) in [
            (packed(&[("a.txt", "")]), "no file that ends"),
            (packed(&[("a.yaml", ""), ("b.yaml", "")]), "several files"),
            (b"PK\x03\x04rest".to_vec(), "zip"),
            (b"\x1f\x8bgarbage".to_vec(), "no gzipped tar"),
            (b"\xff\xfe".to_vec(), "not UTF-8"),
        ] {
            let error = text(&bytes).unwrap_err();
            assert!(error.public.contains(part), "{}", error.public);
        }
    }
}
