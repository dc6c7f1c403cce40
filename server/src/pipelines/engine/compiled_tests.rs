//! Every pipeline of end2end/kfp, as the SDK compiled it, runs to the end that is written beside it.

use std::{fs, path::PathBuf};

use serde_json::{Map, Value, json};

use super::{
    trial::{Answer, End, Started, Trial},
    *,
};
use crate::pipelines::ir;

fn compiled() -> PathBuf {
    PathBuf::from(env!("SLIPWAY_ROOT")).join("end2end/kfp/compiled")
}

/// A compiled pipeline and what is expected of it.
fn example(name: &str) -> (ir::Pipeline, Value) {
    let text = fs::read_to_string(compiled().join(format!("{name}.yaml"))).unwrap_or_else(|e| panic!("{name}: {e}"));
    let expected = fs::read_to_string(compiled().join(format!("{name}.json"))).unwrap_or_else(|e| panic!("{name}: {e}"));
    let pipeline = ir::parse(&text).unwrap_or_else(|refusals| panic!("{name} is refused: {refusals:#?}"));
    (pipeline, serde_json::from_str(&expected).expect("JSON"))
}

fn names() -> Vec<String> {
    let files = fs::read_dir(compiled()).expect("the folder of compiled pipelines");
    let mut names: Vec<String> = files.filter_map(|f| f.ok()?.file_name().to_str()?.strip_suffix(".yaml").map(str::to_owned)).collect();
    names.sort();
    names
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn file(name: &str, content: &str) -> Option<Answer> {
    let metadata = json!({"letters": content.len(), "by": "make", "framework": "none"});
    let artifact = Artifact {
        name: name.to_owned(),
        uri: format!("held:{content}"),
        metadata: metadata.as_object().cloned().unwrap_or_default(),
        ..Artifact::default()
    };
    Some(Answer::Good(Outputs { artifacts: [(name.to_owned(), vec![artifact])].into(), ..Outputs::default() }))
}

/// What the components of the examples do.
fn answer(of: Started<'_>) -> Option<Answer> {
    let p = |name: &str| of.parameters.get(name).cloned().unwrap_or(Value::Null);
    let n = |name: &str| p(name).as_i64().unwrap_or_else(|| panic!("{}: {name} is {}", of.path, p(name)));
    let content = |name: &str| of.artifacts[name].iter().map(|a| a.uri.trim_start_matches("held:")).collect::<String>();
    let output = |value: Value| trial::good(json!({"Output": value}));
    let list = |name: &str| p(name).as_array().cloned().unwrap_or_else(|| panic!("{}: {name} is {}", of.path, p(name)));
    let which = of.component.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
    match which {
        "approve" | "consult" => {
            Some(Answer::Said(Said { approves: which == "approve", by: "admin".to_owned(), comment: "looks good".to_owned() }))
        }
        "say" => output(p("text")),
        "add" => output(json!(n("a") + n("b"))),
        "double" => output(json!(2 * n("n"))),
        "total" => output(json!(list("numbers").iter().map(|v| v.as_i64().expect("a number")).sum::<i64>())),
        "join" => output(json!(list("words").iter().map(text).collect::<Vec<_>>().join(" "))),
        "count-to" => output(json!((1..=n("n")).collect::<Vec<_>>())),
        "fail" => Some(Answer::Bad("on purpose")),
        "write" => file("data", &text(&p("text"))),
        "read" => output(json!(content("data"))),
        "together" => output(json!(content("files"))),
        "train" => file("model", &content("data").to_uppercase()),
        "score" => output(json!(format!("none:{}", content("model")))),
        "report" => file("metrics", ""),
        "pass-on" => {
            let mut list = list("l");
            list.push(p("i"));
            let mut object = p("d").as_object().cloned().expect("an object");
            object.insert(text(&p("s")), p("f"));
            let half = p("f").as_f64().expect("a number") / 2.0;
            trial::good(json!({"s": p("s"), "i": n("i") + 1, "f": half, "b": !p("b").as_bool().expect("a truth"), "l": list, "d": object}))
        }
        "split" => trial::good(json!({"half": n("n") / 2, "rest": n("n") - n("n") / 2, "even": n("n") % 2 == 0, "words": ["a", 1]})),
        "tell" => {
            let given = p("text").as_str().unwrap_or("None").to_owned();
            output(json!(format!("{given} {} {}", n("times"), if of.artifacts.contains_key("data") { "True" } else { "False" })))
        }
        "recall" => {
            let or_none = |name: &str| if p(name).is_null() { "None".to_owned() } else { text(&p(name)) };
            output(json!(format!("{} {}", or_none("text"), or_none("n"))))
        }
        "shell" => {
            let (greeting, name) = (p("greeting"), text(&p("name")));
            let said = match greeting.as_str() {
                Some(greeting) => format!("name={name}x3|--greeting|{greeting}|a-{greeting}|"),
                None => format!("name={name}x3|--plain|a-none|"),
            };
            let Some(Answer::Good(mut outputs)) = file("copy", &content("data")) else { return None };
            outputs.parameters.insert("said".to_owned(), json!(said));
            Some(Answer::Good(outputs))
        }
        "keys" => output(json!(
            p("of").as_object().expect("an object").iter().map(|(k, v)| format!("{k}={}", text(v))).collect::<Vec<_>>().join(",")
        )),
        "measure" => output(json!(0.75)),
        "sure" => output(json!(true)),
        "people" => output(json!([{"who": "Ann", "city": "Rome"}, {"who": "Bob", "city": "Oslo"}])),
        "only-even" if n("n") % 2 == 1 => Some(Answer::Bad("odd")),
        "only-even" => output(p("n")),
        "clean-up" => {
            let status = p("status");
            let state = text(&status["state"]);
            assert!(status["error"].is_object() && status["pipelineJobResourceName"] == "runs/trial", "{status}");
            match p("word") {
                Value::Null => output(json!(state)),
                word => output(json!(format!("{} {} {state}", text(&word), text(&status["pipelineTaskName"])))),
            }
        }
        "anyway" => output(json!(format!("got {}", text(&p("text"))))),
        "third-time" if of.attempt < 3 => Some(Answer::Bad("not yet")),
        "third-time" => output(json!(of.attempt)),
        "never" => Some(Answer::Bad("never")),
        "about" => {
            let data = &of.artifacts["data"][0];
            let name = data.uri.rsplit('/').next().unwrap_or_default();
            output(json!(format!("{name} {} ['a', 'b']", text(&data.metadata["owner"]))))
        }
        "named" => output(json!(of.artifacts["data"][0].uri)),
        "look" => output(json!("hello")),
        "use" => output(json!("s3cr3tsalt")),
        "version" => output(json!("1.17.0")),
        "track" => output(json!("200 403")),
        "grow" => Some(Answer::Bad("out of memory")),
        // Whoever asks for it wants the run to be canceled.
        "sleep" => None,
        "learn" => output(json!(1)),
        "ask" => output(json!("admin")),
        "folder" => file("data", "ab"),
        "names" => output(json!("a,b")),
        "make" => file("Output", "made"),
        "read-any" => output(json!(format!("{}{}", content("data"), text(&of.artifacts["data"][0].metadata["by"])))),
        other => panic!("{other} is not known"),
    }
}

fn run(name: &str) -> (Trial, End, Value) {
    let (pipeline, expected) = example(name);
    let mut trial = Trial::new(pipeline, expected.get("parameters").cloned().unwrap_or_else(|| json!({})));
    let end = trial.go(answer);
    (trial, end, expected)
}

#[test]
fn each_ends_as_is_written_beside_it() {
    let names = names();
    assert!(names.len() >= 30, "only {} pipelines", names.len());
    for name in names {
        let (trial, end, expected) = run(&name);
        assert_eq!(json!(end.state), expected["state"], "{name}: {:?}", end.error);
        let states: Map<String, Value> = trial.states().into_iter().map(|(path, state)| (path, json!(state))).collect();
        assert_eq!(Value::Object(states), expected["tasks"], "{name}");
        if let Some(outputs) = expected.get("outputs") {
            assert_eq!(&Value::Object(end.outputs.parameters.clone()), outputs, "{name}");
        }
        for (path, outputs) in expected.get("task_outputs").and_then(Value::as_object).into_iter().flatten() {
            let node = trial.nodes.iter().find(|n| trial.path(n) == *path).expect("a node of this path");
            assert_eq!(&Value::Object(node.outputs.parameters.clone()), outputs, "{name}: {path}");
        }
        for (path, attempts) in expected.get("attempts").and_then(Value::as_object).into_iter().flatten() {
            let node = trial.nodes.iter().find(|n| trial.path(n) == *path).expect("a node of this path");
            assert_eq!(&json!(node.attempt), attempts, "{name}: {path}");
        }
    }
}

#[test]
fn tasks_start_after_what_they_wait_for() {
    let (trial, ..) = run("diamond");
    assert_eq!(trial.order, ["double", "double-2", "add", "say"]);
    assert_eq!(trial.widest, 2);
    let (trial, ..) = run("loop_computed");
    let inside: Vec<&String> = trial.order.iter().filter(|path| path.starts_with("for-loop-1[")).collect();
    assert_eq!(inside[..4], ["for-loop-1[0]/double", "for-loop-1[0]/total", "for-loop-1[1]/double", "for-loop-1[1]/total"]);
    let (trial, ..) = run("loop_over_files");
    let inside: Vec<&String> = trial.order.iter().filter(|path| path.starts_with("each/for-loop-1[")).collect();
    assert_eq!(inside, ["each/for-loop-1[0]/read", "each/for-loop-1[1]/read", "each/for-loop-1[2]/read"]);
}

#[test]
fn a_failure_is_told_from_the_task_up_to_the_run() {
    let (_, end, _) = run("loop_fails");
    assert_eq!(end.error.as_deref(), Some("for-loop-2 failed: iteration 1 failed: only-even failed: odd"));
    let (_, end, _) = run("exit_handler");
    assert_eq!(end.error.as_deref(), Some("exit-handler-1 failed: fail failed: on purpose"));
}

#[test]
fn a_canceled_run_still_cleans_up() {
    let (pipeline, _) = example("exit_handler");
    let mut trial = Trial::new(pipeline, json!({}));
    let mut wished = false;
    let end = trial.go(|started| {
        if started.component == "say" && !wished {
            wished = true;
            return None;
        }
        answer(started)
    });
    assert_eq!((end.state, end.error.as_deref()), (RunState::Canceled, Some("the run was cancelled")));
    let states: Vec<(String, State)> = trial.states().into_iter().collect();
    let expected = [("clean-up", State::Succeeded), ("exit-handler-1", State::Canceled), ("exit-handler-1/say", State::Canceled)];
    for (path, state) in expected {
        assert!(states.contains(&(path.to_owned(), state)), "{path}: {states:?}");
    }
    let node = trial.nodes.iter().find(|n| n.name == "clean-up").expect("the exit task");
    assert_eq!(node.outputs.parameters["Output"], "after exit-handler-1 CANCELLED");
}

#[test]
fn a_run_that_is_canceled_with_its_exit_tasks_cleans_up_no_more() {
    for component in ["say", "clean-up"] {
        let (pipeline, _) = example("exit_handler");
        let mut trial = Trial::new(pipeline, json!({}));
        trial.run.cancel_exits = true;
        let end = trial.go(|started| if started.component == component { None } else { answer(started) });
        assert_eq!(end.state, RunState::Canceled, "{component}");
        assert!(trial.states().into_iter().any(|(path, state)| path == "clean-up" && state == State::Canceled), "{component}");
        assert_eq!(trial.order.iter().any(|path| path == "clean-up"), component == "clean-up", "{component}");
    }
}

#[test]
fn a_run_that_is_canceled_before_it_began_makes_nothing() {
    let (pipeline, _) = example("exit_handler");
    let run = RunInputs { cancel: true, ..RunInputs::default() };
    let steps = plan(&pipeline, &run, &[], 0);
    assert!(matches!(steps.as_slice(), [Step::EndRun { state: RunState::Canceled, .. }]), "{steps:?}");
}

#[test]
fn with_fail_fast_nothing_new_is_started_after_a_failure() {
    let (pipeline, _) = example("fails");
    let mut trial = Trial::new(pipeline, json!({}));
    trial.run.fail_fast = true;
    for _ in 0..2 {
        let steps = trial.plan();
        trial.apply(&steps);
    }
    let failed = trial.nodes.iter_mut().find(|n| n.name == "fail").expect("the task");
    assert_eq!(failed.state, State::Running);
    failed.state = State::Failed;
    let steps = trial.plan();
    trial.apply(&steps);
    let states = trial.states();
    assert_eq!((states["double"], states["double-2"]), (State::Running, State::Skipped));
}

#[test]
fn retries_wait_longer_each_time() {
    let (pipeline, expected) = example("retry");
    let mut trial = Trial::new(pipeline, expected["parameters"].clone());
    let mut began = Vec::new();
    let mut waits = Vec::new();
    // By hand, to see the times.
    for _ in 0..50 {
        let steps = trial.plan();
        if matches!(steps.last(), Some(Step::EndRun { .. })) {
            break;
        }
        for step in &steps {
            if let Step::Retry { retried, not_before_ms, .. } = step {
                waits.push((*retried, not_before_ms - trial.now_ms));
            }
        }
        trial.apply(&steps);
        for node in trial.nodes.iter_mut().filter(|n| n.state == State::Running) {
            began.push((node.name.clone(), node.attempt));
            node.state = State::Failed;
        }
        if steps.is_empty() {
            trial.now_ms = wake_ms(&trial.pipeline, &trial.run, &trial.nodes, trial.now_ms).expect("something to wait for");
        }
    }
    let third: Vec<u32> = began.iter().filter(|(name, _)| name == "third-time").map(|(_, attempt)| *attempt).collect();
    assert_eq!(third, [1, 2, 3, 4]);
    for wait in [(1, 1000), (2, 2000), (3, 4000)] {
        assert!(waits.contains(&wait), "{waits:?}");
    }
}

#[test]
fn secrets_are_named_by_the_pipelines_inputs() {
    let (trial, ..) = run("team_secrets");
    let node = trial.nodes.iter().find(|n| n.name == "use").expect("the task");
    let secret = |name: &str, env: &[(&str, &str)]| Secret {
        name: name.to_owned(),
        env: env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        optional: false,
    };
    assert_eq!(node.inputs.secrets, [secret("demo", &[("token", "TOKEN"), ("salt", "SALT")])]);
}

#[test]
fn a_second_run_takes_from_the_first_what_its_tasks_allow() {
    let (pipeline, expected) = example("caching");
    let mut known: std::collections::BTreeMap<String, Outputs> = Default::default();
    let again = |environment: &str, known: &mut std::collections::BTreeMap<String, Outputs>| {
        let mut trial = Trial::new(pipeline.clone(), json!({}));
        let end = trial.go_with(|pipeline, nodes, id| {
            let tree = Tree::of(pipeline, nodes);
            let ((task, component), node) = tree.task(id).zip(tree.node(id)).expect("a task");
            let outputs = Outputs {
                parameters: json!({"Output": 2 * node.inputs.parameters["n"].as_i64().expect("a number")})
                    .as_object()
                    .cloned()
                    .unwrap_or_default(),
                ..Outputs::default()
            };
            match cache_key(task, component, &node.inputs, environment, &Default::default(), "") {
                Some(key) => Some(match known.insert(key, outputs.clone()) {
                    Some(before) => Answer::Cached(before),
                    None => Answer::Good(outputs),
                }),
                None => Some(Answer::Good(outputs)),
            }
        });
        assert_eq!(end.outputs.parameters["Output"], 24);
        Value::Object(trial.states().into_iter().map(|(path, state)| (path, json!(state))).collect())
    };
    assert_eq!(again("e", &mut known), expected["tasks"]);
    assert_eq!(again("e", &mut known), expected["again"]);
    // A key of its own stands for the environment too.
    let elsewhere = again("f", &mut known);
    assert_eq!((&elsewhere["double"], &elsewhere["double-3"]), (&json!("SUCCEEDED"), &json!("CACHED")));
}
