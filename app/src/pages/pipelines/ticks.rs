//! The last runs of a pipeline at a glance: ticks, how many succeeded, how long they take.

use crate::{
    api::{State, pipeline_runs::PipelineRun},
    ui::time,
};
use leptos::prelude::*;

/// Colour of a state in ticks, boxes and bars.
const fn tone(state: State) -> &'static str {
    match state {
        State::Succeeded => "green",
        State::Failed => "red",
        State::Running | State::Starting => "blue",
        State::Queued => "amber",
        State::Stopping | State::Cancelled | State::Stopped => "grey",
    }
}

/// One tick a run, the newest at the right.
#[component]
pub fn Ticks(
    /// The runs, newest first.
    runs: Vec<PipelineRun>,
) -> impl IntoView {
    let words = |r: &PipelineRun| format!("{}: {}", r.name, r.state.label().to_lowercase());
    let label = format!("Last runs, oldest first: {}", runs.iter().rev().map(|r| r.state.label()).collect::<Vec<_>>().join(", "));
    let ticks = runs.iter().rev().map(|r| view! { <i class=tone(r.state) title=words(r)></i> }).collect_view();
    (!runs.is_empty()).then(|| view! { <span class="ticks" role="img" aria-label=label>{ticks}</span> })
}

/// How many of those that ended by themselves succeeded: `9 of 10`.
pub fn succeeded(runs: &[PipelineRun]) -> Option<String> {
    let good = runs.iter().filter(|r| r.state == State::Succeeded).count();
    let all = good + runs.iter().filter(|r| r.state == State::Failed).count();
    (all > 0).then(|| format!("{good} of {all}"))
}

/// How long those that succeeded took, the middle one.
pub fn usual(runs: &[PipelineRun]) -> Option<String> {
    let took = |r: &PipelineRun| {
        let at = |text: &Option<String>| text.as_deref().and_then(time::parse);
        Some((at(&r.ended_at)? - at(&r.started_at)?) / 1000.0)
    };
    let mut all: Vec<f64> = runs.iter().filter(|r| r.state == State::Succeeded).filter_map(took).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).map(|s| time::duration(*s))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn run(state: State, seconds: u32) -> PipelineRun {
        PipelineRun {
            id: String::new(),
            name: "nightly".into(),
            description: String::new(),
            state,
            reason: None,
            pipeline: "nightly".into(),
            pipeline_id: None,
            pipeline_deleted: false,
            version_id: None,
            recurring_run_id: None,
            scheduled_at: None,
            experiment_id: String::new(),
            run_id: String::new(),
            parameters: BTreeMap::new(),
            outputs: None,
            cache: true,
            max_tasks: None,
            tasks: 0,
            tasks_ended: 0,
            archived: false,
            created_by: String::new(),
            created_at: String::new(),
            started_at: Some("2026-11-23T10:00:00Z".into()),
            ended_at: Some(format!("2026-11-23T10:00:{seconds:02}Z")),
            revision: 1,
        }
    }

    #[test]
    fn at_a_glance() {
        let runs = [
            run(State::Running, 1),
            run(State::Succeeded, 10),
            run(State::Failed, 50),
            run(State::Succeeded, 30),
            run(State::Succeeded, 20),
        ];
        assert_eq!((succeeded(&runs).as_deref(), usual(&runs).as_deref()), (Some("3 of 4"), Some("20 s")));
        assert_eq!((succeeded(&runs[..1]), usual(&runs[..1])), (None, None));
    }
}
