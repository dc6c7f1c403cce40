//! Files and folders of the server's on their way to a pod: a file as it is, a folder as a gzipped tar.

use crate::error::{Context, Error, Result};
use axum::body::Body;
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};
use tokio::sync::mpsc;
use tokio_util::io::ReaderStream;

/// So many pieces wait for a pod that reads slowly.
const AHEAD: usize = 4;
const PIECE: usize = 256 * 1024;

/// What lies at a path, as the body of an answer. Memory does not grow with it.
///
/// # Errors
/// There is nothing; the disk cannot be read.
pub async fn body(path: PathBuf) -> Result<Body> {
    let meta = match tokio::fs::metadata(&path).await {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(Error::not_found("file")),
        other => other.context("looking at what a pod asks for")?,
    };
    if meta.is_file() {
        let file = tokio::fs::File::open(&path).await.context("opening what a pod asks for")?;
        return Ok(Body::from_stream(ReaderStream::with_capacity(file, PIECE)));
    }
    let (to, mut from) = mpsc::channel(AHEAD);
    tokio::task::spawn_blocking(move || {
        if let Err(e) = pack(&path, Channel { to: to.clone() }) {
            // The answer breaks off, so that half a folder is not taken for the whole.
            let _ = to.blocking_send(Err(e));
        }
    });
    Ok(Body::from_stream(futures::stream::poll_fn(move |cx| from.poll_recv(cx))))
}

fn pack(folder: &Path, to: Channel) -> io::Result<()> {
    // Models hardly shrink, and the network is near.
    let zipped = GzEncoder::new(io::BufWriter::with_capacity(PIECE, to), Compression::none());
    let mut tar = tar::Builder::new(zipped);
    tar.follow_symlinks(false);
    tar.append_dir_all("", folder)?;
    tar.into_inner()?.finish()?.flush()
}

/// Writes into a body.
struct Channel {
    to: mpsc::Sender<io::Result<Bytes>>,
}

impl Write for Channel {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.blocking_send(Ok(Bytes::copy_from_slice(bytes))).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    #[tokio::test]
    async fn a_folder_travels_whole() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("deep")).unwrap();
        std::fs::write(folder.path().join("deep/big"), vec![7; 2 << 20]).unwrap();
        let packed = body(folder.path().to_owned()).await.unwrap().collect().await.unwrap().to_bytes();
        let to = tempfile::tempdir().unwrap();
        tar::Archive::new(flate2::read::GzDecoder::new(&packed[..])).unpack(to.path()).unwrap();
        assert_eq!(std::fs::read(to.path().join("deep/big")).unwrap().len(), 2 << 20);
        let one = body(folder.path().join("deep/big")).await.unwrap().collect().await.unwrap().to_bytes();
        assert_eq!(one.len(), 2 << 20);
        assert!(body(folder.path().join("none")).await.is_err());
    }
}
