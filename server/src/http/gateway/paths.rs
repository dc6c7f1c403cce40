//! What of a server callers may reach. Pure.
//!
//! Of a model server inference and what is to be known about it, nothing else: no loading and unloading, no metrics, nothing that is ours. Of one with
//! paths of its own all of these; but loading and unloading of models never.

use app::api::runtimes::Protocol;
use http::Method;
use percent_encoding::percent_decode_str;

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

/// Whether `method` may be used on `rest`, the path below `/serve/{team}/{deployment}/`, as it came (not decoded), of a server that speaks these.
pub fn allowed(method: &Method, rest: &str, protocols: &[Protocol]) -> Allowed {
    if protocols.contains(&Protocol::Http) && is_own(method, rest) {
        return Allowed::Yes;
    }
    match method_of(rest) {
        Some((protocol, only)) if protocols.contains(&protocol) => {
            if method.as_str() == only {
                Allowed::Yes
            } else {
                Allowed::Only(only)
            }
        }
        _ => Allowed::No,
    }
}

/// Whether it is a path that a server may have for itself. What servers make of dots, and of what is encoded, differs: where it could lead to
/// another path than it says, it is none.
fn is_own(method: &Method, rest: &str) -> bool {
    if matches!(*method, Method::CONNECT | Method::TRACE) {
        return false;
    }
    let mut text = rest.to_owned();
    // Encoded twice is decoded twice by a server behind a server.
    for _ in 0..3 {
        match percent_decode_str(&text).decode_utf8() {
            Ok(decoded) if decoded != text => text = decoded.into_owned(),
            Ok(_) => break,
            Err(_) => return false,
        }
    }
    let slashes = text.matches('/').count() != rest.matches('/').count();
    if slashes || text.contains(['\\', ';']) || text.chars().any(char::is_control) {
        return false;
    }
    let parts: Vec<String> = text.split('/').map(|p| p.trim().to_lowercase()).filter(|p| !p.is_empty()).collect();
    let dots = parts.iter().any(|p| p == "." || p == "..");
    !dots && !parts.windows(2).any(|p| p[0] == "v2" && p[1] == "repository")
}

/// The protocol that a path belongs to, and its method.
fn method_of(rest: &str) -> Option<(Protocol, &'static str)> {
    use Protocol::{V1, V2};
    let parts: Vec<&str> = rest.split('/').collect();
    // Names are ours: nothing in them is ever encoded, so nothing can hide in them.
    let plain =
        |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) && s != "." && s != "..";
    let predicts = |s: &str| s.strip_suffix(":predict").is_some_and(plain);
    match parts[..] {
        ["v1", "models"] => Some((V1, "GET")),
        ["v1", "models", m] if plain(m) => Some((V1, "GET")),
        ["v1", "models", m] if predicts(m) => Some((V1, "POST")),
        ["v1", "models", m, "versions", v] if plain(m) && plain(v) => Some((V1, "GET")),
        ["v1", "models", m, "versions", v] if plain(m) && predicts(v) => Some((V1, "POST")),
        ["v2"] | ["v2", "health", "live" | "ready"] => Some((V2, "GET")),
        ["v2", "models", m] | ["v2", "models", m, "ready"] if plain(m) => Some((V2, "GET")),
        ["v2", "models", m, "infer"] if plain(m) => Some((V2, "POST")),
        ["v2", "models", m, "versions", v] | ["v2", "models", m, "versions", v, "ready"] if plain(m) && plain(v) => Some((V2, "GET")),
        ["v2", "models", m, "versions", v, "infer"] if plain(m) && plain(v) => Some((V2, "POST")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Protocol; 2] = [Protocol::V1, Protocol::V2];

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
            assert_eq!(allowed(&Method::GET, path, &BOTH), Allowed::Yes, "{path}");
            assert_eq!(allowed(&Method::DELETE, path, &BOTH), Allowed::Only("GET"), "{path}");
        }
        for path in ["v1/models/m:predict", "v1/models/m/versions/2:predict", "v2/models/m/infer", "v2/models/m/versions/2/infer"] {
            assert_eq!(allowed(&Method::POST, path, &BOTH), Allowed::Yes, "{path}");
            assert_eq!(allowed(&Method::GET, path, &BOTH), Allowed::Only("POST"), "{path}");
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
                assert_eq!(allowed(&method, path, &BOTH), Allowed::No, "{path}");
            }
        }
    }

    #[test]
    fn one_protocol_has_not_the_paths_of_the_other() {
        let one = |path: &str, protocol| allowed(&Method::POST, path, &[protocol]);
        assert_eq!(one("v1/models/m:predict", Protocol::V1), Allowed::Yes);
        assert_eq!(one("v1/models/m:predict", Protocol::V2), Allowed::No);
        assert_eq!(one("v2/models/m/infer", Protocol::V1), Allowed::No);
    }

    #[test]
    fn own_paths() {
        let own = |path: &str| allowed(&Method::PATCH, path, &[Protocol::Http]);
        for path in ["", "rank", "a/b.json", "metrics", "v2/models/m/infer", "a%20b", "v1/models/m:explain", "repository/index", "über"] {
            assert_eq!(own(path), Allowed::Yes, "{path}");
        }
        for path in [
            "v2/repository/index",
            "V2/Repository/models/m/load",
            "v2//repository/models/m/unload",
            "/v2/repository/index",
            "v2/%72epository/index",
            "v2/%2572epository/index",
            "v2%2frepository/index",
            "x/../v2/repository/index",
            "x/%2e%2e/v2/repository/index",
            "v2/./repository/index",
            "api/v2/repository/models/m/load",
            "v2\\repository\\index",
            "v2;a=b/repository/index",
            "a%00b",
            "a%0ab",
            "%ff",
        ] {
            assert_eq!(own(path), Allowed::No, "{path}");
            assert_eq!(allowed(&Method::GET, path, &Protocol::ALL), Allowed::No, "{path}");
        }
        assert_eq!(allowed(&Method::CONNECT, "a", &[Protocol::Http]), Allowed::No);
    }
}
