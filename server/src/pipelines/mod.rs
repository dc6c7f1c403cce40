//! Pipelines of Kubeflow's format: uploaded ([`upload`]), run ([`submit`], [`runs`]), also by themselves ([`recurring`]), and what a run does: [`ir`] reads what `kfp` compiled,
//! [`engine`] says what follows from the tasks there are, `reconcile/pipelines` does it.

pub mod again;
pub mod approvals;
pub mod cache;
pub mod caps;
pub mod compare;
pub mod delivery;
pub mod describe;
pub mod diff;
pub mod engine;
pub mod environment;
pub mod explain;
pub mod gone;
pub mod images;
pub mod ir;
pub mod kept;
pub mod launch;
pub mod launched;
pub mod metrics;
pub mod open;
pub mod outputs;
mod parameters;
pub mod parsed;
pub mod places;
pub mod recurring;
pub mod runs;
pub mod runs_view;
pub mod search;
pub mod start;
pub mod submit;
pub mod tasks;
pub mod token;
pub mod told;
pub mod upload;
pub mod view;
pub mod whole;
