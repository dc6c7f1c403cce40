//! Workloads, whatever noun they belong to: the queue, how an end reads in words, why something is as it is, and who builds what the cluster is told.

pub mod end;
pub mod explain;
pub mod links;
pub mod queue;
pub mod seen;
pub mod specs;
