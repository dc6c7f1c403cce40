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
