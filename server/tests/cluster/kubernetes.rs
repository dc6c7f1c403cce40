//! A real Kubernetes cluster with a real node as a world. `end2end/cluster/cluster.py` brings one up and says by variables where it is: `TEST_CLUSTER`,
//! its folder, and `TEST_CLUSTER_NODE`, where it runs pods. Our own image has to be loaded. `TEST_CLUSTER_USER` names whose rights the portal has.
//! Without them the tests of Kubernetes are SKIPPED, and say so.

use crate::world::{Does, World, marked, on_nodes, plain, python_server, shell};
use app::api::resources::Resources;
use server::{
    clock::SystemClock,
    cluster::{
        Cluster, Runtime, ServerSpec, WorkloadKind, WorkloadSpec,
        knock::Knocks,
        kubernetes::{KubernetesCluster, KubernetesConfig, Makers, Reaching, Settings},
        reach::Reach,
    },
    http::pods,
    ids,
    logs::LogStore,
};
use std::{net::IpAddr, path::PathBuf, sync::Arc};

/// What the servers of a world are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Makes {
    /// InferenceServices.
    Replicas,
    /// Notebooks.
    Notebooks,
}

#[expect(clippy::disallowed_methods, reason = "where the cluster is, is told by whoever brought it up")]
fn told(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|v| !v.is_empty())
}

/// A cluster that somebody has brought up.
struct Site {
    folder: PathBuf,
    user: String,
    /// Our address as pods see it.
    host: IpAddr,
}

impl Site {
    fn of(user: &str) -> Option<Self> {
        told("TEST_CLUSTER_NODE")?;
        let folder = PathBuf::from(told("TEST_CLUSTER")?);
        let place: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.join("cluster.json")).unwrap()).unwrap();
        let host = format!("10.99.{}.1", place["number"]).parse().unwrap();
        // The program installs it itself; a test is a program of its own.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Some(Self { folder, user: told("TEST_CLUSTER_USER").unwrap_or_else(|| user.into()), host })
    }

    fn kubeconfig(&self, user: &str) -> PathBuf {
        self.folder.join(format!("{user}.kubeconfig"))
    }

    /// As the admin, whoever the portal is.
    fn kubectl(&self) -> std::process::Command {
        let mut command = std::process::Command::new("kubectl");
        command.arg("--kubeconfig").arg(self.kubeconfig("admin"));
        command
    }
}

/// A portal's part of a Kubernetes cluster: namespaces of its own, which end with it.
pub struct Kubernetes {
    cluster: Option<Arc<KubernetesCluster>>,
    folder: tempfile::TempDir,
    site: Site,
    pub name: String,
    reaching: Reaching,
    listener: tokio::task::JoinHandle<()>,
    portal: String,
    /// What its portal is set to from the next time on that it is opened.
    pub makers: Makers,
    /// Whether servers are notebooks.
    notebooks: bool,
}

impl Kubernetes {
    /// `None` where there is no such cluster.
    pub async fn new() -> Option<Self> {
        Self::with(Reaching::Direct, Makers::default()).await
    }

    /// The same with a portal that reaches pods so.
    pub async fn reaching(reaching: Reaching) -> Option<Self> {
        Self::with(reaching, Makers::default()).await
    }

    /// The same with Kubeflow's and KServe's kinds; `None`, too, where the cluster has no controllers for them.
    pub async fn kubeflow(makes: Makes) -> Option<Self> {
        if told("TEST_CLUSTER_OPERATORS").is_none() {
            println!("SKIPPED: the cluster has no operators (TEST_CLUSTER_OPERATORS is not set)");
            return None;
        }
        let mut world = Self::with(Reaching::Direct, Makers { notebook: true, train_job: true, inference_service: true }).await?;
        world.notebooks = makes == Makes::Notebooks;
        Some(world)
    }

    /// The same, or `None` where the cluster has no Kueue.
    pub async fn kueue() -> Option<Self> {
        if !told("TEST_CLUSTER_OPERATORS").is_some_and(|names| names.split(',').any(|n| n == "kueue")) {
            println!("SKIPPED: the cluster has no Kueue (TEST_CLUSTER_OPERATORS does not name it)");
            return None;
        }
        Self::new().await
    }

    async fn with(reaching: Reaching, makers: Makers) -> Option<Self> {
        let Some(site) = Site::of("admin") else {
            println!("SKIPPED: there is no Kubernetes node (TEST_CLUSTER and TEST_CLUSTER_NODE are not set)");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("slipway-").tempdir().unwrap();
        let socket = tokio::net::TcpListener::bind((site.host, 0)).await.unwrap();
        let portal = format!("http://{}", socket.local_addr().unwrap());
        let name = format!("t{}", &ids::sha256(ids::random_secret())[..8]);
        let listener = tokio::spawn(async {});
        let mut world = Self { cluster: None, folder, site, name, reaching, listener, portal, makers, notebooks: false };
        world.open_at(socket).await;
        Some(world)
    }

    async fn open_at(&mut self, socket: tokio::net::TcpListener) {
        let cluster = KubernetesCluster::open(self.config()).await.unwrap();
        let router = pods::router(&cluster.desk());
        self.cluster = Some(Arc::new(cluster));
        self.listener = tokio::spawn(async move { axum::serve(socket, router).await.unwrap() });
    }

    /// Ends the portal's part, as when its server is killed.
    pub async fn close(&mut self) {
        self.listener.abort();
        self.cluster = None;
    }

    /// Opens it again at the same address, as a server does that starts again.
    pub async fn reopen(&mut self) {
        let address = self.portal.trim_start_matches("http://").to_owned();
        let socket = loop {
            match tokio::net::TcpListener::bind(&address).await {
                Ok(socket) => break socket,
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
            }
        };
        self.open_at(socket).await;
    }

    /// What its portal is told of the cluster.
    pub fn config(&self) -> KubernetesConfig {
        KubernetesConfig {
            kubeconfig: Some(self.site.kubeconfig(&self.site.user)),
            context: None,
            settings: Settings {
                name: self.name.clone(),
                image: "slipway.test/slipway:1".into(),
                namespace_prefix: format!("{}-", self.name),
                portal: self.portal.clone(),
                user: 1000,
                gpu: "nvidia.com/gpu".into(),
                volume_bytes: 1 << 30,
                storage_class: None,
                egress: Vec::new(),
                prometheus: None,
                reaching: self.reaching,
                portal_namespace: None,
                data: self.folder.path().to_owned(),
                log_bytes: 64 << 20,
                upload_bytes: 1 << 30,
                knocks: self.knocks(),
                makers: self.makers,
            },
            reserve: Resources::NONE,
            clock: Arc::new(SystemClock),
        }
    }

    /// The client that reaches its pods.
    pub fn reach(&self) -> Reach {
        Reach::of(self.cluster.clone().unwrap(), self.knocks())
    }

    fn knocks(&self) -> Knocks {
        Knocks::new([9; 32])
    }

    pub fn kube(&self) -> &KubernetesCluster {
        self.cluster.as_ref().unwrap()
    }

    /// The data folder.
    pub fn data(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// The namespace of the one team.
    pub fn namespace(&self) -> String {
        format!("{}-ada", self.name)
    }

    /// Runs kubectl's words on the team's namespace, as a person would.
    pub fn kubectl(&self, words: &[&str]) -> String {
        let namespace = self.namespace();
        let out = self.site.kubectl().args(["--namespace", &namespace]).args(words).output().unwrap();
        assert!(out.status.success(), "kubectl {words:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    }

    /// Applies an object, as a person would.
    pub fn apply(&self, object: &serde_json::Value) {
        let path = self.folder.path().join("object.json");
        std::fs::write(&path, object.to_string()).unwrap();
        self.kubectl(&["apply", "-f", &path.display().to_string()]);
    }

    /// A kubeconfig for somebody without any right.
    pub fn stranger(&self) -> PathBuf {
        let text = std::fs::read(self.site.kubeconfig("admin")).unwrap();
        let mut read: serde_json::Value = serde_json::from_slice(&text).unwrap();
        read["users"][0]["user"]["as"] = "eve".into();
        let path = self.folder.path().join("eve.kubeconfig");
        std::fs::write(&path, read.to_string()).unwrap();
        path
    }

    /// In the image with Python and a shell, and small enough for several on one node.
    pub fn in_python(&self, mut spec: WorkloadSpec) -> WorkloadSpec {
        spec.resources.cpu_millis = 400;
        WorkloadSpec { runtime: Runtime::Environment { digest: "none".into(), image: Some("slipway.test/base:1".into()) }, ..spec }
    }

    /// What a workload wrote, without times: `out text`.
    pub async fn log(&self, id: &str) -> Vec<String> {
        let page = LogStore::new(self.folder.path()).page(id, &Default::default()).await.unwrap();
        page.items.into_iter().map(|l| format!("{} {}", l.stream, l.text)).collect()
    }
}

impl World for Kubernetes {
    fn cluster(&self) -> &dyn Cluster {
        self.kube()
    }
    fn spec(&self, does: Does) -> WorkloadSpec {
        let mut spec = self.in_python(match does {
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
        });
        if self.notebooks && spec.server.is_some() {
            spec.kind = WorkloadKind::Notebook;
        }
        spec
    }
    fn processes(&self, id: &str) -> usize {
        marked(id).len()
    }
    fn log_store(&self) -> Option<LogStore> {
        Some(LogStore::new(self.folder.path()))
    }
    fn recycle(&self, _: &str) -> Option<std::process::Child> {
        None
    }
}

impl Drop for Kubernetes {
    fn drop(&mut self) {
        self.listener.abort();
        // For whoever looks for what went wrong.
        if std::env::var_os("TEST_KEEP").is_some() {
            return;
        }
        // Whatever the test found: nothing of it goes on, and no courier waits for a portal that is no more. Pods first: what deletes them for
        // their owner's sake gives them all their grace.
        let namespace = self.namespace();
        let delete = |what: &str| {
            let words = ["--namespace", &namespace, "delete", what, "--all", "--grace-period=1", "--wait=false"];
            let _ = self.site.kubectl().args(words).output();
        };
        delete("pods");
        if told("TEST_CLUSTER_OPERATORS").is_some() {
            delete("notebooks,trainjobs,inferenceservices");
        }
        delete("jobs,statefulsets,pods");
        let _ = self.site.kubectl().args(["delete", "namespace", &namespace, "--ignore-not-found", "--wait=false"]).output();
    }
}
