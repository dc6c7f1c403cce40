//! A supervisor that is gone without a record of the end: it was killed, or the machine went down.

use super::{
    Inner,
    adopt::Seen,
    blocking,
    limits::Group,
    process::{self, ProcessId},
    record::{self, State},
    shim::{self, MARK},
};
use crate::{
    cluster::{Exit, Observed, Phase},
    error::{Context, Result},
    logs::{LogWriter, node_folder},
};
use std::{collections::HashSet, sync::Arc, time::Duration};

/// How long to wait for killed processes before the answer is "still ending".
const PATIENCE: Duration = Duration::from_secs(5);

impl Inner {
    /// Ends what is left of a lost workload and records its end.
    pub(super) async fn settle(self: &Arc<Self>, id: &str) -> Result<Option<Observed>> {
        let _door = self.door(id).await;
        self.settle_behind_door(id).await
    }

    /// The same for whoever holds the workload's door.
    pub(super) async fn settle_behind_door(self: &Arc<Self>, id: &str) -> Result<Option<Observed>> {
        let (inner, name) = (self.clone(), id.to_owned());
        let look = move || inner.look(&name, &process::boot()).context("reading a record");
        let state = match blocking(look).await? {
            Seen::Nothing => return Ok(None),
            Seen::Known(observed) => return Ok(Some(observed)),
            Seen::Lost(state) => state,
        };
        let observed = |phase| Ok(Some(Observed { id: id.to_owned(), phase, started_at: state.started_at, image: None }));
        let same_boot = state.boot == process::boot();
        if same_boot && !self.end_remains(id, &state).await? {
            return observed(Phase::Stopping);
        }
        let reason = if state.is_damaged() {
            "Its record on the disk is damaged."
        } else if same_boot {
            "Its supervisor was ended from outside, and all its processes with it."
        } else {
            "The machine was restarted while it ran."
        };
        let exit = Exit { reason: Some(reason.into()), ended_at: self.clock.now(), ..Exit::default() };
        let (inner, name, done, state_copy) = (self.clone(), id.to_owned(), exit.clone(), state.clone());
        blocking(move || {
            for node in 0..u32::try_from(state_copy.nodes.len().max(1)).unwrap_or(1) {
                let folder = node_folder(&inner.paths.logs(&name), node);
                if let Ok(mut log) = LogWriter::open(&folder, state_copy.attempt, inner.log_bytes) {
                    log.say(done.ended_at, reason);
                    // Readers of the log wait for this mark; without it they only wait longer.
                    let _ = log.finish();
                }
            }
            Group::of(&state_copy.groups).remove();
            let _ = std::fs::remove_dir_all(inner.paths.socket_folder(&name));
            record::write(&inner.paths.exit(&name), &done).context("recording an end")
        })
        .await?;
        self.ring();
        observed(Phase::Ended(exit))
    }

    /// Kills what is left; `false` where something does not die in time.
    async fn end_remains(self: &Arc<Self>, id: &str, state: &State) -> Result<bool> {
        let mut waited = Duration::ZERO;
        let mut nothing_found = 0;
        let mut pause = Duration::from_millis(2);
        loop {
            let (name, state) = (id.to_owned(), state.clone());
            let left = blocking(move || Ok(shim::kill(|| remains(&name, &state)))).await?;
            // Once is not enough: a process in the midst of `exec` has no mark.
            nothing_found = if left == 0 { nothing_found + 1 } else { 0 };
            if nothing_found == 2 {
                return Ok(true);
            }
            if waited >= PATIENCE {
                return Ok(false);
            }
            tokio::time::sleep(pause).await;
            waited += pause;
            pause = (pause * 2).min(Duration::from_millis(200));
        }
    }
}

/// Processes of a lost workload: in its control groups, in its supervisor's session, marked in their environment, and all that these started.
fn remains(id: &str, state: &State) -> Vec<ProcessId> {
    let all = process::all();
    let grouped: HashSet<i32> = Group::of(&state.groups).processes().into_iter().collect();
    // A session keeps its number as long as somebody is in it; a living leader that is not our supervisor means that it is another session.
    let leader = all.iter().find(|p| p.pid == state.shim.pid).map(|p| p.starttime);
    let session_is_ours = !state.is_damaged() && leader.is_none_or(|start| start == state.shim.start);
    let mark = format!("{MARK}={id}");
    let ours = |p: &procfs::process::Stat| {
        let after = p.starttime >= state.shim.start;
        after && (grouped.contains(&p.pid) || (session_is_ours && p.session == state.shim.pid) || process::is_marked(p.pid, &mark))
    };
    let mut found: HashSet<i32> = all.iter().filter(|p| ours(p)).map(|p| p.pid).collect();
    for root in found.clone() {
        found.extend(process::descendants(root, &all).iter().map(|p| p.pid));
    }
    let me = std::process::id() as i32;
    all.iter()
        .filter(|p| found.contains(&p.pid) && p.pid != me && !process::is_dead(p))
        .map(|p| ProcessId { pid: p.pid, start: p.starttime })
        .collect()
}
