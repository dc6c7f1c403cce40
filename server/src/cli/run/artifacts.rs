//! Files of a run: listed, downloaded.

use crate::cli::{
    Failure,
    here::Here,
    output::{self, Output},
    stream,
};
use app::api::{
    resources::bytes_words,
    runs::{Artifact, ArtifactQuery, artifact_path},
};
use std::{
    collections::VecDeque,
    path::{Component, Path, PathBuf},
};

/// Lists the files below `path`, folders opened.
///
/// # Errors
/// What the API answers.
pub async fn list(here: &Here, id: &str, path: Option<String>) -> Result<(), Failure> {
    let found = below(here, id, path).await?;
    here.show(&found, |files| {
        let row = |a: &Artifact| vec![a.path.clone(), a.size.map(bytes_words).unwrap_or_default()];
        output::rows(&["path", "size"], files.iter().map(row).collect(), "No files.")
    });
    Ok(())
}

/// Every file below `path`.
async fn below(here: &Here, id: &str, path: Option<String>) -> Result<Vec<Artifact>, Failure> {
    let (mut files, mut folders) = (Vec::new(), VecDeque::from([path]));
    while let Some(path) = folders.pop_front() {
        for entry in here.client.run_artifacts(&here.team, id, &ArtifactQuery { path }).await? {
            if entry.folder {
                folders.push_back(Some(entry.path));
            } else {
                files.push(entry);
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// Downloads a file, or everything below a folder, to `to`.
///
/// # Errors
/// What the API answers; a folder that cannot be written; a path that would leave it.
pub async fn download(here: &Here, id: &str, path: Option<String>, to: &Path) -> Result<(), Failure> {
    let mut files: Vec<(String, Option<i64>)> = below(here, id, path.clone()).await?.into_iter().map(|a| (a.path, a.size)).collect();
    if let (true, Some(path)) = (files.is_empty(), path) {
        // A file has nothing below it.
        files.push((path, None));
    }
    let known = files.iter().filter_map(|(_, size)| u64::try_from((*size)?).ok()).sum();
    let bar = stream::bar(here.output, "Downloading", known);
    let mut written = Vec::new();
    for (path, _) in &files {
        bar.set_message(path.clone());
        let target = safe(to, path)?;
        here.network.download(&artifact_path(&here.team, id, &ArtifactQuery { path: Some(path.clone()) }), &target, &bar).await?;
        written.push(target);
    }
    bar.finish_and_clear();
    if here.output == Output::Json {
        output::line(&output::json(&written));
    } else {
        here.say(format!("{} files written to {}", written.len(), to.display()));
    }
    Ok(())
}

/// `to` and below it `path`, which others wrote: it must not lead out.
fn safe(to: &Path, path: &str) -> Result<PathBuf, Failure> {
    let good = !path.is_empty() && Path::new(path).components().all(|c| matches!(c, Component::Normal(_)));
    if good { Ok(to.join(path)) } else { Err(Failure::failed(format!("\"{path}\" leads out of the folder: it is not written"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_out() {
        assert_eq!(safe(Path::new("/t"), "a/b.txt").unwrap(), Path::new("/t/a/b.txt"));
        for bad in ["", "../x", "/etc/passwd", "a/../../x"] {
            assert!(safe(Path::new("/t"), bad).is_err(), "{bad}");
        }
    }
}
