//! A bucket of an S3 server.

use super::trouble::{self, store_error};
use crate::{
    config::artifacts::S3,
    error::{Context, Error, Kind, Result},
};
use object_store::{
    BackoffConfig, ClientOptions, ObjectStore, RetryConfig, StaticCredentialProvider,
    aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey, AwsAuthorizer, AwsCredential},
    client::{HttpClient, HttpRequestBody},
    multipart::MultipartStore,
    path::Path,
    signer::Signer,
};
use serde::Deserialize;
use std::{sync::Arc, time::Duration};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A server that says nothing for so long is not there.
const CONNECT: Duration = Duration::from_secs(5);
const SILENCE: Duration = Duration::from_secs(30);
/// How long a request that failed is tried again, and how often.
const TRY_FOR: Duration = Duration::from_secs(20);
const TRIES: usize = 4;
/// How long a request may be on its way that we sign ourselves.
const SIGNED_FOR: Duration = Duration::from_secs(300);

/// The bucket. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    store: Arc<AmazonS3>,
    http: HttpClient,
    region: String,
    prefix: String,
}

/// An upload in pieces that was begun and not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Begun {
    /// Of what.
    pub key: Path,
    /// Its id.
    pub id: String,
    /// When, milliseconds since 1970.
    pub at: i64,
}

impl Bucket {
    /// Nothing is asked yet.
    pub fn open(told: &S3) -> Result<Self> {
        // Somebody else may have done it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let allow_http = told.endpoint.as_ref().is_some_and(|e| e.starts_with("http://"));
        // A large file takes its time: what counts is silence.
        let options = ClientOptions::new()
            .with_allow_http(allow_http)
            .with_connect_timeout(CONNECT)
            .with_read_timeout(SILENCE)
            .with_timeout_disabled();
        let backoff = BackoffConfig { init_backoff: Duration::from_millis(100), max_backoff: Duration::from_secs(2), base: 2.0 };
        // What is not set is found where Amazon's own programs find it: variables, the role of a pod or of a machine.
        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(&told.bucket)
            .with_client_options(options)
            .with_retry(RetryConfig { backoff, max_retries: TRIES, retry_timeout: TRY_FOR })
            .with_virtual_hosted_style_request(!told.path_style);
        if let Some(region) = &told.region {
            builder = builder.with_region(region);
        }
        if let Some(endpoint) = &told.endpoint {
            builder = builder.with_endpoint(match (told.path_style, endpoint.split_once("://")) {
                (false, Some((scheme, host))) => format!("{scheme}://{}.{host}", told.bucket),
                _ => endpoint.clone(),
            });
        }
        if let Some(given) = &told.credentials {
            builder = builder.with_credentials(Arc::new(StaticCredentialProvider::new(AwsCredential {
                key_id: given.access_key_id.clone(),
                secret_key: given.secret_access_key.clone(),
                token: given.session_token.clone(),
            })));
        }
        let region = builder.get_config_value(&AmazonS3ConfigKey::Region).unwrap_or_else(|| "us-east-1".into());
        let store = builder
            .build()
            .map_err(|e| Error::new(Kind::Invalid, format!("The artifact store {told} cannot be opened.")).context(e.to_string()))?;
        let http = reqwest::Client::builder().connect_timeout(CONNECT).timeout(SILENCE).build().map_err(Error::internal)?;
        let prefix = if told.prefix.is_empty() { String::new() } else { format!("{}/", told.prefix) };
        Ok(Self { store: Arc::new(store), http: HttpClient::new(http), region, prefix })
    }

    /// As every store.
    pub fn store(&self) -> Arc<dyn ObjectStore> {
        self.store.clone()
    }

    /// Uploads in pieces that are not ended, of our prefix.
    ///
    /// # Errors
    /// The server does not answer, or refuses.
    pub async fn begun(&self) -> Result<Vec<Begun>> {
        let mut out = Vec::new();
        let mut after: Option<(String, String)> = None;
        loop {
            let page = self.page(after.take()).await?;
            for upload in page.uploads {
                let at = OffsetDateTime::parse(&upload.initiated, &Rfc3339).map_err(Error::internal).context("read a date of S3")?;
                let key = Path::parse(&upload.key).map_err(Error::internal).context("read a key of S3")?;
                out.push(Begun { key, id: upload.upload_id, at: (at.unix_timestamp_nanos() / 1_000_000) as i64 });
            }
            match (page.is_truncated, page.next_key_marker) {
                (true, Some(key)) => after = Some((key, page.next_upload_id_marker.unwrap_or_default())),
                _ => return Ok(out),
            }
        }
    }

    /// The one call that is in no library: the names of uploads that somebody began.
    async fn page(&self, after: Option<(String, String)>) -> Result<Uploads> {
        let mut query = vec![("uploads", String::new()), ("prefix", self.prefix.clone())];
        if let Some((key, id)) = after {
            query.extend([("key-marker", key), ("upload-id-marker", id)]);
        }
        let query = serde_urlencoded::to_string(query).map_err(Error::internal)?;
        // The library knows the URL of the bucket and shows it in what it signs.
        let signed = self.store.signed_url(http::Method::GET, &Path::default(), SIGNED_FOR).await.map_err(store_error)?;
        let (base, _) = signed.as_str().split_once('?').unwrap_or((signed.as_str(), ""));
        let mut request = http::Request::get(format!("{base}?{query}")).body(HttpRequestBody::empty()).map_err(Error::internal)?;
        let who = self.store.credentials().get_credential().await.map_err(store_error)?;
        AwsAuthorizer::new(&who, "s3", &self.region).try_authorize(&mut request, None).map_err(store_error)?;
        let answer = self.http.execute(request).await.map_err(trouble::silent)?;
        let status = answer.status();
        let text = answer.into_body().bytes().await.map_err(trouble::silent)?;
        let text = String::from_utf8_lossy(&text);
        if !status.is_success() {
            return Err(trouble::answered(status, &text));
        }
        quick_xml::de::from_str(&text).map_err(Error::internal).context("read a list of S3")
    }

    /// Gives an upload up; what was sent of it goes.
    ///
    /// # Errors
    /// The server does not answer, or refuses.
    pub async fn give_up(&self, upload: &Begun) -> Result<()> {
        match self.store.abort_multipart(&upload.key, &upload.id).await {
            // Its end came first.
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(e) => Err(store_error(e)),
        }
    }

    /// Begins an upload and leaves it.
    #[cfg(test)]
    pub async fn begin(&self, key: &Path) -> String {
        self.store.create_multipart(key).await.expect("begin an upload")
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Uploads {
    #[serde(rename = "Upload", default)]
    uploads: Vec<Upload>,
    #[serde(default)]
    is_truncated: bool,
    next_key_marker: Option<String>,
    next_upload_id_marker: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Upload {
    key: String,
    upload_id: String,
    initiated: String,
}
