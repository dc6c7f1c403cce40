//! Placements: the admin's, of sizes and of environments.

use crate::{
    notebooks::{LIST, settle, world},
    world::World,
};
use app::api::resources::Resources;
use serde_json::{Value, json};
use server::cluster::Room;

const PATH: &str = "/api/v1/placements";

#[tokio::test]
async fn the_admin_sets_where_workloads_run() {
    let w = World::new().await;
    w.mia.post("/api/v1/teams/forecast/environments", json!({ "name": "mine", "requirements": "numpy" })).await.is(201);
    let list = w.bob.get(PATH).await.is(200).json();
    let names: Vec<_> =
        list["items"].as_array().unwrap().iter().map(|p| (p["of"].as_str().unwrap(), p["name"].as_str().unwrap())).collect();
    assert_eq!(names[..4], [("size", "small"), ("size", "medium"), ("size", "large"), ("size", "gpu")]);
    assert!(names[4..].contains(&("environment", "mine")), "{names:?}");

    let tolerations = "[{key: gpu, operator: Exists}]";
    let set = json!({ "of": "size", "name": "gpu", "tolerations": tolerations, "node_selector": "gpu: a100", "revision": 0 });
    let placed = w.bob.put(PATH, set.clone()).await.is(200).json();
    assert_eq!(
        (placed["revision"].as_i64(), placed["tolerations"].as_str(), placed["patch"].as_str()),
        (Some(1), Some(tolerations), Some(""))
    );
    w.bob.put(PATH, set).await.is(409);
    w.bob
        .put(
            PATH,
            json!({ "of": "environment", "name": "mine", "team": "forecast", "patch": "spec: {priorityClassName: high}", "revision": 0 }),
        )
        .await
        .is(200);
    let list = w.bob.get(PATH).await.is(200).json();
    let of = |name: &str| list["items"].as_array().unwrap().iter().find(|p| p["name"] == name).unwrap().clone();
    assert_eq!((of("gpu")["node_selector"].as_str(), of("mine")["revision"].as_i64()), (Some("gpu: a100"), Some(1)));
    w.bob.put(PATH, json!({ "of": "size", "name": "gpu", "revision": 1 })).await.is(200);
    let events = w.bob.get("/api/v1/events?kind=placement").await.is(200).json();
    let said: Vec<_> = events["items"].as_array().unwrap().iter().map(|e| e["object_name"].as_str().unwrap()).collect();
    assert_eq!(said, ["size gpu", "environment forecast/mine", "size gpu"]);
    w.mia.get(PATH).await.is(403);
    w.mia.put(PATH, json!({ "of": "size", "name": "gpu", "revision": 2 })).await.is(403);
}

#[tokio::test]
async fn what_cannot_be_read_is_named() {
    let w = World::new().await;
    let set = |more: serde_json::Value| {
        let mut body = json!({ "of": "size", "name": "gpu", "revision": 0 });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    for (more, field) in [
        (json!({ "name": "huge" }), "name"),
        (json!({ "tolerations": "gpu" }), "tolerations"),
        (json!({ "tolerations": "[{keys: gpu}]" }), "tolerations"),
        (json!({ "node_selector": "[a]" }), "node_selector"),
        (json!({ "patch": "{" }), "patch"),
        (json!({ "patch": "[]" }), "patch"),
    ] {
        assert_eq!(w.bob.put(PATH, set(more.clone())).await.is(422).field(), field, "{more}");
    }
    w.bob.put(PATH, set(json!({ "of": "environment", "name": "none" }))).await.is(404);
    w.bob.put(PATH, set(json!({ "of": "environment", "name": "train", "team": "forecast" }))).await.is(404);
}

#[tokio::test]
async fn pages_go_on_from_sizes_to_environments() {
    let w = World::new().await;
    for name in ["one", "two", "three"] {
        w.mia.post("/api/v1/teams/forecast/environments", json!({ "name": name, "requirements": "numpy" })).await.is(201);
    }
    let (mut names, mut token) = (Vec::new(), String::new());
    loop {
        let page = w.bob.get(&format!("{PATH}?page_size=3&page_token={token}")).await.is(200).json();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 3);
        names.extend(items.iter().map(|p| format!("{} {}", p["of"], p["name"])));
        match page["next_page_token"].as_str() {
            Some(next) => token = next.to_owned(),
            None => break,
        }
    }
    let whole = w.bob.get(PATH).await.is(200).json();
    let all: Vec<_> = whole["items"].as_array().unwrap().iter().map(|p| format!("{} {}", p["of"], p["name"])).collect();
    assert_eq!(names, all);
}

/// What a size holds is the admin's to say: whoever launches gets that from then on, and a workload counts as the size that it fits into now.
#[tokio::test]
async fn the_admin_sets_what_a_size_holds() {
    let w = world().await;
    let launched = async |name: &str| {
        let notebook = w.ada.post(LIST, json!({ "name": name, "size": "medium" })).await.is(201).json();
        (notebook["resources"]["cpu_millis"].as_i64().unwrap(), notebook["resources"]["memory_bytes"].as_i64().unwrap() >> 20)
    };
    assert_eq!(launched("before").await, (1000, 4096));
    let list = w.bob.get(PATH).await.is(200).json();
    assert_eq!((&list["items"][1]["holds"]["cpu_millis"], &list["items"][1]["cpu"]), (&json!(1000), &json!("")));
    let placed = w.bob.put(PATH, json!({ "of": "size", "name": "medium", "cpu": "1500m", "node_selector": "a: b", "revision": 0 })).await;
    assert_eq!(placed.is(200).json()["holds"], json!({ "cpu_millis": 1500, "memory_bytes": 4_i64 << 30, "gpus": 0 }));
    assert_eq!(launched("after").await, (1500, 4096));
    let capacity = w.vic.get("/api/v1/teams/forecast/capacity").await.is(200).json();
    assert_eq!(capacity["sizes"][1]["resources"]["cpu_millis"], 1500);
    // 1.2 CPU were large, and are medium now.
    settle(&w).await;
    w.ada.post(LIST, json!({ "name": "fits", "cpu": "1200m", "memory": "2Gi" })).await.is(201);
    settle(&w).await;
    let spec = w.cluster.specs().into_iter().find(|s| s.name == "fits").unwrap();
    assert_eq!(spec.placement.node_selector["a"], "b");
    let events = w.bob.get("/api/v1/events?kind=placement").await.is(200).json();
    assert_eq!((&events["items"][0]["before"]["cpu"], &events["items"][0]["after"]["cpu"]), (&json!(""), &json!("1500m")));

    let page = w.bob.with("accept", "text/html").get("/admin?tab=placement&edit=size/medium").await.is(200);
    let page = String::from_utf8_lossy(&page.body).into_owned();
    assert!(page.contains("1.5 CPU, 4 GiB") && page.contains("value=\"1500m\"") && !page.contains("name=\"gpu\""));

    for (more, field) in [
        (json!({ "of": "size", "name": "small", "cpu": "much" }), "cpu"),
        (json!({ "of": "size", "name": "small", "memory": "-1" }), "memory"),
        (json!({ "of": "size", "name": "small", "gpu": "1" }), "gpu"),
        (json!({ "of": "size", "name": "gpu", "gpu": "0" }), "gpu"),
        (json!({ "of": "environment", "name": "notebook", "memory": "1Gi" }), "memory"),
    ] {
        let mut body = more.clone();
        body["revision"] = json!(0);
        assert_eq!(w.bob.put(PATH, body).await.is(422).field(), field, "{more}");
    }
}

/// What is free is told for each size, as it fits on single nodes of those that its placement leads to.
#[tokio::test]
async fn what_is_free_has_to_be_in_one_piece() {
    let w = world().await;
    let size = async |name: &str| {
        let capacity = w.vic.get("/api/v1/teams/forecast/capacity").await.is(200).json();
        capacity["sizes"].as_array().unwrap().iter().find(|s| s["name"] == name).unwrap().clone()
    };
    let told = |s: &Value| (s["starts_at_once"].as_bool().unwrap(), s["nodes_now"].as_i64().unwrap(), s["nodes_at_most"].as_i64().unwrap());
    // In one piece: 8 CPU, 16 GiB.
    assert_eq!(told(&size("large").await), (true, 1, 1));
    let room = |holds: &[&str]| Room {
        total: Resources { cpu_millis: 4000, memory_bytes: 8 << 30, gpus: 0 },
        holds: holds.iter().map(|id| (*id).to_owned()).collect(),
    };
    w.cluster.set_rooms(Some(vec![room(&[]), room(&[])]));
    let large = size("large").await;
    assert_eq!((told(&large), large["effect"].as_str()), ((false, 0, 0), Some("Waits for a node: none is this large.")));
    assert_eq!(told(&size("medium").await), (true, 4, 4));

    // Two of 5 GiB: 6 are left, 3 on each.
    for name in ["one", "two"] {
        w.ada.post(LIST, json!({ "name": name, "cpu": "1", "memory": "5Gi" })).await.is(201);
    }
    settle(&w).await;
    let medium = size("medium").await;
    let words = "Waits for a node: so much is free, but on none of them in one piece.";
    assert_eq!((told(&medium), medium["effect"].as_str()), ((false, 0, 4), Some(words)));
    let ids: Vec<String> = w.cluster.specs().into_iter().map(|s| s.id).collect();
    w.cluster.set_rooms(Some(vec![room(&[&ids[0]]), room(&[&ids[1]])]));
    assert_eq!(told(&size("medium").await), (false, 0, 4), "with a node they hold no more than without");
    assert_eq!(told(&size("small").await), (true, 6, 16));

    w.bob.put(PATH, json!({ "of": "size", "name": "small", "node_selector": "gpu: a100", "revision": 0 })).await.is(200);
    let small = size("small").await;
    assert_eq!((told(&small), small["effect"].as_str()), ((false, 0, 0), Some("Waits for a node: none takes workloads of this size.")));
}
