//! A task that waits for somebody of the team: what they are asked, and what comes of their answer.

use std::collections::BTreeMap;

use app::api::members::Role;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Kind, Launch, Node, Outputs, State};
use crate::pipelines::ir::approval::{self, Part};

/// A question, and its answer once there is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// What people read.
    pub message: String,
    /// The least role of who may answer.
    pub role: Role,
    /// Nobody may answer from this time on, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<i64>,
    /// Whether a refusal is an answer like another, and no failure.
    #[serde(default)]
    pub goes_on: bool,
    /// Which part of the answer goes into which output.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outputs: BTreeMap<String, Part>,
    /// What was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Said>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Yes or no.
    pub approves: bool,
    /// Whose it is.
    pub by: String,
    /// What they said with it; may be empty.
    pub comment: String,
}

/// What is asked by an approval with this command.
///
/// # Errors
/// Why it can never be asked.
pub fn ask(launch: &Launch, now_ms: i64) -> Result<Approval, String> {
    let asked = approval::read(&launch.argv)?;
    let name = |place: &String| launch.parameter_files.iter().find(|(_, file)| *file == place).map(|(name, _)| name.clone());
    let outputs = asked
        .files
        .iter()
        .map(|(part, place)| name(place).map(|name| (name, *part)).ok_or_else(|| format!("{place} is the file of none of its outputs")));
    Ok(Approval {
        outputs: outputs.collect::<Result<_, _>>()?,
        message: asked.message,
        role: asked.role,
        until_ms: asked.timeout_s.map(|s| now_ms.saturating_add(i64::try_from(s.saturating_mul(1000)).unwrap_or(i64::MAX))),
        goes_on: asked.goes_on,
        answer: None,
    })
}

impl Node {
    /// Its question, while it may be answered.
    pub fn asks(&self, now_ms: i64) -> Option<&Approval> {
        let waits = self.kind == Kind::Approval && self.state == State::Running;
        self.approval.as_ref().filter(|a| waits && a.until_ms.is_none_or(|until| now_ms < until))
    }

    /// Ends it with an answer. Only while it [`Node::asks`].
    pub fn answered(&mut self, said: Said) {
        let Some(approval) = &mut self.approval else { return };
        let (approved, goes_on) = (said.approves, approval.goes_on);
        if approved || goes_on {
            let value = |part: Part| match part {
                Part::Decision if approved => "approved".to_owned(),
                Part::Decision => "refused".to_owned(),
                Part::Approver => said.by.clone(),
                Part::Comment => said.comment.clone(),
            };
            let parameters = approval.outputs.iter().map(|(name, part)| (name.clone(), Value::String(value(*part)))).collect();
            (self.state, self.outputs) = (State::Succeeded, Outputs { parameters, ..Outputs::default() });
        } else {
            let why = if said.comment.is_empty() { String::from(".") } else { format!(": {}", said.comment) };
            (self.state, self.error) = (State::Failed, Some(format!("Refused by {}{why}", said.by)));
        }
        approval.answer = Some(said);
    }
}

/// Why an approval that nobody answered in time has failed.
pub(super) fn late(approval: &Approval) -> String {
    format!("Nobody with the role {} answered in time: {}", approval.role.as_str(), approval.message)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;
    use crate::pipelines::{
        engine::{
            Again, RunState, rerun,
            trial::{Answer, End, Trial, good},
            wake_ms,
        },
        ir,
    };

    fn trial() -> Trial {
        let path = concat!(env!("SLIPWAY_ROOT"), "/end2end/kfp/compiled/approval.yaml");
        Trial::new(ir::parse(&fs::read_to_string(path).unwrap()).unwrap(), json!({}))
    }

    fn said(approves: bool) -> Said {
        Said { approves, by: "mia".to_owned(), comment: "looks good".to_owned() }
    }

    /// To the end, with the answers of people, by task.
    fn go(trial: &mut Trial, approves: impl Fn(&str) -> Option<bool>) -> End {
        trial.go(|of| match of.component {
            "approve" | "consult" => approves(of.path).map(|yes| Answer::Said(said(yes))),
            _ => good(json!({"Output": of.parameters["text"]})),
        })
    }

    #[test]
    fn what_was_answered_is_what_comes_out() {
        let mut t = trial();
        let end = go(&mut t, |_| Some(true));
        assert_eq!(end.state, RunState::Succeeded);
        let node = t.nodes.iter().find(|n| n.name == "approve").unwrap();
        assert_eq!(
            Value::Object(node.outputs.parameters.clone()),
            json!({"decision": "approved", "approver": "mia", "comment": "looks good"})
        );
        let asked = node.approval.as_ref().unwrap();
        assert_eq!((asked.role, asked.message.as_str()), (Role::Maintainer, "Ship model 7?"));
        assert_eq!(t.widest, 2, "both are asked at once");
    }

    #[test]
    fn a_refusal_is_a_failure_unless_it_is_an_answer() {
        let mut t = trial();
        let end = go(&mut t, |path| Some(path != "approve"));
        assert_eq!((end.state, end.error.as_deref()), (RunState::Failed, Some("approve failed: Refused by mia: looks good")));
        assert_eq!(t.states()["say-2"], State::Skipped);
        // Retried, it is asked again.
        let asked = t.nodes.iter().find(|n| n.name == "approve").unwrap();
        assert!(rerun(&t.pipeline, &t.nodes).contains(&Again::Wait(asked.id.clone())));

        let mut t = trial();
        let end = go(&mut t, |path| Some(path == "approve"));
        assert_eq!(end.state, RunState::Succeeded);
        let node = t.nodes.iter().find(|n| n.name == "consult").unwrap();
        assert_eq!((node.state, &node.outputs.parameters["decision"]), (State::Succeeded, &json!("refused")));
        assert_eq!(t.states()["condition-1"], State::Skipped);
    }

    #[test]
    fn nobody_answers_in_time() {
        let mut t = trial();
        for _ in 0..3 {
            let steps = t.plan();
            t.apply(&steps);
        }
        let second = t.nodes.iter().find(|n| n.name == "consult").unwrap();
        let until = second.approval.as_ref().unwrap().until_ms.unwrap();
        assert_eq!(until, t.now_ms + 3_600_000);
        assert_eq!(wake_ms(&t.pipeline, &t.run, &t.nodes, t.now_ms), Some(until));
        assert!(second.asks(until - 1).is_some() && second.asks(until).is_none());
        t.now_ms = until;
        let steps = t.plan();
        t.apply(&steps);
        let states = t.states();
        assert_eq!((states["approve"], states["consult"]), (State::Running, State::Failed));
        let second = t.nodes.iter().find(|n| n.name == "consult").unwrap();
        assert!(second.error.as_deref().unwrap().starts_with("Nobody with the role editor answered in time"), "{:?}", second.error);
    }

    #[test]
    fn a_canceled_run_asks_nobody_any_more() {
        let mut t = trial();
        let end = go(&mut t, |_| None);
        assert_eq!(end.state, RunState::Canceled);
        assert_eq!((t.states()["approve"], t.states()["consult"]), (State::Canceled, State::Canceled));
    }
}
