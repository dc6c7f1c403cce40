//! Whether the S3 server of artifacts does what it is for. A folder is looked at with the other folders.

use super::{error, ok, warning};
use crate::{
    artifacts::{ArtifactStore, Trial},
    config::{Artifacts, Config},
};
use app::api::platform::Finding;
use std::net::IpAddr;

const CHECK: &str = "artifact store";

/// All of it: a small object is written, read, listed and deleted.
pub async fn all(config: &Config) -> Vec<Finding> {
    let Artifacts::S3(told) = &config.artifacts else { return Vec::new() };
    let mut out = vec![match ArtifactStore::trial(told).await {
        Ok(Trial { no_sweep: None }) => ok(CHECK, format!("{told}: written, read, listed and deleted")),
        Ok(Trial { no_sweep: Some(why) }) => warning(
            CHECK,
            format!("{told} works, but uploads that were cut off cannot be swept: {why}"),
            "Grant s3:ListBucketMultipartUploads and s3:AbortMultipartUpload, or give the bucket a rule that ends them.",
        ),
        Err(failed) => error(CHECK, format!("{told}: {}", failed.what), failed.fix),
    }];
    if told.endpoint.as_ref().is_some_and(|e| is_open(e)) {
        out.push(warning(
            CHECK,
            "artifacts cross a network in the clear: the endpoint is http and may not be a private one",
            "Give s3_endpoint with https.",
        ));
    }
    out
}

/// Whether an endpoint is http and not known to be this machine, a private network or a Service of the cluster.
fn is_open(endpoint: &str) -> bool {
    let Some(host) = endpoint.strip_prefix("http://").and_then(|_| endpoint.parse::<http::Uri>().ok()?.host().map(str::to_owned)) else {
        return false;
    };
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => !(ip.is_loopback() || ip.is_private()),
        Ok(IpAddr::V6(ip)) => !(ip.is_loopback() || ip.is_unique_local()),
        Err(_) => host.contains('.') && ![".svc", ".cluster.local", ".local", ".internal"].iter().any(|end| host.ends_with(end)),
    }
}

#[cfg(test)]
mod tests {
    use super::is_open;

    #[test]
    fn private_endpoints_may_be_http() {
        for private in [
            "https://s3.example.org",
            "http://127.0.0.1:9000",
            "http://10.1.2.3",
            "http://minio:9000",
            "http://minio.store.svc:9000",
            "http://[::1]:9000",
        ] {
            assert!(!is_open(private), "{private}");
        }
        assert!(is_open("http://s3.example.org") && is_open("http://8.8.8.8:9000"));
    }
}
