//! Many at once, as on a machine that is really used.

use crate::world::{Local, ended, running, shell};
use server::cluster::{Cluster, Phase};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn forty_start_run_and_end() {
    let mut local = Local::new();
    let specs: Vec<_> = (0..40).map(|_| shell("echo on; exec sleep 1000")).collect();
    futures::future::try_join_all(specs.iter().map(|s| local.local().ensure(s))).await.unwrap();
    for spec in &specs {
        running(local.local(), &spec.id).await;
    }
    assert_eq!(local.local().usage().await.unwrap().len(), 40);
    local.open();
    let all = local.local().list().await.unwrap();
    assert_eq!(all.iter().filter(|o| matches!(o.phase, Phase::Running { .. })).count(), 40);
    let grace = Duration::from_secs(30);
    futures::future::try_join_all(specs.iter().map(|s| local.local().stop(&s.id, grace))).await.unwrap();
    for spec in &specs {
        let exit = ended(local.local(), &spec.id).await;
        assert_eq!((exit.signal, exit.stopped), (Some(15), true));
    }
    futures::future::try_join_all(specs.iter().map(|s| local.local().forget(&s.id))).await.unwrap();
    assert_eq!(local.local().list().await.unwrap(), []);
}
