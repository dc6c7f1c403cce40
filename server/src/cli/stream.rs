//! Files to and from the portal, a piece at a time: memory does not grow with them, and a bar says how far they are.

use super::{Failure, output::Output, transport::Network};
use app::api::{Problem, client::read_answer, reply::from_json, transport::Answer};
use futures::StreamExt;
use http::Method;
use indicatif::{ProgressBar, ProgressStyle};
use serde::de::DeserializeOwned;
use std::{io::IsTerminal, path::Path};
use tokio::io::AsyncWriteExt;

const PIECE: usize = 64 * 1024;

/// A bar over so many bytes; nothing where nobody looks.
pub fn bar(output: Output, doing: &str, bytes: u64) -> ProgressBar {
    if output == Output::Json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(bytes);
    if let Ok(style) = ProgressStyle::with_template(&format!("{doing} {{bar:40}} {{bytes}} of {{total_bytes}}, {{eta}} left {{wide_msg}}"))
    {
        bar.set_style(style);
    }
    bar
}

impl Network {
    /// `POST` of a file with a JSON answer.
    ///
    /// # Errors
    /// The file cannot be read; what the API answers.
    pub async fn upload<T: DeserializeOwned>(
        &self,
        path: String,
        content_type: &'static str,
        file: std::fs::File,
        bar: ProgressBar,
    ) -> Result<T, Failure> {
        let length = file.metadata().map_err(|e| Failure::failed(format!("read what is to be uploaded: {e}")))?.len();
        let seen = bar.clone();
        let pieces = tokio_util::io::ReaderStream::with_capacity(tokio::fs::File::from_std(file), PIECE)
            .inspect(move |piece| seen.inc(piece.as_ref().map_or(0, |p| p.len() as u64)));
        let request = self.request(Method::POST, &path).header("content-type", content_type).header("content-length", length);
        let answer = self.answer(request.body(reqwest::Body::wrap_stream(pieces))).await;
        bar.finish_and_clear();
        Ok(from_json(&read_answer(answer?)?)?)
    }

    /// `GET` of a file into another, which is there whole or not at all; its size.
    ///
    /// # Errors
    /// The file cannot be written; what the API answers.
    pub async fn download(&self, path: &str, to: &Path, bar: &ProgressBar) -> Result<u64, Failure> {
        let failed = |e: std::io::Error| Failure::failed(format!("write {}: {e}", to.display()));
        let mut response = self.begin(self.request(Method::GET, path)).await?;
        if !response.status().is_success() {
            let status = response.status().as_u16();
            let body = response.bytes().await.map_err(|e| self.lost(&e))?.to_vec();
            return Err(read_answer(Answer { status, body }).map(drop).err().unwrap_or_else(|| Problem::new(status, "refused")).into());
        }
        let folder = to.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
        tokio::fs::create_dir_all(folder).await.map_err(failed)?;
        // A name of its own, in the same folder, that goes away with a download that breaks off.
        let part = tempfile::Builder::new().prefix(".slipway-").permissions(readable()).tempfile_in(folder).map_err(failed)?;
        let mut file = tokio::fs::File::from_std(part.reopen().map_err(failed)?);
        let mut size = 0;
        while let Some(piece) = response.chunk().await.map_err(|e| self.lost(&e))? {
            file.write_all(&piece).await.map_err(failed)?;
            size += piece.len() as u64;
            bar.inc(piece.len() as u64);
        }
        file.flush().await.map_err(failed)?;
        part.persist(to).map_err(|e| failed(e.error))?;
        Ok(size)
    }
}

/// As other programs make files; the mask of the user takes away from it.
fn readable() -> std::fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o666)
}
