//! What only Kubernetes has to show: portals that come and go while pods run, pods that are taken away, and the sentences about those that do not start.

use crate::{
    kubernetes::Kubernetes,
    world::{Does, World, ended, observed, plain, python_server, running, said, shell, until},
};
use app::api::resources::Resources;
use flate2::{Compression, write::GzEncoder};
use http_body_util::{BodyExt, Empty};
use serde_json::json;
use server::cluster::{
    Cluster, Endpoint, Phase, Runtime, TeamSpec, WorkloadSpec,
    kubernetes::{Makers, Reaching},
    reach::Reach,
};
use std::time::Duration;

const GRACE: Duration = Duration::from_secs(30);

/// A world, or nothing where there is no node.
macro_rules! world {
    () => {
        match Kubernetes::new().await {
            Some(world) => world,
            None => return,
        }
    };
}

/// What it says that it does, while it starts.
async fn doing(world: &Kubernetes, id: &str, part: &str) -> String {
    until(part, async || match observed(world.kube(), id).await?.phase {
        Phase::Starting { doing } if doing.contains(part) => Some(doing),
        Phase::Ended(exit) => panic!("it ended instead: {exit:?}"),
        _ => None,
    })
    .await
}

fn numbers(log: &[String]) -> Vec<i64> {
    log.iter().filter_map(|l| l.strip_prefix("out line ")?.parse().ok()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_is_whole_though_the_portal_was_away() {
    let mut world = world!();
    let spec = world.in_python(shell("i=0; while [ $i -lt 400 ]; do echo line $i; i=$((i+1)); sleep 0.02; done; exit 7"));
    world.kube().ensure(&spec).await.unwrap();
    until("its first lines", async || (numbers(&world.log(&spec.id).await).len() > 5).then_some(())).await;
    for _ in 0..2 {
        world.close().await;
        tokio::time::sleep(Duration::from_millis(900)).await;
        world.reopen().await;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    // It ends while nobody is there.
    world.close().await;
    tokio::time::sleep(Duration::from_secs(12)).await;
    world.reopen().await;
    let exit = ended(world.kube(), &spec.id).await;
    assert_eq!((exit.code, exit.stopped), (Some(7), false));
    let log = world.log(&spec.id).await;
    assert_eq!(numbers(&log), (0..400).collect::<Vec<_>>());
    assert_eq!(log.last().map(String::as_str), Some("slipway Ended with exit code 7."));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_runs_is_adopted() {
    let mut world = world!();
    let (task, server) = (world.spec(Does::Runs), world.spec(Does::Serves));
    world.kube().ensure(&task).await.unwrap();
    world.kube().ensure(&server).await.unwrap();
    running(world.kube(), &task.id).await;
    running(world.kube(), &server.id).await;
    let before = world.kube().list().await.unwrap();
    world.close().await;
    world.reopen().await;
    assert_eq!(world.kube().list().await.unwrap(), before);
    world.kube().ensure(&task).await.unwrap();
    assert_eq!(world.processes(&task.id), 1);
    world.kube().stop(&task.id, GRACE).await.unwrap();
    world.kube().stop(&server.id, GRACE).await.unwrap();
    assert!(ended(world.kube(), &task.id).await.stopped);
    assert!(ended(world.kube(), &server.id).await.stopped);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ran_says_which_image_it_was() {
    let world = world!();
    let spec = world.in_python(shell("sleep 3"));
    world.kube().ensure(&spec).await.unwrap();
    running(world.kube(), &spec.id).await;
    let image = async || observed(world.kube(), &spec.id).await.unwrap().image.unwrap();
    let ran = image().await;
    assert_eq!(Some(ran.name.as_str()), spec.runtime.image());
    assert!(ran.digest.as_ref().is_some_and(|digest| digest.starts_with("sha256:")), "{ran:?}");
    assert_eq!(ended(world.kube(), &spec.id).await.code, Some(0));
    assert_eq!(image().await, ran);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pod_that_is_deleted_by_hand_tells_its_end_first() {
    let world = world!();
    let spec = world.in_python(shell("trap 'echo bye; exit 3' TERM; echo on; while :; do sleep 0.05; done"));
    world.kube().ensure(&spec).await.unwrap();
    until("its first line", async || world.log(&spec.id).await.contains(&"out on".to_owned()).then_some(())).await;
    world.kubectl(&["delete", "pod", "--wait=false", "-l", &format!("slipway.dev/id={}", spec.id)]);
    let exit = ended(world.kube(), &spec.id).await;
    assert_eq!((exit.code, exit.stopped), (Some(3), false));
    assert!(exit.reason.as_deref().is_some_and(|r| r.contains("deleted from outside")), "{exit:?}");
    assert!(world.log(&spec.id).await.contains(&"out bye".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pod_that_is_torn_away_is_an_end_and_its_server_runs_no_second_time() {
    let world = world!();
    let spec = world.in_python(python_server("print('line 1', flush=True)"));
    world.kube().ensure(&spec).await.unwrap();
    running(world.kube(), &spec.id).await;
    until("its line", async || (numbers(&world.log(&spec.id).await) == [1]).then_some(())).await;
    world.kubectl(&["delete", "pod", "--force", "--grace-period=0", "-l", &format!("slipway.dev/id={}", spec.id)]);
    let exit = ended(world.kube(), &spec.id).await;
    assert!(exit.reason.is_some() && !exit.stopped, "{exit:?}");
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(numbers(&world.log(&spec.id).await), [1]);
    assert_eq!(ended(world.kube(), &spec.id).await, exit);
    world.kube().forget(&spec.id).await.unwrap();
    // The pod that its StatefulSet put in the place of the torn one takes its time to go, and what owns it goes after it.
    let label = format!("slipway.dev/id={}", spec.id);
    let left = async || world.kubectl(&["get", "all,secrets", "-l", &label, "-o", "name"]).is_empty().then_some(());
    until("that nothing of it is left", left).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_reached_by_who_knocks() {
    let world = world!();
    let spec = world.spec(Does::Serves);
    world.kube().ensure(&spec).await.unwrap();
    let endpoint = running(world.kube(), &spec.id).await.unwrap();
    let ask = async |reach: Reach| {
        let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
        let request = http::Request::builder().uri("/ready").header("host", "h").body(body).unwrap();
        let answer = reach.send(&endpoint, request).await.ok()?;
        Some(answer.into_body().collect().await.ok()?.to_bytes())
    };
    assert_eq!(ask(world.reach()).await.as_deref(), Some(&b"hello"[..]));
    assert_eq!(ask(Reach::default()).await, None);
    let Endpoint::Pod { address, .. } = &endpoint else { panic!("{endpoint:?}") };
    let stranger = Endpoint::Tcp { address: address.clone() };
    let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
    let request = http::Request::builder().uri("/ready").header("host", "h").body(body).unwrap();
    assert!(Reach::default().send(&stranger, request).await.is_err());
}

/// Where there is no route to pods: the same server, every connection of it through the API server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_reached_through_the_api_server() {
    let Some(world) = Kubernetes::reaching(Reaching::PortForward).await else { return };
    let spec = world.spec(Does::Serves);
    world.kube().ensure(&spec).await.unwrap();
    let endpoint = running(world.kube(), &spec.id).await.unwrap();
    let reach = world.reach();
    let ask = async |endpoint: &Endpoint| {
        let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
        let request = http::Request::builder().uri("/ready").header("host", "h").body(body).unwrap();
        let answer = reach.send(endpoint, request).await.map_err(|e| e.to_string())?;
        answer.into_body().collect().await.map(|all| all.to_bytes()).map_err(|e| e.to_string())
    };
    for _ in 0..3 {
        assert_eq!(ask(&endpoint).await.as_deref(), Ok(&b"hello"[..]));
    }
    let Endpoint::Pod { address, .. } = &endpoint else { panic!("{endpoint:?}") };
    // The address is that pod's, and only with its own knock.
    assert!(ask(&Endpoint::Pod { address: address.clone(), id: "another".into() }).await.is_err());
    world.kube().stop(&spec.id, Duration::ZERO).await.unwrap();
    ended(world.kube(), &spec.id).await;
    assert!(ask(&endpoint).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn code_folders_files_and_secrets_are_there() {
    let world = world!();
    std::fs::create_dir_all(world.data().join("code")).unwrap();
    std::fs::create_dir_all(world.data().join("models/m/deep")).unwrap();
    std::fs::write(world.data().join("models/m/deep/weights"), "w").unwrap();
    let archive = world.data().join("code/a.tar.gz");
    let mut builder = tar::Builder::new(GzEncoder::new(std::fs::File::create(&archive).unwrap(), Compression::fast()));
    let text = b"echo from the archive; cat conf.txt; cat $MODEL/deep/weights; echo; echo $SECRET; echo $HOME; pwd; id -u";
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o644);
    header.set_size(text.len() as u64);
    builder.append_data(&mut header, "run.sh", &text[..]).unwrap();
    builder.into_inner().unwrap().finish().unwrap();
    let mut spec = world.in_python(WorkloadSpec { command: vec!["sh".into(), "run.sh".into()], ..plain() });
    spec.archive = Some(archive);
    spec.files.insert("conf.txt".into(), "from a file\n".into());
    spec.folders.insert("model".into(), world.data().join("models/m"));
    spec.env.insert("MODEL".into(), "{folder:model}".into());
    spec.secrets.insert("SECRET".into(), "geheim".into());
    world.kube().ensure(&spec).await.unwrap();
    assert_eq!(ended(world.kube(), &spec.id).await.code, Some(0), "{:?}", world.log(&spec.id).await);
    let log = world.log(&spec.id).await;
    let out: Vec<_> = log.iter().filter_map(|l| l.strip_prefix("out ")).collect();
    assert_eq!(out, ["from the archive", "from a file", "w", "geheim", "/slipway/home", "/work", "1000"]);
    let seen = world.kubectl(&["get", "pods,jobs", "-o", "yaml"]);
    assert!(!seen.contains("geheim"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_volume_outlives_its_workloads() {
    let world = world!();
    let run = async |script: &str| {
        let spec = world.in_python(WorkloadSpec { volume: Some("ada/lab".into()), ..shell(script) });
        world.kube().ensure(&spec).await.unwrap();
        let exit = ended(world.kube(), &spec.id).await;
        world.kube().forget(&spec.id).await.unwrap();
        (exit.code, world.log(&spec.id).await)
    };
    assert_eq!(run("echo kept > file; pwd").await.0, Some(0));
    assert!(run("cat $HOME/file").await.1.contains(&"out kept".to_owned()));
    world.kube().remove_volume("ada/lab").await.unwrap();
    world.kube().remove_volume("ada/lab").await.unwrap();
    until("the claim to go", async || world.kubectl(&["get", "pvc", "-o", "name"]).is_empty().then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_start_says_why_and_can_be_stopped() {
    let world = world!();
    let mut huge = world.spec(Does::Runs);
    huge.resources = Resources { cpu_millis: 1_000_000, ..huge.resources };
    world.kube().ensure(&huge).await.unwrap();
    assert!(doing(&world, &huge.id, "Insufficient cpu").await.starts_with("Waits for a node: "));
    let mut no_image = world.spec(Does::Runs);
    no_image.runtime = Runtime::Environment { digest: "d".into(), image: Some("registry.invalid/none:1".into()) };
    world.kube().ensure(&no_image).await.unwrap();
    doing(&world, &no_image.id, "The image registry.invalid/none:1 cannot be pulled").await;
    for spec in [&huge, &no_image] {
        world.kube().stop(&spec.id, GRACE).await.unwrap();
        assert!(ended(world.kube(), &spec.id).await.stopped);
        world.kube().forget(&spec.id).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_team_has_its_quota_in_its_namespace() {
    let world = world!();
    let team = |cpu_millis| TeamSpec { name: "ada".into(), display_name: "Ada".into(), cpu_millis, memory_bytes: None, gpus: None };
    assert!(world.kube().keep_teams(&[team(Some(100))]).await.refused.is_empty());
    let kept = world.kubectl(&["get", "quota,limits,netpol,sa,svc", "-l", "app.kubernetes.io/managed-by=slipway", "-o", "name"]);
    assert_eq!(kept.lines().count(), 5, "{kept}");
    let spec = world.spec(Does::Runs);
    world.kube().ensure(&spec).await.unwrap();
    doing(&world, &spec.id, "quota refuses its pod: slipway").await;
    assert!(world.kube().keep_teams(&[team(None)]).await.refused.is_empty());
    assert_eq!(world.kubectl(&["get", "quota", "-o", "name"]), "");
    running(world.kube(), &spec.id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_namespace_that_is_not_ours_is_left_alone() {
    let world = world!();
    world.kubectl(&["create", "namespace", &world.namespace()]);
    let spec = world.spec(Does::Exits(0));
    let refused = world.kube().ensure(&spec).await.unwrap_err();
    assert!(refused.public.contains("did not make"), "{refused}");
    assert_eq!(world.kubectl(&["get", "sa,netpol", "-l", "app.kubernetes.io/managed-by=slipway", "-o", "name"]), "");
    world.kubectl(&["label", "namespace", &world.namespace(), "slipway.dev/team=ada", &format!("slipway.dev/portal={}", world.name)]);
    until("the start", async || world.kube().ensure(&spec).await.is_ok().then_some(())).await;
    assert_eq!(ended(world.kube(), &spec.id).await.code, Some(0));
    assert_eq!(world.kubectl(&["get", "limits", "-o", "name"]), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_made_under_our_names_is_left_alone() {
    let world = world!();
    let team = TeamSpec { name: "ada".into(), display_name: "Ada".into(), cpu_millis: None, memory_bytes: None, gpus: None };
    let refusal = async |part: &str| {
        until("the refusal", async || {
            let refused = world.kube().keep_teams(std::slice::from_ref(&team)).await.refused;
            refused.iter().any(|(of, e)| of == "ada" && e.public.contains(part)).then_some(())
        })
        .await;
    };
    let kept = async || {
        until("it is kept", async || world.kube().keep_teams(std::slice::from_ref(&team)).await.refused.is_empty().then_some(())).await
    };
    world.kubectl(&["create", "namespace", &world.namespace()]);
    let theirs = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": { "name": "slipway" },
        "spec": { "podSelector": { "matchLabels": { "a": "b" } }, "policyTypes": ["Ingress"] },
    });
    world.apply(&theirs);
    world.kubectl(&["label", "namespace", &world.namespace(), "slipway.dev/team=ada", &format!("slipway.dev/portal={}", world.name)]);
    refusal("has a NetworkPolicy \"slipway\" that Slipway did not make").await;
    assert_eq!(world.kubectl(&["get", "netpol", "slipway", "-o", "jsonpath={.spec.podSelector.matchLabels}"]), "{\"a\":\"b\"}");
    world.kubectl(&["delete", "netpol", "slipway"]);
    kept().await;

    let claim = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": { "name": "volume-lab" },
        "spec": { "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Mi" } } },
    });
    world.apply(&claim);
    let spec = WorkloadSpec { volume: Some("ada/lab".into()), ..world.spec(Does::Exits(0)) };
    let refused = world.kube().ensure(&spec).await.unwrap_err();
    assert!(refused.public.contains("has a PersistentVolumeClaim \"volume-lab\" that Slipway did not make"), "{refused}");
    world.kube().remove_volume("ada/lab").await.unwrap();
    assert_eq!(
        world.kubectl(&["get", "pvc", "-o", "jsonpath={.items[*].metadata.deletionTimestamp}{.items[*].metadata.name}"]),
        "volume-lab"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_changed_of_a_teams_namespace_is_put_back() {
    let world = world!();
    let team = TeamSpec { name: "ada".into(), display_name: "Ada".into(), cpu_millis: Some(4000), memory_bytes: None, gpus: None };
    assert!(world.kube().keep_teams(std::slice::from_ref(&team)).await.refused.is_empty());
    let namespace = world.namespace();
    world.kubectl(&[
        "label",
        "--overwrite",
        "namespace",
        &namespace,
        "pod-security.kubernetes.io/enforce=privileged",
        "pod-security.kubernetes.io/warn-",
    ]);
    world.kubectl(&["patch", "quota", "slipway", "--type=merge", "-p", "{\"spec\":{\"hard\":{\"requests.cpu\":\"100\",\"pods\":\"1\"}}}"]);
    let mut told = String::new();
    // One that cannot be kept is in nobody's way.
    let refused = TeamSpec { name: "eve".into(), display_name: "Eve".into(), ..team.clone() };
    world.kubectl(&["create", "namespace", &format!("{}-eve", world.name)]);
    until("both are told", async || {
        let kept = world.kube().keep_teams(&[refused.clone(), team.clone()]).await;
        assert!(kept.refused.iter().all(|(of, e)| of == "eve" && e.public.contains("did not make")), "{:?}", kept.refused);
        told += &kept.put_back.iter().map(|p| format!("{}: {}\n", p.team, p.what)).collect::<String>();
        (told.contains("ada: The labels of the namespace") && told.contains("ada: The ResourceQuota slipway")).then_some(())
    })
    .await;
    let labels =
        "jsonpath={.metadata.labels.pod-security\\.kubernetes\\.io/enforce} {.metadata.labels.pod-security\\.kubernetes\\.io/warn}";
    assert_eq!(world.kubectl(&["get", "namespace", &namespace, "-o", labels]), "restricted restricted");
    assert_eq!(world.kubectl(&["get", "quota", "slipway", "-o", "jsonpath={.spec.hard}"]), "{\"requests.cpu\":\"4\"}");
    world.kubectl(&["label", "namespace", &namespace, "slipway.dev/team-"]);
    until("its team", async || {
        world.kube().keep_teams(std::slice::from_ref(&team)).await;
        (world.kubectl(&["get", "namespace", &namespace, "-o", "jsonpath={.metadata.labels.slipway\\.dev/team}"]) == "ada").then_some(())
    })
    .await;
    world.kubectl(&["delete", "namespace", &format!("{}-eve", world.name), "--wait=false"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_it_uses_is_measured() {
    let world = world!();
    let spec = world.in_python(shell("while :; do :; done"));
    world.kube().ensure(&spec).await.unwrap();
    until("its use", async || {
        let used = world.kube().usage().await.unwrap().into_iter().find(|u| u.id == spec.id)?.numbers;
        (used.cpu_millis > 100 && used.memory_bytes > 0).then_some(())
    })
    .await;
    world.kube().stop(&spec.id, Duration::ZERO).await.unwrap();
    ended(world.kube(), &spec.id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kind_that_the_cluster_does_not_have_is_said() {
    let mut world = world!();
    if world.kubectl(&["get", "crds", "-o", "name"]).contains("trainjobs.trainer.kubeflow.org") {
        println!("SKIPPED: the cluster has the kind");
        return;
    }
    world.close().await;
    world.makers = Makers { train_job: true, ..Makers::default() };
    world.reopen().await;
    let spec = world.spec(Does::Exits(0));
    let refused = world.kube().ensure(&spec).await.unwrap_err();
    assert!(refused.public.starts_with("The cluster has no TrainJob (trainer.kubeflow.org/v1alpha1). Install"), "{refused}");
    assert_eq!(observed(world.kube(), &spec.id).await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_begin_together_or_not_at_all() {
    let world = world!();
    let mut spec = WorkloadSpec { nodes: 3, ..world.in_python(shell("echo began; exec sleep 1000")) };
    // For one of them there is room, and not for all.
    spec.resources.cpu_millis = 1200;
    world.kube().ensure(&spec).await.unwrap();
    doing(&world, &spec.id, "Waits for a node").await;
    let policy = || world.kubectl(&["get", "netpol", "-l", &format!("slipway.dev/id={}", spec.id), "-o", "name"]);
    assert_eq!(policy().lines().count(), 1);
    world.kube().stop(&spec.id, GRACE).await.unwrap();
    let exit = ended(world.kube(), &spec.id).await;
    assert!(exit.stopped && exit.node.is_none(), "{exit:?}");
    for node in 0..3 {
        assert!(!said(&world.log_store().unwrap(), &spec.id, node).await.contains(&"out began".to_owned()));
    }
    world.kube().forget(&spec.id).await.unwrap();
    until("all of it to go", async || {
        let left = world.kubectl(&["get", "jobs,pods,secrets,netpol", "-l", &format!("slipway.dev/id={}", spec.id), "-o", "name"]);
        left.is_empty().then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_pod_is_deleted_ends_the_others() {
    let mut world = world!();
    let spec = WorkloadSpec { nodes: 2, ..world.in_python(shell("exec sleep 1000")) };
    world.kube().ensure(&spec).await.unwrap();
    running(world.kube(), &spec.id).await;
    // Whoever starts again finds both.
    world.close().await;
    world.reopen().await;
    running(world.kube(), &spec.id).await;
    let of_second = format!("slipway.dev/id={},batch.kubernetes.io/job-completion-index=1", spec.id);
    world.kubectl(&["delete", "pods", "-l", &of_second, "--wait=false"]);
    let exit = ended(world.kube(), &spec.id).await;
    assert_eq!(exit.node, Some(1), "{exit:?}");
    assert!(exit.reason.as_deref().is_some_and(|r| r.contains("deleted from outside")), "{exit:?}");
}
