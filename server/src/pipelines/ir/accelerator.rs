//! Which accelerators there are: of one kind, called as Kubernetes calls its resource (`nvidia.com/gpu`), which is what Kubeflow's own backend
//! takes the type for.

use super::{Executor, Pipeline, Refusal, Resources};

/// What begins a placeholder.
pub(super) const LATER: &str = "{{$";

impl Resources {
    /// How many accelerators are asked for; nothing for none.
    pub fn accelerators(&self) -> Option<&str> {
        self.accelerator_count.as_deref().map(str::trim).filter(|n| !n.is_empty() && *n != "0")
    }

    /// The type of accelerator that is asked for, where it is another than `gpu`. Whoever names none takes what there is.
    pub fn other_accelerator(&self, gpu: &str) -> Option<&str> {
        self.accelerators()?;
        self.accelerator_type.as_deref().map(str::trim).filter(|kind| !kind.is_empty() && *kind != gpu)
    }
}

/// Everything that asks for another type than `gpu`. What a parameter says is known when the task starts.
pub(super) fn others(pipeline: &Pipeline, gpu: &str) -> Vec<Refusal> {
    let other = |(label, executor): (&String, &Executor)| {
        let Executor::Container(container) = executor else { return None };
        let kind = container.resources.other_accelerator(gpu).filter(|kind| !kind.contains(LATER))?;
        let at = format!("deploymentSpec.executors.{label}.container.resources.accelerator");
        Some(Refusal::new(at, format!("there is no {kind} here: accelerators are {gpu}"), format!("give the type {gpu}, or none")))
    };
    pipeline.executors.iter().filter_map(other).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{parse, parse_for, tests::small};
    use serde_json::{Value, json};

    const GPU: &str = "nvidia.com/gpu";

    fn refused(accelerator: Value, gpu: &str) -> Vec<String> {
        let mut spec = small();
        spec["deploymentSpec"]["executors"]["exec-say"]["container"]["resources"] = json!({ "accelerator": accelerator });
        // What was taken once is read for ever.
        assert!(parse(&spec.to_string()).is_ok(), "{spec}");
        parse_for(&spec.to_string(), gpu).err().unwrap_or_default().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_type_there_is_and_no_type_are_taken() {
        for accelerator in [
            json!({ "type": GPU, "count": "1", "resourceType": GPU, "resourceCount": "1" }),
            json!({ "resourceCount": "2" }),
            json!({ "resourceType": "", "count": "2" }),
            json!({ "resourceType": "{{$.inputs.parameters['kind']}}", "resourceCount": "1" }),
            // Nothing is asked for.
            json!({ "type": "TPU_V3", "resourceType": "TPU_V3", "resourceCount": "0" }),
            json!({ "resourceType": "TPU_V3" }),
        ] {
            assert_eq!(refused(accelerator.clone(), GPU), [""; 0], "{accelerator}");
        }
        assert_eq!(refused(json!({ "resourceType": "amd.com/gpu", "resourceCount": "1" }), "amd.com/gpu"), [""; 0]);
    }

    #[test]
    fn another_type_is_refused_with_its_place() {
        for accelerator in [
            json!({ "type": "NVIDIA_TESLA_T4", "count": "1", "resourceType": "", "resourceCount": "" }),
            json!({ "resourceType": "NVIDIA_TESLA_T4", "resourceCount": "{{$.inputs.parameters['many']}}" }),
        ] {
            assert_eq!(
                refused(accelerator, GPU),
                [
                    "deploymentSpec.executors.exec-say.container.resources.accelerator: there is no NVIDIA_TESLA_T4 here: accelerators are nvidia.com/gpu (give the type nvidia.com/gpu, or none)"
                ]
            );
        }
        assert_eq!(refused(json!({ "resourceType": GPU, "resourceCount": "1" }), "amd.com/gpu").len(), 1);
    }
}
