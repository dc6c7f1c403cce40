//! States of our nouns as badges: the same colour, icon and word everywhere.

use crate::{
    api::{State, deployments::RevisionState, environments::Build, pipeline_runs::TaskState},
    ui::{Badge, Tone},
};
use leptos::prelude::*;

/// A badge for the state of something that runs.
#[component]
pub fn StateBadge(
    /// The state.
    state: State,
    /// Whether it is a server, which "serves" when it runs and is not "done" when it stops.
    #[prop(optional)]
    server: bool,
) -> impl IntoView {
    let (tone, icon) = match state {
        State::Queued => (Tone::Amber, "clock"),
        State::Starting | State::Stopping => (Tone::Violet, "clock"),
        State::Running if server => (Tone::Green, "ok"),
        State::Running => (Tone::Blue, "dot"),
        State::Succeeded => (Tone::Green, "ok"),
        State::Failed => (Tone::Red, "x"),
        State::Cancelled | State::Stopped => (Tone::Grey, "pause"),
    };
    let text = if server && state == State::Running { "Serving" } else { state.label() };
    view! { <Badge tone icon text/> }
}

/// A badge for how far a task of a pipeline run is.
#[component]
pub fn TaskBadge(
    /// How far.
    state: TaskState,
) -> impl IntoView {
    let (tone, icon) = match state {
        TaskState::Waiting => (Tone::Grey, "clock"),
        TaskState::Queued | TaskState::WaitingForApproval => (Tone::Amber, "clock"),
        TaskState::Starting => (Tone::Violet, "clock"),
        TaskState::Running => (Tone::Blue, "dot"),
        TaskState::Succeeded | TaskState::Cached => (Tone::Green, "ok"),
        TaskState::Skipped | TaskState::Cancelled => (Tone::Grey, "pause"),
        TaskState::Failed => (Tone::Red, "x"),
    };
    view! { <Badge tone icon text=state.label()/> }
}

/// A badge for how far a revision is.
#[component]
pub fn RevisionBadge(
    /// How far.
    state: RevisionState,
) -> impl IntoView {
    let (tone, icon, text) = match state {
        RevisionState::Queued => (Tone::Amber, "clock", "Queued"),
        RevisionState::Starting => (Tone::Violet, "clock", "Starting"),
        RevisionState::Smoking => (Tone::Violet, "clock", "Smoke test"),
        RevisionState::Serving => (Tone::Green, "ok", "Serving"),
        RevisionState::Retired => (Tone::Grey, "pause", "Retired"),
        RevisionState::Failed => (Tone::Red, "x", "Failed"),
    };
    view! { <Badge tone icon text/> }
}

/// A badge for how far an environment is.
#[component]
pub fn BuildBadge(
    /// How far.
    how: Build,
    /// 0 to 1 while it is built.
    progress: f64,
) -> impl IntoView {
    let (tone, icon, text) = match how {
        Build::Queued => (Tone::Amber, "clock", "Queued".to_owned()),
        Build::Building => (Tone::Violet, "clock", format!("Building, {:.0} %", progress.clamp(0.0, 1.0) * 100.0)),
        Build::Ready => (Tone::Green, "ok", "Ready".to_owned()),
        Build::Failed => (Tone::Red, "x", "Failed".to_owned()),
    };
    view! { <Badge tone icon text/> }
}
