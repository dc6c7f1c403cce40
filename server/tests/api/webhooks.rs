//! Webhooks: posted to a real receiver, checked as the specification says, sent again, given up, sent once more.

use super::{
    notices::look,
    world::{NOON, World},
};
use axum::{Router, body::Bytes, extract::State, http::HeaderMap, http::StatusCode, response::IntoResponse, routing::post};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use server::{
    post::{address::Allowed, retry::PAUSES_MS},
    reconcile::{Task, deliveries::Deliveries},
    store::events::NewEvent,
    webhooks::service::Webhooks,
};
use sha2::{Digest, Sha256};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU16, Ordering},
};

const LIST: &str = "/api/v1/teams/forecast/webhooks";
const CHAT: &str = "/api/v1/teams/forecast/webhooks/chat";
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A program that takes webhooks, or does not.
struct Receiver {
    url: String,
    got: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
    status: Arc<AtomicU16>,
}

type Shared = (Arc<Mutex<Vec<(HeaderMap, Bytes)>>>, Arc<AtomicU16>);

async fn take(State((got, status)): State<Shared>, headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    got.lock().unwrap().push((headers, body));
    let status = StatusCode::from_u16(status.load(Ordering::Relaxed)).unwrap();
    (status, [("location", "/elsewhere")], format!("thanks\0 {}", "x".repeat(9000)))
}

impl Receiver {
    async fn new() -> Self {
        let (got, status): Shared = (Arc::default(), Arc::new(AtomicU16::new(204)));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook?room=7", listener.local_addr().unwrap());
        let app =
            Router::new().route("/hook", post(take)).route("/elsewhere", post(take).get(take)).with_state((got.clone(), status.clone()));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, got, status }
    }

    fn answers(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }

    fn count(&self) -> usize {
        self.got.lock().unwrap().len()
    }

    /// The last message: its id, its body, and whether each of these secrets signed it.
    fn last(&self, secrets: &[&str]) -> (String, Value, Vec<bool>) {
        let (headers, body) = self.got.lock().unwrap().last().cloned().expect("a message");
        let header = |name: &str| headers[name].to_str().unwrap().to_owned();
        let (id, timestamp, signatures) = (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
        let message = [id.as_bytes(), b".", timestamp.as_bytes(), b".", &body].concat();
        let signed = |secret: &&str| {
            let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
            let wanted = format!("v1,{}", STANDARD.encode(hmac(&key, &message)));
            signatures.split(' ').any(|s| s == wanted)
        };
        (id, serde_json::from_slice(&body).unwrap(), secrets.iter().map(signed).collect())
    }
}

/// HMAC-SHA256 by its definition, beside what the portal uses.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let padded = |with: u8| {
        let mut block = [with; 64];
        block.iter_mut().zip(key).for_each(|(b, k)| *b ^= k);
        block
    };
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize().to_vec()
}

/// Something happens in forecast that is told of.
async fn happens(w: &World, action: &str, kind: &str, name: &str) {
    let team = w.vic.get("/api/v1/teams/forecast").await.is(200).json()["id"].as_str().unwrap().to_owned();
    let mut tx = w.web.store.begin().await.unwrap();
    let event = NewEvent {
        team_id: Some(&team),
        actor: "slipway",
        action,
        kind,
        object_id: "o1",
        object_name: name,
        revision: 1,
        before: None,
        after: Some(json!({ "reason": "Exited with code 1.", "revision": 1 })),
    };
    tx.event(event).await.unwrap();
    tx.commit().await.unwrap();
    look(w).await;
}

async fn deliver(w: &World) -> i64 {
    Deliveries::new(w.web.webhooks()).tick().await.unwrap()["delivered"]
}

async fn chat(w: &World, url: &str) {
    let made = w.mia.post(LIST, json!({ "name": "chat", "url": url, "kinds": ["run_failed"], "secret": SECRET })).await.is(201).json();
    assert_eq!((&made["secret"], &made["enabled"], &made["revision"]), (&json!(SECRET), &json!(true), &json!(1)));
}

/// The newest delivery in the log.
async fn newest(w: &World) -> Value {
    w.mia.get(&format!("{CHAT}/deliveries")).await.is(200).json()["items"][0].clone()
}

#[tokio::test]
async fn a_receiver_that_takes_its_time_holds_up_nobody_else_s() {
    let (w, receiver) = (World::new().await, Receiver::new().await);
    // It takes connections, and says nothing.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let slow = format!("http://{}/", silent.local_addr().unwrap());
    w.mia.post(LIST, json!({ "name": "slow", "url": slow, "kinds": ["run_failed"] })).await.is(201);
    happens(&w, "fail", "run", "before").await;
    let task = Deliveries::new(w.web.webhooks());
    let look = async || {
        let report = task.tick().await.unwrap();
        (report["due"], report["going"], report["delivered"])
    };
    assert_eq!(look().await, (1, 0, 0));
    // What is on its way is not sent twice.
    assert_eq!(look().await, (0, 1, 0));
    chat(&w, &receiver.url).await;
    happens(&w, "fail", "run", "after").await;
    assert_eq!(look().await, (2, 1, 1));
    assert_eq!(receiver.count(), 1);
}

#[tokio::test]
async fn a_notice_is_posted_signed_and_logged() {
    let (w, receiver) = (World::new().await, Receiver::new().await);
    chat(&w, &receiver.url).await;
    happens(&w, "fail", "deployment", "iris").await;
    assert_eq!(deliver(&w).await, 0, "not of that kind");
    happens(&w, "fail", "run", "train").await;
    assert_eq!(newest(&w).await["state"], "waiting");
    assert_eq!(deliver(&w).await, 1);
    let (id, body, signed) = receiver.last(&[SECRET, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]);
    assert_eq!(signed, [true, false]);
    assert_eq!((&body["type"], &body["timestamp"]), (&json!("run.failed"), &json!("2026-11-23T12:00:00.000Z")));
    let data = &body["data"];
    assert_eq!(
        (&data["team"], &data["title"], &data["detail"]),
        (&json!("forecast"), &json!("The run train failed"), &json!("Exited with code 1."))
    );
    assert_eq!(data["url"], "http://portal.test/teams/forecast/runs/o1");
    let timestamp = receiver.got.lock().unwrap()[0].0["webhook-timestamp"].to_str().unwrap().to_owned();
    assert_eq!(timestamp, (NOON / 1000).to_string());
    let log = newest(&w).await;
    assert_eq!((&log["id"], &log["state"], &log["kind"]), (&json!(id), &json!("delivered"), &json!("run_failed")));
    assert_eq!((&log["attempts"][0]["status"], &log["attempts"][0]["number"]), (&json!(204), &json!(1)));
    assert_eq!(deliver(&w).await, 0, "once");
    assert_eq!(w.mia.get(LIST).await.is(200).json()["items"][0]["last"], "delivered");
    assert!(w.mia.get(CHAT).await.is(200).json().get("secret").is_none());
    let events = w.vic.get("/api/v1/teams/forecast/events?kind=webhook").await.is(200).json().to_string();
    assert!(events.contains("127.0.0.1") && !events.contains("room") && !events.contains("whsec"), "{events}");
}

#[tokio::test]
async fn what_is_not_taken_is_sent_again_and_at_last_given_up() {
    let (w, receiver) = (World::new().await, Receiver::new().await);
    chat(&w, &receiver.url).await;
    receiver.answers(500);
    happens(&w, "fail", "run", "train").await;
    for pause in PAUSES_MS {
        deliver(&w).await;
        let log = newest(&w).await;
        assert_eq!(log["state"], "waiting");
        assert_eq!(deliver(&w).await + receiver.count() as i64, log["attempts"].as_array().unwrap().len() as i64, "not before its time");
        w.clock.advance(pause - 1);
        deliver(&w).await;
        assert_eq!(newest(&w).await["attempts"], log["attempts"]);
        w.clock.advance(1);
    }
    deliver(&w).await;
    let log = newest(&w).await;
    let attempts = log["attempts"].as_array().unwrap();
    assert_eq!((attempts.len(), receiver.count(), &log["state"]), (7, 7, &json!("given_up")));
    assert_eq!((&attempts[6]["status"], &attempts[6]["problem"]), (&json!(500), &json!("It was answered with the status 500.")));
    let answer = attempts[6]["answer"].as_str().unwrap();
    assert!(answer.starts_with("thanks x") && answer.chars().count() <= 500, "{}", answer.len());
    w.clock.advance(3600 * 1000);
    deliver(&w).await;
    assert_eq!(receiver.count(), 7);
    // By hand, under the same id, and it may be tried as often again.
    receiver.answers(200);
    let id = log["id"].as_str().unwrap();
    w.mia.post(&format!("{CHAT}/deliveries/{id}/redeliver"), json!({})).await.is(202);
    assert_eq!(deliver(&w).await, 1);
    assert_eq!((receiver.last(&[SECRET]).0.as_str(), &newest(&w).await["state"]), (id, &json!("delivered")));
    w.mia.post(&format!("{CHAT}/deliveries/none/redeliver"), json!({})).await.is(404);
    // A redirect is not followed; who wants no more is sent no more.
    for (status, state) in [(307, "waiting"), (410, "given_up")] {
        receiver.answers(status);
        let before = receiver.count();
        happens(&w, "fail", "run", "train").await;
        deliver(&w).await;
        assert_eq!((receiver.count(), &newest(&w).await["state"]), (before + 1, &json!(state)));
    }
}

#[tokio::test]
async fn only_public_addresses_are_posted_to() {
    let (w, receiver) = (World::new().await, Receiver::new().await);
    let ask = |url: &str| json!({ "name": "chat", "url": url, "kinds": ["run_failed"] });
    for url in [
        "http://10.0.0.7/x",
        "https://[fd00::1]/x",
        "http://169.254.169.254/latest",
        "http://0x0a000001/",
        "ftp://example.org",
        "chat",
        "https://me:pw@example.org/",
    ] {
        assert_eq!(w.mia.post(LIST, ask(url)).await.is(422).field(), "url", "{url}");
    }
    let told = w.mia.post(LIST, ask("http://10.0.0.7/x")).await.json();
    assert_eq!(
        told["detail"],
        "10.0.0.7 is a private address: webhooks go to public addresses only, and to those that the platform's admin allows with webhook_networks."
    );
    // An address that was allowed and is not any more, and a name that leads to one.
    let port = receiver.url.rsplit(':').next().unwrap().to_owned();
    for (name, url) in [("chat", receiver.url.clone()), ("named", format!("http://localhost:{port}"))] {
        w.mia.post(LIST, json!({ "name": name, "url": url, "kinds": ["run_failed"] })).await.is(201);
    }
    happens(&w, "fail", "run", "train").await;
    let strict = Webhooks { allowed: Allowed::default(), ..w.web.webhooks() };
    assert_eq!(Deliveries::new(strict).tick().await.unwrap()["due"], 2);
    assert_eq!(receiver.count(), 0);
    for (name, words) in [("chat", "127.0.0.1 is a loopback address"), ("named", "localhost leads to ")] {
        let log = w.mia.get(&format!("{LIST}/{name}/deliveries")).await.is(200).json()["items"][0].clone();
        let problem = log["attempts"][0]["problem"].as_str().unwrap_or_default().to_owned();
        assert!(problem.starts_with(words) && problem.contains("webhook_networks"), "{problem}");
        assert_eq!(log["state"], "waiting");
    }
    // Nobody there is a problem in words, too.
    w.mia.put(CHAT, json!({ "url": "http://127.0.0.1:1/", "kinds": ["run_failed"], "enabled": true })).await.is(200);
    w.mia.post(&format!("{CHAT}/test"), json!({})).await.is(202);
    deliver(&w).await;
    let log = newest(&w).await;
    assert!(log["attempts"][0]["problem"].as_str().unwrap().starts_with("It could not be connected to: "), "{log}");
    assert_eq!((&log["kind"], &log["state"]), (&json!("test"), &json!("given_up")), "a test is sent once");
}

#[tokio::test]
async fn maintainers_alone_have_them() {
    let (w, receiver) = (World::new().await, Receiver::new().await);
    chat(&w, &receiver.url).await;
    for path in [LIST, CHAT, &format!("{CHAT}/deliveries")] {
        w.vic.get(path).await.is(403);
        w.ada.get(path).await.is(403);
        w.eve.get(path).await.is(404);
    }
    // eve maintains a team of her own, and sees none of this one's.
    let theirs = "/api/v1/teams/elsewhere/webhooks";
    assert_eq!(w.eve.get(theirs).await.is(200).json()["items"], json!([]));
    w.eve.get(&format!("{theirs}/chat")).await.is(404);
    w.eve.post(theirs, json!({ "name": "chat", "url": receiver.url, "kinds": ["run_failed"] })).await.is(201);
    happens(&w, "fail", "run", "train").await;
    assert_eq!(deliver(&w).await, 1);
    assert_eq!(w.eve.get(&format!("{theirs}/chat/deliveries")).await.is(200).json()["items"], json!([]));
    let id = newest(&w).await["id"].as_str().unwrap().to_owned();
    w.eve.post(&format!("{theirs}/chat/deliveries/{id}/redeliver"), json!({})).await.is(404);
    // What is asked for has to make sense.
    assert_eq!(w.mia.post(LIST, json!({ "name": "chat", "url": receiver.url, "kinds": ["run_failed"] })).await.is(409).field(), "name");
    for (field, ask) in [
        ("kinds", json!({ "name": "two", "url": receiver.url })),
        ("kinds[0]", json!({ "name": "two", "url": receiver.url, "kinds": ["weather"] })),
        ("secret", json!({ "name": "two", "url": receiver.url, "kinds": ["run_failed"], "secret": "hunter2" })),
        ("name", json!({ "name": "Two!", "url": receiver.url, "kinds": ["run_failed"] })),
    ] {
        assert_eq!(w.mia.post(LIST, ask).await.is(422).field(), field);
    }
    let stale = json!({ "url": receiver.url, "kinds": ["run_failed"], "enabled": true, "revision": 7 });
    w.mia.put(CHAT, stale).await.is(409);
    w.mia.delete(CHAT).await.is(204);
    w.mia.get(CHAT).await.is(404);
}

#[tokio::test]
async fn a_secret_is_changed_over_a_day_and_off_is_off() {
    let (w, receiver) = (World::new().await, Receiver::new().await);
    chat(&w, &receiver.url).await;
    let new = w.mia.post(&format!("{CHAT}/rotate"), json!({})).await.is(200).json()["secret"].as_str().unwrap().to_owned();
    let test = async || {
        w.mia.post(&format!("{CHAT}/test"), json!({})).await.is(202);
        let delivered = deliver(&w).await;
        assert_eq!(delivered, 1, "{}", newest(&w).await);
        receiver.last(&[SECRET, &new])
    };
    let (_, body, signed) = test().await;
    assert_eq!((signed, &body["type"]), (vec![true, true], &json!("test")));
    w.clock.advance(24 * 3600 * 1000);
    assert_eq!(test().await.2, [false, true]);

    receiver.answers(500);
    happens(&w, "fail", "run", "train").await;
    deliver(&w).await;
    // By the form of the page: what is not ticked is off.
    let fields = [("_method", "PUT"), ("url", receiver.url.as_str()), ("kinds", "run_failed"), ("kinds", "notebook_stopped")];
    w.mia.form("/teams/forecast/team?tab=webhooks&webhook=chat", CHAT, &fields).await.is(303);
    let now = w.mia.get(CHAT).await.is(200).json();
    assert_eq!((&now["enabled"], &now["kinds"]), (&json!(false), &json!(["run_failed", "notebook_stopped"])));
    assert_eq!(newest(&w).await["state"], "given_up");
    let before = receiver.count();
    happens(&w, "fail", "run", "train").await;
    w.clock.advance(60_000);
    deliver(&w).await;
    assert_eq!(receiver.count(), before);
    w.mia.post(&format!("{CHAT}/test"), json!({})).await.is(409);
    let page = w.mia.with("accept", "text/html").get("/teams/forecast/team?tab=webhooks&webhook=chat").await.is(200);
    let html = String::from_utf8_lossy(&page.body).into_owned();
    assert!(html.contains("Given up") && html.contains("Redeliver") && !html.contains(&new), "the log is on the page");
    let made = w
        .mia
        .form(
            "/teams/forecast/team?tab=webhooks",
            LIST,
            &[("_show", "secret"), ("name", "two"), ("url", &receiver.url), ("kinds", "run_failed")],
        )
        .await;
    assert!(String::from_utf8_lossy(&made.is(200).body).contains("whsec_"));
    let page = w.vic.with("accept", "text/html").get("/teams/forecast/team?tab=webhooks").await.is(200);
    assert!(!String::from_utf8_lossy(&page.body).contains("room=7"));
}
