//! What this machine has for workloads.

use crate::cluster::Capacity;
use app::api::resources::Resources;
use std::{fs, path::Path};

/// Everything less the reserve. A container's own limits count where they are smaller than the machine.
pub(super) fn capacity(reserve: Resources, gpus: &[u32]) -> Capacity {
    let all = Resources { cpu_millis: cpu_millis(), memory_bytes: memory_bytes(), gpus: gpus.len() as i64 };
    let left = all.minus(reserve);
    let total = Resources { cpu_millis: left.cpu_millis.max(0), memory_bytes: left.memory_bytes.max(0), gpus: left.gpus.max(0) };
    Capacity { total, reserve }
}

/// Numbers of this machine's GPUs.
pub fn gpus() -> Vec<u32> {
    let mut found: Vec<u32> = names(Path::new("/dev")).iter().filter_map(|name| name.strip_prefix("nvidia")?.parse().ok()).collect();
    if found.is_empty() {
        found = (0..names(Path::new("/proc/driver/nvidia/gpus")).len() as u32).collect();
    }
    found.sort_unstable();
    found
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|e| e.ok()?.file_name().into_string().ok()).collect()
}

fn cpu_millis() -> i64 {
    // Follows affinity and the quota of our control group, in whole cores.
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get() as i64);
    cores * 1000
}

fn memory_bytes() -> i64 {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find_map(|l| l.strip_prefix("MemTotal:"))?;
        line.trim().strip_suffix("kB")?.trim().parse::<i64>().ok().map(|kib| kib * 1024)
    });
    let group = super::limits::own_memory_limit();
    machine.into_iter().chain(group).min().unwrap_or(0)
}
