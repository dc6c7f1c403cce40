use serde_json::{Value, json};

use super::*;

/// A pipeline of one task, to be changed by a test.
pub(crate) fn small() -> Value {
    json!({
        "pipelineInfo": {"name": "small"},
        "schemaVersion": "2.1.0",
        "sdkVersion": "kfp-2.17.3",
        "root": {
            "dag": {"tasks": {"say": {
                "taskInfo": {"name": "say"},
                "componentRef": {"name": "comp-say"},
                "cachingOptions": {"enableCache": true},
                "inputs": {"parameters": {"text": {"componentInputParameter": "text"}}}
            }}},
            "inputDefinitions": {"parameters": {
                "text": {"parameterType": "STRING", "defaultValue": "hello", "isOptional": true, "description": "What to say"},
                "times": {"parameterType": "NUMBER_INTEGER"}
            }}
        },
        "components": {"comp-say": {
            "executorLabel": "exec-say",
            "inputDefinitions": {"parameters": {"text": {"parameterType": "STRING"}}},
            "outputDefinitions": {"parameters": {"Output": {"parameterType": "STRING"}}}
        }},
        "deploymentSpec": {"executors": {"exec-say": {"container": {"image": "python:3.11", "command": ["echo"], "args": ["{{$}}"]}}}}
    })
}

fn refused(spec: &Value) -> Vec<String> {
    match parse(&spec.to_string()) {
        Ok(_) => Vec::new(),
        Err(refusals) => refusals.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn a_small_pipeline_is_read_from_json_and_from_its_wrapper() {
    let pipeline = parse(&small().to_string()).unwrap();
    assert_eq!((pipeline.name.as_str(), pipeline.schema_version.as_str()), ("small", "2.1.0"));
    let wrapped = parse(&json!({"pipeline_spec": small(), "platform_spec": {"platforms": {"kubernetes": {}}}}).to_string()).unwrap();
    assert_eq!(wrapped.spec, pipeline.spec);
    let inputs = pipeline.inputs();
    assert_eq!(inputs.len(), 2);
    assert_eq!((inputs[0].name.as_str(), inputs[0].default.clone(), inputs[0].optional), ("text", Some(json!("hello")), true));
    assert_eq!((inputs[1].kind, inputs[1].optional), (ParameterType::NumberInteger, false));
}

#[test]
fn parameters_of_a_run_are_checked_all_at_once() {
    let pipeline = parse(&small().to_string()).unwrap();
    let given = |v: Value| pipeline.parameters(v.as_object().unwrap());
    assert_eq!(Value::Object(given(json!({"times": 3.0})).unwrap()), json!({"text": "hello", "times": 3}));
    let wrong = given(json!({"times": "many", "tims": 1})).unwrap_err();
    let places: Vec<&str> = wrong.iter().map(|r| r.place.as_str()).collect();
    assert_eq!(places, ["tims", "times"]);
    assert!(given(json!({})).unwrap_err()[0].reason.contains("no value"));
}

#[test]
fn everything_wrong_is_told_at_once_with_its_place() {
    let mut spec = small();
    spec["root"]["dag"]["tasks"]["say"]["iteratorPolicy"] = json!({"parallelismLimit": 2});
    spec["root"]["dag"]["tasks"]["say"]["whoKnows"] = json!(1);
    spec["root"]["dag"]["tasks"]["say"]["dependentTasks"] = json!(["gone"]);
    spec["components"]["comp-say"]["executorLabel"] = json!("exec-gone");
    spec["components"]["comp-say"]["outputDefinitions"]["parameters"]["Output"]["parameterType"] = json!("DATE");
    let refusals = refused(&spec);
    for part in [
        "root.dag.tasks.say.iteratorPolicy: limits iterations",
        "root.dag.tasks.say.whoKnows: this field is not known",
        "root.dag.tasks.say.dependentTasks: there is no task gone",
        "components.comp-say.executorLabel: there is no executor exec-gone",
        "components.comp-say.outputDefinitions.parameters.Output.parameterType: DATE is no type",
    ] {
        assert!(refusals.iter().any(|r| r.starts_with(part)), "{part} is not in {refusals:#?}");
    }
    assert_eq!(refusals.len(), 5);
}

#[test]
fn circles_are_found() {
    let mut spec = small();
    let mut task = spec["root"]["dag"]["tasks"]["say"].clone();
    task["dependentTasks"] = json!(["say"]);
    spec["root"]["dag"]["tasks"]["other"] = task;
    spec["root"]["dag"]["tasks"]["say"]["dependentTasks"] = json!(["other"]);
    assert!(refused(&spec)[0].contains("in a circle: other, say"), "{:?}", refused(&spec));

    let mut spec = small();
    spec["components"]["comp-in"] = json!({"dag": {"tasks": {"again": {"componentRef": {"name": "comp-in"}}}}});
    assert!(refused(&spec)[0].contains("contains itself"), "{:?}", refused(&spec));
}

#[test]
fn what_is_no_pipeline_says_what_it_is() {
    for (text, part) in [
        ("", "not one object"),
        ("[1, 2]", "not one object"),
        ("{\"a\": ", "no JSON"),
        ("a: b: c", "no YAML"),
        ("a: 1\nb: 2\na: 3\n", "key `a` is not allowed here"),
        ("apiVersion: argoproj.io/v1alpha1\nkind: Workflow\n", "Argo workflow"),
        ("name: x\nimplementation: {}\n", "component, not a pipeline"),
        ("{\"schemaVersion\": \"3.0\"}", "is not 2.1"),
    ] {
        let refusals = parse(text).unwrap_err();
        assert!(refusals.iter().any(|r| r.reason.contains(part)), "{text}: {refusals:?}");
    }
}

#[test]
fn a_digest_follows_what_runs_and_not_its_label() {
    let digest = |spec: &Value| parse(&spec.to_string()).unwrap().components["comp-say"].digest.clone();
    let (first, mut spec) = (digest(&small()), small());
    let executor = spec["deploymentSpec"]["executors"]["exec-say"].take();
    spec["deploymentSpec"]["executors"] = json!({"exec-say-2": executor});
    spec["components"]["comp-say"]["executorLabel"] = json!("exec-say-2");
    assert_eq!(digest(&spec), first);
    spec["deploymentSpec"]["executors"]["exec-say-2"]["container"]["args"] = json!(["other"]);
    assert_ne!(digest(&spec), first);
}

#[test]
fn secrets_and_timeouts_come_from_the_second_document_and_the_rest_is_refused() {
    let platform = |settings: Value| {
        let second = json!({"platforms": {"kubernetes": {"deploymentSpec": {"executors": {"exec-say": settings}}}}});
        parse(&format!("{}\n{second}", small()))
    };
    let pipeline = platform(json!({
        "activeDeadlineSeconds": "20",
        "secretAsEnv": [{"secretName": "s", "secretNameParameter": {"runtimeValue": {"constant": "s"}},
            "keyToEnv": [{"secretKey": "k", "envVar": "V"}], "optional": false}]
    }))
    .unwrap();
    let Executor::Container(container) = &pipeline.executors["exec-say"] else { panic!("a container") };
    assert_eq!(container.kubernetes.timeout_s, Some(20));
    assert_eq!(container.kubernetes.secret_env[0].keys, [("k".to_owned(), "V".to_owned())]);
    let refusals = platform(
        json!({"secretAsVolume": [{"secretName": "s", "mountPath": "/mnt/s"}], "pvcMount": [{"constant": "data", "mountPath": "/data"}], "nodeSelector": {"labels": {"a": "b"}}}),
    );
    let places: Vec<String> = refusals.unwrap_err().into_iter().map(|r| r.place).collect();
    let at = "platforms.kubernetes.deploymentSpec.executors.exec-say";
    assert_eq!(places, [format!("{at}.nodeSelector"), format!("{at}.pvcMount"), format!("{at}.secretAsVolume")]);
}

#[test]
fn an_importer_of_what_nobody_brings_is_refused() {
    let importing = |uri: &str| {
        let mut spec = small();
        spec["root"]["dag"]["tasks"]["there"] = json!({"componentRef": {"name": "comp-there"}});
        spec["components"]["comp-there"] = json!({
            "executorLabel": "exec-there",
            "outputDefinitions": {"artifacts": {"artifact": {"artifactType": {"schemaTitle": "system.Dataset", "schemaVersion": "0.0.1"}}}}
        });
        spec["deploymentSpec"]["executors"]["exec-there"] = json!({"importer": {"artifactUri": {"constant": uri}, "typeSchema": {"schemaTitle": "system.Dataset", "schemaVersion": "0.0.1"}}});
        refused(&spec)
    };
    for uri in ["https://host/data.csv", "file:///data.csv", "/data.csv", "mlflow-artifacts:/1/r/artifacts/data"] {
        assert!(importing(uri).is_empty(), "{uri}: {:?}", importing(uri));
    }
    let said = importing("s3://bucket/data.csv");
    let place = "deploymentSpec.executors.exec-there.importer.artifactUri: nothing is brought from s3:// (s3://bucket/data.csv)";
    assert!(said[0].starts_with(place), "{said:?}");
}
