//! Pipelines: Kubeflow's format, and what runs it.

pub mod engine;
pub mod ir;
