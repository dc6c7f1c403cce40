//! The environment of a workload: only what is written here and in its spec. Nothing of the server's is inherited.

use super::super::{handover::Handover, paths::Paths};
use crate::cluster::workload::{Endpoint, Runtime, WorkloadSpec};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Marks every process of a workload, so that they can be found even when all else was lost.
pub const MARK: &str = "SLIPWAY_WORKLOAD_ID";

/// The folders that a workload sees.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Folders {
    /// Working folder: its volume, or one of its own.
    pub files: PathBuf,
    /// HOME: the volume too, where there is one, so that settings outlive the workload.
    pub home: PathBuf,
    /// TMPDIR.
    pub tmp: PathBuf,
    /// The virtual environment.
    pub environment: Option<PathBuf>,
}

impl Folders {
    /// Where they lie; nothing is made here.
    ///
    /// # Errors
    /// A sentence: the name of the volume or of the environment makes no sense.
    pub fn of(handover: &Handover, paths: &Paths) -> Result<Self, String> {
        if let Some(folders) = &handover.folders {
            return Ok(folders.clone());
        }
        let spec = &handover.spec;
        let work = paths.work(&spec.id);
        let volume = spec.volume.as_deref().map(|v| paths.volume(v)).transpose().map_err(|e| e.public)?;
        let environment = match &spec.runtime {
            Runtime::Host => None,
            Runtime::Environment { digest, .. } => {
                let fine = !digest.is_empty() && digest.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b':'));
                if !fine {
                    return Err(format!("\"{digest}\" is not the digest of an environment."));
                }
                Some(handover.cache.join("environments").join(digest))
            }
        };
        Ok(Self {
            files: volume.clone().unwrap_or_else(|| work.join("files")),
            home: volume.unwrap_or_else(|| work.join("home")),
            tmp: paths.tmp(&spec.id),
            environment,
        })
    }
}

/// What stands in for `{folder:NAME}`, and in a server's spec for `{socket}`, `{host}` and `{port}`.
pub fn fill(text: &str, spec: &WorkloadSpec, endpoint: Option<&Endpoint>) -> String {
    let mut text = text.to_owned();
    for (name, folder) in &spec.folders {
        text = text.replace(&format!("{{folder:{name}}}"), &folder.display().to_string());
    }
    match endpoint {
        None | Some(Endpoint::Pod { .. }) => text,
        Some(Endpoint::Unix { path }) => text.replace("{socket}", &path.display().to_string()),
        Some(Endpoint::Tcp { address }) => {
            let (host, port) = address.rsplit_once(':').unwrap_or((address, ""));
            text.replace("{host}", host).replace("{port}", port)
        }
    }
}

/// The whole environment of the workload's command.
pub fn environment(handover: &Handover, folders: &Folders, endpoint: Option<&Endpoint>) -> BTreeMap<String, String> {
    let spec = &handover.spec;
    let text = |path: &Path| path.display().to_string();
    let mut all = handover.inherited.clone();
    let mut path = handover.path.clone();
    if let Some(environment) = &folders.environment {
        path = format!("{}:{path}", text(&environment.join("bin")));
        all.insert("VIRTUAL_ENV".to_owned(), text(environment));
    }
    all.insert("PATH".into(), path);
    all.insert("LANG".into(), "C.UTF-8".into());
    all.insert("HOME".into(), text(&folders.home));
    all.insert("TMPDIR".into(), text(&folders.tmp));
    all.insert(MARK.into(), spec.id.clone());
    // Numeric libraries start a thread per core of the machine unless told; under a limit these only fight each other.
    let threads = ((spec.resources.cpu_millis + 999) / 1000).max(1).to_string();
    for name in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"] {
        all.insert(name.into(), threads.clone());
    }
    // An empty list hides all: who did not ask for a GPU shall not take one.
    if let Some(gpus) = &handover.gpus {
        all.insert("CUDA_VISIBLE_DEVICES".into(), gpus.iter().map(u32::to_string).collect::<Vec<_>>().join(","));
    }
    for (name, value) in &spec.env {
        all.insert(name.clone(), fill(value, spec, endpoint));
    }
    for (name, value) in &spec.secrets {
        all.insert(name.clone(), value.clone());
    }
    all
}
