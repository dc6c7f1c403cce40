use serde_json::json;

use super::{
    trial::{Answer, Trial, good},
    *,
};
use crate::pipelines::ir;

fn trial(name: &str) -> Trial {
    let path = std::path::Path::new(env!("SLIPWAY_ROOT")).join(format!("end2end/kfp/compiled/{name}.yaml"));
    Trial::new(ir::parse(&std::fs::read_to_string(path).unwrap()).unwrap(), json!({}))
}

/// Carries out what becomes of the nodes.
fn go_on(trial: &mut Trial) -> Vec<String> {
    let again = rerun(&trial.pipeline, &trial.nodes);
    let mut waiting = Vec::new();
    for step in again {
        match step {
            Again::Wait(id) => {
                waiting.push(trial.path(trial.nodes.iter().find(|n| n.id == id).unwrap()));
                let node = trial.nodes.iter_mut().find(|n| n.id == id).unwrap();
                (node.state, node.retried, node.not_before_ms, node.error) = (State::Waiting, 0, 0, None);
                (node.inputs, node.outputs) = (Inputs::default(), Outputs::default());
            }
            Again::Resume(id) => {
                let node = trial.nodes.iter_mut().find(|n| n.id == id).unwrap();
                (node.state, node.error, node.outputs) = (State::Running, None, Outputs::default());
            }
            Again::Remove(id) => trial.nodes.retain(|n| n.id != id),
        }
    }
    trial.run.cancel = false;
    waiting.sort();
    waiting
}

#[test]
fn only_what_failed_and_what_follows_it_runs_again() {
    let mut trial = trial("loop_fails");
    let end = trial.go(|of| if of.parameters["n"] == 3 { Some(Answer::Bad("odd")) } else { good(json!({"Output": of.parameters["n"]})) });
    assert_eq!(end.state, RunState::Failed);
    trial.order.clear();
    assert_eq!(go_on(&mut trial), ["for-loop-2[1]/only-even", "total"]);
    let end = trial.go(|of| {
        assert!(of.component == "total" || of.attempt == 2);
        good(json!({"Output": if of.component == "total" { json!(of.parameters["numbers"].as_array().unwrap().len()) } else { json!(0) }}))
    });
    assert_eq!((end.state, end.outputs.parameters["Output"].clone()), (RunState::Succeeded, json!(3)));
    assert_eq!(trial.order, ["for-loop-2[1]/only-even", "total"]);
}

#[test]
fn exit_tasks_clean_up_once_more() {
    let mut trial = trial("exit_handler");
    trial.go(|of| if of.component == "fail" { Some(Answer::Bad("on purpose")) } else { good(json!({"Output": "x"})) });
    assert_eq!(go_on(&mut trial), ["clean-up", "exit-handler-1/fail", "exit-handler-1/say-2"]);
    trial.order.clear();
    let end = trial.go(|_| good(json!({"Output": "x"})));
    assert_eq!(end.state, RunState::Succeeded);
    assert_eq!(trial.order, ["exit-handler-1/fail", "exit-handler-1/say-2", "clean-up"]);
}

#[test]
fn what_was_canceled_runs_again_and_a_way_not_taken_is_not_taken_again() {
    let mut trial = trial("if_else");
    let end = trial.go(|of| if of.component == "add" { good(json!({"Output": 5})) } else { None });
    assert_eq!(end.state, RunState::Canceled);
    go_on(&mut trial);
    trial.order.clear();
    let end = trial.go(|_| good(json!({"Output": "x"})));
    assert_eq!(end.state, RunState::Succeeded);
    assert!(!trial.order.contains(&"add".to_owned()));
    let states = trial.states();
    assert_eq!(states["condition-branches-1/condition-2"], State::Skipped);
    assert_eq!(states["condition-branches-1/condition-3/say-2"], State::Succeeded);
}

#[test]
fn what_follows_a_task_that_runs_again_starts_from_its_beginning() {
    let mut trial = trial("loop_computed");
    // The loop itself succeeds, then a task before it is declared failed.
    trial.go(|of| {
        let list: Vec<u32> = (1..=of.parameters.get("n").and_then(|n| n.as_u64()).unwrap_or(0) as u32).collect();
        good(json!({"Output": if of.component.starts_with("count-to") { json!(list) } else { json!(1) }}))
    });
    let before = trial.nodes.len();
    let count = trial.nodes.iter_mut().find(|n| n.name == "count-to").unwrap();
    count.state = State::Failed;
    assert_eq!(go_on(&mut trial), ["count-to", "for-loop-1"]);
    assert!(trial.nodes.len() < before, "its iterations are gone");
    let end = trial.go(|of| good(json!({"Output": if of.component.starts_with("count-to") { json!([7]) } else { json!(1) }})));
    assert_eq!(end.state, RunState::Succeeded);
    assert!(!trial.states().contains_key("for-loop-1[1]"));
}

#[test]
fn after_success_there_is_nothing_to_do_again() {
    let mut trial = trial("compare");
    trial.go(|of| good(json!({"Output": if of.component == "measure" { json!(0.75) } else { json!(true) }})));
    assert_eq!(rerun(&trial.pipeline, &trial.nodes), []);
}
