//! Servers: where they listen, when they are ready, and what happens when they are not.

use crate::world::{Does, Local, World, ended, plain, python_server, running};
use server::cluster::{Cluster, Endpoint, Runtime, ServerSpec, WorkloadSpec};
use std::os::unix::fs::PermissionsExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const TCP: &str = "import http.server, sys\n\
    class H(http.server.BaseHTTPRequestHandler):\n\
    \x20   def do_GET(self):\n\
    \x20       self.send_response(302); self.end_headers()\n\
    http.server.HTTPServer((sys.argv[1], int(sys.argv[2])), H).serve_forever()\n";

fn tcp_server() -> WorkloadSpec {
    WorkloadSpec {
        command: ["python3", "-c", TCP, "{host}", "{port}"].map(Into::into).into(),
        server: Some(ServerSpec { ready_path: "/".into(), ready_status: None, port: None, start_seconds: 50 }),
        ..plain()
    }
}

#[tokio::test]
async fn a_socket_is_for_us_only_and_answers() {
    let local = Local::new();
    // It opens its socket to everybody, as some servers do.
    let spec = python_server("os.umask(0)");
    local.local().ensure(&spec).await.unwrap();
    let Some(Endpoint::Unix { path }) = running(local.local(), &spec.id).await else { panic!("no socket") };
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(path.parent().unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o700);
    let mut stream = tokio::net::UnixStream::connect(&path).await.unwrap();
    stream.write_all(b"GET /ready HTTP/1.0\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("hello"));
    local.local().stop(&spec.id, std::time::Duration::from_secs(30)).await.unwrap();
    ended(local.local(), &spec.id).await;
    assert!(!path.exists());
}

#[tokio::test]
async fn a_long_data_folder_gets_a_short_socket() {
    let mut local = Local::new();
    local.cluster = None;
    let deep = local.data().join("a".repeat(120));
    let cluster = crate::world::open(&deep);
    let spec = local.spec(Does::Serves);
    cluster.ensure(&spec).await.unwrap();
    let Some(Endpoint::Unix { path }) = running(&cluster, &spec.id).await else { panic!("no socket") };
    assert!(path.as_os_str().len() <= 107);
    assert_eq!(path.parent().unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o700);
    cluster.forget(&spec.id).await.unwrap();
    assert!(!path.parent().unwrap().exists());
    let _ = std::fs::remove_dir(path.parent().unwrap().parent().unwrap());
}

#[tokio::test]
async fn ports_are_on_the_loopback_and_never_shared() {
    let local = Local::new();
    let specs = [tcp_server(), tcp_server(), tcp_server()];
    for spec in &specs {
        local.local().ensure(spec).await.unwrap();
    }
    let mut addresses = std::collections::BTreeSet::new();
    for spec in &specs {
        let Some(Endpoint::Tcp { address }) = running(local.local(), &spec.id).await else { panic!("no address") };
        assert!(address.starts_with("127.0.0.1:"));
        addresses.insert(address);
    }
    assert_eq!(addresses.len(), 3);
    for spec in &specs {
        local.local().forget(&spec.id).await.unwrap();
    }
}

#[tokio::test]
async fn a_stranger_at_its_port_is_not_taken_for_it() {
    let local = Local::new();
    // The workload never listens; a process that is not of it takes the port and answers well.
    let mut spec = tcp_server();
    spec.command = ["sh", "-c", "echo $PORT; exec sleep 1000"].map(Into::into).into();
    spec.env.insert("PORT".into(), "{port}".into());
    local.local().ensure(&spec).await.unwrap();
    let port: u16 =
        crate::world::until("its port", async || local.log(&spec.id).await.iter().find_map(|l| l.strip_prefix("out ")?.parse().ok())).await;
    let stranger = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let answering = tokio::spawn(async move {
        while let Ok((mut stream, _)) = stranger.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        }
    });
    let exit = ended(local.local(), &spec.id).await;
    assert!(exit.reason.is_some_and(|r| r.contains("Another program")));
    answering.abort();
}

#[tokio::test]
async fn a_server_that_never_listens_is_ended_with_a_reason() {
    let local = Local::new();
    let mut spec = python_server("print('loading', flush=True); time.sleep(1000)");
    spec.server = Some(ServerSpec { ready_path: "/ready".into(), ready_status: None, port: None, start_seconds: 2 });
    let exit = local.to_end(&spec).await;
    assert!(exit.reason.as_deref().is_some_and(|r| r.contains("/ready") && r.contains("2 seconds")), "{exit:?}");
    assert!(!exit.stopped && !exit.timed_out);
    assert!(local.log(&spec.id).await.contains(&"out loading".to_owned()));
}

#[tokio::test]
async fn a_server_that_answers_errors_is_not_ready() {
    let local = Local::new();
    let mut spec = python_server("");
    spec.server = Some(ServerSpec { ready_path: "/missing".into(), ready_status: None, port: None, start_seconds: 2 });
    assert!(local.to_end(&spec).await.reason.is_some());
}

#[tokio::test]
async fn the_status_that_is_asked_for_makes_it_ready_and_no_other() {
    let local = Local::new();
    let with = |ready_status, start_seconds| WorkloadSpec {
        server: Some(ServerSpec { ready_path: "/".into(), ready_status: Some(ready_status), port: None, start_seconds }),
        ..tcp_server()
    };
    let redirects = with(302, 50);
    local.local().ensure(&redirects).await.unwrap();
    assert!(running(local.local(), &redirects.id).await.is_some());
    local.local().forget(&redirects.id).await.unwrap();
    assert!(local.to_end(&with(200, 2)).await.reason.is_some_and(|r| r.contains("2 seconds")));
}

#[tokio::test]
async fn what_only_pods_have_is_refused_here() {
    let local = Local::new();
    let image = WorkloadSpec { runtime: Runtime::Image { image: "registry.example/app:1".into() }, ..tcp_server() };
    assert!(local.to_end(&image).await.reason.is_some_and(|r| r.contains("registry.example/app:1")));
    let mut insists = tcp_server();
    insists.server = insists.server.map(|s| ServerSpec { port: Some(8055), ..s });
    assert!(local.to_end(&insists).await.reason.is_some_and(|r| r.contains("8055")));
}

#[tokio::test]
async fn a_server_that_dies_first_says_how() {
    let local = Local::new();
    let exit = local.to_end(&python_server("sys.exit(9)")).await;
    assert_eq!(exit.code, Some(9));
    assert!(exit.reason.is_some_and(|r| r.contains("before it answered")));
}
