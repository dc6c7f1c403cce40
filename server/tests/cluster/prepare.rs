//! What lies in the working folder before the command starts.

use crate::world::{Local, ended, observed, plain, shell, until};
use flate2::{Compression, write::GzEncoder};
use server::cluster::{Cluster, Phase, WorkloadSpec};
use std::{fs::File, io::Read, path::PathBuf, time::Duration};

fn archive(local: &Local, build: impl FnOnce(&mut tar::Builder<GzEncoder<File>>)) -> Option<PathBuf> {
    let path = local.folder.path().join("upload.tgz");
    let mut builder = tar::Builder::new(GzEncoder::new(File::create(&path).unwrap(), Compression::fast()));
    build(&mut builder);
    builder.into_inner().unwrap().finish().unwrap();
    Some(path)
}

fn add(builder: &mut tar::Builder<GzEncoder<File>>, path: &str, mode: u32, size: u64, text: impl Read) {
    let mut header = tar::Header::new_gnu();
    header.set_mode(mode);
    header.set_size(size);
    builder.append_data(&mut header, path, text).unwrap();
}

#[tokio::test]
async fn an_archive_and_files_are_there() {
    let local = Local::new();
    let text = b"#!/bin/sh\ncat ../conf/a.txt\n";
    let mut spec = WorkloadSpec {
        archive: archive(&local, |b| add(b, "bin/tool.sh", 0o755, text.len() as u64, &text[..])),
        ..shell("cd bin; ./tool.sh")
    };
    spec.files.insert("conf/a.txt".into(), "from a file\n".into());
    assert_eq!(local.to_end(&spec).await.code, Some(0));
    assert!(local.log(&spec.id).await.contains(&"out from a file".to_owned()));
}

#[tokio::test]
async fn what_leads_out_is_refused() {
    let local = Local::new();
    for name in ["../out", "/tmp/slipway-out", "a/../../out", ""] {
        let mut spec = plain();
        spec.files.insert(name.into(), "x".into());
        let exit = local.to_end(&spec).await;
        assert!(exit.reason.is_some_and(|r| r.contains(name)) && exit.code.is_none());
    }
    assert!(!local.data().join("work/out").exists());
    // A link that an earlier workload left in a volume.
    let volume = Some("ada/lab".to_owned());
    let outside = local.folder.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    local.to_end(&WorkloadSpec { volume: volume.clone(), ..shell(&format!("ln -s {} link", outside.display())) }).await;
    let mut spec = WorkloadSpec { volume, ..plain() };
    spec.files.insert("link/file".into(), "x".into());
    assert!(local.to_end(&spec).await.reason.is_some());
    assert_eq!(std::fs::read_dir(outside).unwrap().count(), 0);
}

#[tokio::test]
async fn a_volume_goes_with_all_that_is_in_it() {
    let local = Local::new();
    let volume = Some("ada/lab".to_owned());
    local.to_end(&WorkloadSpec { volume, ..shell("mkdir -p a/b; echo x > a/b/c; chmod 000 a/b") }).await;
    let folder = local.data().join("volumes/ada/lab");
    assert!(folder.join("a").exists());
    local.local().remove_volume("ada/lab").await.unwrap();
    assert!(!folder.exists());
    local.local().remove_volume("ada/lab").await.unwrap();
    assert!(local.local().remove_volume("../lab").await.is_err());
    assert!(local.data().join("volumes/ada").exists());
}

#[tokio::test]
async fn a_broken_archive_is_an_end_with_a_reason() {
    let local = Local::new();
    let path = local.folder.path().join("broken.tgz");
    std::fs::write(&path, "no archive").unwrap();
    let exit = local.to_end(&WorkloadSpec { archive: Some(path), ..plain() }).await;
    assert!(exit.reason.is_some_and(|r| r.contains("archive")));
    let exit = local.to_end(&WorkloadSpec { archive: Some("/nowhere/x.tgz".into()), ..plain() }).await;
    assert!(exit.reason.is_some_and(|r| r.contains("archive")));
}

#[tokio::test]
async fn a_stop_while_it_unpacks_ends_it() {
    let local = Local::new();
    let size = 1 << 30;
    let spec = WorkloadSpec { archive: archive(&local, |b| add(b, "zeros", 0o600, size, std::io::repeat(0).take(size))), ..plain() };
    local.local().ensure(&spec).await.unwrap();
    let phase = observed(local.local(), &spec.id).await.unwrap().phase;
    assert!(matches!(phase, Phase::Starting { .. }), "{phase:?}");
    let file = local.data().join("work").join(&spec.id).join("files/zeros");
    until("the first bytes", async || file.metadata().is_ok_and(|m| m.len() > 0).then_some(())).await;
    local.local().stop(&spec.id, Duration::from_secs(30)).await.unwrap();
    let exit = ended(local.local(), &spec.id).await;
    assert!(exit.stopped && exit.code.is_none(), "{exit:?}");
    assert!(file.metadata().unwrap().len() < size);
}
