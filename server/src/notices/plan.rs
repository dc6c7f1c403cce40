//! What an event is worth telling, and of whom it has to be asked who is to know. Pure.

use crate::store::notices::ToldRow;
use app::api::notices::NoticeKind;
use serde_json::Value;

/// A detail is cut after so many characters: logs and reasons can be long.
const LONGEST: usize = 2000;

/// Something to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What it is about.
    pub kind: NoticeKind,
    /// What happened, in a sentence.
    pub title: String,
    /// The same, to those who are to know.
    pub yours: String,
    /// Why.
    pub detail: Option<String>,
    /// Who is to know.
    pub whom: Whom,
}

/// Who is to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// Those who can approve the promotion; nobody once it does not wait any more.
    Approvers,
    /// Those who can answer what a task of a pipeline run asks; nobody once it does not wait any more.
    Deciders,
    /// Who asked for the promotion.
    Requester,
    /// Who submitted the run.
    Submitter,
    /// Who ran the pipeline.
    Runner,
    /// Who made the recurring run.
    Scheduler,
    /// Who made the revision of this number, and maintainers.
    Keepers(i64),
    /// Who owns the notebook; nobody where they did it themselves.
    Owner,
}

/// Its replica ended so often in a row: one end alone is put right by starting it again.
const ENDS: i64 = 2;

/// What to tell of an event; nothing of most.
pub fn plan(event: &ToldRow) -> Option<Told> {
    let json = |text: &Option<String>| text.as_deref().and_then(|t| serde_json::from_str::<Value>(t).ok()).unwrap_or_default();
    let (before, after) = (json(&event.before_json), json(&event.after_json));
    let name = &event.object_name;
    let text = |field: &str| after[field].as_str().filter(|t| !t.is_empty()).map(cut);
    let told = |kind, title: String, detail: Option<String>, whom| Some(Told { kind, yours: title.clone(), title, detail, whom });
    // Of a notebook, to its owner.
    let notebook = |end: &str, detail: Option<String>| {
        let (title, yours) = (format!("The notebook {name} {end}"), format!("Your notebook {name} {end}"));
        Some(Told { kind: NoticeKind::NotebookStopped, title, yours, detail, whom: Whom::Owner })
    };
    match (event.kind.as_str(), event.action.as_str()) {
        ("promotion", "waiting_for_approval") => {
            let (title, yours) = (format!("{name} waits for an approval"), format!("{name} waits for your approval"));
            Some(Told { kind: NoticeKind::PromotionWaiting, title, yours, detail: None, whom: Whom::Approvers })
        }
        ("promotion", action) => {
            let end = match action {
                "promote" => "was promoted",
                "refuse" | "refused" => "was refused",
                "withdraw" => "was withdrawn",
                "supersede" => "was superseded",
                _ => return None,
            };
            let by = if event.actor == SLIPWAY { String::new() } else { format!(" by {}", event.actor) };
            let detail = text("reason").or_else(|| text("comment"));
            told(NoticeKind::PromotionEnded, format!("{name} {end}{by}"), detail, Whom::Requester)
        }
        ("run", "fail") if event.actor == SLIPWAY => {
            told(NoticeKind::RunFailed, format!("The run {name} failed"), text("reason"), Whom::Submitter)
        }
        ("pipeline_run", "fail") => {
            told(NoticeKind::PipelineRunFailed, format!("The pipeline run {name} failed"), text("reason"), Whom::Runner)
        }
        ("pipeline_run", "wait_for_approval") => {
            let task = after["name"].as_str().unwrap_or_default();
            let (title, yours) = (format!("{task} of {name} waits for an approval"), format!("{task} of {name} waits for your approval"));
            Some(Told { kind: NoticeKind::PipelineWaiting, title, yours, detail: text("message"), whom: Whom::Deciders })
        }
        ("recurring_run", "fail") => {
            told(NoticeKind::RecurringRunFailed, format!("The recurring run {name} could not run"), text("reason"), Whom::Scheduler)
        }
        ("deployment", "fail") => {
            let number = after["revision"].as_i64()?;
            let title = format!("Revision {number} of the deployment {name} failed");
            told(NoticeKind::DeploymentUnhealthy, title, text("reason"), Whom::Keepers(number))
        }
        ("deployment", "crash") if after["crashes"].as_i64() == Some(ENDS) => {
            let title = format!("The server of the deployment {name} ends again and again");
            told(NoticeKind::DeploymentUnhealthy, title, text("reason"), Whom::Keepers(after["revision"].as_i64()?))
        }
        ("notebook", "stop") if event.actor == SLIPWAY => notebook("was stopped", text("reason")),
        ("notebook", "stop") => notebook(&format!("was stopped by {}", event.actor), None),
        // What is stopping was told of when it was stopped.
        ("notebook", "state") => match (before["state"].as_str(), after["state"].as_str()) {
            (_, Some("failed")) => notebook("failed", text("reason")),
            (from, Some("stopped")) if from != Some("stopping") => notebook("was stopped", text("reason")),
            _ => None,
        },
        _ => None,
    }
}

/// Who acts when nobody asked.
const SLIPWAY: &str = "slipway";

fn cut(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(kind: &str, action: &str, actor: &str, before: Value, after: Value) -> ToldRow {
        ToldRow {
            seq: 1,
            time: 0,
            team_id: "t".into(),
            team: "forecast".into(),
            actor: actor.into(),
            action: action.into(),
            kind: kind.into(),
            object_id: "o".into(),
            object_name: "x".into(),
            before_json: Some(before.to_string()),
            after_json: Some(after.to_string()),
        }
    }

    fn told(kind: &str, action: &str, actor: &str, before: Value, after: Value) -> Option<(String, Option<String>, Whom)> {
        plan(&event(kind, action, actor, before, after)).map(|t| (t.yours, t.detail, t.whom))
    }

    #[test]
    fn what_is_told() {
        let none = || json!(null);
        let some = |title: &str, detail: Option<&str>, whom| Some((title.to_owned(), detail.map(str::to_owned), whom));
        let waits = told("promotion", "waiting_for_approval", "slipway", none(), none());
        assert_eq!(waits, some("x waits for your approval", None, Whom::Approvers));
        let refused = told("promotion", "refuse", "mia", none(), json!({ "comment": "Too slow." }));
        assert_eq!(refused, some("x was refused by mia", Some("Too slow."), Whom::Requester));
        let asks = told("pipeline_run", "wait_for_approval", "slipway", none(), json!({ "task": "t", "name": "ask", "message": "Ship?" }));
        assert_eq!(asks, some("ask of x waits for your approval", Some("Ship?"), Whom::Deciders));
        let promoted = told("promotion", "promote", "slipway", none(), json!({ "version": 2 }));
        assert_eq!(promoted, some("x was promoted", None, Whom::Requester));
        let failed = told("run", "fail", "slipway", none(), json!({ "reason": "Exited with code 1." }));
        assert_eq!(failed, some("The run x failed", Some("Exited with code 1."), Whom::Submitter));
        let stuck = told("recurring_run", "fail", "slipway", none(), json!({ "reason": "The pipeline p was deleted." }));
        assert_eq!(stuck, some("The recurring run x could not run", Some("The pipeline p was deleted."), Whom::Scheduler));
        let bad = told("deployment", "fail", "slipway", none(), json!({ "revision": 3, "reason": "No." }));
        assert_eq!(bad, some("Revision 3 of the deployment x failed", Some("No."), Whom::Keepers(3)));
        let crash = |n: i64| told("deployment", "crash", "slipway", none(), json!({ "revision": 3, "reason": "No.", "crashes": n }));
        assert_eq!(crash(2), some("The server of the deployment x ends again and again", Some("No."), Whom::Keepers(3)));
        assert_eq!((crash(1), crash(3)), (None, None));
        let stopped = told("notebook", "stop", "mia", none(), none());
        assert_eq!(stopped, some("Your notebook x was stopped by mia", None, Whom::Owner));
        let failed = told("notebook", "state", "slipway", json!({ "state": "starting" }), json!({ "state": "failed", "reason": "No." }));
        assert_eq!(failed, some("Your notebook x failed", Some("No."), Whom::Owner));
        let inside = told("notebook", "state", "slipway", json!({ "state": "running" }), json!({ "state": "stopped" }));
        assert_eq!(inside, some("Your notebook x was stopped", None, Whom::Owner));
        let waits = plan(&event("promotion", "waiting_for_approval", "slipway", none(), none())).map(|t| t.title);
        assert_eq!(waits.as_deref(), Some("x waits for an approval"));
        for (kind, action, before, after) in [
            ("notebook", "state", json!({ "state": "stopping" }), json!({ "state": "stopped" })),
            ("notebook", "state", json!({ "state": "starting" }), json!({ "state": "running" })),
            ("run", "succeed", none(), none()),
            ("promotion", "request", none(), none()),
            ("deployment", "serve", none(), none()),
        ] {
            assert_eq!(told(kind, action, "slipway", before, after), None, "{kind} {action}");
        }
        let long = told("run", "fail", "slipway", none(), json!({ "reason": "ü".repeat(3000) })).and_then(|t| t.1).unwrap_or_default();
        assert_eq!(long.chars().count(), LONGEST + 1);
    }
}
