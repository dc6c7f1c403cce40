//! Promotions: from a registered version to the alias and stage that people trust.
//!
//! [`policy`] is what a stage asks; [`service`] what one may ask, [`of_run`] what the program of a run may; [`evaluate`] answers gates from what is known, [`spec`] has a workload
//! answer the others; [`plan`] decides, pure; [`moving`] goes from state to state, [`promote`] is the last step; [`guard`] keeps the other doors to a protected alias shut.

pub mod evaluate;
pub mod guard;
pub mod moving;
pub mod of_run;
pub mod plan;
pub mod policy;
pub mod promote;
pub mod service;
pub mod spec;
pub mod view;
