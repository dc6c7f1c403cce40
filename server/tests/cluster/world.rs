//! The worlds in which the tests play: a cluster and ways to make workloads behave.

use app::api::{logs::LogQuery, resources::Resources};
use server::{
    clock::{SystemClock, TestClock},
    cluster::{
        Cluster, Exit, Observed, Phase, Runtime, ServerSpec, WorkloadKind, WorkloadSpec,
        fake::{FakeCluster, Script},
        local::{LOG_BYTES, LimitsMode, LocalCluster, LocalConfig},
    },
    ids,
    logs::LogStore,
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

/// How long anything may take before a test fails. The machine may be busy.
const PATIENCE: Duration = Duration::from_secs(300);

/// How a workload behaves.
#[derive(Debug, Clone, Copy)]
pub enum Does {
    /// Runs until stopped.
    Runs,
    /// Ends by itself.
    Exits(i64),
    /// Has a command that does not exist.
    CannotStart,
    /// Pays no attention to SIGTERM.
    IgnoresTerm,
    /// Is a server that gets ready.
    Serves,
    /// Is a server that never listens, and has a second to.
    NeverListens,
    /// Writes without a line end, for ever.
    WritesForever,
    /// Takes more memory than it may.
    TakesTooMuch,
    /// Is ended by a signal of its own.
    Crashes,
    /// Ends and leaves a child in a session of its own.
    LeavesAChild,
    /// Runs on two nodes until stopped.
    RunsOnTwo,
    /// Has three nodes that meet, talk to each other, and end.
    Meets,
    /// Has two nodes; the second ends with code 3 once both run.
    FailsOnOne,
}

/// Three nodes add up their numbers by way of the first, and each says the sum.
const MEETS: &str = "import os, socket, time
rank, size = int(os.environ['RANK']), int(os.environ['WORLD_SIZE'])
address = (os.environ['MASTER_ADDR'], int(os.environ['MASTER_PORT']))
if rank == 0:
    server = socket.create_server(('', address[1]))
    others = [server.accept()[0] for _ in range(size - 1)]
    total = sum(int(other.makefile().readline()) for other in others)
    for other in others:
        other.sendall(b'%d\\n' % total)
else:
    while True:
        try:
            me = socket.create_connection(address, 5)
            break
        except OSError:
            time.sleep(0.1)
    me.sendall(b'%d\\n' % rank)
    total = int(me.makefile().readline())
print('node', rank, 'of', size, 'knows', total, flush=True)
";

/// What of the worlds with processes runs on several nodes.
pub fn on_nodes(does: Does) -> WorkloadSpec {
    match does {
        Does::Meets => WorkloadSpec { nodes: 3, command: ["python3", "-c", MEETS].map(Into::into).into(), ..plain() },
        Does::FailsOnOne => WorkloadSpec { nodes: 2, ..shell("[ $RANK = 0 ] || exit 3; exec sleep 1000") },
        _ => WorkloadSpec { nodes: 2, ..shell("exec sleep 1000") },
    }
}

/// A cluster under test.
pub trait World {
    /// The cluster.
    fn cluster(&self) -> &dyn Cluster;
    /// A workload that behaves so.
    fn spec(&self, does: Does) -> WorkloadSpec;
    /// How many processes of a workload there are.
    fn processes(&self, id: &str) -> usize;
    /// Where logs lie, if there are any.
    fn log_store(&self) -> Option<LogStore>;
    /// Makes it look as if the machine had given the pid of a workload, which has ended unseen, to a stranger; the stranger. None where
    /// workloads are not known by pids.
    fn recycle(&self, id: &str) -> Option<std::process::Child>;
}

/// A workload with nothing special about it.
pub fn plain() -> WorkloadSpec {
    WorkloadSpec {
        id: ids::new_id(&SystemClock),
        team: "ada".into(),
        kind: WorkloadKind::Run,
        owner: "owner".into(),
        name: "test".into(),
        attempt: 1,
        runtime: Runtime::Host,
        command: vec!["true".into()],
        env: Default::default(),
        secrets: Default::default(),
        resources: Resources { cpu_millis: 1000, memory_bytes: 256 << 20, gpus: 0 },
        nodes: 1,
        volume: None,
        volume_is_kept: false,
        files: Default::default(),
        archive: None,
        folders: Default::default(),
        placement: Default::default(),
        server: None,
        timeout_seconds: None,
        grace_seconds: 10,
    }
}

/// A workload that runs a shell script.
pub fn shell(script: &str) -> WorkloadSpec {
    WorkloadSpec { command: vec!["sh".into(), "-c".into(), script.into()], ..plain() }
}

/// A server in Python; `body` runs before it listens at `{socket}` and answers 200 at `/ready`.
pub fn python_server(body: &str) -> WorkloadSpec {
    let program = format!(
        "import http.server, socketserver, sys, os, time\n\
         class H(http.server.BaseHTTPRequestHandler):\n\
        \x20   def do_GET(self):\n\
        \x20       self.send_response(200 if self.path == '/ready' else 404); self.end_headers(); self.wfile.write(b'hello')\n\
        \x20   def log_message(self, *a): pass\n\
         {body}\n\
         socketserver.UnixStreamServer(sys.argv[1], H).serve_forever()\n"
    );
    WorkloadSpec {
        kind: WorkloadKind::Replica,
        command: ["python3", "-c", &program, "{socket}"].map(Into::into).into(),
        server: Some(ServerSpec { ready_path: "/ready".into(), ready_status: None, port: None, start_seconds: 50 }),
        ..plain()
    }
}

/// The fake cluster.
pub struct Fake(pub FakeCluster);

impl Fake {
    pub fn new() -> Self {
        Self(FakeCluster::new(Arc::new(TestClock::at(1_700_000_000_000))))
    }
}

impl World for Fake {
    fn cluster(&self) -> &dyn Cluster {
        &self.0
    }
    fn spec(&self, does: Does) -> WorkloadSpec {
        let spec = match does {
            Does::Serves | Does::NeverListens => python_server(""),
            Does::RunsOnTwo | Does::Meets | Does::FailsOnOne => on_nodes(does),
            _ => plain(),
        };
        let ends = |reason: &str| Script::Ends(Exit { reason: Some(reason.into()), ..Exit::default() });
        let script = match does {
            Does::Runs | Does::WritesForever | Does::RunsOnTwo => Script::Runs,
            Does::FailsOnOne => Script::Ends(Exit { code: Some(3), node: Some(1), ..Exit::default() }),
            Does::TakesTooMuch => Script::Ends(Exit { signal: Some(9), out_of_memory: true, ..Exit::default() }),
            Does::Crashes => Script::Ends(Exit { signal: Some(9), ..Exit::default() }),
            Does::LeavesAChild | Does::Meets => Script::Ends(Exit { code: Some(0), ..Exit::default() }),
            Does::NeverListens => ends("It did not listen in time."),
            Does::Exits(code) => Script::Ends(Exit { code: Some(code), ..Exit::default() }),
            Does::CannotStart => ends("The command does not exist."),
            Does::IgnoresTerm => Script::IgnoresStop,
            Does::Serves => Script::Serves(server::cluster::Endpoint::Tcp { address: "127.0.0.1:1".into() }),
        };
        self.0.script(&spec.id, script);
        spec
    }
    fn processes(&self, _: &str) -> usize {
        0
    }
    fn log_store(&self) -> Option<LogStore> {
        None
    }
    fn recycle(&self, _: &str) -> Option<std::process::Child> {
        None
    }
}

/// The local cluster in a data folder of its own. What a test leaves is ended with it.
pub struct Local {
    pub cluster: Option<LocalCluster>,
    pub folder: tempfile::TempDir,
    log_bytes: u64,
    limits: Option<LimitsMode>,
}

impl Local {
    pub fn new() -> Self {
        Self::with(LOG_BYTES, None)
    }

    pub fn with(log_bytes: u64, limits: Option<LimitsMode>) -> Self {
        let folder = tempfile::Builder::new().prefix("slipway-").tempdir().unwrap();
        let mut local = Self { cluster: None, folder, log_bytes, limits };
        local.open();
        local
    }

    /// Opens the cluster, as a server does that has just started.
    pub fn open(&mut self) {
        // The server before lets go first: one data folder has one server.
        self.cluster = None;
        self.cluster = Some(LocalCluster::open_with(config(&self.data()), self.log_bytes, self.limits).unwrap());
    }

    pub fn local(&self) -> &LocalCluster {
        self.cluster.as_ref().unwrap()
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn logs(&self) -> LogStore {
        LogStore::new(&self.data())
    }

    /// The supervisor's pid, from its record.
    pub fn record(&self, id: &str) -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(self.data().join(format!("workloads/{id}.state.json"))).unwrap()).unwrap()
    }

    /// Runs a workload to its end.
    pub async fn to_end(&self, spec: &WorkloadSpec) -> Exit {
        self.local().ensure(spec).await.unwrap();
        ended(self.local(), &spec.id).await
    }

    /// What a workload wrote, without times: `out text`.
    pub async fn log(&self, id: &str) -> Vec<String> {
        let page = self.logs().page(id, &Default::default()).await.unwrap();
        page.items.into_iter().map(|l| format!("{} {}", l.stream, l.text)).collect()
    }
}

impl World for Local {
    fn cluster(&self) -> &dyn Cluster {
        self.local()
    }
    fn spec(&self, does: Does) -> WorkloadSpec {
        match does {
            Does::Runs => shell("echo up; exec sleep 1000"),
            Does::Exits(code) => shell(&format!("exit {code}")),
            Does::CannotStart => WorkloadSpec { command: vec!["there-is-no-such-command".into()], ..plain() },
            Does::IgnoresTerm => shell("trap '' TERM; echo up; while :; do sleep 0.05; done"),
            Does::Serves => python_server(""),
            Does::NeverListens => {
                let mut spec = python_server("time.sleep(1000)");
                spec.server = spec.server.map(|s| ServerSpec { start_seconds: 1, ..s });
                spec
            }
            Does::WritesForever => shell("exec tr '\\0' x </dev/zero"),
            Does::TakesTooMuch => {
                let program = "b = [bytearray(4 << 20) for _ in range(256)]; import time; time.sleep(1000)";
                let mut spec = WorkloadSpec { command: ["python3", "-c", program].map(Into::into).into(), ..plain() };
                spec.resources.memory_bytes = 128 << 20;
                spec
            }
            Does::Crashes => shell("kill -9 $$"),
            Does::LeavesAChild => shell("setsid sleep 1000 & exit 0"),
            Does::RunsOnTwo | Does::Meets | Does::FailsOnOne => on_nodes(does),
        }
    }
    fn processes(&self, id: &str) -> usize {
        marked(id).len()
    }
    fn log_store(&self) -> Option<LogStore> {
        Some(self.logs())
    }
    fn recycle(&self, id: &str) -> Option<std::process::Child> {
        let stranger = std::process::Command::new("setsid").args(["sleep", "1000"]).spawn().unwrap();
        let mut record = self.record(id);
        record["shim"]["pid"] = stranger.id().into();
        let workloads = self.data().join("workloads");
        std::fs::write(workloads.join(format!("{id}.state.json")), record.to_string()).unwrap();
        std::fs::remove_file(workloads.join(format!("{id}.exit.json"))).unwrap();
        Some(stranger)
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        // Whatever the test found: nothing of it goes on. Without its processes a supervisor records the end and goes, too.
        for entry in std::fs::read_dir(self.data().join("workloads")).into_iter().flatten().flatten() {
            let name = entry.file_name().into_string().unwrap_or_default();
            let Some(id) = name.strip_suffix(".state.json") else { continue };
            marked(id).into_iter().for_each(|pid| signal(pid, rustix::process::Signal::KILL));
            let state = std::fs::read(entry.path()).unwrap_or_default();
            let pid = serde_json::from_slice(&state).ok().and_then(|s: serde_json::Value| s["shim"]["pid"].as_i64());
            let is_shim = |pid: i64| std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|c| c.starts_with(b"slipway\0shim"));
            let begin = Instant::now();
            while pid.is_some_and(is_shim) && begin.elapsed() < Duration::from_secs(5) {
                std::thread::yield_now();
            }
        }
    }
}

/// A cluster in a data folder that somebody else looks after.
pub fn open(data: &Path) -> LocalCluster {
    LocalCluster::open(config(data)).unwrap()
}

fn config(data: &Path) -> LocalConfig {
    LocalConfig {
        data: data.into(),
        cache: data.with_file_name("cache"),
        exe: exe(),
        reserve: Resources { cpu_millis: 100, memory_bytes: 64 << 20, gpus: 0 },
        // Only numbers are handed out: no such device has to be there.
        gpus: vec![0, 2],
        upload_bytes: 1 << 30,
        clock: Arc::new(SystemClock),
    }
}

/// The program under test.
pub fn exe() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_slipway"))
}

/// Looks again and again until there is an answer.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// What the cluster tells of a workload.
pub async fn observed(cluster: &dyn Cluster, id: &str) -> Option<Observed> {
    cluster.list().await.unwrap().into_iter().find(|o| o.id == id)
}

/// What a node of a workload wrote, without times: `out text`. The log is whole.
pub async fn said(logs: &LogStore, id: &str, node: u32) -> Vec<String> {
    let page = logs.page(id, &LogQuery { node: Some(node), ..LogQuery::default() }).await.unwrap();
    assert!(page.complete, "the log of node {node} goes on");
    page.items.into_iter().map(|l| format!("{} {}", l.stream, l.text)).collect()
}

/// Waits for its end.
pub async fn ended(cluster: &dyn Cluster, id: &str) -> Exit {
    until("the end", async || match observed(cluster, id).await.map(|o| o.phase) {
        Some(Phase::Ended(exit)) => Some(exit),
        _ => None,
    })
    .await
}

/// Waits until it runs; where it listens.
pub async fn running(cluster: &dyn Cluster, id: &str) -> Option<server::cluster::Endpoint> {
    until("running", async || match observed(cluster, id).await.map(|o| o.phase) {
        Some(Phase::Running { endpoint }) => Some(endpoint),
        Some(Phase::Ended(exit)) => panic!("it ended instead: {exit:?}"),
        _ => None,
    })
    .await
}

/// Waits until a file has something in it.
pub async fn written(path: &Path) -> String {
    until("a file", async || std::fs::read_to_string(path).ok().filter(|t| t.ends_with('\n'))).await
}

/// Processes that carry the mark of a workload.
pub fn marked(id: &str) -> Vec<i32> {
    let mark = format!("SLIPWAY_WORKLOAD_ID={id}");
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|e| e.file_name().to_str()?.parse::<i32>().ok())
        .filter(|pid| {
            let text = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            text.split(|b| *b == 0).any(|one| one == mark.as_bytes())
        })
        .collect()
}

/// Whether a process is there and no zombie.
pub fn lives(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

pub fn signal(pid: i32, signal: rustix::process::Signal) {
    let _ = rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), signal);
}
