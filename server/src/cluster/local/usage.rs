//! What the workloads use now.

use super::{
    Inner,
    limits::Group,
    process::{self, ProcessId},
    record::{self, State},
};
use crate::cluster::{Usage, workload::UsageNumbers};
use procfs::process::Stat;
use std::sync::PoisonError;

/// What was measured last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meter {
    shim: ProcessId,
    time: i64,
    cpu_micros: u64,
}

impl Inner {
    /// Measures everything that runs. What cannot be measured is left out.
    pub(super) fn measure(&self) -> Vec<Usage> {
        let boot = process::boot();
        let running = self.started().unwrap_or_default().into_iter().filter_map(|id| {
            let open = !self.paths.exit(&id).exists();
            let state = open.then(|| record::read::<State>(&self.paths.state(&id)).ok()).flatten().flatten()?;
            (state.boot == boot && state.child.is_some() && state.shim.alive()).then_some((id, state))
        });
        let running: Vec<_> = running.collect();
        if running.is_empty() {
            return Vec::new();
        }
        let all = process::all();
        running.into_iter().filter_map(|(id, state)| self.measure_one(id, &state, &all)).collect()
    }

    fn measure_one(&self, id: String, state: &State, all: &[Stat]) -> Option<Usage> {
        let time = self.clock.now();
        let groups = state.groups_of_nodes();
        let processes = process::descendants(state.shim.pid, all);
        let cpu_micros = groups.iter().map(Group::cpu_micros).sum::<Option<u64>>().or_else(|| cpu_of(state, &processes, all))?;
        let memory = groups.iter().map(Group::memory_bytes).sum::<Option<u64>>();
        let memory = memory.unwrap_or_else(|| process::memory_of(&processes.iter().map(|p| p.pid).collect::<Vec<_>>()));
        let now = Meter { shim: state.shim, time, cpu_micros };
        let before = {
            let mut meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
            // A first look measures since the start.
            let start = Meter { shim: state.shim, time: state.started_at.unwrap_or(time), cpu_micros: 0 };
            meters.insert(id.clone(), now).filter(|m| m.shim == state.shim).unwrap_or(start)
        };
        let passed = time - before.time;
        let used = now.cpu_micros.saturating_sub(before.cpu_micros);
        // Microseconds of CPU per millisecond are thousandths of a core.
        let cpu_millis = if passed > 0 { used as i64 / passed } else { 0 };
        Some(Usage { id, time, numbers: UsageNumbers { cpu_millis, memory_bytes: i64::try_from(memory).unwrap_or(i64::MAX) } })
    }
}

/// CPU time of all processes that are there, and of those that the supervisor has collected.
fn cpu_of(state: &State, processes: &[&Stat], all: &[Stat]) -> Option<u64> {
    let shim = all.iter().find(|p| p.pid == state.shim.pid)?;
    let collected = |p: &Stat| (p.cutime + p.cstime).max(0) as u64;
    let ticks = collected(shim) + processes.iter().map(|p| p.utime + p.stime + collected(p)).sum::<u64>();
    Some(ticks * 1_000_000 / rustix::param::clock_ticks_per_second())
}
