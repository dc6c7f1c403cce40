//! The workload's own container: the supervisor of the local cluster, with what the pod has instead of a machine.

use super::{block_on, door, failed, last_words, rank};
use crate::{
    clock::{Clock, SystemClock},
    cluster::{
        Exit,
        kubernetes::{
            places::{HANDOVER, HANDOVER_FILE, HOME, RUN, TMP, WORK, program},
            plans::Handover,
        },
        local::{
            handover::{Answer, Handover as Supervised, OneNode},
            limits::Limits,
            paths::{Paths, make_private},
            record,
            shim::{Entrance, Folders, supervise},
        },
    },
};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use std::{
    cell::Cell,
    collections::BTreeMap,
    fs,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::unix::AsyncFd,
    signal::unix::{SignalKind, signal},
    sync::Notify,
};

/// How often it is looked for requests where the kernel has no watch left for us.
const WITHOUT_WATCH: Duration = Duration::from_millis(500);
/// PATH of an image that sets none.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Runs `slipway shim pod`.
pub fn main() -> ExitCode {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o027));
    match run() {
        Ok(exit) => {
            last_words(&exit);
            code(&exit)
        }
        Err(why) => failed(why),
    }
}

fn run() -> Result<Exit, String> {
    // Our memory holds the workload's secrets: its processes may not look into it.
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable).map_err(|e| e.to_string())?;
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).map_err(|e| e.to_string())?;
    let path = Path::new(HANDOVER).join(HANDOVER_FILE);
    let text = fs::read(&path).map_err(|e| format!("{} cannot be read: {e}.", path.display()))?;
    let handover: Handover = serde_json::from_slice(&text).map_err(|e| format!("The handover cannot be read: {e}."))?;
    drop(text);
    block_on(story(handover))?
}

async fn story(handover: Handover) -> Result<Exit, String> {
    // From now on, so that one that comes while the workload ends is not missed.
    let mut asked = signal(SignalKind::terminate()).map_err(|e| e.to_string())?;
    let paths = Paths::new(RUN);
    let (id, lingers) = (handover.spec.id.clone(), handover.lingers);
    make_private(&paths.records()).map_err(|e| format!("The pod's folder cannot be written: {e}."))?;
    let news = Arc::new(Notify::new());
    tokio::spawn(tell_requests(paths.clone(), id.clone(), news.clone()));
    if handover.spec.server.is_some() {
        tokio::spawn(door::keep(paths.clone(), id.clone(), handover.knock.clone()));
    }
    let before = Cell::new(false);
    let first = Entrance::open(&program());
    supervise(supervised(handover), first, news, |answer| before.set(*answer == Answer::Already)).await?;
    let ended = record::read::<Exit>(&paths.exit(&id)).ok().flatten();
    if lingers {
        // Where it would only be started again. The portal knows the end by now, or by what the kubelet saw.
        asked.recv().await;
    }
    Ok(ended.unwrap_or_else(|| Exit {
        reason: Some(match before.get() {
            true => "Its container was started a second time, as after a restart of its node. Nothing runs twice.".into(),
            false => "Its supervisor could not record the end.".into(),
        }),
        ended_at: SystemClock.now(),
        ..Exit::default()
    }))
}

fn supervised(handover: Handover) -> Supervised {
    let Handover { spec, log_bytes, upload_bytes, master, .. } = handover;
    let inherited = inherited();
    let home = if spec.volume.is_some() { WORK } else { HOME };
    Supervised {
        spec,
        data: RUN.into(),
        cache: PathBuf::new(),
        path: inherited.get("PATH").cloned().unwrap_or_else(|| PATH.into()),
        limits: Limits::CONTAINER,
        gpus: None,
        log_bytes,
        upload_bytes,
        inherited,
        folders: Some(Folders { files: WORK.into(), home: home.into(), tmp: TMP.into(), environment: None }),
        program: program().to_vec(),
        node: master.map(|master| OneNode { rank: rank(), master }),
    }
}

/// What the image brings. Where the API server is is no business of the workload's.
fn inherited() -> BTreeMap<String, String> {
    let all = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    all.filter(|(name, _)| !name.starts_with("KUBERNETES_")).collect()
}

/// Rings when the courier has written a request to stop.
async fn tell_requests(paths: Paths, id: String, news: Arc<Notify>) {
    let file = paths.stop(&id);
    let watch = watch(&paths.records()).ok();
    loop {
        // Before the start is recorded nobody listens.
        if file.exists() && paths.state(&id).exists() {
            news.notify_one();
        }
        match &watch {
            Some(watch) => tokio::select! {
                ready = watch.readable() => if let Ok(mut ready) = ready {
                    drain(watch);
                    ready.clear_ready();
                },
                // A state recorded just after a request is seen at the latest then.
                () = tokio::time::sleep(WITHOUT_WATCH * 4) => {}
            },
            None => tokio::time::sleep(WITHOUT_WATCH).await,
        }
    }
}

/// Tokio prefers an unsafe constructor, for the sake of types that do not own their descriptor. Ours does.
#[expect(deprecated, reason = "the safe constructor is sound for a descriptor that we own")]
fn watch(folder: &Path) -> std::io::Result<AsyncFd<OwnedFd>> {
    let fd = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
    inotify::add_watch(&fd, folder, WatchFlags::MOVED_TO)?;
    AsyncFd::new(fd)
}

fn drain(watch: &AsyncFd<OwnedFd>) {
    let mut buffer = [std::mem::MaybeUninit::uninit(); 4096];
    let mut reader = inotify::Reader::new(watch.get_ref(), &mut buffer);
    // An error means that everything is read.
    while reader.next().is_ok() {}
}

/// As a shell has it: the code, or 128 and the signal.
fn code(exit: &Exit) -> ExitCode {
    let code = exit.code.or_else(|| exit.signal.map(|s| 128 + s)).and_then(|c| u8::try_from(c).ok());
    ExitCode::from(code.unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kubelet_is_told_as_a_shell_would() {
        let of = |exit: Exit| format!("{:?}", code(&exit));
        assert_eq!(of(Exit { code: Some(3), ..Exit::default() }), format!("{:?}", ExitCode::from(3)));
        assert_eq!(of(Exit { signal: Some(9), ..Exit::default() }), format!("{:?}", ExitCode::from(137)));
        assert_eq!(of(Exit::default()), format!("{:?}", ExitCode::from(1)));
    }
}
