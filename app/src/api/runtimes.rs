//! Runtimes: the servers that models run in, those that come with Slipway and those that an admin declared; and programs that serve no model.

use super::{
    Client, ListQuery, Page,
    client::{Reply, segment, with_query},
};
use http::Method;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Name of the shipped model server.
pub const SHIPPED: &str = "slipway-python";
/// What a revision is said to run in where it serves a program and no model.
pub const CUSTOM: &str = "custom";
/// Place of the shipped model server in the order of choice.
pub const SHIPPED_ORDER: i64 = 100;

/// How a server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// `v1/models/{name}:predict`
    V1,
    /// The Open Inference Protocol: `v2/models/{name}/infer`
    V2,
    /// Paths of its own.
    Http,
}

impl Protocol {
    /// Every protocol.
    pub const ALL: [Self; 3] = [Self::V1, Self::V2, Self::Http];

    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
            Self::Http => "http",
        }
    }

    /// For people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::V1 => "V1",
            Self::V2 => "Open Inference (V2)",
            Self::Http => "HTTP",
        }
    }
}

/// What each replica of a revision runs. A revision keeps it as it was when the revision was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Program {
    /// How it is spoken to.
    pub protocols: Vec<Protocol>,
    /// The command, one word an item.
    pub command: Vec<String>,
    /// The container image it runs in; in an environment where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The port it listens on; chosen by the portal where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Environment variables, under those of the deployment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Where it says that it is ready.
    pub ready_path: String,
    /// The status by which it says so; any of 2xx and 3xx where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_status: Option<u16>,
    /// Seconds until it has to be ready.
    pub start_seconds: u64,
}

impl Program {
    /// The command as one line, cut after `most` letters.
    pub fn line(&self, most: usize) -> String {
        let line = self.command.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
        match line.char_indices().nth(most) {
            Some((at, _)) => format!("{}…", &line[..at]),
            None => line,
        }
    }
}

/// What a revision serves, in words: `churn v13`, or the command where it serves no model.
pub fn served(model: &str, version: i64, program: Option<&Program>) -> String {
    match program.filter(|_| model.is_empty()) {
        Some(program) => program.line(40),
        None => format!("{model} v{version}"),
    }
}

/// A runtime.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Runtime {
    /// Name.
    pub name: String,
    /// Whether it comes with Slipway and changes with it.
    pub shipped: bool,
    /// Free text.
    pub description: String,
    /// Flavors of MLflow that it serves; a model needs one of them.
    pub formats: Vec<String>,
    /// Place in the order of choice, the lowest first, where a deployment names no runtime; absent: only where it is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<i64>,
    /// The environment it runs in where a deployment names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// What is run.
    #[serde(flatten)]
    pub program: Program,
    /// SHA-256 over what is run: a revision keeps it.
    pub digest: String,
    /// How many deployments serve with it, or are to.
    pub deployments: i64,
    /// Counts up with each change; 0 for what comes with Slipway.
    pub revision: i64,
    /// RFC 3339; absent for what comes with Slipway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<String>,
}

impl Runtime {
    /// Its protocols in words.
    pub fn spoken(&self) -> String {
        self.program.protocols.iter().map(|p| p.label()).collect::<Vec<_>>().join(", ")
    }
}

/// A runtime to declare, or what it is to be from now on: all of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SetRuntime {
    /// Free text.
    #[serde(default)]
    pub description: String,
    /// Flavors of MLflow that it serves, such as `sklearn`.
    pub formats: Vec<String>,
    /// Place in the order of choice, 1 to 1000, the lowest first; `slipway-python` has 100. Left out: only where it is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<i64>,
    /// How it is spoken to: at least one of `v1`, `v2`, `http`.
    pub protocols: Vec<Protocol>,
    /// The command, one word an item. `{port}`, `{host}` or `{socket}` stand for where it is to listen, `{model_path}` for the folder of the model,
    /// `{model_name}` for its name in the endpoint, `{model_version}` for its version. `PORT` has the port too.
    pub command: Vec<String>,
    /// The environment that it runs in where a deployment names none: one that comes with Slipway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The container image that it runs in instead of an environment; only where the cluster starts images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The port it listens on, where it cannot be told; only in an image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<i64>,
    /// Environment variables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Where it says that it is ready, such as `/v2/health/ready`.
    pub ready_path: String,
    /// The status by which it says so; any of 2xx and 3xx when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_status: Option<i64>,
    /// Seconds until it has to be ready; 300 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_seconds: Option<i64>,
    /// The revision that was seen; 0, or left out, for a new one.
    #[serde(default)]
    pub revision: i64,
}

/// A program that a deployment serves instead of a model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Custom {
    /// The command, one word an item. `{port}`, `{host}` or `{socket}` stand for where it is to listen; `PORT` has the port too.
    pub command: Vec<String>,
    /// The container image that it runs in instead of an environment; only where the cluster starts images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The port it listens on, where it cannot be told; only in an image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<i64>,
    /// Where it says that it is ready; `/` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_path: Option<String>,
    /// The status by which it says so; any of 2xx and 3xx when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_status: Option<i64>,
    /// Seconds until it has to be ready; 300 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_seconds: Option<i64>,
}

/// Which state of a runtime was seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "ssr", into_params(parameter_in = Query))]
pub struct SeenRuntime {
    /// The revision that was seen; where it is no longer the one in force, nothing is removed (409).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
}

impl Client {
    /// `GET /api/v1/runtimes`: by name.
    pub fn runtime_list(&self, query: &ListQuery) -> Reply<Page<Runtime>> {
        self.get(with_query("/api/v1/runtimes".into(), query))
    }
    /// `GET /api/v1/runtimes/{name}`
    pub fn runtime(&self, name: &str) -> Reply<Runtime> {
        self.get(path(name))
    }
    /// `PUT /api/v1/runtimes/{name}`: declares or changes it; what runs already goes on as it is.
    pub fn runtime_set(&self, name: &str, body: &SetRuntime) -> Reply<Runtime> {
        self.call(Method::PUT, path(name), body)
    }
    /// `DELETE /api/v1/runtimes/{name}`
    pub fn runtime_remove(&self, name: &str, seen: &SeenRuntime) -> Reply<()> {
        self.act(Method::DELETE, with_query(path(name), seen))
    }
}

fn path(name: &str) -> String {
    format!("/api/v1/runtimes/{}", segment(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_served_in_words() {
        let program = Program { command: vec!["python".into(), "-c".into(), "import this\n".repeat(20)], ..Program::default() };
        assert_eq!(served("churn", 3, Some(&program)), "churn v3");
        assert_eq!(served("churn", 3, None), "churn v3");
        assert_eq!(served("", 0, Some(&program)), "python -c import this import this import…");
    }
}
