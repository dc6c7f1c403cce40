//! Posts over HTTP to addresses that teams give: short, without redirects, and no further than allowed.

use super::{
    address::{Allowed, Refused},
    innermost,
};
use reqwest::{Client, Url};
use std::{error::Error, sync::Arc, time::Duration};

const CONNECT: Duration = Duration::from_secs(5);
const WHOLE: Duration = Duration::from_secs(10);
/// Of an answer so much is read, bytes, and kept, characters.
const READ: usize = 4096;
const KEPT: usize = 500;

/// Posts. Cheap to clone.
#[derive(Debug, Clone)]
pub struct WebPost {
    client: Result<Client, String>,
    allowed: Allowed,
}

/// What came of a post.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answered {
    /// Status of the answer; none where none came.
    pub status: Option<u16>,
    /// Why it was not taken; none where it was.
    pub problem: Option<String>,
    /// The beginning of the answer.
    pub answer: Option<String>,
}

impl Answered {
    fn not(problem: impl Into<String>) -> Self {
        Self { problem: Some(problem.into()), ..Self::default() }
    }
}

impl WebPost {
    /// To public addresses, and to `allowed`.
    pub fn new(allowed: Allowed) -> Self {
        // The library leaves the choice to us; a second call changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .user_agent(concat!("slipway/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            // Neither may lead to where nobody looked.
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .pool_max_idle_per_host(0)
            .dns_resolver(Arc::new(allowed.clone()))
            .build()
            .map_err(|e| format!("Nothing can be sent from this machine: {}.", innermost(&e)));
        Self { client, allowed }
    }

    /// Posts `body`, which is JSON.
    pub async fn send(&self, url: &str, headers: &[(&'static str, String)], body: String) -> Answered {
        let client = match &self.client {
            Ok(client) => client,
            Err(why) => return Answered::not(why),
        };
        let Ok(url) = url.parse::<Url>() else { return Answered::not("This is not a URL.") };
        // An address is connected to as it is, without being looked up.
        if let Err(refused) = self.allowed.check_host(url.host_str().unwrap_or_default()) {
            return Answered::not(refused.to_string());
        }
        let mut request = client.post(url).header("content-type", "application/json").body(body);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        match request.send().await {
            Err(e) => Answered::not(words(&e)),
            Ok(mut response) => {
                let status = response.status();
                let mut bytes = Vec::new();
                while bytes.len() < READ
                    && let Ok(Some(piece)) = response.chunk().await
                {
                    bytes.extend_from_slice(&piece[..piece.len().min(READ - bytes.len())]);
                }
                let problem = match status.as_u16() {
                    200..300 => None,
                    300..400 => Some("It was answered with a redirect, which is not followed: give the address that it leads to.".into()),
                    code => Some(format!("It was answered with the status {code}.")),
                };
                Answered { status: Some(status.as_u16()), problem, answer: beginning(&bytes) }
            }
        }
    }
}

/// What of an answer is kept: text that a database and a page can hold.
fn beginning(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let kept: String = text.chars().filter(|c| !c.is_control() || *c == '\n').take(KEPT).collect();
    Some(kept.trim().to_owned()).filter(|t| !t.is_empty())
}

fn words(error: &reqwest::Error) -> String {
    let mut cause: Option<&dyn Error> = Some(error);
    while let Some(one) = cause {
        if let Some(refused) = one.downcast_ref::<Refused>() {
            return refused.to_string();
        }
        cause = one.source();
    }
    match error {
        e if e.is_timeout() => format!("No answer came within {} seconds.", WHOLE.as_secs()),
        e if e.is_connect() => format!("It could not be connected to: {}.", innermost(e)),
        e => format!("It could not be sent: {}.", innermost(e)),
    }
}
