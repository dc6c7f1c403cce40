//! What is refused when a pipeline is uploaded. One that was taken before goes on as it did.

use super::{Executor, Pipeline, Refusal, accelerator::LATER};
use app::api::resources::{Resources, ResourcesAsked};

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
    root.into_iter().chain(nobodys).chain(pipeline.executors.iter().filter_map(amounts)).collect()
}

/// Amounts that are none. What a parameter says is known when the task starts.
fn amounts((label, executor): (&String, &Executor)) -> Option<Refusal> {
    let Executor::Container(container) = executor else { return None };
    let said = |texts: [&Option<String>; 2]| texts.into_iter().flatten().find(|t| !t.is_empty()).filter(|t| !t.contains(LATER)).cloned();
    let r = &container.resources;
    let asked = ResourcesAsked {
        cpu: said([&r.cpu_limit, &r.cpu_request]),
        memory: said([&r.memory_limit, &r.memory_request]),
        gpu: r.accelerators().filter(|n| !n.contains(LATER)).map(str::to_owned),
    };
    let (_, why) = asked.resolve(Resources::NONE).err()?;
    Some(Refusal::new(format!("deploymentSpec.executors.{label}.container.resources"), why.trim_end_matches('.'), ""))
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
        for fine in [
            json!({ "resourceCpuLimit": "{{$.inputs.parameters['cpu']}}", "resourceMemoryLimit": "1.5Gi" }),
            json!({ "cpuLimit": 0.5, "memoryLimit": 0.256, "cpuRequest": 0.0 }),
            json!({ "accelerator": { "resourceCount": "{{$.inputs.parameters['n']}}" } }),
        ] {
            assert_eq!(of(fine.clone()), [""; 0], "{fine}");
        }
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
