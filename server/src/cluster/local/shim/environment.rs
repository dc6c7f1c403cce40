//! The environment of a workload: only what is written here and in its spec. Nothing of the server's is inherited.

use super::{
    super::{handover::Handover, paths::Paths},
    prepare::Prepared,
};
use crate::cluster::workload::{Endpoint, Runtime, WorkloadKind, WorkloadSpec};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Marks every process of a workload, so that they can be found even when all else was lost.
pub const MARK: &str = "SLIPWAY_WORKLOAD_ID";
/// Marks every process of one of several nodes.
pub const NODE_MARK: &str = "SLIPWAY_NODE";

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
    /// Where those of a place lie; nothing is made here.
    ///
    /// # Errors
    /// A sentence: the name of the volume or of the environment makes no sense.
    pub fn of(handover: &Handover, paths: &Paths, place: u32) -> Result<Self, String> {
        if let Some(folders) = &handover.folders {
            return Ok(folders.clone());
        }
        let spec = &handover.spec;
        let work = paths.node_work(&spec.id, place);
        let volume = spec.volume.as_deref().map(|v| paths.volume(v)).transpose().map_err(|e| e.public)?;
        let environment = match &spec.runtime {
            Runtime::Host => None,
            Runtime::Image { image } => return Err(format!("Only a cluster with containers starts the image {image}.")),
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
            tmp: paths.tmp(&spec.id, place),
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

/// Where the nodes of a run meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meeting {
    /// Host of the first node.
    pub host: String,
    /// A port that is free there.
    pub port: u16,
}

/// What tells the processes of a run who they are and where they meet, in the words of `torch.distributed` and of `torchrun`. It is one process
/// for each node; `torchrun` starts more, and says so to these.
///
/// On one node there is no LOCAL_RANK: libraries take it for an order to form a process group.
fn roles(spec: &WorkloadSpec, rank: u32, meeting: &Meeting) -> Vec<(&'static str, String)> {
    let nodes = spec.nodes.max(1);
    let mut all = vec![
        ("RANK", rank.to_string()),
        ("WORLD_SIZE", nodes.to_string()),
        ("MASTER_ADDR", meeting.host.clone()),
        ("MASTER_PORT", meeting.port.to_string()),
        ("PET_NNODES", nodes.to_string()),
        ("PET_NODE_RANK", rank.to_string()),
        ("PET_NPROC_PER_NODE", spec.resources.gpus.max(1).to_string()),
        ("PET_MASTER_ADDR", meeting.host.clone()),
        ("PET_MASTER_PORT", meeting.port.to_string()),
    ];
    if nodes > 1 {
        all.extend([("LOCAL_RANK", "0".to_owned()), (NODE_MARK, rank.to_string())]);
    }
    all
}

/// Whether it is told who it is among several.
pub fn has_roles(spec: &WorkloadSpec) -> bool {
    spec.kind == WorkloadKind::Run && spec.server.is_none()
}

/// The whole environment of the command of a node.
pub fn environment(handover: &Handover, rank: u32, prepared: &Prepared) -> BTreeMap<String, String> {
    let place = handover.place(rank) as usize;
    let (folders, endpoint) = (&prepared.folders[place], prepared.endpoint.as_ref());
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
        let each = usize::try_from(spec.resources.gpus).unwrap_or(0);
        let gpus = gpus.iter().skip(place * each).take(each);
        all.insert("CUDA_VISIBLE_DEVICES".into(), gpus.map(u32::to_string).collect::<Vec<_>>().join(","));
    }
    if let Some(meeting) = &prepared.meeting {
        all.extend(roles(spec, rank, meeting).into_iter().map(|(name, value)| (name.to_owned(), value)));
    }
    for (name, value) in &spec.env {
        all.insert(name.clone(), fill(value, spec, endpoint));
    }
    for (name, value) in &spec.secrets {
        all.insert(name.clone(), value.clone());
    }
    all
}
