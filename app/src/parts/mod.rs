//! Pieces that know our nouns and serve several pages.

pub mod access;
pub mod amounts;
pub mod artifact_tree;
pub mod environment_picker;
pub mod event_table;
pub mod follow;
pub mod gates;
pub mod head;
pub mod loaded;
pub mod markdown;
pub mod nodes;
pub mod offers;
pub mod params;
pub mod quota_form;
pub mod runtime_picker;
pub mod secret_uses;
pub mod served;
pub mod size_picker;
pub mod state_badge;
pub mod this_run;
pub mod why;

pub use access::{Access, LastTeam, Session};
pub use environment_picker::EnvironmentPicker;
pub use follow::follow_options;
pub use head::Head;
pub use loaded::{Every, loaded, loaded_of};
pub use markdown::Markdown;
pub use nodes::Nodes;
pub use offers::{Offers, offers};
pub use runtime_picker::RuntimePicker;
pub use served::served;
pub use size_picker::SizePicker;
pub use state_badge::{BuildBadge, RevisionBadge, StateBadge, TaskBadge};
pub use this_run::{ThisPipelineRun, ThisRun};
pub use why::{AskWhy, Why};
