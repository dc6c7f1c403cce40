//! The notebook origin, over a real listener, before a small server on a unix socket that tells what reached it.

use super::{
    notebooks::{LAB, running, settle, world},
    world::{ORIGIN, World},
};
use axum::{
    Router,
    extract::Request,
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use hyper_util::rt::TokioIo;
use serde_json::json;
use server::cluster::Endpoint;
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UnixListener},
};

const PATH: &str = "/notebook/forecast/lab/";

struct Origin {
    world: World,
    address: SocketAddr,
    token: String,
    _folder: tempfile::TempDir,
}

/// Stands in for Jupyter: echoes what it got, or a WebSocket byte for byte.
async fn jupyter(mut request: Request) -> Response {
    if request.headers().contains_key(header::UPGRADE) {
        let upgrade = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            let (mut reader, mut writer) = tokio::io::split(TokioIo::new(upgrade.await.unwrap()));
            let _ = tokio::io::copy(&mut reader, &mut writer).await;
        });
        return (StatusCode::SWITCHING_PROTOCOLS, [("connection", "upgrade"), ("upgrade", "websocket"), ("sec-websocket-accept", "x")])
            .into_response();
    }
    let text = request.headers().iter().map(|(k, v)| format!("{k}: {}\n", v.to_str().unwrap())).collect::<String>();
    let token = request.headers()[header::AUTHORIZATION].to_str().unwrap().trim_start_matches("token ").to_owned();
    let head = [
        ("location", format!("{PATH}lab?token={token}")),
        ("x-token", token),
        ("set-cookie", "_xsrf=1; Path=/".to_owned()),
        ("service-worker-allowed", "/".to_owned()),
    ];
    (head, format!("{} {}\n{text}", request.method(), request.uri())).into_response()
}

impl Origin {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.sock");
        let socket = UnixListener::bind(&path).unwrap();
        tokio::spawn(async move { axum::serve(socket, Router::new().fallback(jupyter)).await });
        let world = world().await;
        let spec = running(&world, Endpoint::Unix { path }).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = server::http::proxy::router_rechecking(&world.web, Duration::from_millis(50));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { world, address, token: spec.secrets["JUPYTER_TOKEN"].clone(), _folder: folder }
    }

    /// Sends a request as it stands; the answer as text.
    async fn raw(&self, text: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> String {
        let mut text =
            format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: {}\r\n", self.address, body.len());
        headers.iter().for_each(|(k, v)| text.push_str(&format!("{k}: {v}\r\n")));
        self.raw(&format!("{text}\r\n{body}")).await
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> String {
        self.send(Method::GET, path, headers, "").await
    }

    /// A ticket's path, as the portal answers it.
    async fn ticket(&self) -> String {
        let url = self.world.ada.post(&format!("{LAB}/open"), json!({})).await.is(200).json()["url"].as_str().unwrap().to_owned();
        format!("/{}", url.splitn(4, '/').nth(3).unwrap())
    }

    /// The cookie of a browser that was let in.
    async fn enter(&self) -> String {
        let answer = self.get(&self.ticket().await, &[]).await;
        assert!(answer.starts_with("HTTP/1.1 303") && line(&answer, "location") == PATH, "{answer}");
        line(&answer, "set-cookie").split(';').next().unwrap().to_owned()
    }

    /// Shakes hands for a WebSocket; the connection and the head of the answer.
    async fn websocket(&self, cookie: &str, origin: &str) -> (TcpStream, String) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let head = format!(
            "GET {PATH}api/kernels/x/channels HTTP/1.1\r\nhost: {}\r\norigin: {origin}\r\ncookie: {cookie}\r\nconnection: keep-alive, Upgrade\r\n\
             upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            self.address
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(stream.read_u8().await.unwrap());
        }
        (stream, String::from_utf8(answer).unwrap())
    }
}

fn status(answer: &str) -> &str {
    &answer["HTTP/1.1 ".len()..][..3]
}

fn line<'a>(answer: &'a str, name: &str) -> &'a str {
    answer.lines().find_map(|l| l.split_once(": ").filter(|(k, _)| *k == name)).map_or("", |(_, v)| v)
}

#[tokio::test]
async fn a_ticket_works_once_within_a_minute_for_its_own_notebook() {
    let o = Origin::new().await;
    let path = o.ticket().await;
    let first = o.get(&path, &[]).await;
    let cookie = line(&first, "set-cookie");
    assert!(cookie.starts_with("slipway_notebook=") && cookie.contains("; Path=/notebook/forecast/lab/; HttpOnly; SameSite=Lax; Max-Age="));
    assert_eq!((line(&first, "referrer-policy"), line(&first, "cache-control")), ("no-referrer", "no-store"));
    assert_eq!(status(&o.get(&path, &[]).await), "403");
    let late = o.ticket().await;
    o.world.clock.advance(60_000);
    assert_eq!(status(&o.get(&late, &[]).await), "403");
    let other = o.ticket().await.replace("/lab/", "/other/");
    assert_eq!(status(&o.get(&other, &[]).await), "403");
    // A tab that is restored with a used ticket, in a browser that is in, goes on.
    let pair = cookie.split(';').next().unwrap();
    assert_eq!(status(&o.get(&path, &[("cookie", pair)]).await), "303");
}

#[tokio::test]
async fn a_browser_that_does_not_come_from_the_portal_is_asked_first() {
    let o = Origin::new().await;
    let path = o.ticket().await;
    for from in [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "none"), ("referer", "http://evil.test/")] {
        let more = [("accept", "text/html"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document"), from];
        let asked = o.get(&path, &more).await;
        assert!(status(&asked) == "200" && asked.contains("Open as ada") && line(&asked, "set-cookie").is_empty(), "{asked}");
    }
    let ticket = format!("ticket={}", path.split("ticket=").nth(1).unwrap());
    let form = async |origin: &str| {
        let headers = [("accept", "text/html"), ("content-type", "application/x-www-form-urlencoded"), ("origin", origin)];
        o.send(Method::POST, &format!("{PATH}-/open"), &headers, &ticket).await
    };
    assert_eq!(status(&form("http://evil.test").await), "403");
    assert_eq!(status(&form(&format!("http://{}", o.address)).await), "303");
    let from_portal = [("accept", "text/html"), ("referer", ORIGIN)];
    assert_eq!(status(&o.get(&o.ticket().await, &from_portal).await), "303");
}

#[tokio::test]
async fn nothing_of_ours_goes_in_and_no_token_comes_out() {
    let o = Origin::new().await;
    let cookie = o.enter().await;
    let cookies = format!("slipway_session=p; {cookie}; _xsrf=1");
    let more = [("cookie", cookies.as_str()), ("authorization", "Bearer slip_x"), ("x-forwarded-for", "6.6.6.6")];
    let answer = o.get(&format!("{PATH}api/x%20y?q=1"), &more).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(body.contains(&format!("GET {PATH}api/x%20y?q=1\n")), "{body}");
    assert!(body.contains("cookie: _xsrf=1\n") && body.contains(&format!("authorization: token {}\n", o.token)));
    for absent in ["slip_x", "slipway_", "6.6.6.6"] {
        assert!(!body.contains(absent), "{absent}");
    }
    assert!(!head.contains(&o.token), "{head}");
    assert_eq!((line(head, "location"), line(head, "set-cookie")), (&*format!("{PATH}lab"), &*format!("_xsrf=1; Path={PATH}")));
    assert_eq!((line(head, "service-worker-allowed"), line(head, "cross-origin-resource-policy")), ("", "same-origin"));
}

#[tokio::test]
async fn foreign_pages_and_strangers_get_nowhere() {
    let o = Origin::new().await;
    let cookie = o.enter().await;
    let path = format!("{PATH}api/status");
    let ours = format!("http://{}", o.address);
    let get = async |more: (&str, &str)| status(&o.get(&path, &[("cookie", &cookie), more]).await).to_owned();
    assert_eq!(get(("accept", "*/*")).await, "200");
    assert_eq!(get(("sec-fetch-site", "same-origin")).await, "200");
    for foreign in [("origin", ORIGIN), ("origin", "null"), ("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site")] {
        assert_eq!(get(foreign).await, "403", "{foreign:?}");
    }
    let post = async |more: (&str, &str)| status(&o.send(Method::POST, &path, &[("cookie", &cookie), more], "").await).to_owned();
    assert_eq!(post(("accept", "*/*")).await, "403");
    assert_eq!(post(("origin", &ours)).await, "200");
    // Nobody's cookie, the portal's cookie, another notebook, another path.
    let portal = o.world.ada.headers.iter().find(|(k, _)| k == "cookie").unwrap().1.clone();
    for (path, cookie) in [
        (&*path, ""),
        (&*path, &*portal),
        ("/notebook/forecast/other/", &*cookie),
        ("/api/v1/me", &*cookie),
        ("/", &*cookie),
        ("/notebook/forecast/../lab/", &*cookie),
        ("/notebook/%2e%2e/forecast/lab/", &*cookie),
    ] {
        assert_eq!(status(&o.get(path, &[("cookie", cookie)]).await), "404", "{path}");
    }
}

#[tokio::test]
async fn a_websocket_is_tunnelled_and_ends_with_the_right_to_it() {
    let o = Origin::new().await;
    let cookie = o.enter().await;
    let ours = format!("http://{}", o.address);
    let (_, refused) = o.websocket(&cookie, ORIGIN).await;
    assert_eq!(status(&refused), "403");
    let (mut socket, answer) = o.websocket(&cookie, &ours).await;
    assert_eq!((status(&answer), line(&answer, "sec-websocket-accept")), ("101", "x"));
    let mut echo = [0; 5];
    for _ in 0..3 {
        socket.write_all(b"hello").await.unwrap();
        socket.read_exact(&mut echo).await.unwrap();
        assert_eq!(&echo, b"hello");
    }
    o.world.bob.patch("/api/v1/users/ada", json!({ "disabled": true })).await;
    o.world.clock.advance(3000);
    let ended = tokio::time::timeout(Duration::from_secs(120), socket.read(&mut echo)).await.expect("it is cut");
    assert!(matches!(ended, Ok(0) | Err(_)));
    assert_eq!(status(&o.get(&format!("{PATH}api/status"), &[("cookie", &cookie)]).await), "404");
}

#[tokio::test]
async fn signing_out_of_the_portal_closes_the_notebook() {
    let o = Origin::new().await;
    let cookie = o.enter().await;
    let path = format!("{PATH}api/status");
    assert_eq!(status(&o.get(&path, &[("cookie", &cookie)]).await), "200");
    o.world.ada.post("/api/v1/session/end", json!({})).await.is(204);
    o.world.clock.advance(3000);
    assert_eq!(status(&o.get(&path, &[("cookie", &cookie)]).await), "404");
}

#[tokio::test]
async fn a_notebook_that_is_off_says_so_and_looks_again() {
    let o = Origin::new().await;
    let cookie = o.enter().await;
    o.world.ada.post(&format!("{LAB}/stop"), json!({})).await.is(204);
    settle(&o.world).await;
    o.world.clock.advance(3000);
    let page = o.get(&format!("{PATH}lab"), &[("cookie", &cookie), ("accept", "text/html")]).await;
    assert_eq!(status(&page), "503");
    assert!(
        page.contains("lab is stopped")
            && page.contains("http-equiv=\"refresh\"")
            && page.contains(&format!("{ORIGIN}/teams/forecast/notebooks/lab"))
    );
    assert!(line(&page, "content-security-policy").starts_with("default-src 'none'; style-src 'sha256-"));
    let script = o.get(&format!("{PATH}api/status"), &[("cookie", &cookie)]).await;
    assert!(status(&script) == "503" && !script.contains("<html"));
}

#[tokio::test]
async fn bodies_are_streamed_both_ways() {
    let o = Origin::new().await;
    let cookie = o.enter().await;
    let text = format!(
        "PUT {PATH}api/contents/a HTTP/1.1\r\nhost: {0}\r\norigin: http://{0}\r\ncookie: {cookie}\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n\
         5\r\nhello\r\n0\r\n\r\n",
        o.address
    );
    let answer = o.raw(&text).await;
    assert!(status(&answer) == "200" && answer.contains("transfer-encoding: chunked"), "{answer}");
}
