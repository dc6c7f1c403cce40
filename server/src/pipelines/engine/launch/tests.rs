use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::pipelines::{
    engine::packages,
    ir::{Executor, Pipeline, parse, tests::small},
};

fn pipeline(container: Value, inputs: Value, outputs: Value) -> Pipeline {
    let mut spec = small();
    spec["components"]["comp-say"]["inputDefinitions"] = inputs;
    spec["components"]["comp-say"]["outputDefinitions"] = outputs;
    spec["deploymentSpec"]["executors"]["exec-say"]["container"] = container;
    parse(&spec.to_string()).unwrap_or_else(|refusals| panic!("{refusals:#?}"))
}

fn launched(pipeline: &Pipeline, inputs: &Inputs) -> Result<Launch, String> {
    let task = &pipeline.root.dag().unwrap().tasks["say"];
    let component = &pipeline.components["comp-say"];
    let Some(Executor::Container(container)) = pipeline.executor_of(component) else { panic!("a container") };
    let names = RunNames {
        name: "my run".to_owned(),
        resource_name: "runs/1".to_owned(),
        id: "1".to_owned(),
        root: "kept:".to_owned(),
        created_at: "2026-01-31T12:00:00Z".to_owned(),
        scheduled_at: String::new(),
    };
    let places = Places {
        inputs: BTreeMap::from([("kept:in".to_owned(), "/store/in".to_owned())]),
        folder: "/w".to_owned(),
        address: "kept:1/say".to_owned(),
    };
    launch(task, component, container, inputs, &names, "n1", &places)
}

fn given(parameters: Value) -> Inputs {
    Inputs { parameters: parameters.as_object().cloned().unwrap(), ..Inputs::default() }
}

#[test]
fn every_placeholder_is_filled_in() {
    let pipeline = pipeline(
        json!({
            "image": "registry/{{$.inputs.parameters['text']}}:1",
            "command": ["run"],
            "args": [
                "{{$.inputs.parameters['text']}}-{{$.inputs.parameters['n']}}",
                "{{$.inputs.parameters['flag']}} {{$.inputs.parameters['list']}}",
                "{{$.inputs.artifacts['data'].path}} {{$.inputs.artifacts['data'].metadata['rows']}} {{$.inputs.artifacts['data'].name}}",
                "{{$.outputs.artifacts['model'].path}} {{$.outputs.artifacts['model'].uri}}",
                "{{$.outputs.parameters['out'].output_file}} {{$.outputs.output_file}}",
                "{{$.pipeline_job_name}} {{$.pipeline_job_resource_name}} {{$.pipeline_job_uuid}} {{$.pipeline_task_name}} {{$.pipeline_task_uuid}}",
                "{{$.pipeline_root}} {{$.pipeline_job_create_time_utc}}",
                "{{$.inputs.parameters['none']}}|{{.Other}}"
            ],
            "env": [{"name": "A", "value": "{{$.inputs.parameters['n']}}"}],
            "resources": {"resourceMemoryLimit": "{{$.inputs.parameters['text']}}", "cpuLimit": 0.5}
        }),
        json!({
            "parameters": {
                "text": {"parameterType": "STRING"}, "n": {"parameterType": "NUMBER_INTEGER", "defaultValue": 3.0, "isOptional": true},
                "flag": {"parameterType": "BOOLEAN", "defaultValue": true}, "list": {"parameterType": "LIST", "isOptional": true},
                "none": {"parameterType": "STRING", "isOptional": true}
            },
            "artifacts": {"data": {"artifactType": {"schemaTitle": "system.Dataset", "schemaVersion": "0.0.1"}, "isOptional": true}}
        }),
        json!({
            "parameters": {"out": {"parameterType": "STRING"}},
            "artifacts": {"model": {"artifactType": {"schemaTitle": "system.Model", "schemaVersion": "0.0.1"}}}
        }),
    );
    let mut inputs = given(json!({"text": "{{$}}", "list": [1.0, "a"]}));
    let metadata = json!({"rows": 7}).as_object().cloned().unwrap();
    inputs
        .artifacts
        .insert("data".to_owned(), vec![Artifact { name: "d".to_owned(), uri: "kept:in".to_owned(), metadata, ..Artifact::default() }]);
    let launch = launched(&pipeline, &inputs).unwrap();
    assert_eq!(
        launch.argv,
        [
            "run",
            "{{$}}-3",
            "true [1,\"a\"]",
            "/store/in 7 d",
            "/w/artifacts/model /w/artifacts/model",
            "/w/parameters/out /w/executor_output.json",
            "my run runs/1 1 say n1",
            "kept: 2026-01-31T12:00:00Z",
            "|{{.Other}}",
        ]
    );
    assert_eq!((launch.image.as_str(), launch.env), ("registry/{{$}}:1", vec![("A".to_owned(), "3".to_owned())]));
    assert_eq!((launch.resources.memory_limit.as_deref(), launch.resources.cpu_limit.as_deref()), (Some("{{$}}"), Some("0.5")));
    assert_eq!(launch.artifacts["model"].uri, "kept:1/say/model");
}

#[test]
fn what_the_program_is_told_is_what_the_sdk_reads() {
    let pipeline = pipeline(
        json!({"image": "i", "command": ["run", "{{$}}"]}),
        json!({"parameters": {"text": {"parameterType": "NUMBER_DOUBLE"}, "gone": {"parameterType": "STRING", "defaultValue": "d", "isOptional": true}}}),
        json!({"parameters": {"out": {"parameterType": "STRING"}}, "artifacts": {"m": {"artifactType": {"schemaTitle": "system.Model"}}}}),
    );
    let launch = launched(&pipeline, &given(json!({"text": 3, "gone": null}))).unwrap();
    let told: Value = serde_json::from_str(&launch.argv[1]).unwrap();
    assert_eq!(
        told,
        json!({
            "inputs": {"parameterValues": {"text": 3.0}, "artifacts": {}},
            "outputs": {
                "parameters": {"out": {"outputFile": "/w/parameters/out"}},
                "artifacts": {"m": {"artifacts": [{"name": "m", "type": {"schemaTitle": "system.Model"}, "uri": "/w/artifacts/m", "metadata": {}}]}},
                "outputFile": "/w/executor_output.json"
            }
        })
    );
}

#[test]
fn conditions_and_parts_make_as_many_arguments_as_they_say() {
    let with = |text: &str, parameters: Value| {
        let pipeline = pipeline(
            json!({"image": "i", "command": ["run"], "args": [text, "end"]}),
            json!({"parameters": {"a": {"parameterType": "STRING", "isOptional": true}, "text": {"parameterType": "STRING", "isOptional": true}}}),
            json!({}),
        );
        launched(&pipeline, &given(parameters)).map(|launch| launch.argv[1..launch.argv.len() - 1].to_vec())
    };
    let present = r#"{"IfPresent": {"InputName": "a", "Then": ["--a", "{{$.inputs.parameters['a']}}"], "Else": "none"}}"#;
    assert_eq!(with(present, json!({"a": "1"})).unwrap(), ["--a", "1"]);
    assert_eq!(with(present, json!({"a": null})).unwrap(), ["none"]);
    let without = r#"{"IfPresent": {"InputName": "a", "Then": {"Concat": ["x", "{{$.inputs.parameters['a']}}"]}}}"#;
    assert_eq!(with(without, json!({"a": "{\"Concat\""})).unwrap(), ["x{\"Concat\""]);
    assert!(with(without, json!({})).unwrap().is_empty());
    let nested = r#"{"Concat": ["a", {"IfPresent": {"InputName": "a", "Then": "b", "Else": {"Concat": ["c", "d"]}}}, "e"]}"#;
    assert_eq!(with(nested, json!({})).unwrap(), ["acde"]);
    assert!(with(r#"{"Concat": "x"}"#, json!({})).is_err());
    assert!(with(r#"{"IfPresent": "x"#, json!({})).unwrap_err().contains("no JSON"));
}

#[test]
fn the_installing_is_found_in_what_the_sdk_compiled() {
    let path = std::path::Path::new(env!("SLIPWAY_ROOT")).join("end2end/kfp/compiled/packages.yaml");
    let pipeline = parse(&std::fs::read_to_string(path).unwrap()).unwrap();
    let Some(Executor::Container(container)) = pipeline.executors.get("exec-version") else { panic!("a container") };
    let argv: Vec<String> = container.command.iter().chain(&container.args).cloned().collect();
    let found = packages(&argv).unwrap();
    assert_eq!(found.installs.len(), 2);
    assert_eq!(found.installs[0].requirements, ["six==1.17.0"]);
    assert!(found.installs[1].no_deps && found.installs[1].requirements[0].starts_with("kfp=="));
    assert_eq!(found.argv[..2], ["sh", "-ec"]);
    assert_eq!(found.argv[found.argv.len() - 2..], ["--function_to_execute", "version"]);
}
