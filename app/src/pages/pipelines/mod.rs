//! Pipelines, and what runs of them.

pub mod compare;
pub mod differ;
pub mod drawing;
pub mod layout;
pub mod list;
pub mod measured;
pub mod of_pipeline;
pub mod pick;
pub mod pipeline;
pub mod recurring;
pub mod recurring_run;
pub mod run;
pub mod runs;
pub mod schedule;
pub mod schedule_fields;
pub mod shown;
pub mod start;
pub mod tables;
pub mod task;
pub mod ticks;
pub mod timeline;
pub mod upload;
pub mod version_picker;
pub mod versions;
pub mod way;

pub use compare::ComparePipelineRuns;
pub use list::Pipelines;
pub use pipeline::PipelinePage;
pub use recurring::RecurringRuns;
pub use recurring_run::RecurringRunPage;
pub use run::PipelineRunPage;
pub use runs::PipelineRuns;
pub use schedule::{EditRecurringRun, SchedulePipeline};
pub use start::{RunAgain, StartPipeline};
