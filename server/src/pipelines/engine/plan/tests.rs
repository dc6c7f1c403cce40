use serde_json::{Value, json};

use crate::pipelines::{
    engine::{
        trial::{Answer, Trial, good},
        *,
    },
    ir::{parse, tests::small},
};

fn task(component: &str, inputs: Value) -> Value {
    json!({"taskInfo": {"name": component}, "componentRef": {"name": format!("comp-{component}")}, "inputs": {"parameters": inputs}})
}

fn trial(change: impl FnOnce(&mut Value)) -> Trial {
    let mut spec = small();
    change(&mut spec);
    Trial::new(parse(&spec.to_string()).unwrap_or_else(|r| panic!("{r:#?}")), json!({"times": 3}))
}

/// A loop over what `items` says, of a DAG with one task.
fn with_loop(items: Value, limit: u32) -> Trial {
    trial(|spec| {
        let mut of = task("loop", json!({}));
        of["parameterIterator"] = json!({"itemInput": "item", "items": items});
        of["iteratorPolicy"] = json!({"parallelismLimit": limit});
        spec["root"]["dag"]["tasks"] = json!({"loop": of});
        spec["components"]["comp-loop"] = json!({
            "inputDefinitions": {"parameters": {"item": {"parameterType": "STRING"}}},
            "outputDefinitions": {"parameters": {"said": {"parameterType": "LIST"}}},
            "dag": {
                "tasks": {"say": task("say", json!({"text": {"componentInputParameter": "item"}}))},
                "outputs": {"parameters": {"said": {"valueFromParameter": {"producerSubtask": "say", "outputParameterKey": "Output"}}}}
            }
        });
        spec["root"]["dag"]["outputs"] =
            json!({"parameters": {"all": {"valueFromParameter": {"producerSubtask": "loop", "outputParameterKey": "said"}}}});
        spec["root"]["outputDefinitions"] = json!({"parameters": {"all": {"parameterType": "LIST"}}});
    })
}

#[test]
fn no_more_iterations_run_at_once_than_allowed() {
    for (limit, widest) in [(0, 5), (1, 1), (2, 2), (9, 5)] {
        let mut trial = with_loop(json!({"raw": "[\"a\", \"b\", \"c\", \"d\", \"e\"]"}), limit);
        let end = trial.go(|of| good(json!({"Output": of.parameters["text"]})));
        assert_eq!((trial.widest, end.state), (widest, RunState::Succeeded), "limit {limit}");
        assert_eq!(end.outputs.parameters["all"], json!(["a", "b", "c", "d", "e"]));
    }
}

#[test]
fn a_failed_iteration_makes_room_for_the_next() {
    let mut trial = with_loop(json!({"raw": "[\"a\", \"b\", \"c\"]"}), 1);
    let end = trial.go(|of| if of.parameters["text"] == "a" { Some(Answer::Bad("no")) } else { good(json!({"Output": "x"})) });
    assert_eq!(trial.order, ["loop[0]/say", "loop[1]/say", "loop[2]/say"]);
    assert_eq!((end.state, end.error.as_deref()), (RunState::Failed, Some("loop failed: iteration 0 failed: say failed: no")));
}

#[test]
fn a_thousand_iterations_take_a_few_rounds() {
    let items: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
    let mut trial = with_loop(json!({"raw": json!(items).to_string()}), 0);
    for nodes in [1, 1001, 2001, 2001] {
        let steps = trial.plan();
        trial.apply(&steps);
        assert_eq!(trial.nodes.len(), nodes);
    }
    for node in trial.nodes.iter_mut().filter(|n| n.kind == Kind::Executor) {
        assert_eq!(node.state, State::Running);
        node.state = State::Succeeded;
        node.outputs.parameters.insert("Output".to_owned(), json!("x"));
    }
    // A thousand iterations, the loop and the run end at once.
    let steps = trial.plan();
    assert_eq!(steps.len(), 1002);
    assert!(matches!(steps.last(), Some(Step::EndRun { state: RunState::Succeeded, .. })));
}

#[test]
fn what_waits_for_a_way_not_taken_is_skipped_in_the_same_breath() {
    let mut trial = trial(|spec| {
        spec["root"]["dag"]["tasks"]["say"]["triggerPolicy"] = json!({"condition": "inputs.parameter_values['text'] == 'never'"});
        for (name, after) in [("second", "say"), ("third", "second"), ("last", "third")] {
            let mut next = task("say", json!({"text": {"runtimeValue": {"constant": name}}}));
            next["dependentTasks"] = json!([after]);
            spec["root"]["dag"]["tasks"][name] = next;
        }
        spec["root"]["dag"]["tasks"]["last"]["triggerPolicy"] = json!({"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"});
    });
    let steps = trial.plan();
    trial.apply(&steps);
    assert_eq!(trial.plan().len(), 4, "three are skipped and the last one starts");
    let end = trial.go(|_| good(json!({"Output": "x"})));
    assert_eq!((end.state, trial.order), (RunState::Succeeded, vec!["last".to_owned()]));
}

#[test]
fn a_run_that_takes_too_long_is_ended() {
    let mut trial = trial(|_| {});
    trial.pipeline.deadline_s = Some(60);
    let steps = trial.plan();
    trial.apply(&steps);
    let steps = trial.plan();
    trial.apply(&steps);
    assert_eq!(trial.plan(), []);
    let wake = wake_ms(&trial.pipeline, &trial.run, &trial.nodes, trial.now_ms);
    assert_eq!(wake, Some(trial.run.started_ms + 60_000));
    trial.now_ms = wake.unwrap();
    let steps = trial.plan();
    assert!(matches!(steps.as_slice(), [Step::Cancel { .. }]), "{steps:?}");
    trial.apply(&steps);
    let steps = trial.plan();
    let Some(Step::EndRun { state: RunState::Failed, error: Some(why), .. }) = steps.last() else { panic!("{steps:?}") };
    assert!(why.contains("60 seconds"), "{why}");
}

#[test]
fn a_task_whose_inputs_are_not_there_fails_without_a_try() {
    let mut trial = trial(|spec| {
        spec["root"]["inputDefinitions"]["parameters"]["maybe"] = json!({"parameterType": "STRING", "isOptional": true});
        spec["root"]["dag"]["tasks"]["say"]["inputs"]["parameters"]["text"] = json!({"componentInputParameter": "maybe"});
        spec["root"]["dag"]["tasks"]["say"]["retryPolicy"] = json!({"maxRetryCount": 3});
    });
    let end = trial.go(|_| panic!("nothing runs"));
    assert_eq!(end.error.as_deref(), Some("say failed: input text: the pipeline's input maybe has no value"));
    assert_eq!(trial.nodes[0].attempt, 0);
}

#[test]
fn an_item_may_be_the_part_of_an_item_and_come_as_text() {
    let mut spec = with_loop(json!({"raw": "[]"}), 0).pipeline.spec;
    spec["root"]["dag"]["tasks"]["loop"]["parameterIterator"]["items"] = json!({"inputParameter": "list"});
    spec["root"]["dag"]["tasks"]["loop"]["inputs"]["parameters"]["list"] = json!({
        "runtimeValue": {"constant": {"of": ["a", "b"]}},
        "parameterExpressionSelector": "parseJson(string_value)[\"of\"]"
    });
    let mut trial = Trial::new(parse(&spec.to_string()).unwrap(), json!({"times": 3}));
    let end = trial.go(|of| good(json!({"Output": of.parameters["text"]})));
    assert_eq!(end.outputs.parameters["all"], json!(["a", "b"]));

    spec["root"]["dag"]["tasks"]["loop"]["inputs"]["parameters"]["list"] = json!({"runtimeValue": {"constant": "no list"}});
    let end = Trial::new(parse(&spec.to_string()).unwrap(), json!({"times": 3})).go(|_| None);
    assert_eq!(end.error.as_deref(), Some("loop failed: input list is no list to go over"));
}
