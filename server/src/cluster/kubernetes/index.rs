//! What is known of the cluster: kept by watches, answered without a call.

use super::{
    nodes::Node,
    owner::Owner,
    podview::Pod,
    spaces::Space,
    table::{News, Seen, Table},
    things::{KINDS, Thing},
};
use crate::error::{Error, Kind, Result};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::watch;

/// How long whoever asks first waits for the first listing.
const FIRST: Duration = Duration::from_secs(20);

/// All tables.
#[derive(Debug, Default)]
pub struct Tables {
    /// Owners, by the workload's id. Both kinds are listed apart.
    pub jobs: Table<Owner>,
    /// The same for servers.
    pub sets: Table<Owner>,
    /// Pods, by uid.
    pub pods: Table<Pod>,
    /// Nodes, by name.
    pub nodes: Table<Node>,
    /// Namespaces of teams, by name.
    pub spaces: Table<Space>,
    /// What is kept in them, a table for each of [`KINDS`]. Everything else works without.
    pub things: [Table<Thing>; KINDS.len()],
}

impl Tables {
    /// The owner of a workload.
    pub fn owner(&self, id: &str) -> Option<&Owner> {
        self.jobs.get(id).or_else(|| self.sets.get(id))
    }

    /// What is kept in a namespace, by kind and name.
    pub fn thing(&self, kind: &str, namespace: &str, name: &str) -> Option<&Thing> {
        let at = KINDS.iter().position(|k| *k == kind)?;
        self.things[at].get(&format!("{namespace}/{name}"))
    }

    /// The pods of a workload.
    pub fn pods_of(&self, id: &str) -> impl Iterator<Item = &Pod> {
        let owner = self.owner(id);
        self.pods.all().filter(move |p| p.id == id && owner.is_none_or(|o| o.may_own(p)))
    }

    /// Every owner with its pods.
    pub fn workloads(&self) -> Vec<(&Owner, Vec<&Pod>)> {
        let mut pods: HashMap<&str, Vec<&Pod>> = HashMap::new();
        for pod in self.pods.all().filter(|p| self.owner(&p.id).is_none_or(|o| o.may_own(p))) {
            pods.entry(pod.id.as_str()).or_default().push(pod);
        }
        self.jobs.all().chain(self.sets.all()).map(|owner| (owner, pods.remove(owner.id.as_str()).unwrap_or_default())).collect()
    }

    fn is_whole(&self) -> bool {
        self.jobs.is_whole() && self.sets.is_whole() && self.pods.is_whole() && self.nodes.is_whole() && self.spaces.is_whole()
    }
}

/// The tables and the bell that rings when they change.
#[derive(Debug)]
pub struct Index {
    tables: Mutex<Tables>,
    bell: watch::Sender<u64>,
    /// What keeps a watch from listing, in words.
    trouble: Mutex<Option<String>>,
}

impl Default for Index {
    fn default() -> Self {
        Self { tables: Mutex::default(), bell: watch::Sender::new(0), trouble: Mutex::default() }
    }
}

impl Index {
    /// The tables, whole or not.
    pub fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tables, once everything was listed.
    ///
    /// # Errors
    /// It was not within some seconds; what was in the way goes to the log.
    pub async fn whole(&self) -> Result<MutexGuard<'_, Tables>> {
        let mut bell = self.bell.subscribe();
        let listed = async {
            while !self.tables().is_whole() {
                // The sender lives as long as we do.
                let _ = bell.changed().await;
            }
        };
        if tokio::time::timeout(FIRST, listed).await.is_err() {
            let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone();
            return Err(Error::new(Kind::Unavailable, "The Kubernetes cluster could not be read yet.")
                .hint("`slipway doctor` says what is in the way.")
                .context(trouble.unwrap_or_else(|| "the first listing takes long".into())));
        }
        Ok(self.tables())
    }

    /// Takes news of a table; rings where anything is different now.
    pub fn take<T: Seen>(&self, table: impl FnOnce(&mut Tables) -> &mut Table<T>, news: News<T>) {
        if table(&mut self.tables()).take(news) {
            self.ring();
        }
    }

    /// Puts in what we wrote ourselves.
    pub fn put(&self, owner: Owner) {
        let changed = {
            let mut tables = self.tables();
            match owner.kind {
                super::owner::OwnerKind::Job => tables.jobs.put(owner),
                super::owner::OwnerKind::StatefulSet => tables.sets.put(owner),
            }
        };
        if changed {
            self.ring();
        }
    }

    /// Remembers what keeps a watch from listing.
    pub fn trouble(&self, words: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = words;
    }

    /// Rings.
    pub fn ring(&self) {
        self.bell.send_modify(|n| *n = n.wrapping_add(1));
    }

    /// A counter that grows when something may be different.
    pub fn bell(&self) -> watch::Receiver<u64> {
        self.bell.subscribe()
    }
}
