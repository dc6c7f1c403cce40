//! Workloads, whatever noun they belong to: the queue, how an end reads in words, and who builds what the cluster is told.

pub mod end;
pub mod links;
pub mod queue;
pub mod specs;
