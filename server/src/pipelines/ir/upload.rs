//! What is refused when a pipeline is uploaded. One that was taken before goes on as it did.

use super::{Executor, Pipeline, Refusal};

/// Everything in a pipeline that would be passed over, or that no run could ever be given.
pub(super) fn wrong(pipeline: &Pipeline) -> Vec<Refusal> {
    let root = Some(&pipeline.default_pipeline_root).filter(|root| !root.is_empty()).map(|root| {
        let why = format!("artifacts do not lie in {root}: this server keeps them, beside the files of runs");
        Refusal::new("defaultPipelineRoot", why, "leave pipeline_root out")
    });
    let nobodys = pipeline.root.artifacts.iter().filter(|(_, artifact)| !artifact.optional).map(|(name, _)| {
        let at = format!("root.inputDefinitions.artifacts.{name}");
        Refusal::new(at, "nobody can give a run this artifact", "bring it with dsl.importer, or give it a default of None")
    });
    root.into_iter().chain(nobodys).chain(pipeline.executors.iter().flat_map(amounts)).collect()
}

/// Amounts that are none, and requests above their limits.
fn amounts((label, executor): (&String, &Executor)) -> Vec<Refusal> {
    let Executor::Container(container) = executor else { return Vec::new() };
    let at = format!("deploymentSpec.executors.{label}.container.resources");
    container.resources.wrong_amounts().into_iter().map(|why| Refusal::new(&at, why, "")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{parse, parse_for, tests::small};
    use serde_json::{Value, json};

    fn refused(spec: &Value) -> Vec<String> {
        assert!(parse(&spec.to_string()).is_ok(), "what was taken once is read for ever: {spec}");
        parse_for(&spec.to_string(), "nvidia.com/gpu").err().unwrap_or_default().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn where_artifacts_lie_is_not_the_pipelines_to_say() {
        let mut spec = small();
        assert_eq!(refused(&spec), [""; 0]);
        spec["defaultPipelineRoot"] = json!("gs://bucket/root");
        let why = "defaultPipelineRoot: artifacts do not lie in gs://bucket/root: this server keeps them, beside the files of runs (leave pipeline_root out)";
        assert_eq!(refused(&spec), [why]);
    }

    #[test]
    fn an_amount_that_is_none() {
        let mut spec = small();
        let mut of = |resources: Value| {
            spec["deploymentSpec"]["executors"]["exec-say"]["container"]["resources"] = resources;
            refused(&spec)
        };
        let at = "deploymentSpec.executors.exec-say.container.resources: ";
        let cpu = "\"lots\" is not an amount of CPU: write cores such as 2 or 0.5, or millicores such as 500m";
        assert_eq!(of(json!({ "resourceCpuLimit": "lots" })), [format!("{at}{cpu}")]);
        assert!(of(json!({ "cpuLimit": -1.0 }))[0].contains("\"-1\" is not an amount of CPU"));
        assert!(of(json!({ "memoryRequest": -0.5 }))[0].contains("is not an amount of memory"));
        assert!(of(json!({ "resourceMemoryRequest": "1 lot" }))[0].contains("is not an amount of memory"));
        assert!(of(json!({ "accelerator": { "resourceCount": "half" } }))[0].contains("is not a number of GPUs"));
        let above = "the request of 2 CPU is above the limit of 1500m";
        assert_eq!(of(json!({ "cpuRequest": 2.0, "resourceCpuLimit": "1500m" })), [format!("{at}{above}")]);
        assert!(
            of(json!({ "resourceMemoryRequest": "1Gi", "resourceMemoryLimit": "1G" }))[0].contains("1Gi memory is above the limit of 1G")
        );
        for fine in [
            json!({ "cpuRequest": 2.0, "memoryRequest": 1.0, "memoryLimit": 1.0 }),
            json!({ "resourceCpuLimit": "{{$.inputs.parameters['cpu']}}", "resourceMemoryLimit": "1.5Gi" }),
            json!({ "cpuLimit": 0.5, "memoryLimit": 0.256, "cpuRequest": 0.0 }),
            json!({ "accelerator": { "resourceCount": "{{$.inputs.parameters['n']}}" } }),
        ] {
            assert_eq!(of(fine.clone()), [""; 0], "{fine}");
        }
    }

    #[test]
    fn a_key_that_stands_twice_in_json() {
        let twice = small().to_string().replacen("\"schemaVersion\"", "\"sdkVersion\":\"kfp-2\",\"schemaVersion\"", 1);
        assert!(twice.matches("\"sdkVersion\"").count() == 2 && parse(&twice).is_ok(), "what was taken once is read for ever");
        let why = parse_for(&twice, "nvidia.com/gpu").unwrap_err()[0].to_string();
        assert!(why.starts_with("it is no JSON: the key \"sdkVersion\" stands twice at line 1 column "), "{why}");
    }

    #[test]
    fn an_artifact_that_a_run_needs_and_nobody_gives() {
        let mut spec = small();
        let artifact = |optional: bool| json!({ "artifactType": { "schemaTitle": "system.Dataset", "schemaVersion": "0.0.1" }, "isOptional": optional });
        spec["root"]["inputDefinitions"]["artifacts"] = json!({ "data": artifact(true) });
        assert_eq!(refused(&spec), [""; 0]);
        spec["root"]["inputDefinitions"]["artifacts"]["more"] = artifact(false);
        let why = "root.inputDefinitions.artifacts.more: nobody can give a run this artifact (bring it with dsl.importer, or give it a default of None)";
        assert_eq!(refused(&spec), [why]);
    }
}
