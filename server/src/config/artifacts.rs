//! Where artifacts are kept.

use super::load::Values;
use std::path::{Path, PathBuf};

/// The store in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Artifacts {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A bucket of an S3 server.
    S3(S3),
}

/// A bucket of an S3 server.
#[derive(Clone, PartialEq, Eq)]
pub struct S3 {
    /// Its name.
    pub bucket: String,
    /// What all keys begin with, without a slash at either end; empty for none.
    pub prefix: String,
    /// The server, with `http` or `https`; Amazon's of the region where absent.
    pub endpoint: Option<String>,
    /// Its region.
    pub region: Option<String>,
    /// Whether the bucket stands in the path, and not in the host's name.
    pub path_style: bool,
    /// Credentials; what Amazon's own programs would find where absent.
    pub credentials: Option<Credentials>,
}

/// Credentials that do not change.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Who.
    pub access_key_id: String,
    /// The secret that signs requests.
    pub secret_access_key: String,
    /// A token that belongs to both, where they were lent.
    pub session_token: Option<String>,
}

impl std::fmt::Debug for S3 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "S3({self})")
    }
}

/// As a person names it.
impl std::fmt::Display for S3 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "s3://{}", self.bucket)?;
        if !self.prefix.is_empty() {
            write!(f, "/{}", self.prefix)?;
        }
        match &self.endpoint {
            Some(endpoint) => write!(f, " at {endpoint}"),
            None => Ok(()),
        }
    }
}

impl Artifacts {
    /// Typed values.
    ///
    /// # Errors
    /// The first value that is wrong, with what it should look like.
    pub fn of(values: &Values, data: &Path) -> Result<Self, String> {
        let endpoint = values.url("s3_endpoint")?;
        let path_style = match values.text("s3_path_style") {
            "true" => true,
            "false" => false,
            other => return Err(format!("s3_path_style: \"{other}\" is neither true nor false")),
        };
        let credentials = credentials(values)?;
        let Some(place) = values.optional("artifact_store") else { return Ok(Self::Folder(data.join("artifacts"))) };
        let Some(rest) = place.strip_prefix("s3://") else {
            if place.contains("://") {
                return Err(format!("artifact_store: \"{place}\" is neither s3://BUCKET/PREFIX nor a folder"));
            }
            return std::path::absolute(place).map(Self::Folder).map_err(|e| format!("artifact_store: {e}"));
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if !is_bucket(bucket) {
            return Err(format!("artifact_store: \"{bucket}\" is not the name of a bucket; give s3://BUCKET or s3://BUCKET/PREFIX"));
        }
        let prefix = prefix.trim_end_matches('/');
        if !prefix.is_empty() && !prefix.split('/').all(is_plain) {
            return Err(format!("artifact_store: the prefix \"{prefix}\" may have letters, digits, `-`, `_` and `.` between its slashes"));
        }
        let region = values.optional("s3_region");
        Ok(Self::S3(S3 { bucket: bucket.into(), prefix: prefix.into(), endpoint, region, path_style, credentials }))
    }
}

fn credentials(values: &Values) -> Result<Option<Credentials>, String> {
    let session_token = values.optional("s3_session_token");
    match (values.optional("s3_access_key_id"), values.optional("s3_secret_access_key")) {
        (Some(access_key_id), Some(secret_access_key)) => Ok(Some(Credentials { access_key_id, secret_access_key, session_token })),
        (None, None) => Ok(None),
        (Some(_), None) => Err("s3_secret_access_key: give the secret that belongs to s3_access_key_id".into()),
        (None, Some(_)) => Err("s3_access_key_id: give the id that belongs to s3_secret_access_key".into()),
    }
}

fn is_bucket(name: &str) -> bool {
    let fine = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b"-.".contains(&c);
    (3..=63).contains(&name.len()) && name.bytes().all(fine)
}

fn is_plain(name: &str) -> bool {
    let fine = |c: u8| c.is_ascii_alphanumeric() || b"-_.".contains(&c);
    !name.is_empty() && name != "." && name != ".." && name.bytes().all(fine)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load::gather;

    fn of(pairs: &[(&str, &str)]) -> Result<Artifacts, String> {
        let environment = pairs.iter().map(|(k, v)| (format!("SLIPWAY_{}", k.to_uppercase()), (*v).to_owned())).collect();
        Artifacts::of(&gather(&Default::default(), &environment, None)?, Path::new("/d"))
    }

    #[test]
    fn a_folder_or_a_bucket() {
        assert_eq!(of(&[]).unwrap(), Artifacts::Folder("/d/artifacts".into()));
        assert_eq!(of(&[("artifact_store", "/mnt/models")]).unwrap(), Artifacts::Folder("/mnt/models".into()));
        let keys = [("s3_access_key_id", "us"), ("s3_secret_access_key", "hidden"), ("s3_endpoint", "http://minio:9000/")];
        let Artifacts::S3(s3) = of(&[&[("artifact_store", "s3://models/a/b/")], &keys[..]].concat()).unwrap() else { panic!("a bucket") };
        assert_eq!((s3.bucket.as_str(), s3.prefix.as_str(), s3.path_style), ("models", "a/b", true));
        assert_eq!(s3.to_string(), "s3://models/a/b at http://minio:9000");
        assert!(!format!("{s3:?}").contains("hidden"));
    }

    #[test]
    fn wrong_values_are_told() {
        for (key, value) in [
            ("artifact_store", "s3://"),
            ("artifact_store", "s3://No_Bucket/x"),
            ("artifact_store", "s3://models/a//b"),
            ("artifact_store", "s3://models/../b"),
            ("artifact_store", "gs://models"),
            ("s3_endpoint", "minio:9000"),
            ("s3_path_style", "yes"),
        ] {
            let error = of(&[(key, value)]).unwrap_err();
            assert!(error.starts_with(key), "{key} = {value}: {error}");
        }
        assert!(of(&[("s3_access_key_id", "us")]).unwrap_err().starts_with("s3_secret_access_key"));
        assert!(of(&[("s3_secret_access_key", "hidden")]).unwrap_err().starts_with("s3_access_key_id"));
    }
}
