//! What this machine has for workloads.

use crate::cluster::Capacity;
use app::api::resources::Resources;
use std::{fs, path::Path};

/// Everything less the reserve. A container's own limits count where they are smaller than the machine.
pub(super) fn capacity(reserve: Resources, gpus: &[u32]) -> Capacity {
    let all = Resources { cpu_millis: cpu_millis(), memory_bytes: memory_bytes(), gpus: gpus.len() as i64 };
    Capacity { total: less(all, reserve), reserve }
}

/// A reserve larger than the machine leaves nothing, and not less than that.
fn less(all: Resources, reserve: Resources) -> Resources {
    let left = all.minus(reserve);
    Resources { cpu_millis: left.cpu_millis.max(0), memory_bytes: left.memory_bytes.max(0), gpus: left.gpus.max(0) }
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

/// Memory of this machine, or of our own control group where that is less; 0 where neither can be told.
pub fn memory_bytes() -> i64 {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find_map(|l| l.strip_prefix("MemTotal:"))?;
        line.trim().strip_suffix("kB")?.trim().parse::<i64>().ok().map(|kib| kib * 1024)
    });
    let group = super::limits::own_memory_limit();
    machine.into_iter().chain(group).min().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_is_not_for_workloads() {
        let amount = |cpu_millis, memory_bytes, gpus| Resources { cpu_millis, memory_bytes, gpus };
        let all = amount(8000, 64 << 30, 4);
        assert_eq!(less(all, amount(250, 4 << 30, 1)), amount(7750, 60 << 30, 3));
        assert_eq!(less(all, amount(9000, 65 << 30, 5)), amount(0, 0, 0));
        let told = capacity(amount(0, 1 << 20, 1), &[0, 2, 5]);
        assert_eq!((told.total.gpus, told.total.memory_bytes), (2, memory_bytes() - (1 << 20)));
    }
}
