//! Whether a store does what it is for.

use super::{ArtifactPath, ArtifactStore, Place, s3, trouble};
use crate::{config::artifacts::S3, error::Result, ids};
use futures::TryStreamExt;
use object_store::{ObjectStoreExt, PutPayload};
use std::sync::Arc;

/// Nobody's folder: a team's id has no dot in it.
const NOBODY: &str = ".trial";

/// A store that works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// Why uploads that were cut off cannot be swept, where that is so.
    pub no_sweep: Option<String>,
}

/// A store that does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// What was done, and what came of it.
    pub what: String,
    /// What to do about it.
    pub fix: String,
}

impl ArtifactStore {
    /// Writes a small file to a bucket, reads it, lists and deletes it.
    ///
    /// # Errors
    /// The first of these that failed.
    pub async fn trial(told: &S3) -> std::result::Result<Trial, Failed> {
        let store = match s3::Bucket::open(told) {
            Ok(bucket) => {
                let (store, prefix) = (bucket.store(), told.prefix.as_str().into());
                Self { store, prefix, place: Place::S3(bucket), max_bytes: u64::MAX, changes: Arc::default() }
            }
            Err(e) => {
                let why = e.private.first().cloned().unwrap_or_default();
                return Err(Failed { what: format!("{} {why}", e.public), fix: "Check the keys that begin with s3_.".into() });
            }
        };
        let name = ids::random_secret();
        let path = ArtifactPath::parse(&name).map_err(|e| Failed { what: e.public, fix: String::new() })?;
        let key = store.key(NOBODY, &path);
        let failed = |what: &str, e: object_store::Error| Failed {
            what: format!("{what} failed: {}", shortened(&e)),
            fix: trouble::trouble(&e).map_or("Look at the log of the S3 server.", |t| t.words().2).into(),
        };
        // A right to list is what makes the answer for something that is not there "not found" and not "forbidden".
        match store.store.head(&key).await {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
            Err(e) => return Err(failed("asking for an object", e)),
        }
        store.store.put(&key, PutPayload::from_static(b"slipway")).await.map_err(|e| failed("writing", e))?;
        let read = store.store.get_range(&key, 1..4).await.map_err(|e| failed("reading a part", e))?;
        let folder = store.key(NOBODY, &ArtifactPath::root());
        let listed: Vec<_> = store.store.list(Some(&folder)).try_collect().await.map_err(|e| failed("listing", e))?;
        store.store.delete(&key).await.map_err(|e| failed("deleting", e))?;
        if &read[..] != b"lip" || !listed.iter().any(|o| o.location == key) {
            return Err(Failed {
                what: "what was written was neither read nor listed as it is".into(),
                fix: "Give a server that speaks S3, and reads what was written at once.".into(),
            });
        }
        Ok(Trial { no_sweep: store.can_sweep().await.err().map(|e| e.private.first().cloned().unwrap_or(e.public)) })
    }

    async fn can_sweep(&self) -> Result<()> {
        match &self.place {
            Place::Folder(_) => Ok(()),
            Place::S3(bucket) => bucket.begun().await.map(drop),
        }
    }
}

/// What an S3 server says is a page of XML; its code and message are enough.
fn shortened(e: &object_store::Error) -> String {
    let text = e.to_string();
    let of = |tag: &str| {
        let (_, rest) = text.split_once(&format!("<{tag}>"))?;
        Some(rest.split_once(&format!("</{tag}>"))?.0.to_owned())
    };
    match (of("Code"), of("Message")) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code,
        _ => innermost(e),
    }
}

fn innermost(e: &object_store::Error) -> String {
    // The innermost cause is the one that says what happened.
    let mut last: &dyn std::error::Error = e;
    while let Some(next) = last.source() {
        last = next;
    }
    last.to_string()
}
