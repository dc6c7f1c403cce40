//! Uploaded code: gzipped tars, kept once per team by their digest.

use crate::{
    access::TeamEditor,
    cluster::upload,
    durable,
    error::{Context, Error, Kind, Result},
    ids,
    store::{Store, events::NewEvent},
};
use app::api::{resources::bytes_words, runs::UploadedCode};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use tokio::{fs, io::AsyncWriteExt};

/// The file of an upload below the data folder.
pub fn path(data: &Path, team_id: &str, digest: &str) -> PathBuf {
    data.join("code").join(team_id).join(format!("{digest}.tar.gz"))
}

/// Takes an upload as it comes in; memory does not grow with it.
///
/// # Errors
/// Too large, not a gzipped tar, or it broke off.
pub async fn upload<E: std::fmt::Display>(
    store: &Store,
    data: &Path,
    limit: u64,
    by: &TeamEditor,
    body: impl Stream<Item = std::result::Result<Bytes, E>> + Send,
) -> Result<UploadedCode> {
    let folder = data.join("code").join(&by.team.id);
    fs::create_dir_all(&folder).await.context("make the folder of uploads")?;
    let part = Part(folder.join(format!(".{}.part", ids::new_id(&**store.clock()))));
    let (digest, size) = write(&part.0, limit, body).await?;
    check(&part.0, limit).await?;
    // The same upload twice is the same file: whoever comes last replaces it with itself.
    fs::rename(&part.0, path(data, &by.team.id, &digest)).await.context("keep an upload")?;
    durable::folder(&folder).await?;
    let mut tx = store.begin().await?;
    if tx.code_upload_insert(&by.team.id, &digest, size, &by.actor()).await? {
        tx.event(NewEvent {
            team_id: Some(&by.team.id),
            actor: &by.actor(),
            action: "upload",
            kind: "code",
            object_id: &digest,
            object_name: &digest[..12],
            revision: 0,
            before: None,
            after: Some(serde_json::json!({ "size": size })),
        })
        .await?;
    }
    tx.commit().await?;
    Ok(UploadedCode { digest, size })
}

/// A file that goes away with an upload that does not come to its end.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        // It was renamed, or is of no use to anybody.
        let _ = std::fs::remove_file(&self.0);
    }
}

async fn write<E: std::fmt::Display>(
    part: &Path,
    limit: u64,
    body: impl Stream<Item = std::result::Result<Bytes, E>> + Send,
) -> Result<(String, i64)> {
    let mut file = fs::File::create(part).await.context("begin an upload")?;
    let (mut hash, mut size) = (Sha256::new(), 0_u64);
    let mut body = std::pin::pin!(body);
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|e| Error::invalid("", "The upload broke off. Send it again.").context(e.to_string()))?;
        size += piece.len() as u64;
        if size > limit {
            let limit = bytes_words(i64::try_from(limit).unwrap_or(i64::MAX));
            return Err(Error::new(Kind::TooLarge, format!("The upload is larger than {limit}."))
                .hint("Leave data out (a .gitignore is honoured) and read it from where it lies."));
        }
        hash.update(&piece);
        file.write_all(&piece).await.context("write an upload")?;
    }
    durable::end(&mut file).await.context("write an upload")?;
    Ok((ids::hex(&hash.finalize()), i64::try_from(size).unwrap_or(i64::MAX)))
}

/// Whether every entry of it may be unpacked: better told now than when the run starts.
async fn check(part: &Path, limit: u64) -> Result<()> {
    let part = part.to_owned();
    let fine = tokio::task::spawn_blocking(move || {
        let file = std::fs::File::open(&part).map_err(|e| upload::broken(&e))?;
        upload::check(flate2::read::MultiGzDecoder::new(std::io::BufReader::new(file)), limit)
    });
    fine.await.map_err(Error::internal)?.map_err(|why| {
        Error::invalid("", format!("This is not a gzipped tar that can be unpacked. {why}"))
            .hint("Make one with tar -czf code.tar.gz -C FOLDER .")
    })
}
