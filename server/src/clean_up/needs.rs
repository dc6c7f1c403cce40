//! Why something is kept, in sentences.

use crate::store::clean_up::{EnvironmentUseRow, RegisteredRow};

/// Why files of a run or of a logged model are kept: versions that were registered from them, a pipeline run that shows them.
pub fn of_files(registered: &[RegisteredRow], shown_by: Option<&str>) -> Option<String> {
    let served = registered.iter().find_map(|r| r.deployment.as_ref().map(|d| (r, d)));
    if let Some((RegisteredRow { model, version, .. }, deployment)) = served {
        return Some(format!(
            "{model} v{version} was registered from it: the deployment {deployment} serves that, or can be rolled back to it."
        ));
    }
    if let Some(RegisteredRow { model, version, .. }) = registered.first() {
        return Some(format!("{model} v{version} was registered from it: delete the version first."));
    }
    shown_by.map(|name| format!("The pipeline run {name} shows what it made: delete that first."))
}

/// Why an environment is kept. What is another team's is not named.
pub fn of_environment(team_id: &str, used: &EnvironmentUseRow) -> String {
    let EnvironmentUseRow { kind, team_id: whose, name, number } = used;
    if whose.is_empty() {
        return format!("It is the same as {name} v{number}, which comes with Slipway.");
    }
    if whose != team_id {
        return "Another team has the same environment.".into();
    }
    match kind.as_str() {
        "revision" => format!("Revision {number} of the deployment {name} runs in it, or can be rolled back to."),
        "run" => format!("The run {name} is to run in it, or runs."),
        "task" => format!("The task {name} of a pipeline run is to run in it, or runs."),
        "notebook" => format!("The notebook {name} runs in it."),
        _ => format!("It is the same as {name} v{number}, the newest of its environment."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registered(version: i64, deployment: Option<&str>) -> RegisteredRow {
        RegisteredRow { model: "churn".into(), version, deployment: deployment.map(Into::into) }
    }

    #[test]
    fn what_serves_is_said_first() {
        let both = [registered(1, None), registered(2, Some("web"))];
        assert!(of_files(&both, Some("nightly")).is_some_and(|s| s.contains("churn v2") && s.contains("deployment web")));
        assert!(of_files(&both[..1], Some("nightly")).is_some_and(|s| s.contains("churn v1") && s.contains("delete the version")));
        assert!(of_files(&[], Some("nightly")).is_some_and(|s| s.contains("nightly")));
        assert_eq!(of_files(&[], None), None);
    }

    #[test]
    fn other_teams_are_not_named() {
        let used = |kind: &str, team: &str| EnvironmentUseRow { kind: kind.into(), team_id: team.into(), name: "web".into(), number: 3 };
        assert!(of_environment("ours", &used("revision", "ours")).contains("Revision 3 of the deployment web"));
        for kind in ["revision", "run", "task", "notebook", "environment"] {
            assert!(!of_environment("ours", &used(kind, "theirs")).contains("web"), "{kind}");
        }
        assert!(of_environment("ours", &used("environment", "")).contains("comes with Slipway"));
    }
}
