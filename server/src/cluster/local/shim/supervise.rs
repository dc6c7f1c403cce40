//! The story of one workload, from its record to its end: all its nodes that run here.

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
    node::Node,
    prepare::{Prepared, prepare},
    ready::ready,
    recorder::Recorder,
    start::{Entrance, entered},
    stop::{Asked, StopRequests},
};
use crate::{
    clock::{Clock, SystemClock},
    cluster::{Exit, SLIPWAY},
};
use futures::{StreamExt, stream::FuturesUnordered};
use rustix::fs::FlockOperation;
use std::{
    fs::{self, File},
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU16, Ordering},
    },
    time::Duration,
};
use tokio::{
    net::UnixStream,
    signal::unix::{SignalKind, signal},
    sync::Notify,
    time::{Instant, sleep, sleep_until, timeout},
};

/// Time between SIGTERM and SIGKILL for a server that did not get ready.
const NOT_READY_GRACE: Duration = Duration::from_secs(5);

/// How long what is no server starts: then it gets by with the CPU that it holds. A server does when it answers.
const STARTS: Duration = Duration::from_secs(2);

/// Supervises a workload to its end. `first` becomes its command. `answer` hears once, as soon as the start is recorded, or that it was before; `news`
/// rings when there is a request to read for which nobody sends a signal.
///
/// # Errors
/// Nothing was started. After the start is recorded there are no errors, only ends with a reason.
pub async fn supervise(
    handover: Handover,
    first: io::Result<Entrance>,
    news: Arc<Notify>,
    answer: impl FnOnce(&Answer),
) -> Result<(), String> {
    let paths = Paths::new(&handover.data);
    let spec = &handover.spec;
    let Some(lock) = hold(&paths, &spec.id).await? else {
        answer(&Answer::Already);
        let _ = first.map(Entrance::close);
        return Ok(());
    };
    let said = |what: &'static str| move |e: io::Error| format!("{what}: {e}");
    let stops = StopRequests::listen(paths.stop(&spec.id), news).map_err(said("signals"))?;
    let nodes = Node::all(&handover, &paths, first).map_err(said("log and control groups"))?;
    let group = Group::joined(nodes.iter().map(|n| &n.group));
    let states = if nodes.len() > 1 { nodes.iter().map(Node::state).collect() } else { Vec::new() };
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
        nodes: states,
    };
    let recorder = Recorder::begin(paths.state(&spec.id), state).map_err(said("the record")).inspect_err(|_| {
        group.remove();
    })?;
    answer(&Answer::Recorded);
    let exit_path = paths.exit(&spec.id);
    let limit = spec.resources.memory_bytes;
    let socket_folder = paths.socket_folder(&spec.id);
    let mut story = Story { paths, group, nodes, recorder, stops, cause: None, failed: None, kill_at: None, handover: Arc::new(handover) };
    story.run().await;

    let exits: Vec<Exit> = story.nodes.iter().map(|node| node.close(story.cause.as_ref(), limit)).collect();
    let mut exit = Exit::of_nodes(&exits, story.failed.and_then(|n| u32::try_from(n).ok()));
    if story.cause.is_some() {
        exit.node = None;
    }
    let _ = fs::remove_dir_all(socket_folder);
    // The kernel lets go of a group a moment after its last process.
    let mut tries = 0;
    while !story.group.remove() && tries < 100 {
        tries += 1;
        sleep(Duration::from_millis(tries.min(10))).await;
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
    /// Those of all nodes.
    group: Group,
    nodes: Vec<Node>,
    recorder: Recorder,
    stops: StopRequests,
    /// What ended all of them.
    cause: Option<Cause>,
    /// The node that failed first, by its place here.
    failed: Option<usize>,
    kill_at: Option<Instant>,
}

impl Story {
    /// From preparing to the moment when no process is left.
    async fn run(&mut self) {
        let prepared = match self.prepare().await {
            Ok(prepared) => prepared,
            Err(cause) => {
                self.cause = Some(cause);
                return;
            }
        };
        // Before the first process, so that no end is missed.
        let children = match signal(SignalKind::child()) {
            Ok(children) => children,
            Err(e) => {
                self.cause = Some(Cause::Failed(format!("Signals cannot be received: {e}.")));
                return;
            }
        };
        let entering = self.start(&prepared);
        let (child, states) = (self.nodes[0].child, self.nodes.iter().map(Node::state).collect::<Vec<_>>());
        self.recorder.change(|s| {
            s.child = child;
            s.started_at = child.map(|_| SystemClock.now());
            if s.nodes.len() == states.len() {
                s.nodes = states;
            }
        });
        if self.failed.is_none() {
            self.accompany(&prepared, entering, children).await;
        }
        self.end_all().await;
        for node in &mut self.nodes {
            node.drain().await;
        }
        drop(prepared.port_lock);
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

    /// Starts all nodes, or none goes on: the places of those that were started, with what tells how that goes.
    fn start(&mut self, prepared: &Prepared) -> Vec<(usize, UnixStream)> {
        let spec = &self.handover.spec;
        let (of, command) = (spec.nodes, shortened(&spec.command.join(" ").replace(SLIPWAY, "slipway")));
        let mut entering = Vec::new();
        for (place, node) in self.nodes.iter_mut().enumerate() {
            let which = if of > 1 { format!("Starting node {} of {of}", node.rank) } else { "Starting".into() };
            node.log.say(&format!("{which} with {}: {command}", spec.resources.words()));
            match node.start(&self.handover, prepared) {
                Ok(socket) => entering.push((place, socket)),
                Err(why) => {
                    node.cause = Some(Cause::Failed(why));
                    self.failed = Some(place);
                    break;
                }
            }
        }
        self.blame();
        entering
    }

    async fn accompany(&mut self, prepared: &Prepared, entering: Vec<(usize, UnixStream)>, mut children: tokio::signal::unix::Signal) {
        let handover = self.handover.clone();
        let spec = &handover.spec;
        let begin = Instant::now();
        let far = begin + Duration::from_secs(100 * 365 * 86_400);
        let timeout_at = spec.timeout_seconds.map_or(far, |s| begin + Duration::from_secs(s.min(1 << 31)));
        let start_by = spec.server.as_ref().map_or(far, |s| begin + Duration::from_secs(s.start_seconds.min(1 << 31)));
        let endpoint = prepared.endpoint.clone();
        // The status of its last answer, where it gave one.
        let said = AtomicU16::new(0);
        let readiness = async {
            match (&spec.server, &endpoint) {
                (Some(server), Some(endpoint)) => ready(endpoint, &server.ready_path, server.ready_status, &said).await,
                _ => std::future::pending().await,
            }
        };
        tokio::pin!(readiness);
        let mut entering: FuturesUnordered<_> =
            entering.into_iter().map(|(place, socket)| async move { (place, entered(socket).await) }).collect();
        let mut memory = MemoryWatch::new(spec.resources.memory_bytes, self.nodes.iter().filter_map(|n| Some((n.rank, n.leader()?))));
        let watch_memory = !self.handover.limits.memory_is_limited();
        let mut is_ready = spec.server.is_none();
        let mut starts = is_ready;
        loop {
            self.look_for_ends(&mut memory);
            if self.nodes.iter().all(|n| n.status.is_some()) {
                break;
            }
            tokio::select! {
                _ = children.recv() => {}
                asked = self.stops.next() => self.asked(asked),
                () = sleep_until(self.kill_at.unwrap_or(far)), if self.kill_at.is_some() => break,
                () = sleep_until(begin + STARTS), if starts => {
                    starts = false;
                    self.nodes.iter().for_each(|node| node.has_started(spec.resources));
                }
                () = sleep_until(timeout_at), if self.is_wanted() && spec.timeout_seconds.is_some() => {
                    let seconds = spec.timeout_seconds.unwrap_or_default();
                    self.end(Cause::TimedOut { seconds }, Duration::from_secs(spec.grace_seconds));
                }
                () = sleep_until(start_by), if self.is_wanted() && !is_ready => {
                    let server = spec.server.as_ref();
                    let (path, seconds) = server.map(|s| (s.ready_path.as_str(), s.start_seconds)).unwrap_or_default();
                    let reason = match said.load(Ordering::Relaxed) {
                        0 => format!("It did not answer at {path} within {seconds} seconds."),
                        status => format!("It answered at {path} with the status {status}, and was not ready within {seconds} seconds."),
                    };
                    self.end(Cause::Failed(reason), NOT_READY_GRACE);
                }
                Some((place, why)) = entering.next(), if !entering.is_empty() => {
                    if let Some(why) = why {
                        self.could_not_enter(place, why);
                    } else if entering.is_empty() && self.is_wanted() {
                        self.recorder.phase(match is_ready {
                            true => RecordedPhase::Running { endpoint: None },
                            false => RecordedPhase::Starting { doing: "Waiting until it answers".into() },
                        });
                    }
                }
                answered = &mut readiness, if !is_ready && self.is_wanted() => {
                    is_ready = true;
                    match answered {
                        Ok(()) => {
                            self.nodes.iter().for_each(|node| node.has_started(spec.resources));
                            self.recorder.phase(RecordedPhase::Running { endpoint: endpoint.clone() });
                        }
                        Err(why) => self.end(Cause::Failed(why), NOT_READY_GRACE),
                    }
                }
                rank = memory.passed(), if watch_memory => {
                    memory.leave(rank);
                    self.takes_too_much(rank);
                }
            }
        }
        // An end may be noticed before the last words of a start are read.
        while let Ok(Some((place, why))) = timeout(Duration::from_secs(1), entering.next()).await {
            if let Some(why) = why {
                self.could_not_enter(place, why);
            }
        }
        if !is_ready && self.cause.is_none() && self.nodes[0].cause.is_none() {
            let path = spec.server.as_ref().map(|s| s.ready_path.as_str()).unwrap_or_default();
            self.nodes[0].cause = Some(Cause::Failed(format!("{}, before it answered at {path}.", self.nodes[0].how())));
        }
    }

    /// Collects what has ended. The first node that failed ends the others; one that did what it was to do leaves nothing behind.
    fn look_for_ends(&mut self, memory: &mut MemoryWatch) {
        for (pid, status) in ending::collect().ended {
            let Some(place) = self.nodes.iter_mut().position(|n| n.collected(pid, status)) else { continue };
            memory.leave(self.nodes[place].rank);
            if self.nodes.len() > 1 {
                self.nodes[place].kill(&self.leaders());
                if self.nodes[place].failed() {
                    self.fails(place);
                }
            }
        }
    }

    /// Nothing has been said yet that ends it.
    const fn is_wanted(&self) -> bool {
        self.cause.is_none() && self.failed.is_none()
    }

    fn leaders(&self) -> Vec<i32> {
        self.nodes.iter().filter_map(|n| n.child).map(|c| c.pid).collect()
    }

    /// A node failed by itself.
    fn fails(&mut self, place: usize) {
        if self.is_wanted() {
            self.failed = Some(place);
            self.blame();
            self.ask(Duration::from_secs(self.handover.spec.grace_seconds));
        }
    }

    /// Tells the other nodes, as far as they have not ended, why they end.
    fn blame(&mut self) {
        let Some(rank) = self.failed.map(|place| self.nodes[place].rank) else { return };
        for node in self.nodes.iter_mut().filter(|n| n.rank != rank && n.status.is_none()) {
            node.cause.get_or_insert(Cause::Node { rank });
        }
    }

    /// The command of a node could not take over; its process ends by itself.
    fn could_not_enter(&mut self, place: usize, why: String) {
        let blamed = matches!(self.nodes[place].cause, Some(Cause::Node { .. }));
        if self.cause.is_none() && (self.nodes[place].cause.is_none() || blamed) {
            self.nodes[place].cause = Some(Cause::Failed(why));
        }
    }

    fn takes_too_much(&mut self, rank: u32) {
        let alone = self.nodes.len() == 1;
        let (leaders, wanted) = (self.leaders(), self.is_wanted());
        let Some(node) = self.nodes.iter_mut().find(|n| n.rank == rank) else { return };
        if wanted {
            node.cause.get_or_insert(Cause::OutOfMemory);
        }
        if alone {
            self.kill_at = Some(Instant::now());
        } else {
            node.kill(&leaders);
        }
    }

    async fn end_all(&mut self) {
        let nodes = &mut self.nodes;
        ending::end_all(&self.group, |pid, status| {
            let _ = nodes.iter_mut().any(|n| n.collected(pid, status));
        })
        .await;
    }

    fn asked(&mut self, asked: Asked) {
        match asked {
            Asked::Stop { grace } => self.end(Cause::Stopped, grace),
            // The signal of a request that was read together with the one before.
            Asked::Signal if self.cause == Some(Cause::Stopped) => {}
            Asked::Signal => self.end(Cause::Signal, Duration::from_secs(self.handover.spec.grace_seconds)),
        }
    }

    /// Asks the workload to end. The first cause is the one that counts, the shortest grace wins.
    fn end(&mut self, cause: Cause, grace: Duration) {
        if self.is_wanted() {
            self.cause = Some(cause);
            self.ask(grace);
        } else {
            self.hurry(grace);
        }
    }

    fn ask(&mut self, grace: Duration) {
        self.hurry(grace);
        self.recorder.phase(RecordedPhase::Stopping);
        self.nodes.iter().for_each(Node::ask);
    }

    fn hurry(&mut self, grace: Duration) {
        let kill_at = Instant::now() + grace;
        self.kill_at = Some(self.kill_at.map_or(kill_at, |at| at.min(kill_at)));
    }
}

fn shortened(command: &str) -> String {
    let line = command.replace('\n', " ");
    match line.char_indices().nth(300) {
        Some((cut, _)) => format!("{} …", &line[..cut]),
        None => line,
    }
}
