//! The routing table: where the requests of each deployment go. In memory, so that a request asks the database nothing.
//!
//! It is made anew from the database whenever the bell tells of a deployment or a workload, and right after each shift. A replica that
//! left the table lives on until its last answer was given; how many wait for one is what draining looks at.

use super::{
    choice::Choice,
    gate::Gate,
    replica::{Manner, Replica},
    split::{Part, Split},
    traffic::{Book, Charts, Meters},
};
use crate::{
    cluster::Endpoint,
    error::Result,
    store::{
        Store,
        deployments::{RouteRow, callers, limits},
    },
};
use app::api::{State, callers::Callers, deployments::Deployment, runtimes::Protocol};
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError, RwLock, Weak},
};

/// Where the requests of a deployment go.
pub struct Route {
    /// Id of the deployment.
    pub id: String,
    /// Team.
    pub team_id: String,
    /// Name of the deployment.
    pub name: String,
    /// State.
    pub state: State,
    /// The revisions that take its traffic, with their replicas that are ready.
    pub split: Split,
    /// Protocols that any of its replicas speaks. Where none is ready that is what matters: then it is all of them.
    pub spoken: Vec<Protocol>,
    /// Who may call it beside its team.
    pub callers: Callers,
    /// How many get in at once.
    pub gate: Arc<Gate>,
    /// Traffic that reached no replica.
    pub charts: Arc<Charts>,
    /// The same for Prometheus.
    pub meters: Meters,
}

impl Route {
    /// What is to be said of replicas that the gateway has ejected, where it has.
    pub fn ejected(&self) -> Option<String> {
        let (all, out) = (self.split.replicas().count(), self.split.replicas().filter_map(|r| r.out_for()).collect::<Vec<_>>());
        let why = out.first()?;
        let who = match out.len() {
            n if n == all => "No replica answers as it should".to_owned(),
            1 => format!("1 of {all} replicas is ejected"),
            n => format!("{n} of {all} replicas are ejected"),
        };
        Some(format!("{who}: {why}."))
    }
}

/// All routes, by team and name.
#[derive(Default)]
pub struct Table(HashMap<String, HashMap<String, Arc<Route>>>);

impl Table {
    /// The route of a deployment.
    pub fn get(&self, team: &str, deployment: &str) -> Option<&Arc<Route>> {
        self.0.get(team)?.get(deployment)
    }
}

/// The table that everyone shares. Cheap to clone.
#[derive(Clone, Default)]
pub struct Routes(Arc<Inner>);

#[derive(Default)]
struct Inner {
    table: RwLock<Arc<Table>>,
    /// Held while the table is made anew, so that an older answer never replaces a newer one.
    making: tokio::sync::Mutex<()>,
    /// Everything that was routed to and may still answer, by workload.
    replicas: Mutex<HashMap<String, Weak<Replica>>>,
    book: Book,
}

impl Routes {
    /// The table as it is now.
    pub fn table(&self) -> Arc<Table> {
        self.0.table.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Every replica that is routed to.
    pub fn replicas(&self) -> Vec<Arc<Replica>> {
        self.table().0.values().flat_map(HashMap::values).flat_map(|r| r.split.replicas().cloned().collect::<Vec<_>>()).collect()
    }

    /// The replica that a workload carries out, where it is routed to or may still answer.
    pub fn replica_of(&self, workload_id: &str) -> Option<Arc<Replica>> {
        self.0.replicas.lock().unwrap_or_else(PoisonError::into_inner).get(workload_id).and_then(Weak::upgrade)
    }

    /// Traffic of all deployments.
    pub fn book(&self) -> &Book {
        &self.0.book
    }

    /// Requests that wait for an answer of a replica, also of one that is not routed to any more.
    pub fn in_flight(&self, workload_id: &str) -> usize {
        self.replica_of(workload_id).map_or(0, |r| r.in_flight())
    }

    /// Says of a deployment what only the gateway knows: which of its replicas answer, and what is wrong with those that do not.
    pub fn tell(&self, team: &str, deployment: &mut Deployment) {
        let table = self.table();
        let Some(route) = table.get(team, &deployment.name).filter(|r| r.id == deployment.id) else { return };
        let serving = deployment.serving.as_ref().map(|r| r.number);
        let out = route.split.replicas().filter(|r| r.is_out() && Some(r.revision) == serving).count();
        deployment.ready = deployment.ready.saturating_sub_unsigned(out as u64).max(0);
        // What serves is what somebody asks about who does not wait for another revision.
        if deployment.state == State::Running && deployment.reason.is_none() {
            deployment.reason = route.ejected();
        }
    }

    /// Makes the table anew from the database.
    ///
    /// # Errors
    /// The database does not answer; the table stays as it was.
    pub async fn refresh(&self, store: &Store) -> Result<()> {
        let _making = self.0.making.lock().await;
        let rows = store.deployment_routes().await?;
        self.put(rows);
        let table = self.table();
        let known: HashSet<&str> = table.0.values().flat_map(HashMap::values).map(|r| r.id.as_str()).collect();
        self.0.book.tidy(store.clock().now(), |id| known.contains(id));
        Ok(())
    }

    fn put(&self, rows: Vec<RouteRow>) {
        let old = self.table();
        let mut table = Table::default();
        // Those of one deployment follow each other.
        for rows in rows.chunk_by(|a, b| a.id == b.id) {
            let Some(row) = rows.first() else { continue };
            let before = old.get(&row.team, &row.name).filter(|r| r.id == row.id);
            let route = self.route(row, rows, before);
            table.0.entry(row.team.clone()).or_default().insert(row.name.clone(), route);
        }
        *self.0.table.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(table);
        self.0.replicas.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, r| r.strong_count() > 0);
    }

    fn route(&self, row: &RouteRow, rows: &[RouteRow], before: Option<&Arc<Route>>) -> Arc<Route> {
        let split = self.split(rows).after(before.map(|r| &r.split));
        // Whoever is behind a gate or waits before it keeps it as long as its limits hold.
        let limits = limits(row.limits_json.as_deref());
        let kept = before.map(|r| r.gate.clone()).filter(|g| g.limits == limits);
        let callers = callers(row.callers_json.as_deref());
        let state = row.state.parse().unwrap_or(State::Failed);
        let same = |r: &&Arc<Route>| (r.state, &r.callers) == (state, &callers) && kept.is_some() && r.split.same(&split);
        if let Some(unchanged) = before.filter(same) {
            return unchanged.clone();
        }
        let mut spoken: Vec<Protocol> = split.replicas().flat_map(|r| r.manner.protocols.iter().copied()).collect();
        spoken.sort_unstable();
        spoken.dedup();
        if spoken.is_empty() {
            spoken.extend(Protocol::ALL);
        }
        Arc::new(Route {
            spoken,
            gate: kept.unwrap_or_else(|| Arc::new(Gate::new(limits))),
            charts: self.0.book.of(&row.id, 0),
            meters: Meters::of(&row.team, &row.name, 0),
            id: row.id.clone(),
            team_id: row.team_id.clone(),
            name: row.name.clone(),
            state,
            split,
            callers,
        })
    }

    /// Who takes how much; rows of a revision follow each other, and the canary is the newest.
    fn split(&self, rows: &[RouteRow]) -> Split {
        let part = |rows: &[RouteRow]| {
            let row = rows.first()?;
            let (revision, share) = (row.number?, row.share.filter(|_| row.canary.is_some()).unwrap_or(0));
            let percent = if row.canary == Some(revision) { share } else { 100 - share };
            Some(Part { revision, percent, choice: Choice::among(rows.iter().filter_map(|r| self.replica(r)).collect()) })
        };
        let sticky = rows.first().and_then(|r| r.sticky_header.as_deref()).and_then(|name| name.parse().ok());
        Split::new(rows.chunk_by(|a, b| a.number == b.number).filter_map(part).collect(), sticky)
    }

    /// The replica of a workload: the one that is known where it listens at the same place, so that its connections are kept.
    fn replica(&self, row: &RouteRow) -> Option<Arc<Replica>> {
        let endpoint: Endpoint = serde_json::from_str(row.endpoint.as_deref()?).ok()?;
        let (id, number) = (row.workload_id.as_deref()?, row.number?);
        let mut replicas = self.0.replicas.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = replicas.get(id).and_then(Weak::upgrade).filter(|r| r.endpoint == endpoint) {
            return Some(known);
        }
        // What cannot be read was written by a newer Slipway: nobody knows how to speak to it.
        let program = row.program_json.as_deref().map(serde_json::from_str).transpose().ok()?;
        let (charts, meters) = (self.0.book.of(&row.id, number), Meters::of(&row.team, &row.name, number));
        let made = Arc::new(Replica::new(id, number, endpoint, charts, meters, Manner::of(program.as_ref())));
        replicas.insert(id.to_owned(), Arc::downgrade(&made));
        Some(made)
    }
}

/// Keeps the table true as long as the server runs.
pub async fn follow(routes: Routes, store: Store) {
    let mut changes = store.bell().changes();
    let mut every = tokio::time::interval(std::time::Duration::from_secs(5));
    loop {
        // The timer is for changes made by another server.
        let mut table = tokio::select! {
            _ = every.tick() => true,
            change = changes.recv() => match change {
                Ok(change) => concerns(&change.kind),
                Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => true,
                Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
            },
        };
        while let Ok(change) = changes.try_recv() {
            table |= concerns(&change.kind);
        }
        if table && let Err(error) = routes.refresh(&store).await {
            tracing::warn!(error = %error, "the routing table could not be made anew");
        }
    }
}

fn concerns(kind: &str) -> bool {
    matches!(kind, "deployment" | "workload" | "team")
}
