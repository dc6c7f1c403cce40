//! Finds out which limits this machine permits, by trying.

use super::{Group, Limits, LimitsMode};
use app::api::resources::Resources;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Tries version 2, then version 1. `name` is the folder below our own group in which all groups of this data folder are made.
pub fn probe(name: &str) -> Limits {
    unified(name).or_else(|| version_1(name)).unwrap_or(Limits::NONE)
}

/// The folder of our own group of a controller; the empty name means version 2.
fn own(controller: &str) -> Option<PathBuf> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let (mount, below) = place(controller, &groups, &mounts)?;
    let folder = mount.join(below);
    // In a container the mount may show another part of the tree than our group's name says.
    Some(if folder.is_dir() { folder } else { mount })
}

/// Where a controller is mounted, and our own group below it.
fn place(controller: &str, groups: &str, mounts: &str) -> Option<(PathBuf, String)> {
    let has = |list: &str| list.split(',').any(|c| c == controller);
    let path = groups.lines().find_map(|line| {
        let mut parts = line.splitn(3, ':');
        let (number, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        let ours = if controller.is_empty() { number == "0" } else { has(controllers) };
        ours.then_some(path)
    })?;
    let (root, mount) = mounts.lines().find_map(|line| {
        let (left, right) = line.split_once(" - ")?;
        let mut right = right.split(' ');
        let (kind, options) = (right.next()?, right.nth(1)?);
        let ours = if controller.is_empty() { kind == "cgroup2" } else { kind == "cgroup" && has(options) };
        let mut left = left.split(' ').skip(3);
        ours.then_some((left.next()?, left.next()?))
    })?;
    let below = path.strip_prefix(root).unwrap_or(path).trim_start_matches('/');
    Some((PathBuf::from(mount), below.to_owned()))
}

fn unified(name: &str) -> Option<Limits> {
    let own = own("")?;
    let there = fs::read_to_string(own.join("cgroup.controllers")).ok()?;
    if !["cpu", "memory"].iter().all(|c| there.split_whitespace().any(|t| t == *c)) {
        return None;
    }
    if hand_down(&own).is_err() {
        // A group with processes of its own may not hand controllers down: the server goes into a group beside those of its workloads.
        let server = own.join("slipway-server");
        make(&server).ok()?;
        if fs::write(server.join("cgroup.procs"), "0").is_err() || hand_down(&own).is_err() {
            // Nobody shall notice that we tried.
            let _ = fs::write(own.join("cgroup.procs"), "0");
            let _ = fs::remove_dir(&server);
            return None;
        }
    }
    let base = own.join(name);
    make(&base).ok()?;
    hand_down(&base).ok()?;
    let limits = Limits { mode: LimitsMode::CgroupV2, unified: Some(base), ..Limits::NONE };
    works(&limits).then_some(limits)
}

fn hand_down(folder: &Path) -> io::Result<()> {
    fs::write(folder.join("cgroup.subtree_control"), "+cpu +memory")
}

fn version_1(name: &str) -> Option<Limits> {
    let base = |controller: &str| -> Option<PathBuf> {
        let base = own(controller)?.join(name);
        make(&base).ok()?;
        Some(base)
    };
    let only = |change: &dyn Fn(&mut Limits)| {
        let mut limits = Limits { mode: LimitsMode::CgroupV1, ..Limits::NONE };
        change(&mut limits);
        works(&limits).then_some(limits)
    };
    let cpu = base("cpu").filter(|b| only(&|l| l.cpu = Some(b.clone())).is_some());
    let memory = base("memory").filter(|b| only(&|l| l.memory = Some(b.clone())).is_some());
    let accounting = base("cpuacct").filter(|b| only(&|l| l.accounting = Some(b.clone())).is_some());
    (cpu.is_some() || memory.is_some()).then_some(Limits { mode: LimitsMode::CgroupV1, unified: None, cpu, memory, accounting })
}

/// Whether a group with limits can be made and removed.
fn works(limits: &Limits) -> bool {
    let resources = Resources { cpu_millis: 1000, memory_bytes: 64 << 20, gpus: 0 };
    Group::make(limits, &format!("probe-{}", std::process::id()), resources).is_ok_and(|group| group.remove())
}

fn make(folder: &Path) -> io::Result<()> {
    match fs::create_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

/// The memory limit of our own group, where it has one.
pub fn own_memory_limit() -> Option<i64> {
    let file = match own("memory") {
        Some(own) => own.join("memory.limit_in_bytes"),
        None => own("")?.join("memory.max"),
    };
    // Version 1 writes "no limit" as a number near the largest; the machine's memory is smaller than that anyway.
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::place;

    const MOUNTS: &str = "\
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 /docker/abc /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
";
    const GROUPS: &str = "\
5:memory:/docker/abc/inner
2:cpu,cpuacct:/user.slice
0::/user.slice/user-1000.slice/session.scope
";

    fn found(controller: &str) -> Option<(String, String)> {
        place(controller, GROUPS, MOUNTS).map(|(mount, below)| (mount.display().to_string(), below))
    }

    #[test]
    fn both_versions_are_found_where_they_are() {
        let pair = |mount: &str, below: &str| Some((mount.to_owned(), below.to_owned()));
        assert_eq!(found("cpuacct"), pair("/sys/fs/cgroup/cpu,cpuacct", "user.slice"));
        assert_eq!(found(""), pair("/sys/fs/cgroup/unified", "user.slice/user-1000.slice/session.scope"));
        assert_eq!(found("memory"), pair("/sys/fs/cgroup/memory", "inner"));
        assert_eq!(found("pids"), None);
    }
}
