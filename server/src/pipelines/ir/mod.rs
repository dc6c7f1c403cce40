//! A pipeline as the Kubeflow Pipelines SDK compiles it (IR YAML, schema 2.1), read once into types that can be relied on: what is not supported
//! is refused here, with its place, and never met later.

mod accelerator;
mod address;
mod amounts;
pub mod approval;
mod canonical;
mod check;
mod component;
mod executor;
mod expression;
mod halves;
mod inputs;
mod kubernetes;
mod loop_items;
mod reader;
mod refusal;
mod spec;
mod task;
#[cfg(test)]
pub(crate) mod tests;
mod text;
mod types;
mod unique;
mod upload;

pub(crate) use self::types::{json_text, plain};
pub use self::{
    address::Address,
    canonical::{canonical, digest},
    expression::Expression,
    inputs::Input,
    refusal::Refusal,
    spec::*,
    text::{LARGEST, from_json, parse, parse_for},
    types::{ArtifactType, ParameterType},
};
