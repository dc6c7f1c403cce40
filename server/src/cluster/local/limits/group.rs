//! The control groups of one workload: one folder (version 2) or one per controller (version 1).

use super::{Limits, LimitsMode};
use app::api::resources::Resources;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Microseconds of one period of the CPU limit.
const PERIOD: i64 = 100_000;

/// The folders of one workload. Everything about it can be asked with the folders alone, so a later server can, too.
#[derive(Debug, Clone, Default)]
pub struct Group {
    folders: Vec<PathBuf>,
    /// A container's: only looked at, and everything is in it already.
    is_given: bool,
}

impl Group {
    /// The groups in these folders, as a record names them.
    pub fn of(folders: &[PathBuf]) -> Self {
        Self { folders: folders.to_vec(), is_given: false }
    }

    /// Makes the groups of a workload and sets its limits.
    ///
    /// # Errors
    /// What the system says; what was made so far is removed again.
    pub fn make(limits: &Limits, id: &str, resources: Resources) -> io::Result<Self> {
        if limits.mode == LimitsMode::Container {
            return Ok(Self::of_container(Path::new("/sys/fs/cgroup")));
        }
        let bases = [&limits.unified, &limits.cpu, &limits.memory, &limits.accounting];
        let mut group = Self::default();
        for base in bases.into_iter().flatten() {
            let folder = base.join(id);
            // Controllers of version 1 may be mounted together: then one folder serves them all.
            if !group.folders.contains(&folder) {
                make(&folder).map_err(|e| group.given_up(e))?;
                group.folders.push(folder);
            }
        }
        group.limit(limits, id, resources).map_err(|e| group.given_up(e))?;
        Ok(group)
    }

    /// The groups of several nodes as one: what is in any of them is in it.
    pub fn joined<'a>(groups: impl IntoIterator<Item = &'a Self>) -> Self {
        groups.into_iter().fold(Self::default(), |mut all, one| {
            all.folders.extend(one.folders.iter().cloned());
            all.is_given |= one.is_given;
            all
        })
    }

    /// The group that a container sees as the root of all.
    fn of_container(root: &Path) -> Self {
        let unified = root.join("cgroup.controllers").exists();
        let folder = if unified { root.to_owned() } else { root.join("memory") };
        Self { folders: vec![folder], is_given: true }
    }

    fn limit(&self, limits: &Limits, id: &str, resources: Resources) -> io::Result<()> {
        let (quota, share) = (quota(resources.cpu_millis), resources.cpu_millis.max(10));
        let memory = resources.memory_bytes.max(4 << 20).to_string();
        if let Some(folder) = limits.unified.as_ref().map(|b| b.join(id)) {
            fs::write(folder.join("cpu.max"), format!("{quota} {PERIOD}"))?;
            fs::write(folder.join("memory.max"), &memory)?;
            // Where all want more than there is, each gets by what it holds: 100 is a processor.
            let _ = fs::write(folder.join("cpu.weight"), (share / 10).min(10_000).to_string());
            // Both are absent on some machines and only make the end of a workload cleaner.
            let _ = fs::write(folder.join("memory.swap.max"), "0");
            let _ = fs::write(folder.join("memory.oom.group"), "1");
        }
        if let Some(folder) = limits.cpu.as_ref().map(|b| b.join(id)) {
            fs::write(folder.join("cpu.cfs_period_us"), PERIOD.to_string())?;
            fs::write(folder.join("cpu.cfs_quota_us"), quota.to_string())?;
            let _ = fs::write(folder.join("cpu.shares"), (share * 1024 / 1000).to_string());
        }
        if let Some(folder) = limits.memory.as_ref().map(|b| b.join(id)) {
            fs::write(folder.join("memory.limit_in_bytes"), &memory)?;
            let _ = fs::write(folder.join("memory.memsw.limit_in_bytes"), &memory);
        }
        Ok(())
    }

    /// From now on it may use so many thousandths of a processor.
    ///
    /// # Errors
    /// What the system says.
    pub fn limit_cpu(&self, millis: i64) -> io::Result<()> {
        let quota = quota(millis);
        for folder in self.folders() {
            for (name, text) in [("cpu.max", format!("{quota} {PERIOD}")), ("cpu.cfs_quota_us", quota.to_string())] {
                let file = folder.join(name);
                if file.exists() {
                    fs::write(file, text)?;
                }
            }
        }
        Ok(())
    }

    /// The folders, for the record, and for whoever shall enter them.
    pub fn folders(&self) -> &[PathBuf] {
        if self.is_given { &[] } else { &self.folders }
    }

    /// The processes in it.
    pub fn processes(&self) -> Vec<i32> {
        let mut found: Vec<i32> = self
            .folders
            .iter()
            .filter_map(|f| fs::read_to_string(f.join("cgroup.procs")).ok())
            .flat_map(|text| text.lines().filter_map(|l| l.parse().ok()).collect::<Vec<_>>())
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// How many of its processes the kernel ended for want of memory.
    pub fn out_of_memory_kills(&self) -> u64 {
        self.first(|f| word(&f.join("memory.events"), "oom_kill").or_else(|| word(&f.join("memory.oom_control"), "oom_kill"))).unwrap_or(0)
    }

    /// CPU time of all that ever ran in it, in microseconds.
    pub fn cpu_micros(&self) -> Option<u64> {
        self.first(|f| {
            let accounting = || fs::read_to_string(f.join("cpuacct.usage")).ok()?.trim().parse::<u64>().ok().map(|nanos| nanos / 1000);
            word(&f.join("cpu.stat"), "usage_usec").or_else(accounting)
        })
    }

    /// Resident memory in bytes: what is its own, shared memory, and the parts of files it has mapped. The page cache is not counted.
    pub fn memory_bytes(&self) -> Option<u64> {
        self.first(|f| {
            let stat = f.join("memory.stat");
            match word(&stat, "anon") {
                Some(own) => Some(own + word(&stat, "file_mapped").unwrap_or(0)),
                None => Some(word(&stat, "total_rss")? + word(&stat, "total_mapped_file").unwrap_or(0)),
            }
        })
    }

    /// Removes the groups; they have to be empty. A group that still holds a process stays, and `false` is answered.
    pub fn remove(&self) -> bool {
        if self.is_given {
            return true;
        }
        let stays = |folder: &&PathBuf| fs::remove_dir(folder).is_err_and(|e| e.kind() != io::ErrorKind::NotFound);
        self.folders.iter().filter(stays).count() == 0
    }

    fn given_up(&self, error: io::Error) -> io::Error {
        self.remove();
        error
    }

    fn first<T>(&self, ask: impl Fn(&Path) -> Option<T>) -> Option<T> {
        self.folders.iter().find_map(|f| ask(f))
    }
}

/// Microseconds of each period.
fn quota(millis: i64) -> i64 {
    (millis * PERIOD / 1000).max(1000)
}

fn make(folder: &Path) -> io::Result<()> {
    match fs::create_dir_all(folder) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

/// The number behind a word in a file of `word number` lines.
fn word(file: &Path, name: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An ordinary folder takes the same writes and answers the same reads as the kernel's.
    #[test]
    fn version_2_is_told_the_limits_and_asked_for_the_use() {
        let base = tempfile::tempdir().unwrap();
        let limits = Limits { mode: LimitsMode::CgroupV2, unified: Some(base.path().to_owned()), ..Limits::NONE };
        let group = Group::make(&limits, "one", Resources { cpu_millis: 1500, memory_bytes: 1 << 30, gpus: 0 }).unwrap();
        let folder = base.path().join("one");
        let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        assert_eq!((text("cpu.max").as_str(), text("memory.max").as_str()), ("150000 100000", "1073741824"));
        fs::write(folder.join("memory.events"), "low 0\noom 3\noom_kill 2\n").unwrap();
        fs::write(folder.join("memory.stat"), "anon 4096\nfile 999\nfile_mapped 1000\n").unwrap();
        fs::write(folder.join("cpu.stat"), "usage_usec 123\nuser_usec 100\n").unwrap();
        fs::write(folder.join("cgroup.procs"), "12\n7\n").unwrap();
        assert_eq!((group.out_of_memory_kills(), group.memory_bytes(), group.cpu_micros()), (2, Some(5096), Some(123)));
        assert_eq!(group.processes(), [7, 12]);
        assert_eq!(Group::of(group.folders()).out_of_memory_kills(), 2);
        assert_eq!(text("cpu.weight"), "150");
        group.limit_cpu(250).unwrap();
        assert_eq!((text("cpu.max").as_str(), folder.join("cpu.cfs_quota_us").exists()), ("25000 100000", false));
    }

    #[test]
    fn version_1_is_told_the_limits() {
        let base = tempfile::tempdir().unwrap();
        let limits = Limits { mode: LimitsMode::CgroupV1, cpu: Some(base.path().to_owned()), ..Limits::NONE };
        let group = Group::make(&limits, "one", Resources { cpu_millis: 250, memory_bytes: 1 << 30, gpus: 0 }).unwrap();
        let text = |name: &str| fs::read_to_string(base.path().join("one").join(name)).unwrap();
        assert_eq!((text("cpu.cfs_quota_us").as_str(), text("cpu.shares").as_str()), ("25000", "256"));
        group.limit_cpu(1000).unwrap();
        assert_eq!((text("cpu.cfs_quota_us").as_str(), text("cpu.cfs_period_us").as_str()), ("100000", "100000"));
    }

    #[test]
    fn a_containers_group_is_looked_at_and_left_alone() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("memory")).unwrap();
        fs::write(root.path().join("memory/memory.oom_control"), "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n").unwrap();
        let group = Group::of_container(root.path());
        assert_eq!((group.out_of_memory_kills(), group.folders().len(), group.remove()), (1, 0, true));
        fs::write(root.path().join("cgroup.controllers"), "cpu memory").unwrap();
        fs::write(root.path().join("memory.events"), "oom_kill 3\n").unwrap();
        assert_eq!(Group::of_container(root.path()).out_of_memory_kills(), 3);
    }
}
