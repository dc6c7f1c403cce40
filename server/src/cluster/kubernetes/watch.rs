//! Keeps the index: lists, watches, lists again after a break. It decides nothing.

use super::{
    client::{ApiServer, of_kind},
    index::{Index, Tables},
    names::{PORTAL, TEAM, ours},
    nodes::{self, Node},
    owner::{self, Owner, OwnerKind},
    podview::{self, Pod},
    spaces::{self, Space},
    table::{News, Seen, Table},
    things::{KINDS, Thing},
};
use futures::StreamExt;
use kube::{
    Resource,
    core::{ApiResource, DeserializeGuard},
    runtime::{
        WatchStreamExt,
        utils::Backoff,
        watcher::{self, Config, Event},
    },
};
use serde::de::DeserializeOwned;
use std::{fmt::Debug, sync::Arc, time::Duration};
use tokio::task::JoinHandle;

/// How long a watch lives before it is begun anew: a connection that died silently is noticed then.
const LIFE_SECONDS: u32 = 120;
/// How long to wait before a watch is begun anew after a failure: at first, and at most. Until then nothing is heard.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(4));

/// Doubles from one failure to the next.
struct Pauses(Duration);

impl Iterator for Pauses {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let now = self.0;
        self.0 = (now * 2).min(PAUSES.1);
        Some(now)
    }
}

impl Backoff for Pauses {
    fn reset(&mut self) {
        self.0 = PAUSES.0;
    }
}

/// Starts every watch of this portal.
pub fn start(api: &ApiServer, index: &Arc<Index>, portal: &str) -> Vec<JoinHandle<()>> {
    let portal = portal.to_owned();
    let of_ours = Config::default().labels(&ours(&portal)).timeout(LIFE_SECONDS);
    let of_teams = Config::default().labels(&format!("{TEAM},{PORTAL}={portal}")).timeout(LIFE_SECONDS);
    let owners = |kind: OwnerKind| {
        let table: fn(&mut Tables) -> &mut Table<Owner> = match kind {
            OwnerKind::Job => |t| &mut t.jobs,
            OwnerKind::StatefulSet => |t| &mut t.sets,
        };
        follow(api, index, &kind.resource(), of_ours.clone(), move |raw: &owner::Raw| Owner::read(kind, raw), table)
    };
    let things = |kind: &str, table: fn(&mut Tables) -> &mut Table<Thing>| {
        let resource = of_kind(kind).ok()?;
        Some(follow(api, index, &resource, of_teams.clone(), Thing::read, table))
    };
    let tables: [fn(&mut Tables) -> &mut Table<Thing>; KINDS.len()] =
        [|t| &mut t.things[0], |t| &mut t.things[1], |t| &mut t.things[2], |t| &mut t.things[3], |t| &mut t.things[4]];
    let mut all: Vec<_> = KINDS.into_iter().zip(tables).filter_map(|(kind, table)| things(kind, table)).collect();
    all.extend([
        owners(OwnerKind::Job),
        owners(OwnerKind::StatefulSet),
        follow(api, index, &podview::resource(), of_ours.clone(), Pod::read, |t| &mut t.pods),
        follow(api, index, &nodes::resource(), Config::default().timeout(LIFE_SECONDS), Node::read, |t| &mut t.nodes),
        follow(api, index, &spaces::resource(), of_teams.clone(), move |raw: &spaces::Raw| Space::read(raw, &portal), |t| &mut t.spaces),
    ]);
    all
}

fn follow<K, T>(
    api: &ApiServer,
    index: &Arc<Index>,
    resource: &ApiResource,
    config: Config,
    read: impl Fn(&K) -> Option<T> + Send + 'static,
    table: fn(&mut Tables) -> &mut Table<T>,
) -> JoinHandle<()>
where
    K: Resource<DynamicType = ApiResource> + DeserializeOwned + Clone + Debug + Send + 'static,
    T: Seen + Send + 'static,
{
    let objects = api.all::<DeserializeGuard<K>>(resource);
    let (index, plural) = (index.clone(), resource.plural.clone());
    tokio::spawn(async move {
        let stream = watcher::watcher(objects, config).backoff(Pauses(PAUSES.0));
        tokio::pin!(stream);
        while let Some(event) = stream.next().await {
            match event.map(|event| news(event, &read)) {
                Ok(Some(news)) => {
                    if matches!(news, News::Whole) {
                        index.trouble(None);
                    }
                    index.take(table, news);
                }
                Ok(None) => {}
                Err(error) => {
                    // Said once in a while only: it is tried again by itself, at longer and longer intervals.
                    tracing::warn!(plural, error = %error, "watch");
                    index.trouble(Some(format!("{plural}: {error}")));
                }
            }
        }
        // It never ends by itself; whoever dropped the cluster ends it.
        tokio::time::sleep(Duration::from_secs(1)).await;
    })
}

/// `None`: an object that is not ours, or cannot be read.
fn news<K, T>(event: Event<DeserializeGuard<K>>, read: &impl Fn(&K) -> Option<T>) -> Option<News<T>> {
    let one = |guarded: DeserializeGuard<K>| match guarded.0 {
        Ok(raw) => read(&raw),
        Err(invalid) => {
            tracing::warn!(name = invalid.metadata.name, error = invalid.error, "an object of ours cannot be read");
            None
        }
    };
    Some(match event {
        Event::Init => News::Begin,
        Event::InitDone => News::Whole,
        Event::Apply(object) | Event::InitApply(object) => News::Is(one(object)?),
        Event::Delete(object) => News::Gone(one(object)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{
        Router,
        body::Body,
        http::{StatusCode, Uri},
        response::{IntoResponse, Response},
    };
    use futures::stream;
    use serde_json::json;
    use std::{
        io,
        sync::atomic::{AtomicUsize, Ordering},
    };

    const EXPIRED: &str = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old resource version: 1 (9)","reason":"Expired","code":410}"#;

    /// An API server with one node at each listing: `n1`, `n2`, ... It no longer knows from where to go on, and says so instead of a watch at
    /// first, then in one, and then keeps quiet.
    fn answer(uri: &Uri, lists: &AtomicUsize) -> Response {
        if !uri.query().unwrap_or_default().contains("watch=true") {
            let n = lists.fetch_add(1, Ordering::Relaxed) + 1;
            let name = format!("n{n}");
            let node = json!({ "metadata": { "name": name, "uid": name, "resourceVersion": "1" }, "spec": {}, "status": {} });
            let list = json!({ "kind": "NodeList", "apiVersion": "v1", "metadata": { "resourceVersion": n.to_string() }, "items": [node] });
            return ([("content-type", "application/json")], list.to_string()).into_response();
        }
        let said = match lists.load(Ordering::Relaxed) {
            1 => return (StatusCode::GONE, [("content-type", "application/json")], EXPIRED).into_response(),
            2 => format!("{{\"type\":\"ERROR\",\"object\":{EXPIRED}}}\n"),
            _ => String::new(),
        };
        Body::from_stream(stream::iter([Ok::<_, io::Error>(said)]).chain(stream::pending())).into_response()
    }

    #[tokio::test]
    async fn what_cannot_be_gone_on_with_is_listed_again() {
        let (listener, lists) = (tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap(), Arc::new(AtomicUsize::new(0)));
        let file = tempfile::NamedTempFile::new().unwrap();
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [{ "name": "c", "cluster": { "server": format!("http://{}", listener.local_addr().unwrap()) } }],
            "users": [{ "name": "u", "user": {} }],
            "contexts": [{ "name": "c", "context": { "cluster": "c", "user": "u" } }],
        });
        std::fs::write(file.path(), config.to_string()).unwrap();
        let app = Router::new().fallback(move |uri: Uri| async move { answer(&uri, &lists) });
        tokio::spawn(async move { axum::serve(listener, app).await });

        let (api, index) = (ApiServer::connect(Some(file.path()), None).await.unwrap(), Arc::new(Index::default()));
        let mut bell = index.bell();
        let follows = follow(&api, &index, &nodes::resource(), Config::default(), Node::read, |t| &mut t.nodes);
        let names = || index.tables().nodes.all().map(|n| n.name.clone()).collect::<Vec<_>>();
        // What was there before and is not listed any more is gone from the table.
        while names() != ["n3"] {
            bell.changed().await.unwrap();
        }
        follows.abort();
    }
}
