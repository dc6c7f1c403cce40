//! What the numbers were measured on.

use std::fs;

/// Processor, cores, memory, system, in one line; and what else was running.
pub fn describe() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|l| l.starts_with(name)).and_then(|l| l.split_once(':')).map(|(_, v)| v.trim().to_owned());
        line.unwrap_or_default()
    };
    let cpu = field(&read("/proc/cpuinfo"), "model name");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = field(&read("/proc/meminfo"), "MemTotal").split(' ').next().and_then(|k| k.parse::<u64>().ok()).unwrap_or(0) >> 20;
    let kernel = read("/proc/sys/kernel/osrelease");
    let system = field(&read("/etc/os-release").replace('=', ":"), "PRETTY_NAME").replace('"', "");
    let load = read("/proc/loadavg");
    let load = load.split(' ').next().unwrap_or_default();
    format!("{cores} cores of {cpu}, {memory} GiB, {system}, Linux {}; load average at the start {load}", kernel.trim())
}
