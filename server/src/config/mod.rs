//! Configuration: a flag outranks the environment, which outranks the file. Every key is listed once, in [`keys::KEYS`].

pub mod artifacts;
pub mod index;
pub mod keys;
pub mod kubernetes;
pub mod load;
pub mod mail;
pub mod show;

pub use artifacts::Artifacts;
use ipnet::IpNet;
pub use kubernetes::Kubernetes;
pub use mail::Mail;
use std::{net::SocketAddr, path::PathBuf};

/// The values in force.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the portal listens.
    pub listen: SocketAddr,
    /// Where notebooks are served: an origin of its own.
    pub notebook_listen: SocketAddr,
    /// Folder of everything that is kept.
    pub data: PathBuf,
    /// Folder of environments and uv's cache, shared by all data folders.
    pub cache: PathBuf,
    /// `sqlite:…` or `postgres://…`
    pub database_url: String,
    /// Where artifacts are kept.
    pub artifacts: Artifacts,
    /// Where workloads run: `local` or `kubernetes`.
    pub cluster: String,
    /// What is set for Kubernetes.
    pub kubernetes: Kubernetes,
    /// URL under which workloads reach the portal; from `listen` where absent.
    pub workload_url: Option<String>,
    /// URL under which browsers reach the portal; from the request where absent.
    pub public_url: Option<String>,
    /// URL under which browsers reach notebooks; host of the request and the notebook port where absent.
    pub notebook_url: Option<String>,
    /// CPU kept back from workloads, in thousandths of a core.
    pub reserve_cpu_millis: i64,
    /// Memory kept back from workloads, in bytes.
    pub reserve_memory_bytes: i64,
    /// GPUs kept back from workloads.
    pub reserve_gpus: i64,
    /// Largest artifact, and largest upload of code, packed and unpacked, in bytes.
    pub max_upload_bytes: u64,
    /// Largest body of any other request, in bytes.
    pub max_body_bytes: usize,
    /// Networks beside public addresses that webhooks may go to.
    pub webhook_networks: Vec<IpNet>,
    /// How mails leave; absent where none do.
    pub mail: Option<Mail>,
    /// Seconds without a request after which a session ends.
    pub session_idle_seconds: i64,
    /// Seconds after which a session ends in any case.
    pub session_max_seconds: i64,
    /// `text` or `json`.
    pub log_format: String,
    /// Key that seals secrets (32 bytes, base64); from `{data}/key` where absent.
    pub secret_key: Option<String>,
    /// Name of the first platform admin.
    pub admin_user: Option<String>,
    /// Password of the first platform admin.
    pub admin_password: Option<String>,
}

impl Config {
    /// URL under which browsers reach the portal, for what is read outside of it.
    pub fn portal_url(&self) -> String {
        self.public_url.clone().unwrap_or_else(|| format!("http://{}", self.listen))
    }
}
