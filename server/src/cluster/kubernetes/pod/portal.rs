//! The portal, as a pod sees it.

use crate::cluster::kubernetes::plans::{Claim, Claimed, LogEnd, Orders, Report, Wishes};
use bytes::Bytes;
use futures::TryStreamExt;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use std::{io, path::Path, time::Duration};
use tokio::io::AsyncWriteExt;

/// How long the connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long nothing may come. The portal answers a question that it keeps open within half a minute.
const SILENT: Duration = Duration::from_secs(60);

/// Why the portal did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// It does not want to: asking again is of no use.
    Refused {
        /// What it says.
        why: String,
    },
    /// The workload is not known there, or no more.
    Unknown,
    /// It was not reached, or cannot now.
    Away {
        /// What the system or the portal says.
        why: String,
    },
}

/// Asks the portal about one workload.
pub struct Portal {
    client: Client,
    orders: Orders,
    /// The node of it that this pod runs.
    rank: u32,
}

type Answer<T> = Result<T, Trouble>;

impl Portal {
    /// Nothing is asked yet.
    ///
    /// # Errors
    /// The machine has no roots of trust that can be read.
    pub fn new(orders: Orders, rank: u32) -> Result<Self, String> {
        let client = Client::builder().connect_timeout(CONNECT).read_timeout(SILENT).user_agent("slipway-pod").build();
        Ok(Self { client: client.map_err(|e| words(&e))?, orders, rank })
    }

    /// What the pod was told.
    pub const fn orders(&self) -> &Orders {
        &self.orders
    }

    /// Claims the workload, or its node; whether all of its nodes are claimed.
    ///
    /// # Errors
    /// Another pod has it, it has ended, or the portal was not reached.
    pub async fn claim(&self, claim: &Claim) -> Answer<bool> {
        self.json::<Claimed>(self.request(Method::POST, "claim").json(claim)).await.map(|c| c.all)
    }

    /// Writes what a ticket opens to a file.
    ///
    /// # Errors
    /// The portal was not reached, or the disk is full.
    pub async fn fetch(&self, ticket: &str, to: &Path) -> Answer<()> {
        let answer = self.ask(self.request(Method::GET, &format!("file?ticket={ticket}"))).await?;
        let disk = |e: io::Error| Trouble::Refused { why: format!("What was fetched could not be written: {e}.") };
        let mut file = tokio::fs::File::create(to).await.map_err(disk)?;
        let mut body = answer.bytes_stream();
        while let Some(bytes) = body.try_next().await.map_err(|e| Trouble::Away { why: words(&e) })? {
            file.write_all(&bytes).await.map_err(disk)?;
        }
        file.flush().await.map_err(disk)
    }

    /// Where the portal's copy of the log ends.
    ///
    /// # Errors
    /// The portal was not reached.
    pub async fn log_end(&self) -> Answer<LogEnd> {
        self.json(self.request(Method::GET, "log")).await
    }

    /// Brings a piece of the log; where the portal's copy ends now.
    ///
    /// # Errors
    /// The portal was not reached.
    pub async fn log(&self, part: u64, offset: u64, bytes: Bytes) -> Answer<LogEnd> {
        self.json(self.request(Method::POST, &format!("log?part={part}&offset={offset}")).body(bytes)).await
    }

    /// Brings the end.
    ///
    /// # Errors
    /// The portal was not reached.
    pub async fn report(&self, report: &Report) -> Answer<()> {
        self.ask(self.request(Method::POST, "report").json(report)).await.map(drop)
    }

    /// What there is to do, once that is not what was seen before.
    ///
    /// # Errors
    /// The portal was not reached.
    pub async fn wishes(&self, seen: Wishes) -> Answer<Wishes> {
        self.json(self.request(Method::POST, "wishes").json(&seen)).await
    }

    fn request(&self, method: Method, what: &str) -> RequestBuilder {
        let url = format!("{}/pods/v1/{}/{what}", self.orders.portal.trim_end_matches('/'), self.orders.id);
        let url = match self.rank {
            0 => url,
            rank => format!("{url}{}node={rank}", if url.contains('?') { '&' } else { '?' }),
        };
        self.client.request(method, url).bearer_auth(&self.orders.token)
    }

    async fn json<T: serde::de::DeserializeOwned>(&self, request: RequestBuilder) -> Answer<T> {
        self.ask(request).await?.json().await.map_err(|e| Trouble::Away { why: words(&e) })
    }

    async fn ask(&self, request: RequestBuilder) -> Answer<Response> {
        let answer = request.send().await.map_err(|e| Trouble::Away { why: words(&e) })?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let why = answer.text().await.unwrap_or_default();
        let why = said(&why).unwrap_or_else(|| status.to_string());
        Err(match status {
            StatusCode::NOT_FOUND | StatusCode::GONE => Trouble::Unknown,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => Trouble::Away { why },
            status if status.is_client_error() => Trouble::Refused { why },
            _ => Trouble::Away { why },
        })
    }
}

/// The portal's own sentence; what stands in its way speaks otherwise.
fn said(body: &str) -> Option<String> {
    let problem: serde_json::Value = serde_json::from_str(body).ok()?;
    problem["detail"].as_str().map(str::to_owned)
}

/// An error with its causes: reqwest's own words only say which URL.
fn words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        words = format!("{words}: {cause}");
        next = cause.source();
    }
    words
}
