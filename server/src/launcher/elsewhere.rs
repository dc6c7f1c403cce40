//! What lies elsewhere and is fetched over HTTP: by the task's own workload, with what it may reach, never by the portal.

use super::portal::{Trouble, roots, words};
use futures::TryStreamExt;
use reqwest::{Certificate, Client, StatusCode, Url, redirect::Policy};
use std::{path::Path, time::Duration};
use tokio::{fs::File, io::AsyncWriteExt};

const CONNECT: Duration = Duration::from_secs(10);
const SILENT: Duration = Duration::from_secs(60);
const REDIRECTS: usize = 10;
const TRIES: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// Fetches a file.
///
/// # Errors
/// It is not handed out, or cannot be written.
pub async fn fetch(address: &str, to: &Path) -> Result<(), String> {
    let url = Url::parse(address).map_err(|e| format!("{address} is no address: {e}."))?;
    let (shown, client) = (shown(&url), client().map_err(|e| words(&e))?);
    eprintln!("Fetching {shown}");
    let (mut tries, mut pause) = (1, FIRST_PAUSE);
    loop {
        match once(&client, &url, to).await {
            Ok(()) => return Ok(()),
            Err(Trouble::Away(why)) if tries < TRIES => {
                eprintln!("{shown} could not be fetched, trying again: {why}.");
                tokio::time::sleep(pause).await;
                (tries, pause) = (tries + 1, pause * 2);
            }
            Err(Trouble::Away(why) | Trouble::Refused(why)) => return Err(format!("{shown} could not be fetched: {why}.")),
        }
    }
}

async fn once(client: &Client, url: &Url, to: &Path) -> Result<(), Trouble> {
    let trouble = |e: reqwest::Error| {
        let refused = e.is_builder() || e.is_redirect();
        let why = words(&e.without_url());
        if refused { Trouble::Refused(why) } else { Trouble::Away(why) }
    };
    let disk = |e: std::io::Error| Trouble::Refused(format!("{} cannot be written: {e}", to.display()));
    let answer = client.get(url.clone()).send().await.map_err(trouble)?;
    let status = answer.status();
    if !status.is_success() {
        let later = status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
        let why = format!("the answer is {status}");
        return Err(if later { Trouble::Away(why) } else { Trouble::Refused(why) });
    }
    let mut out = File::create(to).await.map_err(disk)?;
    let mut body = answer.bytes_stream();
    while let Some(bytes) = body.try_next().await.map_err(trouble)? {
        out.write_all(&bytes).await.map_err(disk)?;
    }
    out.flush().await.map_err(disk)
}

/// An address for people: whoever reads the log is not told the password or the signature in it.
fn shown(url: &Url) -> String {
    let mut shown = url.clone();
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.set_query(None);
    shown.set_fragment(None);
    shown.into()
}

fn client() -> reqwest::Result<Client> {
    let client = Client::builder().connect_timeout(CONNECT).read_timeout(SILENT).user_agent("slipway-task");
    // Redirects lead to http and https only: reqwest knows nothing else.
    let client = client.redirect(Policy::limited(REDIRECTS)).referer(false);
    match roots() {
        Some(pem) => client.tls_certs_only(Certificate::from_pem_bundle(&pem)?).build(),
        None => client.build(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{
        io::{AsyncBufReadExt, BufReader},
        net::TcpListener,
    };

    /// Answers each request with what stands beside its path, until the test ends.
    async fn server(answers: &'static [(&'static str, &'static str)]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mut stream = BufReader::new(stream);
                let mut first = String::new();
                let _ = stream.read_line(&mut first).await;
                let mut line = String::from(" ");
                while !line.trim().is_empty() {
                    line.clear();
                    let _ = stream.read_line(&mut line).await;
                }
                let path = first.split(' ').nth(1).unwrap_or_default();
                let answer = answers.iter().find(|(of, _)| *of == path).map_or("404 Not Found\r\ncontent-length: 0\r\n\r\n", |(_, a)| *a);
                let _ = stream.write_all(format!("HTTP/1.1 {answer}").as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        format!("http://{address}")
    }

    #[tokio::test]
    async fn a_file_is_fetched_where_it_was_moved_to_and_what_is_not_there_is_said() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let at = server(&[
            ("/old.csv?signature=s3cr3t", "302 Found\r\nlocation: /new.csv\r\ncontent-length: 0\r\n\r\n"),
            ("/new.csv", "200 OK\r\ncontent-length: 4\r\n\r\na,b\n"),
            ("/away", "302 Found\r\nlocation: file:///etc/passwd\r\ncontent-length: 0\r\n\r\n"),
        ])
        .await;
        let folder = tempfile::tempdir().expect("a folder");
        let to = folder.path().join("old.csv");
        fetch(&format!("{at}/old.csv?signature=s3cr3t"), &to).await.expect("fetched");
        assert_eq!(std::fs::read_to_string(&to).expect("a file"), "a,b\n");
        let why = fetch(&format!("{at}/gone?signature=s3cr3t"), &to).await.expect_err("not there");
        assert_eq!(why, format!("{at}/gone could not be fetched: the answer is 404 Not Found."));
        assert!(fetch(&format!("{at}/away"), &to).await.is_err(), "no redirect leads to files");
    }
}
