//! Values from flags, environment and file, with their origin.

use super::{
    Artifacts, Config, Kubernetes, Mail,
    keys::{KEYS, OTHERS, PREFIX},
};
use app::api::resources;
use serde::Serialize;
use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Given on the command line.
    Flag,
    /// `SLIPWAY_…`
    Environment,
    /// The file of `--config`.
    File,
    /// Built in.
    Default,
}

/// What defaults depend on.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Home folder of our user.
    pub home: Option<PathBuf>,
    /// `XDG_CACHE_HOME`, where it is set.
    pub cache_home: Option<PathBuf>,
    /// Memory of this machine, or of our own control group where that is less, in bytes.
    pub memory_bytes: i64,
}

/// The value of each key with its origin.
#[derive(Debug, Clone, Default)]
pub struct Values(pub BTreeMap<&'static str, (String, Origin)>);

/// Gathers the values; `file` is the text of the configuration file.
///
/// # Errors
/// A file that cannot be read as TOML, or a key or a `SLIPWAY_…` that nobody knows, with a suggestion.
pub fn gather(flags: &BTreeMap<String, String>, environment: &BTreeMap<String, String>, file: Option<&str>) -> Result<Values, String> {
    if let Some(name) = environment.iter().find_map(|(name, value)| name.strip_prefix(PREFIX).filter(|n| is_unknown(n, value))) {
        let near = near(&name.to_lowercase(), KEYS.iter().map(|k| k.name).chain(["config"]));
        return Err(match near {
            Some(near) => format!("nothing reads the environment variable {PREFIX}{name}; did you mean {PREFIX}{}?", near.to_uppercase()),
            None => format!("nothing reads the environment variable {PREFIX}{name}: remove it; `slipway config show` lists all keys"),
        });
    }
    let mut table = BTreeMap::new();
    if let Some(text) = file {
        let parsed: toml::Table = text.parse().map_err(|e: toml::de::Error| format!("the configuration file cannot be read: {e}"))?;
        for (name, value) in parsed {
            if !KEYS.iter().any(|k| k.name == name) {
                return Err(unknown(&name));
            }
            let value = match value {
                toml::Value::String(s) => s,
                toml::Value::Integer(n) => n.to_string(),
                toml::Value::Boolean(b) => b.to_string(),
                toml::Value::Float(f) => f.to_string(),
                _ => return Err(format!("the key \"{name}\" of the configuration file takes one value, not a list or a section")),
            };
            table.insert(name, value);
        }
    }
    let mut values = Values::default();
    for key in KEYS {
        let found = flags
            .get(key.name)
            .map(|v| (v.clone(), Origin::Flag))
            .or_else(|| environment.get(&key.variable()).filter(|v| !v.is_empty()).map(|v| (v.clone(), Origin::Environment)))
            .or_else(|| table.get(key.name).map(|v| (v.clone(), Origin::File)))
            .unwrap_or_else(|| (key.default.to_owned(), Origin::Default));
        values.0.insert(key.name, found);
    }
    Ok(values)
}

fn unknown(name: &str) -> String {
    match near(name, KEYS.iter().map(|k| k.name)) {
        Some(near) => format!("there is no configuration key \"{name}\"; did you mean \"{near}\"?"),
        _ => format!("there is no configuration key \"{name}\"; `slipway config show` lists them all"),
    }
}

/// What somebody may have meant.
fn near<'a>(name: &str, all: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let best = all.map(|k| (strsim::jaro_winkler(k, name), k)).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 > 0.75).then_some(best.1)
}

/// Whether nobody knows a variable, given without its prefix.
fn is_unknown(name: &str, value: &str) -> bool {
    // Kubernetes gives these to every pod beside a service of the name slipway.
    let of_kubernetes = name.starts_with("SERVICE_") || name.starts_with("PORT_") || (name == "PORT" && value.contains("://"));
    !of_kubernetes && !OTHERS.contains(&name) && !KEYS.iter().any(|k| k.name.to_uppercase() == name)
}

impl Values {
    pub(super) fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |v| v.0.as_str())
    }

    pub(super) fn optional(&self, name: &str) -> Option<String> {
        Some(self.text(name).to_owned()).filter(|s| !s.is_empty())
    }

    pub(super) fn number(&self, name: &str) -> Result<i64, String> {
        self.text(name).parse().ok().filter(|n| *n > 0).ok_or_else(|| format!("{name}: \"{}\" is not a number above 0", self.text(name)))
    }

    fn address(&self, name: &str) -> Result<SocketAddr, String> {
        let text = self.text(name);
        text.parse().map_err(|_| format!("{name}: \"{text}\" is not an address such as 127.0.0.1:8080"))
    }

    pub(super) fn url(&self, name: &str) -> Result<Option<String>, String> {
        let Some(text) = self.optional(name) else { return Ok(None) };
        let good = text.parse::<http::Uri>().is_ok_and(|u| matches!(u.scheme_str(), Some("http" | "https")) && u.host().is_some());
        if good { Ok(Some(text.trim_end_matches('/').to_owned())) } else { Err(format!("{name}: \"{text}\" is not an http or https URL")) }
    }

    /// Networks with commas between.
    fn networks(&self, name: &str) -> Result<Vec<ipnet::IpNet>, String> {
        let all = self.text(name).split(',').map(str::trim).filter(|n| !n.is_empty());
        all.map(|n| n.parse().map_err(|_| format!("{name}: \"{n}\" is not a network such as 10.0.0.0/8"))).collect()
    }

    /// Typed values.
    ///
    /// # Errors
    /// The first value that is wrong, with what it should look like.
    pub fn config(&self, around: &Surroundings) -> Result<Config, String> {
        let listen = self.address("listen")?;
        let notebook_listen = match self.optional("notebook_listen") {
            Some(_) => self.address("notebook_listen")?,
            None if listen.port() == 0 => SocketAddr::new(listen.ip(), 0),
            None => SocketAddr::new(
                listen.ip(),
                listen.port().checked_add(1).ok_or("notebook_listen: give one, the port after 65535 does not exist")?,
            ),
        };
        let data = PathBuf::from(self.text("data"));
        let data = std::path::absolute(&data).map_err(|e| format!("data: {e}"))?;
        let cache = match self.optional("cache") {
            Some(path) => std::path::absolute(path).map_err(|e| format!("cache: {e}"))?,
            None => {
                let folder = around.cache_home.clone().or_else(|| around.home.as_ref().map(|h| h.join(".cache")));
                folder.map_or_else(|| data.join("cache"), |f| f.join("slipway"))
            }
        };
        let cluster = self.text("cluster").to_owned();
        if !matches!(cluster.as_str(), "local" | "kubernetes") {
            return Err(format!("cluster: \"{cluster}\" is not one there is; use local or kubernetes"));
        }
        let is_local = cluster == "local";
        let workload_url = self.url("workload_url")?;
        if !is_local && workload_url.is_none() && listen.ip().is_loopback() {
            return Err("workload_url: give the URL under which pods reach the portal, as they cannot reach this machine's loopback".into());
        }
        let database_url = self.optional("database_url");
        // It may hold a password, so it is not told.
        if database_url.as_ref().is_some_and(|u| !["sqlite:", "postgres:", "postgresql:"].iter().any(|p| u.starts_with(p))) {
            return Err("database_url: give sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE".into());
        }
        let bytes = |name: &str| resources::parse_bytes(self.text(name)).map_err(|e| format!("{name}: {e}"));
        let log_format = self.text("log_format").to_owned();
        if !matches!(log_format.as_str(), "text" | "json") {
            return Err(format!("log_format: \"{log_format}\" is neither text nor json"));
        }
        Ok(Config {
            listen,
            notebook_listen,
            database_url: database_url.unwrap_or_else(|| format!("sqlite:{}", data.join("slipway.db").display())),
            artifacts: Artifacts::of(self, &data)?,
            data,
            cache,
            cluster,
            kubernetes: Kubernetes::of(self, !is_local)?,
            workload_url,
            public_url: self.url("public_url")?,
            notebook_url: self.url("notebook_url")?,
            reserve_cpu_millis: match self.optional("reserve_cpu") {
                Some(q) if q == "0" => 0,
                Some(q) => resources::parse_cpu(&q).map_err(|e| format!("reserve_cpu: {e}"))?,
                None if is_local => 250,
                // Nodes keep back what they need themselves.
                None => 0,
            },
            reserve_memory_bytes: match self.optional("reserve_memory") {
                Some(q) if q == "0" => 0,
                Some(_) => bytes("reserve_memory")?,
                // In whole MiB, for who reads it.
                None if is_local => (around.memory_bytes / 16) >> 20 << 20,
                None => 0,
            },
            reserve_gpus: self
                .text("reserve_gpus")
                .parse()
                .ok()
                .filter(|n| *n >= 0)
                .ok_or_else(|| format!("reserve_gpus: \"{}\" is not a whole number from 0", self.text("reserve_gpus")))?,
            max_upload_bytes: bytes("max_upload")?.unsigned_abs(),
            max_body_bytes: usize::try_from(bytes("max_body")?).map_err(|e| format!("max_body: {e}"))?,
            mail: Mail::of(self)?,
            webhook_networks: self.networks("webhook_networks")?,
            session_idle_seconds: self.number("session_idle_seconds")?,
            session_max_seconds: self.number("session_max_seconds")?,
            log_format,
            secret_key: self.optional("secret_key"),
            admin_user: self.optional("admin_user"),
            admin_password: self.optional("admin_password"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn flag_outranks_environment_outranks_file() {
        let file = "listen = \"127.0.0.1:1\"\ndata = \"/f\"\nmax_body = \"1Mi\"";
        let env = map(&[("SLIPWAY_LISTEN", "127.0.0.1:2"), ("SLIPWAY_DATA", "/e")]);
        let values = gather(&map(&[("listen", "127.0.0.1:3")]), &env, Some(file)).unwrap();
        let config = values.config(&Surroundings::default()).unwrap();
        assert_eq!(config.listen.port(), 3);
        assert_eq!(config.notebook_listen.port(), 4);
        assert_eq!(config.data, PathBuf::from("/e"));
        assert_eq!(config.max_body_bytes, 1 << 20);
        assert_eq!(values.0["max_body"].1, Origin::File);
    }

    #[test]
    fn an_unknown_key_gets_a_suggestion() {
        let error = gather(&map(&[]), &map(&[]), Some("databse_url = \"x\"")).unwrap_err();
        assert!(error.contains("did you mean \"database_url\""), "{error}");
    }

    #[test]
    fn an_unknown_variable_gets_a_suggestion() {
        let ask = |name: &str, value: &str| gather(&map(&[]), &map(&[(name, value)]), None).map(drop);
        for (wrong, meant) in [("SLIPWAY_DATABSE_URL", "SLIPWAY_DATABASE_URL"), ("SLIPWAY_CONFG", "SLIPWAY_CONFIG")] {
            let error = ask(wrong, "a secret").unwrap_err();
            assert!(error.contains(wrong) && error.ends_with(&format!("did you mean {meant}?")) && !error.contains("a secret"), "{error}");
        }
        assert!(ask("SLIPWAY_ZZZ", "1").is_err() && ask("SLIPWAY_PORT", "8080").is_err() && ask("SLIPWAY_data", "x").is_err());
        for known in ["HOME", "SLIPWAY_RUN_ID", "SLIPWAY_TOKEN", "SLIPWAY_LOG_FORMAT", "SLIPWAY_SERVICE_HOST", "SLIPWAY_PORT_80_TCP"] {
            ask(known, "x").unwrap();
        }
        ask("SLIPWAY_PORT", "tcp://10.0.0.1:80").unwrap();
    }

    #[test]
    fn a_part_of_the_machine_is_kept_back() {
        let around = Surroundings { memory_bytes: 16 << 30, ..Surroundings::default() };
        let config = |flags: &[(&str, &str)]| gather(&map(flags), &map(&[]), None).unwrap().config(&around).unwrap();
        let left_out = config(&[]);
        assert_eq!((left_out.reserve_cpu_millis, left_out.reserve_memory_bytes, left_out.reserve_gpus), (250, 1 << 30, 0));
        let given = config(&[("reserve_cpu", "2"), ("reserve_memory", "3Gi"), ("reserve_gpus", "1")]);
        assert_eq!((given.reserve_cpu_millis, given.reserve_memory_bytes, given.reserve_gpus), (2000, 3 << 30, 1));
    }

    #[test]
    fn wrong_values_are_told() {
        for (key, value) in [
            ("listen", "x"),
            ("cluster", "mars"),
            ("kubernetes_environment_image", "registry.example.org/train:1"),
            ("kubernetes_namespace_prefix", "Team_"),
            ("kubernetes_egress", "everywhere"),
            ("kubernetes_volume", "big"),
            ("kubernetes_runs", "notebook"),
            ("max_body", "lots"),
            ("webhook_networks", "10.0.0.0/8, home"),
            ("public_url", "ftp://x"),
            ("session_idle_seconds", "-1"),
            ("reserve_gpus", "-1"),
            ("database_url", "mysql://x"),
        ] {
            let error = gather(&map(&[(key, value)]), &map(&[]), None).unwrap().config(&Surroundings::default()).unwrap_err();
            assert!(error.starts_with(key), "{error}");
        }
    }
}
