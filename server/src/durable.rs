//! Files that are acknowledged only when they are on the disk for good.

use std::{io, path::Path};
use tokio::{fs::File, io::AsyncWriteExt};

/// Ends the writing of a file. Tokio writes behind the caller's back, and its `sync_all` keeps quiet about a write that failed: without
/// the flush a file on a full disk would count as whole.
///
/// # Errors
/// A write failed, now or before; the file is not to be used.
pub async fn end(file: &mut File) -> io::Result<()> {
    file.flush().await?;
    file.sync_all().await
}

/// Brings the names in a folder to the disk, after a rename into it.
///
/// # Errors
/// What the system says.
pub async fn folder(path: &Path) -> io::Result<()> {
    File::open(path).await?.sync_all().await
}
