//! People and what they do: `world.ada.post("/api/v1/…", json!({…})).await.created()`.
//!
//! ada is an editor, mia a maintainer, vic a viewer of the team `forecast`; bob is the platform admin; eve is a stranger with a team of her own.
#![allow(dead_code, reason = "a vocabulary: each test uses some of it")]

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use serde_json::{Value, json};
use server::{
    access::{Subject, tokens},
    clock::{SharedClock, TestClock},
    cluster::fake::FakeCluster,
    config::load::gather,
    http::{self, Web, state::Opened},
    secrets::Sealer,
    store::Store,
    wake::Bell,
};
use std::{collections::BTreeMap, ffi::OsString, path::Path, sync::Arc, time::Duration};
use tokio::sync::OnceCell;
use tower::ServiceExt;

pub const PASSWORD: &str = "correct horse battery";
/// Longer than any answer takes on a machine that does other work too.
const PATIENCE: Duration = Duration::from_secs(300);
pub const ORIGIN: &str = "http://portal.test";
/// 2026-11-23T12:00:00Z
pub const NOON: i64 = 1_795_435_200_000;

pub struct World {
    pub web: Web,
    pub clock: Arc<TestClock>,
    pub cluster: Arc<FakeCluster>,
    pub router: Router,
    pub nobody: Person,
    pub ada: Person,
    pub mia: Person,
    pub vic: Person,
    pub bob: Person,
    pub eve: Person,
    _folder: tempfile::TempDir,
    _drain: tokio::sync::watch::Sender<bool>,
}

/// Somebody with a browser, or a program with a token.
#[derive(Clone)]
pub struct Person {
    router: Router,
    pub headers: Vec<(String, String)>,
}

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// What every world begins with: the database's files with people and teams in it, and the cookies of who has signed in. Made once by the
/// portal itself, as passwords are slow to hash on purpose.
struct Beginning {
    files: Vec<(OsString, Vec<u8>)>,
    cookies: BTreeMap<&'static str, String>,
}

static BEGINNING: OnceCell<Beginning> = OnceCell::const_new();

impl Beginning {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (web, _, _, drain) = open(folder.path()).await;
        let nobody = Person { router: http::router(&web), headers: vec![] };
        server::access::first_admin::prepare(&web.store, Some("bob"), Some(PASSWORD)).await.unwrap();
        let bob = nobody.sign_in("bob").await;
        for name in ["ada", "mia", "vic", "eve"] {
            bob.post("/api/v1/users", json!({ "name": name, "password": PASSWORD })).await.is(201);
        }
        let mia = nobody.sign_in("mia").await;
        mia.post("/api/v1/teams", json!({ "name": "forecast", "display_name": "Forecast" })).await.is(201);
        for (name, role) in [("ada", "editor"), ("vic", "viewer")] {
            mia.put(&format!("/api/v1/teams/forecast/members/{name}"), json!({ "role": role })).await.is(200);
        }
        let eve = nobody.sign_in("eve").await;
        eve.post("/api/v1/teams", json!({ "name": "elsewhere" })).await.is(201);
        let (ada, vic) = (nobody.sign_in("ada").await, nobody.sign_in("vic").await);
        let people = [("ada", ada), ("mia", mia), ("vic", vic), ("bob", bob), ("eve", eve)];
        let cookies = people.map(|(name, person)| (name, person.headers[0].1.clone())).into();
        web.store.db().close().await;
        drop(drain);
        let all = std::fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap());
        let of_database =
            all.filter(|f| f.file_name().to_string_lossy().starts_with("slipway.db") && !f.file_name().to_string_lossy().ends_with("-shm"));
        Self { files: of_database.map(|f| (f.file_name(), std::fs::read(f.path()).unwrap())).collect(), cookies }
    }
}

/// A portal on this folder.
async fn open(folder: &Path) -> (Web, Arc<TestClock>, Arc<FakeCluster>, tokio::sync::watch::Sender<bool>) {
    let flags = BTreeMap::from([
        ("data".to_owned(), folder.display().to_string()),
        ("cache".to_owned(), folder.join("cache").display().to_string()),
        ("public_url".to_owned(), ORIGIN.to_owned()),
        ("webhook_networks".to_owned(), "127.0.0.0/8, ::1/128".to_owned()),
    ]);
    let config = gather(&flags, &BTreeMap::new(), None).unwrap().config(&Default::default()).unwrap();
    let clock = Arc::new(TestClock::at(NOON));
    let shared: SharedClock = clock.clone();
    let store = Store::open(&config.database_url, shared.clone(), Bell::default()).await.unwrap();
    let cluster = Arc::new(FakeCluster::new(shared.clone()));
    let (drain, draining) = tokio::sync::watch::channel(false);
    let address = config.listen;
    let opened = Opened { config, address, store, cluster: cluster.clone(), sealer: Sealer::new(&[1; 32]), drain: draining };
    (Web::assemble(opened).unwrap(), clock, cluster, drain)
}

impl World {
    /// With people and the team `forecast`.
    pub async fn new() -> Self {
        let beginning = BEGINNING.get_or_init(Beginning::new).await;
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in &beginning.files {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        let (web, clock, cluster, drain) = open(folder.path()).await;
        let router = http::router(&web);
        let nobody = Person { router: router.clone(), headers: vec![] };
        let person = |name: &str| nobody.signed_in(&beginning.cookies[name]);
        let [ada, mia, vic, bob, eve] = ["ada", "mia", "vic", "bob", "eve"].map(person);
        Self { web, clock, cluster, router, nobody, ada, mia, vic, bob, eve, _folder: folder, _drain: drain }
    }

    /// A program with ada's rights as the run `id` of `forecast`.
    pub async fn run(&self, id: &str) -> Person {
        self.workload(&Subject::Run(id.into())).await
    }

    pub async fn workload(&self, subject: &Subject) -> Person {
        let store = &self.web.store;
        let user = store.user_by_name("ada").await.unwrap().unwrap();
        let (team, _) = store.team_of("forecast", &user.id).await.unwrap().unwrap();
        let mut tx = store.begin().await.unwrap();
        let token = tokens::create_for_workload(&mut tx, store, &user.id, &team.id, "test", subject).await.unwrap();
        tx.commit().await.unwrap();
        self.nobody.with("authorization", &format!("Bearer {token}"))
    }
}

impl Person {
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut headers = self.headers.clone();
        headers.push((name.into(), value.into()));
        Self { router: self.router.clone(), headers }
    }

    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        Self { router: self.router.clone(), headers: self.headers.iter().filter(|(k, _)| k != name).cloned().collect() }
    }

    /// With a token of one's own.
    pub async fn token(&self, team: &str, role: &str) -> Self {
        let made = self.post("/api/v1/tokens", json!({ "name": "t", "team": team, "role": role })).await.is(201).json();
        Self { router: self.router.clone(), headers: vec![("authorization".into(), format!("Bearer {}", made["token"].as_str().unwrap()))] }
    }

    pub async fn sign_in(&self, user: &str) -> Self {
        let answer = self.post("/api/v1/session", json!({ "user": user, "password": PASSWORD })).await.is(200);
        self.signed_in(answer.headers[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap())
    }

    fn signed_in(&self, cookie: &str) -> Self {
        Self { router: self.router.clone(), headers: vec![("cookie".into(), cookie.into()), ("origin".into(), ORIGIN.into())] }
    }

    pub async fn send(&self, method: Method, path: &str, kind: &str, body: impl Into<Body>) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("host", "portal.test");
        if !kind.is_empty() {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        for (k, v) in &self.headers {
            request = request.header(k, v);
        }
        let answer = async {
            let response = self.router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
            let (parts, body) = response.into_parts();
            let stream = parts.headers.get(header::CONTENT_TYPE).is_some_and(|v| v.as_bytes().starts_with(b"text/event-stream"));
            let body = if stream { Bytes::new() } else { to_bytes(body, 64 << 20).await.unwrap() };
            Answer { status: parts.status, headers: parts.headers, body }
        };
        // What never answers is told by its name, instead of holding up everything.
        tokio::time::timeout(PATIENCE, answer).await.unwrap_or_else(|_| panic!("{path} has not answered after {PATIENCE:?}"))
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, "", Body::empty()).await
    }
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, "application/json", body.to_string()).await
    }
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, "application/json", body.to_string()).await
    }
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, "application/json", body.to_string()).await
    }
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, "", Body::empty()).await
    }
    /// As a plain browser posts a form from `page`.
    pub async fn form(&self, page: &str, path: &str, pairs: &[(&str, &str)]) -> Answer {
        let body = serde_urlencoded::to_string(pairs).unwrap();
        let browser =
            self.without("origin").with("origin", ORIGIN).with("accept", "text/html,*/*").with("referer", &format!("{ORIGIN}{page}"));
        browser.send(Method::POST, path, "application/x-www-form-urlencoded", body).await
    }
}

impl Answer {
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", String::from_utf8_lossy(&self.body));
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&self.body)))
    }

    /// The problem's field.
    #[track_caller]
    pub fn field(&self) -> String {
        self.json()["field"].as_str().unwrap_or_default().to_owned()
    }

    #[track_caller]
    pub fn location(&self) -> &str {
        self.headers[header::LOCATION].to_str().unwrap()
    }
}
