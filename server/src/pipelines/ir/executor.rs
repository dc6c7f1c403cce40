//! Reads what runs a component.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    Container, Executor, Importer, ImporterValue, Kubernetes, Resources,
    reader::{Fields, Reader},
    types::plain,
};

impl Reader {
    /// The executors of `deploymentSpec`; what `platforms.kubernetes` says of each goes to it.
    pub(super) fn executors(
        &mut self,
        fields: &mut Fields,
        mut kubernetes: BTreeMap<String, (String, Kubernetes)>,
    ) -> BTreeMap<String, Executor> {
        let mut out = BTreeMap::new();
        if let Some(mut deployment) = self.object(fields, "deploymentSpec") {
            for (at, label, value) in self.entries(&mut deployment, "executors") {
                if let Some(executor) = self.executor(at, value, &label, &mut kubernetes) {
                    out.insert(label, executor);
                }
            }
            self.done(deployment);
        }
        for (label, (at, _)) in kubernetes {
            self.refuse(at, format!("there is no container executor {label}"), "compile the pipeline again with the SDK");
        }
        out
    }

    fn executor(
        &mut self,
        at: String,
        value: Value,
        label: &str,
        kubernetes: &mut BTreeMap<String, (String, Kubernetes)>,
    ) -> Option<Executor> {
        let mut f = self.fields(at, value);
        for (key, reason) in [("resolver", "resolvers are not supported"), ("customJob", "custom jobs of Vertex AI are not supported")] {
            self.never(&mut f, key, reason, "use a container component or dsl.importer");
        }
        let container = self.object(&mut f, "container").map(|container| self.container(container));
        let importer = self.object(&mut f, "importer").map(|importer| self.importer(importer));
        let place = f.place.clone();
        self.done(f);
        match (container, importer) {
            (Some(mut container), None) => {
                if let Some((_, settings)) = kubernetes.remove(label) {
                    container.kubernetes = settings;
                }
                Some(Executor::Container(Box::new(container)))
            }
            (None, Some(importer)) => Some(Executor::Importer(importer)),
            _ => {
                self.refuse(place, "has to be a container or an importer", "use a component of kfp.dsl");
                None
            }
        }
    }

    fn container(&mut self, mut f: Fields) -> Container {
        let image = self.name(&mut f, "image");
        // Kubeflow's driver knows these by their names; they are never run.
        let volume = image.contains("argostub/");
        if volume {
            self.refuse(
                f.at("image"),
                "volumes that a pipeline creates or deletes are not supported",
                "pass data between tasks as artifacts",
            );
        }
        let command = self.texts(&mut f, "command");
        let args = self.texts(&mut f, "args");
        let mut env = Vec::new();
        for (at, value) in self.items(&mut f, "env") {
            let mut variable = self.fields(at, value);
            let name = self.name(&mut variable, "name");
            let value = self.text(&mut variable, "value").unwrap_or_default();
            if name.contains(['=', '\0']) {
                self.refuse(variable.at("name"), format!("{name:?} is no name of a variable"), "");
            }
            self.done(variable);
            env.push((name, value));
        }
        self.never(&mut f, "lifecycle", "a check before the cache is not supported", "take preCacheCheck out");
        let resources = self.object(&mut f, "resources").map(|f| self.resources(f)).unwrap_or_default();
        if command.is_empty() && args.is_empty() && !volume {
            self.refuse(
                f.at("command"),
                "there is no command: what the image would start by itself is not known",
                "write it in ContainerSpec(command=…)",
            );
        }
        self.done(f);
        Container { image, command, args, env, resources, kubernetes: Kubernetes::default() }
    }

    fn resources(&mut self, mut f: Fields) -> Resources {
        let mut quantity = |r: &mut Self, new: &str, old: &str, unit: &str| {
            let number = r.number(&mut f, old).filter(|n| *n != 0.0).map(|n| format!("{n}{unit}"));
            r.text(&mut f, new).filter(|text| !text.is_empty()).or(number)
        };
        let mut resources = Resources {
            cpu_limit: quantity(self, "resourceCpuLimit", "cpuLimit", ""),
            // The old field is in GB.
            memory_limit: quantity(self, "resourceMemoryLimit", "memoryLimit", "G"),
            cpu_request: quantity(self, "resourceCpuRequest", "cpuRequest", ""),
            memory_request: quantity(self, "resourceMemoryRequest", "memoryRequest", "G"),
            ..Resources::default()
        };
        if let Some(mut accelerator) = self.object(&mut f, "accelerator") {
            let old_type = self.text(&mut accelerator, "type");
            let old_count = self.count(&mut accelerator, "count").filter(|n| *n > 0).map(|n| n.to_string());
            resources.accelerator_type = self.text(&mut accelerator, "resourceType").filter(|t| !t.is_empty()).or(old_type);
            resources.accelerator_count = self.text(&mut accelerator, "resourceCount").filter(|t| !t.is_empty()).or(old_count);
            self.done(accelerator);
        }
        self.done(f);
        resources
    }

    fn importer(&mut self, mut f: Fields) -> Importer {
        let mut uri = ImporterValue::Constant(String::new());
        if let Some(mut address) = self.object(&mut f, "artifactUri") {
            match self.text(&mut address, "runtimeParameter") {
                Some(input) => uri = ImporterValue::Input(input),
                None => match self.constant(&mut address) {
                    Some(Value::String(text)) if !text.is_empty() => uri = ImporterValue::Constant(text),
                    _ => self.refuse(address.place.clone(), "has to be the address of an artifact", "give artifact_uri"),
                },
            }
            self.done(address);
        } else {
            self.refuse(f.at("artifactUri"), "is missing", "give artifact_uri");
        }
        let kind = self.artifact_type(&mut f, "typeSchema");
        let reimport = self.flag(&mut f, "reimport");
        let metadata = f.take("metadata").map_or_else(|| Value::Object(Default::default()), plain);
        if !metadata.is_object() {
            self.refuse(f.at("metadata"), "has to be an object", "compile the pipeline again with the SDK");
        }
        self.never(&mut f, "downloadToWorkspace", "there is no workspace", "take download_to_workspace out: artifacts are passed by path");
        for old in ["properties", "customProperties"] {
            self.never(&mut f, old, "is of an older format", "compile the pipeline with kfp 2");
        }
        self.done(f);
        Importer { uri, kind, metadata, reimport }
    }
}
