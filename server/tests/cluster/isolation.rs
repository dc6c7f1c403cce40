//! What a workload sees, and what it must not see.

use crate::{
    adoption::server_that_was_killed,
    world::{Local, ended, plain, shell},
};
use server::cluster::{Cluster, Runtime, WorkloadSpec};
use std::{os::unix::fs::PermissionsExt, path::Path};

/// Looks wherever it can: itself, its supervisor, everybody above.
const LOOKS: &str = "env; echo fds; for f in /proc/$$/fd/*; do readlink $f; done; echo parent; \
    tr '\\0' '\\n' < /proc/$PPID/environ; tr '\\0' '\\n' < /proc/$PPID/cmdline; \
    echo parentfds; for f in /proc/$PPID/fd/*; do readlink $f; done; echo end; sleep 1000";

#[tokio::test]
async fn nothing_of_the_server_leaks() {
    let mut local = Local::new();
    let spec = plain();
    server_that_was_killed(&mut local, &spec.id, LOOKS);
    local.open();
    let seen = crate::world::until("all of it", async || {
        let log = local.log(&spec.id).await;
        log.contains(&"out end".to_owned()).then_some(log)
    })
    .await;
    let text = seen.join("\n");
    assert!(!text.contains("the-servers-own-secret") && !text.contains("SLIPWAY_ADMIN") && !text.contains("TEST_"), "{text}");
    assert!(!text.contains("/etc/hostname"), "a file that the server inherited: {text}");
    let between = |from: &str, to: &str| {
        let at = |word: &str| seen.iter().position(|l| l == &format!("out {word}")).unwrap();
        seen[at(from) + 1..at(to)].to_vec()
    };
    // Its own files: nothing in, two pipes out (and what the shell itself opens to look).
    for file in between("fds", "parent") {
        assert!(file.contains("/dev/null") || file.contains("pipe:") || file.contains("/proc/"), "{file}");
    }
    // The supervisor has no environment, no secret on its command line, and no file outside its work.
    let parent = between("parent", "parentfds");
    assert!(!parent.iter().any(|l| l.contains('=') || l.contains("handed-to")), "{parent:?}");
    for file in between("parentfds", "end") {
        let fine = ["/dev/null", "pipe:", "anon_inode:", "socket:"].iter().any(|w| file.contains(w))
            || file.contains(&local.data().display().to_string());
        assert!(fine, "{file}");
    }
    local.local().forget(&spec.id).await.unwrap();
}

#[tokio::test]
async fn the_environment_is_what_the_spec_says_and_no_more() {
    let local = Local::new();
    let mut spec = shell("env; pwd; umask");
    spec.resources.cpu_millis = 1500;
    spec.env.insert("MINE".into(), "{socket} stays".into());
    spec.secrets.insert("TOKEN".into(), "a-secret-value".into());
    local.to_end(&spec).await;
    let log = local.log(&spec.id).await;
    let work = local.data().canonicalize().unwrap().join("work").join(&spec.id);
    let value = |name: &str| log.iter().find_map(|l| l.strip_prefix(&format!("out {name}="))).map(str::to_owned);
    assert_eq!(value("HOME"), Some(work.join("home").display().to_string()));
    assert_eq!(value("TMPDIR"), Some(work.join("tmp").display().to_string()));
    assert_eq!(value("OMP_NUM_THREADS").as_deref(), Some("2"));
    assert_eq!(value("MINE").as_deref(), Some("{socket} stays"));
    assert_eq!(value("TOKEN").as_deref(), Some("a-secret-value"));
    assert!(log.contains(&format!("out {}", work.join("files").display())));
    let known = [
        "PATH",
        "LANG",
        "HOME",
        "TMPDIR",
        "PWD",
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "CUDA_VISIBLE_DEVICES",
        "RANK",
        "WORLD_SIZE",
        "MASTER_ADDR",
        "MASTER_PORT",
        "PET_NNODES",
        "PET_NODE_RANK",
        "PET_NPROC_PER_NODE",
        "PET_MASTER_ADDR",
        "PET_MASTER_PORT",
        "SLIPWAY_WORKLOAD_ID",
        "MINE",
        "TOKEN",
    ];
    for line in log.iter().filter_map(|l| l.strip_prefix("out ")).filter(|l| l.contains('=')) {
        assert!(known.contains(&line.split('=').next().unwrap()), "{line}");
    }
}

#[tokio::test]
async fn a_secret_is_never_written_down() {
    let local = Local::new();
    let mut spec = shell("tr '\\0' ' ' < /proc/$PPID/cmdline; exec sleep 1000");
    spec.secrets.insert("TOKEN".into(), "a-secret-value".into());
    local.local().ensure(&spec).await.unwrap();
    crate::world::running(local.local(), &spec.id).await;
    assert_eq!(files_with(&local.data(), "a-secret-value"), Vec::<String>::new());
    local.local().stop(&spec.id, std::time::Duration::ZERO).await.unwrap();
    ended(local.local(), &spec.id).await;
    assert_eq!(files_with(local.folder.path(), "a-secret-value"), Vec::<String>::new());
}

fn files_with(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if String::from_utf8_lossy(&std::fs::read(&path).unwrap_or_default()).contains(text) {
            found.push(path.display().to_string());
        }
    }
    found
}

#[tokio::test]
async fn an_environment_comes_first_in_path() {
    let local = Local::new();
    let bin = local.folder.path().join("cache/environments/sha256-abc/bin");
    std::fs::create_dir_all(&bin).unwrap();
    std::fs::write(bin.join("tool"), "#!/bin/sh\necho from $VIRTUAL_ENV\n").unwrap();
    std::fs::set_permissions(bin.join("tool"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let runtime = |digest: &str| Runtime::Environment { digest: digest.into(), image: None };
    let spec = WorkloadSpec { command: vec!["tool".into()], runtime: runtime("sha256-abc"), ..plain() };
    assert_eq!(local.to_end(&spec).await.code, Some(0));
    assert!(local.log(&spec.id).await.iter().any(|l| l.ends_with("/cache/environments/sha256-abc")));
    for digest in ["not-made", "../up"] {
        let spec = WorkloadSpec { command: vec!["tool".into()], runtime: runtime(digest), ..plain() };
        assert!(local.to_end(&spec).await.reason.is_some());
    }
}

#[tokio::test]
async fn a_volume_outlives_the_workload() {
    let local = Local::new();
    let volume = |name: &str| Some(name.to_owned());
    let spec = WorkloadSpec { volume: volume("ada/lab"), ..shell("echo kept > \"$HOME/note\"; pwd") };
    assert_eq!(local.to_end(&spec).await.code, Some(0));
    local.local().forget(&spec.id).await.unwrap();
    assert!(!local.data().join("work").join(&spec.id).exists());
    assert_eq!(std::fs::read_to_string(local.data().join("volumes/ada/lab/note")).unwrap(), "kept\n");
    // Either way to write it means the same folder.
    let again = WorkloadSpec { volume: volume("volumes/ada/lab"), ..shell("grep -q kept note") };
    assert_eq!(local.to_end(&again).await.code, Some(0));
    for name in ["../up", "/etc", "ada/../../x", ""] {
        assert!(local.local().ensure(&WorkloadSpec { volume: volume(name), ..plain() }).await.is_err(), "{name}");
    }
}

#[tokio::test]
async fn ids_that_are_no_file_names_are_refused() {
    let local = Local::new();
    for id in ["", "../x", "a/b", ".hidden", &"x".repeat(65)] {
        assert!(local.local().ensure(&WorkloadSpec { id: id.into(), ..plain() }).await.is_err(), "{id}");
    }
}

#[tokio::test]
async fn the_log_outlives_forgetting_and_the_rest_does_not() {
    let local = Local::new();
    let spec = shell("echo here; mkdir -p locked/in; chmod 0 locked");
    local.to_end(&spec).await;
    local.local().forget(&spec.id).await.unwrap();
    assert!(local.log(&spec.id).await.contains(&"out here".to_owned()));
    assert!(!local.data().join("work").join(&spec.id).exists());
    assert_eq!(std::fs::read_dir(local.data().join("workloads")).unwrap().count(), 0);
}
