//! How this machine reaches package indexes: what uv and pip would be told if they were run by hand.

use std::collections::BTreeMap;

/// Neither of the two tools, but both listen to them.
const SHARED: [&str; 11] = [
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
];
/// Where environments lie and what they are made with is ours to say.
const OURS: [&str; 7] = ["UV_CACHE_DIR", "UV_PYTHON", "UV_PROJECT_ENVIRONMENT", "PIP_CACHE_DIR", "PIP_TARGET", "PIP_PREFIX", "PIP_USER"];
/// Files in the user's home, which a build does not have.
const FILES: [(&str, &str); 3] =
    [("UV_CONFIG_FILE", ".config/uv/uv.toml"), ("PIP_CONFIG_FILE", ".config/pip/pip.conf"), ("PIP_CONFIG_FILE", ".pip/pip.conf")];

/// Variables for the builds of environments. They may hold passwords.
pub fn package_indexes() -> BTreeMap<String, String> {
    let mut home = None;
    let mut out = BTreeMap::new();
    for (name, value) in std::env::vars_os() {
        let (Ok(name), Ok(value)) = (name.into_string(), value.into_string()) else { continue };
        if name == "HOME" {
            home = Some(value);
        } else if (name.starts_with("UV_") || name.starts_with("PIP_") || SHARED.contains(&name.as_str())) && !OURS.contains(&name.as_str())
        {
            out.insert(name, value);
        }
    }
    for (name, file) in FILES {
        if let Some(path) = home.as_ref().map(|h| std::path::Path::new(h).join(file)).filter(|p| p.is_file())
            && !out.contains_key(name)
        {
            out.insert(name.into(), path.display().to_string());
        }
    }
    out
}
