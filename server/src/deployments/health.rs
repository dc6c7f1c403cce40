//! Health checks: every replica that is routed to is asked on the path by which it said that it was ready. One that does not answer is ejected, and
//! returns once it does.

use super::{
    replica::{self, Replica, Unwell},
    routes::Routes,
};
use crate::cluster::reach::Reach;
use std::{
    collections::HashMap,
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::{task::JoinHandle, time::Instant};

/// How often one that answers is asked, and one that was ejected.
const EVERY: Duration = Duration::from_secs(5);
const EVERY_OUT: Duration = Duration::from_millis(500);
/// How long it may take.
const WITHIN: Duration = Duration::from_secs(5);

struct Check {
    of: Weak<Replica>,
    begun: Instant,
    going: JoinHandle<()>,
}

/// Checks as long as the server runs.
pub async fn watch(routes: Routes, reach: Reach) {
    let mut checks: HashMap<String, Check> = HashMap::new();
    let mut every = tokio::time::interval(EVERY_OUT);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        checks.retain(|_, check| check.of.strong_count() > 0);
        for replica in routes.replicas() {
            replica.lines.tidy();
            let wait = if replica.is_out() { EVERY_OUT } else { EVERY };
            let due = checks.get(&replica.workload_id).is_none_or(|c| c.going.is_finished() && c.begun.elapsed() >= wait);
            if due {
                let (id, of) = (replica.workload_id.clone(), Arc::downgrade(&replica));
                let going = tokio::spawn(check(reach.clone(), replica));
                checks.insert(id, Check { of, begun: Instant::now(), going });
            }
        }
    }
}

async fn check(reach: Reach, replica: Arc<Replica>) {
    match replica::answers(&reach, &replica.endpoint, &replica.manner, WITHIN).await {
        Ok(_) => replica.is_well(),
        // One that is busy with requests may answer them and not this.
        Err(Unwell::Silent(why)) => replica.broke(&why),
        Err(Unwell::Says(why)) => replica.is_unwell(&why),
    }
}
