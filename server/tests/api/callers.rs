//! Who may call a deployment: its own tokens, pages of other origins, everybody.

use super::{
    deployments::{Desk, IRIS, passes, predict},
    world::{Answer, Person},
};
use axum::http::Method;
use serde_json::{Value, json};
use server::access::Subject;

const PREDICT: &str = "/serve/forecast/iris/v1/models/iris:predict";

async fn serving() -> Desk {
    let d = Desk::new().await;
    let spec = d.deploy().await;
    d.serve(&spec, "one", passes()).await;
    d
}

async fn routed(d: &Desk) {
    d.w.web.gateway.routes.refresh(&d.w.web.store).await.unwrap();
}

fn with(d: &Desk, secret: &str) -> Person {
    d.w.nobody.with("authorization", &format!("Bearer {secret}"))
}

async fn make(d: &Desk, new: Value) -> (Value, Person) {
    let made = d.w.ada.post(&format!("{IRIS}/tokens"), new).await.is(201).json();
    let caller = with(d, made["token"].as_str().unwrap());
    (made, caller)
}

async fn listed(d: &Desk) -> Vec<Value> {
    d.w.ada.get(&format!("{IRIS}/tokens")).await.is(200).json()["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_token_of_a_deployment_asks_it_and_nothing_else() {
    let d = serving().await;
    let (made, shop) = make(&d, json!({ "name": "shop" })).await;
    assert_eq!((&made["by"], &made["name"]), (&json!("ada"), &json!("shop")));
    predict(&shop, "{}").await.is(200);
    // Another deployment of the team, the API, MLflow's API.
    d.w.ada.post("/api/v1/teams/forecast/deployments", json!({ "name": "other", "model": "iris", "version": 2 })).await.is(201);
    let spec = d.told().await;
    d.serve(&spec, "two", passes()).await;
    shop.post("/serve/forecast/other/v1/models/other:predict", json!({})).await.is(404);
    shop.get("/api/v1/me").await.is(403);
    shop.get("/api/v1/teams/forecast/deployments").await.is(403);
    shop.get("/api/2.0/mlflow/experiments/search?max_results=1").await.is(403);
    // Its list has no secret, and is for who may make one.
    let items = listed(&d).await;
    assert!(items.len() == 1 && items[0].get("token").is_none() && items[0]["prefix"].as_str().unwrap().starts_with("slip_"));
    d.w.vic.get(&format!("{IRIS}/tokens")).await.is(403);
    d.w.eve.get(&format!("{IRIS}/tokens")).await.is(404);
    // One's own list does not have it: it is the deployment's. It stays when its maker goes.
    assert!(d.w.ada.get("/api/v1/tokens").await.is(200).json()["items"].as_array().unwrap().iter().all(|t| t["name"] != "shop"));
    d.w.mia.delete("/api/v1/teams/forecast/members/ada").await.is(204);
    d.w.bob.patch("/api/v1/users/ada", json!({ "disabled": true })).await.is(200);
    predict(&shop, "{}").await.is(200);
    d.w.mia.delete(&format!("{IRIS}/tokens/{}", made["id"].as_str().unwrap())).await.is(204);
    let refused = predict(&shop.with("x-request-id", "mine"), "{}").await.is(401);
    assert_eq!(refused.headers["x-request-id"], "mine", "each answer has one");
    d.w.mia.delete(&format!("{IRIS}/tokens/{}", made["id"].as_str().unwrap())).await.is(404);
}

#[tokio::test]
async fn a_token_of_a_deployment_ends_with_it() {
    let d = serving().await;
    let (_, shop) = make(&d, json!({ "name": "shop" })).await;
    predict(&shop, "{}").await.is(200);
    d.w.ada.delete(IRIS).await.is(204);
    d.settle().await;
    let spec = d.deploy().await;
    d.serve(&spec, "again", passes()).await;
    predict(&shop, "{}").await.is(401);
    assert!(listed(&d).await.is_empty());
}

#[tokio::test]
async fn a_token_is_replaced_with_an_overlap() {
    let d = serving().await;
    let (made, before) = make(&d, json!({ "name": "shop", "expires_in": 864_000, "rate": 500 })).await;
    let rotate = format!("{IRIS}/tokens/{}/rotate", made["id"].as_str().unwrap());
    assert_eq!(d.w.ada.post(&rotate, json!({ "overlap_seconds": -1 })).await.is(422).field(), "overlap_seconds");
    d.w.vic.post(&rotate, json!({})).await.is(403);
    d.w.clock.advance(1000);
    let new = d.w.ada.post(&rotate, json!({ "overlap_seconds": 3600 })).await.is(201).json();
    assert_eq!((&new["name"], &new["rate"]), (&json!("shop"), &json!(500)));
    let after = with(&d, new["token"].as_str().unwrap());
    predict(&before, "{}").await.is(200);
    predict(&after, "{}").await.is(200);
    d.w.clock.advance(3_600_000);
    predict(&before, "{}").await.is(401);
    predict(&after, "{}").await.is(200);
    // What has ended is not replaced; at once is at once.
    d.w.ada.post(&rotate, json!({})).await.is(404);
    let rotate = format!("{IRIS}/tokens/{}/rotate", new["id"].as_str().unwrap());
    let newest = d.w.ada.post(&rotate, json!({ "overlap_seconds": 0 })).await.is(201).json();
    predict(&after, "{}").await.is(401);
    predict(&with(&d, newest["token"].as_str().unwrap()), "{}").await.is(200);
    let told = d.w.ada.get("/api/v1/teams/forecast/events?action=rotate").await.is(200).json();
    assert_eq!((told["items"].as_array().unwrap().len(), &told["items"][0]["after"]["deployment"]), (2, &json!("iris")));
}

#[tokio::test]
async fn what_a_token_may_be() {
    let d = serving().await;
    let path = format!("{IRIS}/tokens");
    for (body, field) in [
        (json!({ "name": " " }), "name"),
        (json!({ "name": "x", "expires_in": 0 }), "expires_in"),
        (json!({ "name": "x", "expires_in": 40_000_000 }), "expires_in"),
        (json!({ "name": "x", "rate": 0 }), "rate"),
        (json!({ "name": "x", "rate": 100_001 }), "rate"),
    ] {
        assert_eq!(d.w.ada.post(&path, body).await.is(422).field(), field);
    }
    d.w.vic.post(&path, json!({ "name": "x" })).await.is(403);
    d.w.eve.post(&path, json!({ "name": "x" })).await.is(404);
    d.w.ada.post("/api/v1/teams/forecast/deployments/none/tokens", json!({ "name": "x" })).await.is(404);
    // A workload's token ends with its workload; what it made would not.
    let notebook = d.w.workload(&Subject::Notebook("n".into())).await;
    notebook.post(&path, json!({ "name": "x" })).await.is(403);
    let (made, _) = make(&d, json!({ "name": "x" })).await;
    notebook.delete(&format!("{path}/{}", made["id"].as_str().unwrap())).await.is(403);
}

#[tokio::test]
async fn a_token_has_a_rate() {
    let d = serving().await;
    let (_, slow) = make(&d, json!({ "name": "slow", "rate": 1 })).await;
    let (_, fast) = make(&d, json!({ "name": "fast" })).await;
    let mut refused = None;
    for _ in 0..200 {
        let answer = predict(&slow, "{}").await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("one in a second, and not two hundred");
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!(refused.json()["detail"], "This token may call iris 1 times per second, and more came.");
    predict(&fast, "{}").await.is(200);

    // While its secret is replaced, a caller may do what it may, and not that with each secret.
    let (made, before) = make(&d, json!({ "name": "shop", "rate": 1 })).await;
    let path = format!("{IRIS}/tokens/{}/rotate", made["id"].as_str().unwrap());
    let new = d.w.ada.post(&path, json!({ "overlap_seconds": 3600 })).await.is(201).json();
    let after = with(&d, new["token"].as_str().unwrap());
    let began = std::time::Instant::now();
    let mut answered = 0;
    for _ in 0..40 {
        for secret in [&before, &after] {
            answered += u64::from(predict(secret, "{}").await.status == 200);
        }
    }
    assert!(answered <= 1 + began.elapsed().as_secs() + 1, "{answered} in {:?}", began.elapsed());
}

async fn callers(d: &Desk, who: &Person, body: Value) -> Answer {
    let answer = who.put(&format!("{IRIS}/callers"), body).await;
    routed(d).await;
    answer
}

#[tokio::test]
async fn everybody_only_by_a_maintainer_who_is_sure() {
    let d = serving().await;
    d.w.nobody.post(PREDICT, json!({})).await.is(401);
    callers(&d, &d.w.vic, json!({ "public": true, "sure": "iris" })).await.is(403);
    callers(&d, &d.w.ada, json!({ "public": true, "sure": "iris" })).await.is(403);
    assert_eq!(callers(&d, &d.w.mia, json!({ "public": true })).await.is(422).field(), "sure");
    assert_eq!(callers(&d, &d.w.mia, json!({ "public": true, "sure": "irix" })).await.is(422).field(), "sure");
    d.w.nobody.post(PREDICT, json!({})).await.is(401);
    let set = callers(&d, &d.w.mia, json!({ "public": true, "sure": "iris" })).await.is(200).json();
    assert_eq!(set["callers"], json!({ "public": true }));
    d.w.nobody.post(PREDICT, json!({})).await.is(200);
    // What is there for everybody is the deployment, and nothing else of the portal or of the model's server.
    d.w.nobody.get("/serve/forecast/iris/v2/repository/index").await.is(404);
    d.w.nobody.post("/serve/forecast/iris/v2/repository/models/iris/unload", json!({})).await.is(404);
    d.w.nobody.get(IRIS).await.is(401);
    // Whoever says who they are has to be right.
    predict(&with(&d, "slip_nonsense"), "{}").await.is(401);
    // An editor changes the rest and closes it, and cannot open it again.
    callers(&d, &d.w.ada, json!({ "public": true, "origins": ["https://shop.example"] })).await.is(200);
    callers(&d, &d.w.ada, json!({})).await.is(200);
    d.w.nobody.post(PREDICT, json!({})).await.is(401);
    callers(&d, &d.w.ada, json!({ "public": true, "sure": "iris" })).await.is(403);
    let told = d.w.ada.get("/api/v1/teams/forecast/events?action=open").await.is(200).json();
    assert_eq!(told["items"][0]["actor"], "mia");
    let seen = d.iris().await["revision"].as_i64().unwrap();
    callers(&d, &d.w.mia, json!({ "origins": ["*"], "revision": seen - 1 })).await.is(409);
}

#[tokio::test]
async fn pages_of_origins_that_are_named() {
    const SHOP: &str = "https://shop.example";
    let d = serving().await;
    let (_, shop) = make(&d, json!({ "name": "shop" })).await;
    let on = |origin: &str| d.w.nobody.with("origin", origin).with("access-control-request-method", "POST");
    // None is named: the browser is told nothing.
    let before = on(SHOP).send(Method::OPTIONS, PREDICT, "", "").await;
    assert!(!before.headers.contains_key("access-control-allow-origin") && before.status == 401);
    assert_eq!(callers(&d, &d.w.ada, json!({ "origins": ["shop.example"] })).await.is(422).field(), "origins");
    let set = callers(&d, &d.w.ada, json!({ "origins": ["https://Shop.example/", "http://localhost:3000"] })).await.is(200).json();
    assert_eq!(set["callers"]["origins"], json!([SHOP, "http://localhost:3000"]));

    let asked =
        on(SHOP).with("access-control-request-headers", "authorization,content-type").send(Method::OPTIONS, PREDICT, "", "").await.is(200);
    assert_eq!(asked.headers["access-control-allow-origin"], SHOP);
    assert_eq!(asked.headers["access-control-allow-headers"], "authorization,content-type");
    assert!(!asked.headers.contains_key("access-control-allow-credentials"));
    let other = on("https://evil.example").send(Method::OPTIONS, PREDICT, "", "").await;
    assert!(!other.headers.contains_key("access-control-allow-origin"));

    // A page still needs a token, and may read why it is refused.
    let page = shop.with("origin", SHOP);
    assert_eq!(predict(&page, "{}").await.is(200).headers["access-control-allow-origin"], SHOP);
    let refused = d.w.nobody.with("origin", SHOP).post(PREDICT, json!({})).await.is(401);
    assert_eq!(refused.headers["access-control-allow-origin"], SHOP);
    assert!(!predict(&shop.with("origin", "https://evil.example"), "{}").await.is(200).headers.contains_key("access-control-allow-origin"));
    callers(&d, &d.w.ada, json!({ "origins": ["*"] })).await.is(200);
    assert_eq!(predict(&shop.with("origin", "https://any.example"), "{}").await.is(200).headers["access-control-allow-origin"], "*");
    callers(&d, &d.w.ada, json!({})).await.is(200);
    assert!(!predict(&page, "{}").await.is(200).headers.contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn the_page_offers_what_one_may() {
    let d = serving().await;
    let page = async |who: &Person| {
        let answer = who.with("accept", "text/html").get("/teams/forecast/deployments/iris?tab=callers").await.is(200);
        String::from_utf8_lossy(&answer.body).into_owned()
    };
    let (viewer, editor, maintainer) = (page(&d.w.vic).await, page(&d.w.ada).await, page(&d.w.mia).await);
    assert!(
        viewer.contains("nobody")
            && !viewer.contains("<form class=\"form\" method=\"post\" action=\"/api/v1/teams/forecast/deployments/iris/callers\"")
    );
    assert!(editor.contains("Make the token") && !editor.contains("name=\"public\""));
    assert!(maintainer.contains("name=\"public\"") && maintainer.contains("name=\"sure\""));
    let fields = [("_method", "PUT"), ("public", "true"), ("sure", "iris"), ("origins", "https://a.example\r\nhttps://b.example")];
    d.w.mia.form("/teams/forecast/deployments/iris?tab=callers", &format!("{IRIS}/callers"), &fields).await.is(303);
    let callers = d.iris().await["callers"].clone();
    assert_eq!(callers, json!({ "public": true, "origins": ["https://a.example", "https://b.example"] }));
    assert!(page(&d.w.vic).await.contains("everybody who reaches the portal"));
}
