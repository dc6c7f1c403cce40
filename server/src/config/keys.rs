//! Every configuration key on one screen.

/// A key: as in the file, as a variable (`SLIPWAY_DATABASE_URL`) and, unless it is a secret, as a flag (`--database-url`).
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Name in the file.
    pub name: &'static str,
    /// Value where nothing is given; empty for none.
    pub default: &'static str,
    /// What of it may be seen.
    pub seen: Seen,
    /// What it is.
    pub help: &'static str,
}

/// What of a value may be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// All of it.
    All,
    /// A URL without the password in it.
    NoPassword,
    /// Nothing. No flag either: every user of a machine can read the command lines of its processes.
    Nothing,
}

impl Key {
    /// Name of its variable.
    pub fn variable(&self) -> String {
        format!("{PREFIX}{}", self.name.to_uppercase())
    }

    /// Name of its flag, without the dashes.
    pub fn flag(&self) -> Option<String> {
        (self.seen != Seen::Nothing).then(|| self.name.replace('_', "-"))
    }
}

/// What every variable of ours begins with.
pub const PREFIX: &str = "SLIPWAY_";

/// Variables that are no keys and may be there where a portal is started: those of the command line, those that workloads are given, and
/// those of our own builds and tests.
pub const OTHERS: &[&str] = &[
    "CONFIG",
    "URL",
    "TOKEN",
    "TEAM",
    "USER",
    "PASSWORD",
    "WORKLOAD_ID",
    "RUN_ID",
    "ATTEMPT",
    "GIT_URL",
    "GIT_COMMIT",
    "NOTEBOOK_PROGRAM",
    "ROOT",
    "BIN",
    "SEEDS",
];

const fn key(name: &'static str, default: &'static str, help: &'static str) -> Key {
    Key { name, default, seen: Seen::All, help }
}

const fn secret(name: &'static str, help: &'static str) -> Key {
    Key { name, default: "", seen: Seen::Nothing, help }
}

/// All of them.
pub const KEYS: &[Key] = &[
    key("listen", "127.0.0.1:8080", "Where the portal listens"),
    key("notebook_listen", "", "Where notebooks are served, an origin of its own; the portal's port plus one when left out"),
    key("data", "./data", "Folder of everything that is kept"),
    key("cache", "", "Folder of environments and uv's cache; $XDG_CACHE_HOME/slipway or ~/.cache/slipway when left out"),
    Key {
        name: "database_url",
        default: "",
        seen: Seen::NoPassword,
        help: "sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE; {data}/slipway.db when left out",
    },
    key("artifact_store", "", "Where artifacts are kept: a folder, or s3://BUCKET/PREFIX; {data}/artifacts when left out"),
    key("s3_endpoint", "", "S3: URL of the server, http or https; Amazon's of the region when left out"),
    key("s3_region", "", "S3: its region; AWS_REGION, else us-east-1, when left out"),
    key("s3_path_style", "true", "S3: whether the bucket stands in the path (true) or in the host's name (false)"),
    key("s3_access_key_id", "", "S3: who; the AWS_ variables or the role of this machine or pod when left out"),
    secret("s3_secret_access_key", "S3: the secret that belongs to it"),
    secret("s3_session_token", "S3: the token that belongs to both, where they were lent"),
    key("cluster", "local", "Where workloads run: local or kubernetes"),
    key("public_url", "", "URL under which browsers reach the portal; taken from each request when left out"),
    key("workload_url", "", "URL under which workloads reach the portal; http and the address it listens on when left out"),
    key("notebook_url", "", "URL under which browsers reach notebooks; the request's host with the notebook port when left out"),
    key("reserve_cpu", "", "CPU kept back from workloads, such as 500m; a quarter of a core when left out"),
    key("reserve_memory", "", "Memory kept back from workloads, such as 1Gi; a sixteenth of this machine's when left out"),
    key("reserve_gpus", "0", "GPUs kept back from workloads"),
    key("max_upload", "10Gi", "Largest artifact, and largest upload of code, packed and unpacked"),
    key("max_body", "32Mi", "Largest body of any other request"),
    Key {
        name: "smtp_url",
        default: "",
        seen: Seen::NoPassword,
        help: "Mail server: smtps://USER:PASSWORD@HOST, or smtp://HOST:PORT with ?tls=required for STARTTLS; no mails when left out",
    },
    key("mail_from", "", "Whom mails are from, such as Slipway <slipway@example.org>"),
    key("webhook_networks", "", "Networks beside public addresses that webhooks may go to, such as 10.0.0.0/8, with commas between"),
    key("session_idle_seconds", "43200", "A session ends after this time without a request"),
    key("session_max_seconds", "604800", "A session ends after this time in any case"),
    key("kubeconfig", "", "Kubernetes: how to connect; where kubectl looks, or what every pod finds, when left out"),
    key("kubernetes_context", "", "Kubernetes: context of the kubeconfig; its current one when left out"),
    key("kubernetes_name", "slipway", "Kubernetes: tells this portal's objects from those of another in the same cluster"),
    key("kubernetes_image", "", "Kubernetes: Slipway's own image, whose program runs in each pod"),
    key(
        "kubernetes_environment_image",
        "",
        "Kubernetes: images of the shipped environments, with {name} in it, such as registry.example.org/slipway-{name}:1",
    ),
    key("kubernetes_namespace_prefix", "", "Kubernetes: what stands before a team's name in that of its namespace"),
    key("kubernetes_user", "1000", "Kubernetes: user and group id of workloads"),
    key("kubernetes_gpu", "nvidia.com/gpu", "Kubernetes: name of the resource that is a GPU"),
    key("kubernetes_volume", "10Gi", "Kubernetes: size of a notebook's volume"),
    key("kubernetes_storage_class", "", "Kubernetes: class of volumes; the cluster's default when left out"),
    key(
        "kubernetes_egress",
        "",
        "Kubernetes: networks beside portal and DNS that workloads may reach, such as 0.0.0.0/0, with commas between",
    ),
    key(
        "kubernetes_reach",
        "auto",
        "Kubernetes: how the portal reaches pods: direct (their addresses), portforward (through the API server) or auto (direct in the cluster; outside direct where there is a route, else portforward)",
    ),
    Key {
        name: "kubernetes_prometheus_url",
        default: "",
        seen: Seen::NoPassword,
        help: "Kubernetes: a Prometheus that scrapes the nodes' cAdvisor, to read what workloads use; the kubelets or the metrics API when left out",
    },
    key("kubernetes_notebooks", "statefulset", "Kubernetes: what makes a notebook's pod: statefulset, or Kubeflow's notebook"),
    key("kubernetes_runs", "job", "Kubernetes: what makes a run's pod: job, or Kubeflow's trainjob"),
    key("kubernetes_deployments", "statefulset", "Kubernetes: what makes a replica's pod: statefulset, or KServe's inferenceservice"),
    key("log_format", "text", "text or json"),
    secret("secret_key", "Key that seals secrets (32 bytes, base64); {data}/key when left out"),
    key("admin_user", "", "First start: name of the platform admin"),
    secret("admin_password", "First start: password of the platform admin"),
];
