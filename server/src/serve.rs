//! The composition root: read top to bottom, it is the story of a start.

use crate::{
    access::first_admin,
    clock::{SharedClock, SystemClock},
    cluster::{
        SharedCluster, WorkloadKind,
        knock::{Knocks, PODS},
        kubernetes::{Desk, KubernetesCluster},
        local::{self, LocalCluster, LocalConfig},
    },
    config::Config,
    deployments::{
        health,
        model_files::ModelFiles,
        routes::{self},
        service::Service,
        spec::Replicas,
    },
    environments::{
        images::Images,
        spec::{EnvironmentSpecs, Interpreter},
    },
    error::Error,
    http::{
        self, Web,
        lanes::{Lanes, Sorted},
        state::Opened,
    },
    notebooks::{NotebookKeys, spec::NotebookSpecs},
    pipelines::{launch::TaskSpecs, token::TaskTokens},
    platform::cluster::{kubernetes, reserve},
    promotions::spec::GateSpecs,
    reconcile::{
        Driver, clean_up::CleanUp, deliveries::Deliveries, deployments::Deployments, environments::Environments, following::Following,
        housekeeping::Housekeeping, mails::Mails, notebook_activity::NotebookActivity, notebooks::Notebooks, notices::Notices,
        pipelines::Pipelines, promotions::Promotions, recurring_runs::RecurringRuns, runs::Runs, teams::Teams, usage::Usage,
        workloads::Workloads,
    },
    runs::spec::RunSpecs,
    secrets::Sealer,
    store::Store,
    wake::Bell,
    workloads::specs::Builders,
};
use anyhow::{Context, Result, anyhow};
use axum::serve::ListenerExt;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use std::{
    fs::DirBuilder,
    io::ErrorKind,
    net::SocketAddr,
    os::unix::fs::DirBuilderExt,
    sync::{Arc, atomic::AtomicI64},
    time::Duration,
};
use tokio::{net::TcpListener, sync::watch};

/// Seconds that split the latencies of requests and predictions.
const BUCKETS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// Starts everything and serves until told to end. SIGTERM drains, a second one quits.
///
/// # Errors
/// Something that is needed is not there; the error says what.
pub async fn serve(mut config: Config) -> Result<()> {
    crate::telemetry::start(&config.log_format);
    let clock: SharedClock = Arc::new(SystemClock);
    // What is in it is for this user alone: hashes of passwords, files of all teams.
    DirBuilder::new().recursive(true).mode(0o700).create(&config.data).map_err(|e| no_folder(&config, &e))?;
    let _lock = lock(&config)?;
    let listener = bind(&mut config.listen, "--listen").await?;
    let notebook_listener = bind(&mut config.notebook_listen, "--notebook-listen").await?;

    let store = Store::open(&config.database_url, clock.clone(), Bell::default())
        .await
        .map_err(|e| cause("the database cannot be opened", e, "Check --database-url; `slipway doctor` looks at what a start needs."))?;
    let sealer = crate::secrets::key::sealer(&config).map_err(anyhow::Error::msg)?;
    let (cluster, desk) = cluster(&config, &sealer, clock).await?;
    let (drain, draining) = watch::channel(false);
    let address = config.listen;
    let mut web = Web::assemble(Opened { config, address, store, cluster, sealer, drain: draining })?;
    web.desk = desk;
    web.metrics = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full("slipway_gateway_request_duration_seconds".into()), BUCKETS)
        .and_then(|b| b.set_buckets_for_metric(Matcher::Full(http::metered::SECONDS.into()), BUCKETS))
        .and_then(PrometheusBuilder::install_recorder)
        .ok();

    metrics::gauge!("slipway_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1);
    let (config, store) = (web.config.clone(), web.store.clone());
    let url = config.portal_url();
    if let Some(token) = first_admin::prepare(&store, config.admin_user.as_deref(), config.admin_password.as_deref()).await? {
        println!("No user exists yet. Make the platform admin with this link, which works once:\n  {url}/setup?token={token}");
    }
    println!("Slipway listens on {url}");
    start_tasks(&web);

    let notebook_listener = notebook_listener.tap_io(|s| drop(s.set_nodelay(true)));
    let notebooks = http::proxy::router(&web).into_make_service_with_connect_info::<SocketAddr>();
    let mut drained = web.drain.clone();
    let notebooks = axum::serve(notebook_listener, notebooks).with_graceful_shutdown(async move { drop(drained.wait_for(|d| *d).await) });
    let router = http::router(&web);
    let (lanes, lanes_ended) = Lanes::begin(&router, address, &web.drain)?;
    // Made a service once: a router alone would be copied whole, every route of it, for each connection.
    let portal = axum::serve(Sorted::new(listener, lanes), router.into_make_service()).with_graceful_shutdown(asked_to_end(drain));
    tokio::try_join!(portal.into_future(), notebooks.into_future(), lanes_ended)?;
    store.db().close().await;
    Ok(())
}

/// Binds; afterwards the address has the port that was given, where any would do.
async fn bind(address: &mut SocketAddr, flag: &str) -> Result<TcpListener> {
    let listener = TcpListener::bind(*address).await.map_err(|e| match e.kind() {
        ErrorKind::AddrInUse => {
            anyhow!("another program listens on {address}\n  End it (`ss -ltnp` names it), or give another address with {flag}.")
        }
        ErrorKind::PermissionDenied => anyhow!("this user may not listen on {address}\n  Give a port from 1024 with {flag}."),
        _ => anyhow!("cannot listen on {address}: {e}\n  Give an address of this machine with {flag}."),
    })?;
    *address = listener.local_addr()?;
    Ok(listener)
}

/// Every background task, on one screen.
pub fn start_tasks(web: &Web) {
    let (store, cluster) = (web.store.clone(), web.cluster.clone());
    let driver = Driver::new(store.bell().clone(), web.clock.clone(), web.reports.clone(), web.drain.clone());
    let (logs, python) = (web.logs.clone(), Interpreter::default());
    let environments = EnvironmentSpecs {
        store: store.clone(),
        cache: web.config.cache.clone(),
        python: python.clone(),
        index: crate::config::index::package_indexes(),
    };
    let files = ModelFiles::new(store.clone(), web.artifacts.clone(), web.config.data.clone());
    // Where environments are folders of this machine, and no images.
    let cache = (cluster.name() == "local").then(|| web.config.cache.clone());
    let gates = GateSpecs { store: store.clone(), files: files.clone(), data: web.config.data.clone(), cache: cache.clone() };
    let replicas = Replicas {
        store: store.clone(),
        files: files.clone(),
        sealer: web.sealer.clone(),
        data: web.config.data.clone(),
        cache: cache.clone(),
        max_body: web.config.max_body_bytes,
    };
    let runs = RunSpecs {
        store: store.clone(),
        sealer: web.sealer.clone(),
        links: web.links.clone(),
        data: web.config.data.clone(),
        cache: web.config.cache.clone(),
        local: cluster.name() == "local",
    };
    let task_tokens = TaskTokens::new(&web.sealer);
    let tasks = TaskSpecs {
        store: store.clone(),
        parsed: web.pipelines.clone(),
        sealer: web.sealer.clone(),
        tokens: task_tokens.clone(),
        links: web.links.clone(),
        artifacts: web.artifacts.clone(),
        cache: cache.clone(),
    };
    let keys = NotebookKeys::new(web.sealer.clone());
    let notebooks = NotebookSpecs { store: store.clone(), sealer: web.sealer.clone(), links: web.links.clone(), cache };
    let builders = Builders::default()
        .with(WorkloadKind::Environment, environments)
        .with(WorkloadKind::Notebook, notebooks)
        .with(WorkloadKind::Replica, replicas)
        .with(WorkloadKind::Gate, gates)
        .with(WorkloadKind::Task, tasks)
        .with(WorkloadKind::Run, runs);
    // One machine has nothing to keep for a team.
    if cluster.name() == "kubernetes" {
        driver.run(Teams { store: store.clone(), cluster: cluster.clone() });
    }
    driver.run(Workloads { store: store.clone(), cluster: cluster.clone(), builders });
    driver.run(Notebooks { store: store.clone(), cluster: cluster.clone(), logs: logs.clone(), keys: keys.clone() });
    driver.run(NotebookActivity { store: store.clone(), keys, reach: web.reach.clone() });
    driver.run(Runs { store: store.clone(), logs: logs.clone() });
    let images = (cluster.name() == "kubernetes").then(|| Images { shipped: web.config.kubernetes.environment_image.clone() });
    driver.run(CleanUp { store: store.clone(), artifacts: web.artifacts.clone() });
    driver.run(Environments::new(store.clone(), logs.clone(), web.config.cache.clone(), python).of_images(images));
    driver.run(Promotions { store: store.clone(), artifacts: web.artifacts.clone(), logs: logs.clone(), cluster: cluster.clone() });
    driver.run(RecurringRuns { store: store.clone(), parsed: web.pipelines.clone() });
    driver.run(Pipelines::new(store.clone(), web.pipelines.clone(), logs.clone(), cluster.clone(), web.artifacts.clone(), task_tokens));
    driver.run(Deployments::new(store.clone(), web.gateway.routes.clone(), web.gateway.reach.clone(), logs, web.artifacts.clone()));
    let service = Service { store: store.clone(), artifacts: web.artifacts.clone(), cluster: cluster.clone() };
    driver.run(Following { service });
    tokio::spawn(routes::follow(web.gateway.routes.clone(), store.clone()));
    tokio::spawn(health::watch(web.gateway.routes.clone(), web.gateway.reach.clone()));
    driver.run(Notices::new(store.clone(), web.config.portal_url(), web.mailer.is_some()));
    if let Some(mailer) = web.mailer.clone() {
        driver.run(Mails { store: store.clone(), mailer });
    }
    driver.run(Deliveries::new(web.webhooks()));
    driver.run(Usage { store: store.clone(), cluster: cluster.clone() });
    let (session_idle_ms, session_max_ms) = (web.config.session_idle_seconds * 1000, web.config.session_max_seconds * 1000);
    let (artifacts, sweep_at) = (web.artifacts.clone(), AtomicI64::new(0));
    driver.run(Housekeeping { store, artifacts, files, sweep_at, session_idle_ms, session_max_ms });
    if let Some(metrics) = web.metrics.clone() {
        tokio::spawn(crate::telemetry::fold(metrics));
    }
    forward(cluster.watch(), web.store.bell().clone());
}

/// The cluster's bell rings ours.
fn forward(mut watch: watch::Receiver<u64>, bell: Bell) {
    tokio::spawn(async move {
        while watch.changed().await.is_ok() {
            bell.wake();
        }
    });
}

/// Where workloads run, and what their pods ask there, where they are pods.
async fn cluster(config: &Config, sealer: &Sealer, clock: SharedClock) -> Result<(SharedCluster, Option<Desk>)> {
    if config.cluster == "kubernetes" {
        let cluster = KubernetesCluster::open(kubernetes(config, Knocks::new(sealer.key_for(PODS)), clock)).await.map_err(|e| {
            cause("the Kubernetes cluster cannot be opened", e, "Give a kubeconfig with --kubeconfig, or run Slipway in the cluster.")
        })?;
        let desk = cluster.desk();
        return Ok((Arc::new(cluster), Some(desk)));
    }
    let local = LocalCluster::open(LocalConfig {
        data: config.data.clone(),
        cache: config.cache.clone(),
        exe: std::env::current_exe().context("find our own program")?,
        reserve: reserve(config),
        gpus: local::gpus(),
        upload_bytes: config.max_upload_bytes,
        clock,
    })
    .map_err(|e| cause("the local cluster cannot be opened", e, "`slipway doctor` looks at what a start needs."))?;
    Ok((Arc::new(local), None))
}

/// One server per data folder.
fn lock(config: &Config) -> Result<std::fs::File> {
    let path = config.data.join("lock");
    let file = std::fs::File::create(&path).map_err(|e| no_folder(config, &e))?;
    file.try_lock().map_err(|_| {
        anyhow!("another Slipway uses the data folder {}\n  Stop it, or give another one with --data.", config.data.display())
    })?;
    Ok(file)
}

fn no_folder(config: &Config, e: &std::io::Error) -> anyhow::Error {
    let folder = config.data.display();
    anyhow!("the data folder {folder} cannot be written: {e}\n  Let this user write there, or give another one with --data.")
}

/// Why a start failed. Who starts a server reads the cause itself, which other readers are not told.
fn cause(what: &str, e: Error, fix: &str) -> anyhow::Error {
    anyhow!("{what}: {}\n  {}", e.private.first().unwrap_or(&e.public), e.hint.as_deref().unwrap_or(fix))
}

/// The first SIGTERM or Ctrl-C drains, for at most half a minute; a second one quits at once.
async fn asked_to_end(drain: watch::Sender<bool>) {
    signal().await;
    tracing::info!("draining; once more to quit at once");
    drain.send_replace(true);
    tokio::spawn(async {
        tokio::select! {
            () = signal() => {}
            () = tokio::time::sleep(Duration::from_secs(30)) => {}
        }
        std::process::exit(0);
    });
}

async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut term) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = term.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
