//! Starting a supervisor.

use super::{
    Inner,
    handover::{Answer, Handover},
    process, record,
    shim::OURSELVES,
};
use crate::{
    cluster::WorkloadSpec,
    error::{Context, Error, Kind, Result},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::Child,
    time::timeout,
};

/// How long a supervisor may take to record the start. It is two small files; a machine that swaps takes a while.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

impl Inner {
    /// Starts the workload unless it was started before.
    pub(super) async fn launch(self: Arc<Self>, spec: WorkloadSpec) -> Result<()> {
        let id = spec.id.clone();
        let _door = self.door(&id).await;
        if self.paths.state(&id).exists() {
            return Ok(());
        }
        if let Some(volume) = &spec.volume {
            self.paths.volume(volume)?;
        }
        // Held until the start is recorded, so that nobody else picks the same GPUs.
        let gpus = spec.resources.times(i64::from(spec.nodes.max(1))).gpus;
        let _gpus = if gpus > 0 { Some(self.handing_gpus.lock().await) } else { None };
        let gpus = self.pick_gpus(gpus)?;
        let handover = Handover {
            spec,
            data: self.paths.data().to_owned(),
            cache: self.cache.clone(),
            path: self.path.clone(),
            limits: self.limits.clone(),
            gpus: Some(gpus),
            log_bytes: self.log_bytes,
            upload_bytes: self.upload_bytes,
            inherited: BTreeMap::new(),
            folders: None,
            program: vec![OURSELVES.into()],
            node: None,
        };
        let text = serde_json::to_vec(&handover)?;
        drop(handover);
        let mut child = self.supervisor()?;
        let answered = timeout(ANSWER_WITHIN, hand_over(&mut child, text)).await;
        let result = match answered {
            Ok(Ok(Answer::Recorded | Answer::Already)) => Ok(()),
            // The record is the truth: whatever went wrong after it, the workload was started.
            _ if self.paths.state(&id).exists() => Ok(()),
            Ok(Ok(Answer::Failed { why })) => Err(not_started(why)),
            Ok(Err(e)) => Err(not_started(e.to_string())),
            Err(_) => Err(not_started("its supervisor does not answer".into())),
        };
        if result.is_err() {
            // It may still be about to record the start; killed, it cannot, and what it said last is decided by the record.
            let _ = child.kill().await;
            if self.paths.state(&id).exists() {
                return Ok(());
            }
            return result;
        }
        self.keep_spare();
        let inner = self.clone();
        tokio::spawn(async move {
            let _ = child.wait().await;
            inner.ring();
        });
        self.ring();
        Ok(())
    }

    /// GPUs that no running workload has.
    fn pick_gpus(&self, count: i64) -> Result<Vec<u32>> {
        let count = usize::try_from(count).unwrap_or(0);
        if count == 0 {
            return Ok(Vec::new());
        }
        let boot = process::boot();
        let taken: BTreeSet<u32> = self
            .started()
            .context("reading the folder of records")?
            .into_iter()
            .filter(|id| !self.paths.exit(id).exists())
            .filter_map(|id| record::read::<record::State>(&self.paths.state(&id)).ok().flatten())
            .filter(|state| state.boot == boot)
            .flat_map(|state| state.gpus)
            .collect();
        let free: Vec<u32> = self.gpus.iter().copied().filter(|gpu| !taken.contains(gpu)).collect();
        if free.len() >= count {
            Ok(free[..count].to_vec())
        } else {
            Err(Error::new(Kind::Unavailable, format!("{count} GPU asked for, and {} are free on this machine now.", free.len())))
        }
    }
}

async fn hand_over(child: &mut Child, text: Vec<u8>) -> std::io::Result<Answer> {
    let gone = || std::io::Error::other("the supervisor has no pipes");
    let mut to = child.stdin.take().ok_or_else(gone)?;
    let from = child.stdout.take().ok_or_else(gone)?;
    to.write_all(&text).await?;
    to.shutdown().await?;
    drop(to);
    let mut line = String::new();
    BufReader::new(from).read_line(&mut line).await?;
    serde_json::from_str(&line).map_err(|_| std::io::Error::other("the supervisor ended without a word"))
}

pub(super) fn not_started(why: String) -> Error {
    Error::new(Kind::Unavailable, "The workload could not be started on this machine.").hint("Try again in a moment.").context(why)
}
