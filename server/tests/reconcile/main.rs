//! The reconcilers, over a real database, a fake cluster and a clock that the tests move.

mod environments;
mod notices;
mod pipeline_approvals;
mod pipeline_cache;
mod pipelines;
mod recurring_runs;
mod runs;
mod world;
