//! What of a model server callers may reach. Pure.
//!
//! Inference and what is to be known about it, nothing else: no loading and unloading, no metrics, nothing that is ours.

use http::Method;

/// What a path below a deployment means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowed {
    /// Handed on.
    Yes,
    /// There, but with this method only.
    Only(&'static str),
    /// Not to be reached.
    No,
}

/// Whether `method` may be used on `rest`, the path below `/serve/{team}/{deployment}/`, as it came (not decoded).
pub fn allowed(method: &Method, rest: &str) -> Allowed {
    let Some(only) = method_of(rest) else { return Allowed::No };
    if method.as_str() == only { Allowed::Yes } else { Allowed::Only(only) }
}

fn method_of(rest: &str) -> Option<&'static str> {
    let parts: Vec<&str> = rest.split('/').collect();
    // Names are ours: nothing in them is ever encoded, so nothing can hide in them.
    let plain =
        |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) && s != "." && s != "..";
    let predicts = |s: &str| s.strip_suffix(":predict").is_some_and(plain);
    match parts[..] {
        ["v1", "models"] | ["v2"] | ["v2", "health", "live" | "ready"] => Some("GET"),
        ["v1", "models", m] if plain(m) => Some("GET"),
        ["v1", "models", m] if predicts(m) => Some("POST"),
        ["v1", "models", m, "versions", v] if plain(m) && plain(v) => Some("GET"),
        ["v1", "models", m, "versions", v] if plain(m) && predicts(v) => Some("POST"),
        ["v2", "models", m] | ["v2", "models", m, "ready"] if plain(m) => Some("GET"),
        ["v2", "models", m, "infer"] if plain(m) => Some("POST"),
        ["v2", "models", m, "versions", v] | ["v2", "models", m, "versions", v, "ready"] if plain(m) && plain(v) => Some("GET"),
        ["v2", "models", m, "versions", v, "infer"] if plain(m) && plain(v) => Some("POST"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_reached() {
        for path in [
            "v1/models",
            "v1/models/m",
            "v1/models/m/versions/2",
            "v2",
            "v2/health/live",
            "v2/health/ready",
            "v2/models/m",
            "v2/models/m/ready",
            "v2/models/m/versions/2",
            "v2/models/m/versions/2/ready",
        ] {
            assert_eq!(allowed(&Method::GET, path), Allowed::Yes, "{path}");
            assert_eq!(allowed(&Method::DELETE, path), Allowed::Only("GET"), "{path}");
        }
        for path in ["v1/models/m:predict", "v1/models/m/versions/2:predict", "v2/models/m/infer", "v2/models/m/versions/2/infer"] {
            assert_eq!(allowed(&Method::POST, path), Allowed::Yes, "{path}");
            assert_eq!(allowed(&Method::GET, path), Allowed::Only("POST"), "{path}");
        }
    }

    #[test]
    fn what_may_not() {
        for path in [
            "",
            "v1",
            "v1/",
            "v1/models/",
            "v1/models/m:explain",
            "v2/repository/index",
            "v2/repository/models/m/unload",
            "v2/repository/models/m/load",
            "metrics",
            "healthz",
            "slipway/smoke",
            "slipway/example",
            "v2/models/m/../../slipway/smoke",
            "v2/models/../ready",
            "v1/models/..%2f..%2fmetrics",
            "v1//models",
            "v2/models/m/infer/",
            "v1/models/:predict",
            "V1/models",
            "v1/models/a%00:predict",
            "v2/models/./infer",
        ] {
            for method in [Method::GET, Method::POST] {
                assert_eq!(allowed(&method, path), Allowed::No, "{path}");
            }
        }
    }
}
