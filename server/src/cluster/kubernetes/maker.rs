//! What makes a workload's pods in its owner's stead: a kind of Kubeflow's or KServe's, where an admin chose it.

use super::{client, names};
use crate::cluster::{WorkloadKind, WorkloadSpec};
use kube::core::ApiResource;
use std::fmt;

/// Which kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MakerKind {
    /// `kubeflow.org`, for notebooks.
    Notebook,
    /// `trainer.kubeflow.org`, for runs.
    TrainJob,
    /// `serving.kserve.io`, for replicas of deployments.
    InferenceService,
}

impl MakerKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Notebook, Self::TrainJob, Self::InferenceService];

    /// Its name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Notebook => "Notebook",
            Self::TrainJob => "TrainJob",
            Self::InferenceService => "InferenceService",
        }
    }

    /// How the API server calls it.
    pub fn resource(self) -> ApiResource {
        let (group, version, plural) = match self {
            Self::Notebook => ("kubeflow.org", "v1", "notebooks"),
            Self::TrainJob => ("trainer.kubeflow.org", "v1alpha1", "trainjobs"),
            Self::InferenceService => ("serving.kserve.io", "v1beta1", "inferenceservices"),
        };
        client::resource(group, version, self.as_str(), plural)
    }

    /// What to do where a cluster does not have it.
    pub const fn fix(self) -> &'static str {
        match self {
            Self::Notebook => "Install Kubeflow's notebook controller, or set kubernetes_notebooks to statefulset.",
            Self::TrainJob => "Install Kubeflow Trainer 2, or set kubernetes_runs to job.",
            Self::InferenceService => "Install KServe, or set kubernetes_deployments to statefulset.",
        }
    }

    /// Whether its pods are servers.
    pub const fn serves(self) -> bool {
        !matches!(self, Self::TrainJob)
    }

    /// Room for a name. What is made of it gets longer names: the pods of a set or a job, and for KServe the first part of a host name, with the
    /// namespace in it.
    fn room(self, namespace: &str) -> usize {
        match self {
            Self::Notebook | Self::TrainJob => 40,
            Self::InferenceService => 63_usize.saturating_sub("-predictor-".len() + namespace.len()),
        }
    }
}

/// Which of them an admin chose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Makers {
    /// A notebook is a `Notebook`.
    pub notebook: bool,
    /// A run is a `TrainJob`.
    pub train_job: bool,
    /// A replica is an `InferenceService`.
    pub inference_service: bool,
}

impl Makers {
    /// Whether this one was chosen.
    pub const fn has(self, kind: MakerKind) -> bool {
        match kind {
            MakerKind::Notebook => self.notebook,
            MakerKind::TrainJob => self.train_job,
            MakerKind::InferenceService => self.inference_service,
        }
    }

    /// The one for this workload; none where its owner makes the pods.
    pub fn of(self, spec: &WorkloadSpec, namespace: &str) -> Option<Maker> {
        let kind = match spec.kind {
            WorkloadKind::Notebook => MakerKind::Notebook,
            WorkloadKind::Run => MakerKind::TrainJob,
            WorkloadKind::Replica => MakerKind::InferenceService,
            WorkloadKind::Environment | WorkloadKind::Gate | WorkloadKind::Task => return None,
        };
        // Several nodes are told who they are by their indexed Job.
        let fits = self.has(kind) && kind.serves() == spec.server.is_some() && spec.nodes <= 1;
        fits.then(|| Maker { kind, name: names::made(spec, kind.room(namespace)) })
    }
}

/// One that makes the pods of a workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maker {
    /// Which kind.
    pub kind: MakerKind,
    /// Its name, in the namespace of the workload's owner.
    pub name: String,
}

impl Maker {
    /// From the mark upon an owner. `None`: it was not written by us.
    pub fn parse(mark: &str) -> Option<Self> {
        let (word, name) = mark.split_once('/')?;
        let kind = MakerKind::ALL.into_iter().find(|k| k.as_str() == word)?;
        Some(Self { kind, name: name.to_owned() })
    }

    /// What the container is called that runs the workload: each kind looks for one of a certain name.
    pub fn container(&self) -> &str {
        match self.kind {
            MakerKind::Notebook => &self.name,
            MakerKind::TrainJob => "node",
            MakerKind::InferenceService => "kserve-container",
        }
    }
}

/// The mark upon an owner.
impl fmt::Display for Maker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.as_str(), self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::super::build::tests::{server, spec};
    use super::*;

    const ALL: Makers = Makers { notebook: true, train_job: true, inference_service: true };

    #[test]
    fn each_workload_has_its_own() {
        let kind = |spec: &WorkloadSpec| ALL.of(spec, "ada").map(|m| m.kind);
        assert_eq!(kind(&spec()), Some(MakerKind::TrainJob));
        assert_eq!(kind(&server()), Some(MakerKind::Notebook));
        assert_eq!(kind(&WorkloadSpec { kind: WorkloadKind::Replica, ..server() }), Some(MakerKind::InferenceService));
        assert_eq!(kind(&WorkloadSpec { kind: WorkloadKind::Replica, ..spec() }), None);
        assert_eq!(kind(&WorkloadSpec { kind: WorkloadKind::Environment, ..spec() }), None);
        assert_eq!(Makers::default().of(&spec(), "ada"), None);
    }

    #[test]
    fn a_mark_is_read_as_it_was_written() {
        let made = ALL.of(&spec(), "ada").unwrap();
        assert_eq!(Maker::parse(&made.to_string()), Some(made));
        for odd in ["", "Job/x", "Notebook"] {
            assert_eq!(Maker::parse(odd), None);
        }
    }

    #[test]
    fn a_host_name_with_the_namespace_in_it_stays_short_enough() {
        let mut long = WorkloadSpec { kind: WorkloadKind::Replica, ..server() };
        long.name = "a very long name of a deployment that goes on and on".into();
        let namespace = "a".repeat(36);
        let name = ALL.of(&long, &namespace).unwrap().name;
        assert!(format!("{name}-predictor-{namespace}").len() <= 63, "{name}");
        assert!(name.starts_with("a-"), "{name}");
    }
}
