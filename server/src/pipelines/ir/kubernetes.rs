//! Reads `platforms.kubernetes`: what kfp-kubernetes writes into the second document.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    Kubernetes, ParameterFrom, ParameterSource, SecretEnv,
    reader::{Fields, Reader},
};

const PLACEMENT: &str = "where a task runs follows from its resources and the cluster's placements";
const DATA: &str = "pass data as artifacts, settings as parameters or secrets";

/// Settings of a pod that are not supported, with what to do.
const REFUSED: [(&str, &str); 14] = [
    ("pvcMount", DATA),
    ("nodeSelector", PLACEMENT),
    ("tolerations", PLACEMENT),
    ("nodeAffinity", PLACEMENT),
    ("podAffinity", PLACEMENT),
    ("podMetadata", "labels and annotations of pods are the portal's own"),
    ("imagePullSecret", "secrets for images belong to the cluster's settings"),
    ("imagePullPolicy", "images are pulled as the cluster's settings say"),
    ("configMapAsVolume", DATA),
    ("configMapAsEnv", DATA),
    ("fieldPathAsEnv", "use the placeholders of kfp.dsl, as in dsl.PIPELINE_TASK_NAME_PLACEHOLDER"),
    ("genericEphemeralVolume", "write to the task's own folder or to /tmp"),
    ("emptyDirMounts", "write to the task's own folder or to /tmp"),
    ("initContainers", "put what they do into a task before this one"),
];

/// What was said of the pipeline as a whole.
#[derive(Default)]
pub(super) struct Platform {
    /// By label of the executor: the place, and what was said of it.
    pub executors: BTreeMap<String, (String, Kubernetes)>,
    /// Seconds after which the whole run is canceled.
    pub deadline_s: Option<u64>,
}

impl Reader {
    pub(super) fn platform(&mut self, value: Value) -> Platform {
        let mut out = Platform::default();
        let mut document = self.fields(String::new(), value);
        for (at, name, value) in self.entries(&mut document, "platforms") {
            if name != "kubernetes" {
                self.refuse(at, format!("the platform {name} is not supported"), "use kfp.kubernetes");
                continue;
            }
            let mut f = self.fields(at, value);
            self.skip(&mut f, "platform");
            if let Some(mut deployment) = self.object(&mut f, "deploymentSpec") {
                for (at, label, value) in self.entries(&mut deployment, "executors") {
                    let settings = self.kubernetes(at.clone(), value);
                    out.executors.insert(label, (at, settings));
                }
                self.done(deployment);
            }
            self.never(&mut f, "config", "settings of the platform are not supported", "set them on the tasks");
            if let Some(mut config) = self.object(&mut f, "pipelineConfig") {
                out.deadline_s = self.count(&mut config, "activeDeadlineSeconds").filter(|s| *s > 0);
                self.never(&mut config, "workspace", "there is no workspace volume", "pass data between tasks as artifacts");
                for key in ["resourceTtlOnCompletion", "resourceTtlOnSuccess", "resourceTtlOnFailure"] {
                    self.never(
                        &mut config,
                        key,
                        "how long a run's resources are kept is not the pipeline's to say",
                        "they end with the task",
                    );
                }
                self.done(config);
            }
            self.done(f);
        }
        self.done(document);
        out
    }

    fn kubernetes(&mut self, at: String, value: Value) -> Kubernetes {
        let mut f = self.fields(at, value);
        let mut out = Kubernetes { timeout_s: self.count(&mut f, "activeDeadlineSeconds").filter(|s| *s > 0), ..Kubernetes::default() };
        for (at, value) in self.items(&mut f, "secretAsEnv") {
            let mut secret = self.fields(at, value);
            let name = self.secret_name(&mut secret);
            let optional = self.flag(&mut secret, "optional");
            let mut keys = Vec::new();
            for (at, value) in self.items(&mut secret, "keyToEnv") {
                let mut pair = self.fields(at, value);
                keys.push((self.name(&mut pair, "secretKey"), self.name(&mut pair, "envVar")));
                self.done(pair);
            }
            self.done(secret);
            out.secret_env.extend(name.map(|secret| SecretEnv { secret, keys, optional }));
        }
        // Tasks that are processes of one machine share its paths: a file at one of them would be there for every task.
        self.never(&mut f, "secretAsVolume", "secrets are variables only, not files", "kubernetes.use_secret_as_env");
        // A task's shared memory is as large as its memory anyway.
        self.skip(&mut f, "enabledSharedMemory");
        if let Some(mut security) = self.object(&mut f, "securityContext") {
            for key in ["runAsUser", "runAsGroup", "runAsNonRoot"] {
                self.never(&mut security, key, "who a task runs as is the cluster's to say", "take set_security_context out");
            }
            self.done(security);
        }
        for (key, hint) in REFUSED {
            self.never(&mut f, key, "is not supported", hint);
        }
        self.done(f);
        out
    }

    /// `secretNameParameter`, or `secretName` of an older kfp-kubernetes; newer ones write both.
    fn secret_name(&mut self, f: &mut Fields) -> Option<ParameterSource> {
        let old = self.text(f, "secretName").filter(|name| !name.is_empty());
        if let Some(value) = f.take("secretNameParameter") {
            let at = f.at("secretNameParameter");
            return self.parameter_source(at, value);
        }
        if old.is_none() {
            self.refuse(f.at("secretNameParameter"), "is missing", "give secret_name");
        }
        old.map(|name| ParameterSource { from: ParameterFrom::Constant(Value::String(name)), selector: None })
    }
}
