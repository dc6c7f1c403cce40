//! The portal, as the launcher of a task sees it.

use super::environment::Environment;
use crate::cluster::kubernetes::places::{BIN, ROOTS};
use app::api::pipeline_runs::{TaskDelivery, TaskKeep};
use reqwest::{Certificate, Client, Method, RequestBuilder, Response, StatusCode, redirect::Policy};
use std::{fs, path::Path, sync::OnceLock, time::Duration};

const CONNECT: Duration = Duration::from_secs(5);
const SILENT: Duration = Duration::from_secs(60);
const PAUSES: std::ops::Range<u64> = 200..10_000;

/// Asks the portal in the name of one task.
pub struct Portal {
    /// Made when it is needed: that takes as long as the start of a small program.
    client: OnceLock<Result<Client, String>>,
    url: String,
    token: String,
    team: String,
    run: String,
}

/// Why it did not work.
pub(super) enum Trouble {
    /// Asking again is of no use.
    Refused(String),
    /// Not reached, or not now.
    Away(String),
}

impl Portal {
    /// From what every workload that logs is told. Nothing is asked yet.
    ///
    /// # Errors
    /// Something is missing.
    pub fn of_environment(environment: &Environment) -> Result<Self, String> {
        let variable = |name: &str| environment.get(name).ok_or_else(|| format!("{name} is not set."));
        Ok(Self {
            client: OnceLock::new(),
            url: variable("SLIPWAY_URL")?,
            token: variable("SLIPWAY_TOKEN")?,
            team: variable("SLIPWAY_TEAM")?,
            run: variable("SLIPWAY_RUN_ID")?,
        })
    }

    /// Makes ready for the first request.
    ///
    /// # Errors
    /// This machine's certificates cannot be read.
    pub fn prepare(&self) -> Result<&Client, String> {
        self.client.get_or_init(|| client(&self.url).map_err(|e| words(&e))).as_ref().map_err(Clone::clone)
    }

    /// A request to a path below the portal's root.
    fn request(&self, method: Method, path: &str) -> Result<RequestBuilder, String> {
        Ok(self.prepare()?.request(method, format!("{}{path}", self.url.trim_end_matches('/'))).bearer_auth(&self.token))
    }

    /// Opens an artifact; `None` where there is no such file.
    ///
    /// # Errors
    /// The portal does not hand it out.
    pub async fn open(&self, artifact: &str) -> Result<Option<Response>, String> {
        let path = format!("/api/2.0/mlflow-artifacts/artifacts/{}", encoded(artifact));
        match patient(async || ask(self.request(Method::GET, &path)).await).await {
            Ok(answer) => Ok(Some(answer)),
            Err((Some(StatusCode::NOT_FOUND), _)) => Ok(None),
            Err((_, why)) => Err(why),
        }
    }

    /// Names in a folder of artifacts, and whether each is a folder itself.
    ///
    /// # Errors
    /// The portal does not say.
    pub async fn list(&self, folder: &str) -> Result<Vec<(String, bool)>, String> {
        let path = format!("/api/2.0/mlflow-artifacts/artifacts?path={}", encoded(folder));
        let answer = patient(async || ask(self.request(Method::GET, &path)).await).await.map_err(|e| e.1)?;
        let listed: serde_json::Value = answer.json().await.map_err(|e| words(&e))?;
        let files = listed["files"].as_array().cloned().unwrap_or_default();
        let one = |f: &serde_json::Value| Some((f["path"].as_str()?.to_owned(), f["is_dir"].as_bool().unwrap_or(false)));
        Ok(files.iter().filter_map(one).collect())
    }

    /// Uploads a file as an artifact.
    ///
    /// # Errors
    /// The portal does not take it; the file cannot be read.
    pub async fn put(&self, artifact: &str, file: &std::path::Path) -> Result<(), String> {
        let path = format!("/api/2.0/mlflow-artifacts/artifacts/{}", encoded(artifact));
        let send = async || {
            let opened = tokio::fs::File::open(file).await;
            let opened = opened.map_err(|e| (None, Trouble::Refused(format!("{} cannot be read: {e}.", file.display()))))?;
            let body = reqwest::Body::wrap_stream(tokio_util::io::ReaderStream::new(opened));
            ask(self.request(Method::PUT, &path).map(|r| r.body(body))).await
        };
        patient(send).await.map(drop).map_err(|e| e.1)
    }

    /// Delivers what came out; what is to be kept besides.
    ///
    /// # Errors
    /// The portal does not take it: nobody waits for it any more, or something in it is wrong.
    pub async fn deliver(&self, delivery: &TaskDelivery) -> Result<TaskKeep, String> {
        let path = format!("/api/v1/teams/{}/runs/{}/delivery", encoded(&self.team), encoded(&self.run));
        let answer = patient(async || ask(self.request(Method::PUT, &path).map(|r| r.json(delivery))).await).await.map_err(|e| e.1)?;
        answer.json().await.map_err(|e| words(&e))
    }
}

/// Asks until there is an answer: a portal that restarts is waited for.
async fn patient(
    mut send: impl AsyncFnMut() -> Result<Response, (Option<StatusCode>, Trouble)>,
) -> Result<Response, (Option<StatusCode>, String)> {
    let mut pause = PAUSES.start;
    let mut said = false;
    loop {
        match send().await {
            Ok(answer) => return Ok(answer),
            Err((status, Trouble::Refused(why))) => return Err((status, why)),
            Err((_, Trouble::Away(why))) => {
                if !said && pause > PAUSES.start * 8 {
                    eprintln!("The portal is not reached, waiting: {why}");
                    said = true;
                }
                tokio::time::sleep(Duration::from_millis(pause)).await;
                pause = (pause * 2).min(PAUSES.end);
            }
        }
    }
}

async fn ask(request: Result<RequestBuilder, String>) -> Result<Response, (Option<StatusCode>, Trouble)> {
    let answer = request.map_err(|why| (None, Trouble::Refused(why)))?.send().await.map_err(|e| (None, Trouble::Away(words(&e))))?;
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let text = answer.text().await.unwrap_or_default();
    let body: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let why = body["detail"].as_str().or_else(|| body["message"].as_str()).map_or_else(|| status.to_string(), str::to_owned);
    let later = status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
    Err((Some(status), if later && status != StatusCode::INSUFFICIENT_STORAGE { Trouble::Away(why) } else { Trouble::Refused(why) }))
}

/// A path of artifacts in a URL.
fn encoded(path: &str) -> String {
    let names = path.split('/').map(|name| percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC).to_string());
    names.collect::<Vec<_>>().join("/")
}

/// An error with its causes: reqwest's own words only say which URL.
pub(super) fn words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        words = format!("{words}: {cause}");
        next = cause.source();
    }
    words
}

fn client(url: &str) -> reqwest::Result<Client> {
    let mut client = Client::builder().connect_timeout(CONNECT).read_timeout(SILENT).user_agent("slipway-task");
    if url.starts_with("http://") {
        // To read whom this machine trusts takes as long as all the rest.
        client = client.tls_certs_only([]).redirect(Policy::none());
    } else if let Some(roots) = roots() {
        client = client.tls_certs_only(Certificate::from_pem_bundle(&roots)?);
    }
    client.build()
}

/// Whom to trust in a pod: there the image is the component's, which may trust nobody.
pub(super) fn roots() -> Option<Vec<u8>> {
    fs::read(Path::new(BIN).join(ROOTS)).ok()
}
