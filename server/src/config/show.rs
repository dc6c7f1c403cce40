//! The values in force, as `slipway config show` tells them.

use super::{
    Artifacts, Config,
    keys::{KEYS, Key, Seen},
    load::{Origin, Values},
};
use serde::Serialize;

const MASK: &str = "********";

/// A value in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Effective {
    /// Name of the key.
    pub key: &'static str,
    /// Its value, without what is secret; absent where there is none.
    pub value: Option<String>,
    /// Where it came from.
    pub origin: Origin,
    /// What it is.
    pub help: &'static str,
}

/// All of them.
pub fn effective(values: &Values, config: &Config) -> Vec<Effective> {
    let one = |key: &Key| {
        let (given, origin) = values.0.get(key.name).cloned().unwrap_or((String::new(), Origin::Default));
        let value = derived(key.name, config).unwrap_or(given);
        let value = match key.seen {
            Seen::Nothing if !value.is_empty() => MASK.to_owned(),
            Seen::NoPassword => without_password(&value),
            _ => value,
        };
        Effective { key: key.name, value: Some(value).filter(|v| !v.is_empty()), origin, help: key.help }
    };
    KEYS.iter().map(one).collect()
}

/// What was made of a key, where that is more than what was given.
fn derived(key: &str, config: &Config) -> Option<String> {
    Some(match key {
        "listen" => config.listen.to_string(),
        "notebook_listen" => config.notebook_listen.to_string(),
        "data" => config.data.display().to_string(),
        "cache" => config.cache.display().to_string(),
        "database_url" => config.database_url.clone(),
        "artifact_store" => match &config.artifacts {
            Artifacts::Folder(folder) => folder.display().to_string(),
            Artifacts::S3(_) => return None,
        },
        "public_url" => config.public_url.clone()?,
        "notebook_url" => config.notebook_url.clone()?,
        "reserve_cpu" => format!("{}m", config.reserve_cpu_millis),
        "reserve_memory" if config.reserve_memory_bytes % (1 << 20) == 0 => format!("{}Mi", config.reserve_memory_bytes >> 20),
        "reserve_memory" => config.reserve_memory_bytes.to_string(),
        _ => return None,
    })
}

/// A URL whose password, before the host or as a parameter, is masked.
fn without_password(url: &str) -> String {
    let (base, query) = url.split_once('?').map_or((url, None), |(base, query)| (base, Some(query)));
    let mut out = base.to_owned();
    if let Some(from) = base.find("://").map(|at| at + 3)
        && let Some(host) = base[from..].rfind('@').map(|at| from + at)
        && let Some(password) = base[from..host].find(':').map(|at| from + at + 1)
    {
        out.replace_range(password..host, MASK);
    }
    if let Some(query) = query {
        let masked = |pair: &str| match pair.split_once('=') {
            Some((name, _)) if name.to_lowercase().contains("password") => format!("{name}={MASK}"),
            _ => pair.to_owned(),
        };
        out.push('?');
        out.push_str(&query.split('&').map(masked).collect::<Vec<_>>().join("&"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load::{Surroundings, gather};

    #[test]
    fn derived_values_are_told_and_secrets_are_not() {
        let environment = ["SECRET_KEY", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY", "S3_SESSION_TOKEN"]
            .map(|k| (format!("SLIPWAY_{k}"), "sealed".to_owned()))
            .into();
        let flags = [("data", "/d"), ("public_url", "https://ml.example.org/")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        let values = gather(&flags, &environment, None).unwrap();
        let around = Surroundings { home: Some("/home/ada".into()), memory_bytes: 32 << 30, ..Surroundings::default() };
        let all = effective(&values, &values.config(&around).unwrap());
        let of = |key: &str| all.iter().find(|e| e.key == key).map(|e| (e.value.as_deref(), e.origin)).unwrap();
        assert_eq!(of("notebook_listen"), (Some("127.0.0.1:8081"), Origin::Default));
        assert_eq!(of("cache"), (Some("/home/ada/.cache/slipway"), Origin::Default));
        assert_eq!(of("database_url"), (Some("sqlite:/d/slipway.db"), Origin::Default));
        assert_eq!(of("artifact_store"), (Some("/d/artifacts"), Origin::Default));
        assert_eq!(of("public_url"), (Some("https://ml.example.org"), Origin::Flag));
        assert_eq!(of("notebook_url"), (None, Origin::Default));
        assert_eq!(of("reserve_cpu"), (Some("250m"), Origin::Default));
        assert_eq!(of("reserve_memory"), (Some("2048Mi"), Origin::Default));
        assert_eq!(of("secret_key"), (Some(MASK), Origin::Environment));
        assert_eq!(of("s3_secret_access_key"), (Some(MASK), Origin::Environment));
        assert_eq!(of("s3_session_token"), (Some(MASK), Origin::Environment));
        assert_eq!(of("s3_access_key_id"), (Some("sealed"), Origin::Environment));
        assert_eq!(of("admin_password"), (None, Origin::Default));
        assert_eq!(all.len(), KEYS.len());
        let around = Surroundings { cache_home: Some("/var/cache".into()), ..around };
        let all = effective(&values, &values.config(&around).unwrap());
        assert!(all.iter().any(|e| e.value.as_deref() == Some("/var/cache/slipway")));
    }

    #[test]
    fn only_the_password_of_a_url_is_masked() {
        for (url, shown) in [
            ("postgres://ada:p%40ss@db:5432/slipway", "postgres://ada:********@db:5432/slipway"),
            ("postgres://ada:a@b:c@db/slipway?sslmode=require", "postgres://ada:********@db/slipway?sslmode=require"),
            ("postgres://db/slipway?user=ada&password=x", "postgres://db/slipway?user=ada&password=********"),
            ("postgres://ada@db:5432/slipway", "postgres://ada@db:5432/slipway"),
            ("sqlite:/d/slipway.db", "sqlite:/d/slipway.db"),
        ] {
            assert_eq!(without_password(url), shown);
        }
    }
}
