//! The story of one workload, from its record to its end.

use super::{
    super::{
        handover::{Answer, Handover},
        limits::Group,
        paths::{Paths, make_private},
        process::{self, ProcessId},
        record::{self, RecordedPhase, State},
    },
    ending::{self, Cause},
    memory::MemoryWatch,
    prepare::{Prepared, prepare},
    pump::SharedLog,
    ready::ready,
    recorder::Recorder,
    start::{Started, entered, start},
    stop::{Asked, StopRequests},
};
use crate::{
    clock::{Clock, SystemClock},
    logs::LogWriter,
};
use rustix::{
    fs::FlockOperation,
    process::{Pid, Signal, WaitStatus, kill_process_group},
};
use std::{
    fs::{self, File},
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::Notify,
    time::{Instant, sleep, sleep_until, timeout},
};

/// Time between SIGTERM and SIGKILL for a server that did not get ready.
const NOT_READY_GRACE: Duration = Duration::from_secs(5);

/// Supervises a workload to its end. `answer` hears once, as soon as the start is recorded, or that it was before; `news` rings when there is a
/// request to read for which nobody sends a signal.
///
/// # Errors
/// Nothing was started. After the start is recorded there are no errors, only ends with a reason.
pub async fn supervise(handover: Handover, news: Arc<Notify>, answer: impl FnOnce(&Answer)) -> Result<(), String> {
    let paths = Paths::new(&handover.data);
    let spec = &handover.spec;
    let Some(lock) = hold(&paths, &spec.id).await? else {
        answer(&Answer::Already);
        return Ok(());
    };
    let said = |what: &'static str| move |e: io::Error| format!("{what}: {e}");
    let stops = StopRequests::listen(paths.stop(&spec.id), news).map_err(said("signals"))?;
    let log = LogWriter::open(&paths.logs(&spec.id), spec.attempt, handover.log_bytes).map_err(said("the log"))?;
    let group = Group::make(&handover.limits, &spec.id, spec.resources).map_err(said("control groups"))?;
    let state = State {
        kind: spec.kind,
        attempt: spec.attempt,
        boot: process::boot(),
        shim: ProcessId::of(std::process::id() as i32).ok_or("/proc does not show us")?,
        child: None,
        started_at: None,
        phase: RecordedPhase::Starting { doing: "Preparing its folder".into() },
        groups: group.folders().to_vec(),
        gpus: handover.gpus.clone().unwrap_or_default(),
    };
    let recorder = Recorder::begin(paths.state(&spec.id), state).map_err(said("the record")).inspect_err(|_| {
        group.remove();
    })?;
    answer(&Answer::Recorded);
    let exit_path = paths.exit(&spec.id);
    let limit = spec.resources.memory_bytes;
    let socket_folder = paths.socket_folder(&spec.id);
    let mut story =
        Story { paths, group, log: SharedLog::new(log), recorder, stops, cause: None, kill_at: None, handover: Arc::new(handover) };
    let status = story.run().await;

    let killed_for_memory = story.group.out_of_memory_kills() > 0;
    let exit = ending::exit(status, story.cause.clone(), killed_for_memory, limit, SystemClock.now());
    story.log.say(&ending::words(&exit));
    // Readers of the log wait for this mark; without it they only wait longer.
    let _ = story.log.with(|log| log.finish());
    let _ = fs::remove_dir_all(socket_folder);
    let mut tries = 0;
    while !story.group.remove() && tries < 100 {
        tries += 1;
        sleep(Duration::from_millis(10)).await;
    }
    // The last thing: who sees it may rely on all the rest. A full disk has to make room first; until then we are alive and Stopping.
    // Where the whole data folder was thrown away, nobody will ever look.
    while record::write(&exit_path, &exit).is_err() && exit_path.parent().is_some_and(|folder| folder.exists()) {
        sleep(Duration::from_secs(1)).await;
    }
    drop(lock);
    Ok(())
}

/// Holds the workload's lock until the end. `None`: somebody else started it.
async fn hold(paths: &Paths, id: &str) -> Result<Option<File>, String> {
    make_private(&paths.records()).map_err(|e| e.to_string())?;
    let file = fs::OpenOptions::new().write(true).create(true).truncate(false).open(paths.lock(id)).map_err(|e| e.to_string())?;
    for _ in 0..500 {
        let held = rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok();
        if paths.state(id).exists() {
            return Ok(None);
        }
        if held {
            return Ok(Some(file));
        }
        // Another supervisor is about to record its start, or to give up.
        sleep(Duration::from_millis(10)).await;
    }
    Err("another supervisor of this workload neither starts nor ends".into())
}

struct Story {
    handover: Arc<Handover>,
    paths: Paths,
    group: Group,
    log: SharedLog,
    recorder: Recorder,
    stops: StopRequests,
    cause: Option<Cause>,
    kill_at: Option<Instant>,
}

impl Story {
    /// From preparing to the moment when no process is left; the status of the first process, if there was one.
    async fn run(&mut self) -> Option<WaitStatus> {
        let prepared = match self.prepare().await {
            Ok(prepared) => prepared,
            Err(cause) => {
                self.cause = Some(cause);
                return None;
            }
        };
        // Before the first process, so that no end is missed.
        let children = match signal(SignalKind::child()) {
            Ok(children) => children,
            Err(e) => {
                self.cause = Some(Cause::Failed(format!("Signals cannot be received: {e}.")));
                return None;
            }
        };
        let spec = &self.handover.spec;
        self.log.say(&format!("Starting with {}: {}", spec.resources.words(), shortened(&spec.command.join(" "))));
        let started = match start(&self.handover, &prepared, &self.group, &self.log) {
            Ok(started) => started,
            Err(why) => {
                self.cause = Some(Cause::Failed(why));
                return ending::end_all(&self.group, 0).await;
            }
        };
        let child = started.child;
        self.recorder.change(|s| {
            s.child = Some(child);
            s.started_at = Some(SystemClock.now());
        });
        self.accompany(prepared, started, children).await
    }

    async fn prepare(&mut self) -> Result<Prepared, Cause> {
        let cancelled = Arc::new(AtomicBool::new(false));
        let mut work = {
            let (handover, paths, cancelled) = (self.handover.clone(), self.paths.clone(), cancelled.clone());
            tokio::task::spawn_blocking(move || prepare(&handover, &paths, &cancelled))
        };
        tokio::select! {
            done = &mut work => done.map_err(|e| Cause::Failed(e.to_string()))?.map_err(Cause::Failed),
            asked = self.stops.next() => {
                cancelled.store(true, Ordering::Relaxed);
                let _ = timeout(Duration::from_secs(5), work).await;
                Err(match asked {
                    Asked::Stop { .. } => Cause::Stopped,
                    Asked::Signal => Cause::Signal,
                })
            }
        }
    }

    async fn accompany(&mut self, prepared: Prepared, started: Started, mut children: tokio::signal::unix::Signal) -> Option<WaitStatus> {
        let handover = self.handover.clone();
        let spec = &handover.spec;
        let child = started.child.pid;
        let begin = Instant::now();
        let far = begin + Duration::from_secs(100 * 365 * 86_400);
        let timeout_at = spec.timeout_seconds.map_or(far, |s| begin + Duration::from_secs(s.min(1 << 31)));
        let start_by = spec.server.as_ref().map_or(far, |s| begin + Duration::from_secs(s.start_seconds.min(1 << 31)));
        let endpoint = prepared.endpoint.clone();
        let readiness = async {
            match (&spec.server, &endpoint) {
                (Some(server), Some(endpoint)) => ready(endpoint, &server.ready_path).await,
                _ => std::future::pending().await,
            }
        };
        let entering = entered(started.entering);
        tokio::pin!(readiness, entering);
        let mut memory = MemoryWatch::new(spec.resources.memory_bytes);
        let watch_memory = !self.handover.limits.memory_is_limited();
        let (mut is_entering, mut is_ready) = (true, spec.server.is_none());
        let status = loop {
            if let Some(status) = ending::collect(child) {
                break Some(status);
            }
            tokio::select! {
                _ = children.recv() => {}
                asked = self.stops.next() => self.asked(asked, child),
                () = sleep_until(self.kill_at.unwrap_or(far)), if self.kill_at.is_some() => {
                    break ending::end_all(&self.group, child).await;
                }
                () = sleep_until(timeout_at), if self.cause.is_none() && spec.timeout_seconds.is_some() => {
                    let seconds = spec.timeout_seconds.unwrap_or_default();
                    self.end(Cause::TimedOut { seconds }, Duration::from_secs(spec.grace_seconds), child);
                }
                () = sleep_until(start_by), if self.cause.is_none() && !is_ready => {
                    let server = spec.server.as_ref();
                    let (path, seconds) = server.map(|s| (s.ready_path.as_str(), s.start_seconds)).unwrap_or_default();
                    let reason = format!("It did not answer at {path} within {seconds} seconds.");
                    self.end(Cause::Failed(reason), NOT_READY_GRACE, child);
                }
                why = &mut entering, if is_entering => {
                    is_entering = false;
                    match why {
                        Some(why) => self.cause = self.cause.take().or(Some(Cause::Failed(why))),
                        None if self.cause.is_some() => {}
                        None if is_ready => self.recorder.phase(RecordedPhase::Running { endpoint: None }),
                        None => self.recorder.phase(RecordedPhase::Starting { doing: "Waiting until it answers".into() }),
                    }
                }
                answered = &mut readiness, if !is_ready && self.cause.is_none() => {
                    is_ready = true;
                    match answered {
                        Ok(()) => self.recorder.phase(RecordedPhase::Running { endpoint: endpoint.clone() }),
                        Err(why) => self.end(Cause::Failed(why), NOT_READY_GRACE, child),
                    }
                }
                () = memory.passed(), if watch_memory && self.cause != Some(Cause::OutOfMemory) => {
                    self.cause = self.cause.take().or(Some(Cause::OutOfMemory));
                    self.kill_at = Some(Instant::now());
                }
            }
        };
        // Its end may be noticed before its last words are read.
        if is_entering && let Ok(Some(why)) = timeout(Duration::from_secs(1), &mut entering).await {
            self.cause = self.cause.take().or(Some(Cause::Failed(why)));
        }
        if !is_ready && self.cause.is_none() {
            let path = spec.server.as_ref().map(|s| s.ready_path.as_str()).unwrap_or_default();
            self.cause = Some(Cause::Failed(format!("It ended before it answered at {path}.")));
        }
        let status = ending::end_all(&self.group, child).await.or(status);
        for pump in started.pumps {
            // Every writer is gone, so the pipes end; unless a stranger was handed one of them.
            let _ = timeout(Duration::from_secs(2), pump).await;
        }
        drop(prepared.port_lock);
        status
    }

    fn asked(&mut self, asked: Asked, child: i32) {
        match asked {
            Asked::Stop { grace } => self.end(Cause::Stopped, grace, child),
            // The signal of a request that was read together with the one before.
            Asked::Signal if self.cause == Some(Cause::Stopped) => {}
            Asked::Signal => self.end(Cause::Signal, Duration::from_secs(self.handover.spec.grace_seconds), child),
        }
    }

    /// Asks the workload to end. The first cause is the one that counts, the shortest grace wins.
    fn end(&mut self, cause: Cause, grace: Duration, child: i32) {
        let kill_at = Instant::now() + grace;
        self.kill_at = Some(self.kill_at.map_or(kill_at, |at| at.min(kill_at)));
        if self.cause.is_none() {
            self.cause = Some(cause);
            self.recorder.phase(RecordedPhase::Stopping);
            if let Some(group) = Pid::from_raw(child) {
                // The group cannot have become another's: its first process is ours to collect.
                let _ = kill_process_group(group, Signal::TERM);
            }
        }
    }
}

fn shortened(command: &str) -> String {
    let line = command.replace('\n', " ");
    match line.char_indices().nth(300) {
        Some((cut, _)) => format!("{} …", &line[..cut]),
        None => line,
    }
}
