//! Tasks of pipelines that wait for somebody of the team: who answers, and what waits for whom.

use super::{
    again,
    engine::{Approval, Node, Said, State},
};
use crate::{
    access::{TeamMember, TeamViewer},
    clock::rfc3339,
    error::{Error, Result},
    models::names,
    records::principal::Via,
    store::{
        Store,
        events::NewEvent,
        tasks::{ApprovalRow, TaskRow},
    },
};
use app::api::{
    changes::kinds,
    home::WaitingTask,
    pipeline_runs::{Decision, TaskApproval},
    promotions::Say,
};
use serde_json::json;

/// Longest comment, in characters.
const MAX_COMMENT: usize = 10_000;
/// Most waiting tasks that are looked through for those that wait for somebody.
const MOST_WAITING: i64 = 100;

/// Somebody says yes or no. The first answer counts: one transaction writes it and ends the task, while the run goes on and nobody answered.
///
/// # Errors
/// A token of a workload asks, or a lesser role than is asked for; not there; it does not wait, or does not any more.
pub async fn answer(store: &Store, by: &TeamViewer, run: &str, task: &str, approves: bool, say: &Say) -> Result<()> {
    if !is_person(by) {
        return Err(Error::forbidden("A person answers this: the token of a run or a notebook may not.")
            .hint("Sign in, or use a token of your own."));
    }
    names::text("comment", &say.comment, MAX_COMMENT)?;
    let said = Said { approves, by: by.principal.user.clone(), comment: say.comment.trim().to_owned() };
    let (before, now) = (super::runs::row(store, by, run).await?, store.clock().now());
    let mut tx = store.begin().await?;
    // First, so that whoever else changes the run waits, and sees this.
    let goes_on = tx.pipeline_run_touch(&by.team.id, &before.id).await?;
    let mut row = tx.task(&by.team.id, &before.id, task).await?.ok_or_else(|| Error::not_found("task"))?;
    let mut node: Node = serde_json::from_str(&row.node)?;
    let role = node.approval.as_ref().map_or(app::api::members::Role::Viewer, |a| a.role);
    if by.role < role {
        return Err(Error::forbidden(format!("This asks for the role {} in the team; yours is {}.", role.as_str(), by.role.as_str())));
    }
    let Some(revision) = goes_on.filter(|_| node.asks(now).is_some()) else { return Err(waits_not(&row, &node)) };
    node.answered(said);
    row.ended_at = Some(now);
    again::write(&mut row, &node)?;
    tx.task_put(&row).await?;
    tx.event(NewEvent {
        team_id: Some(&by.team.id),
        actor: &by.actor(),
        action: if approves { "approve" } else { "refuse" },
        kind: kinds::PIPELINE_RUN,
        object_id: &before.id,
        object_name: &before.name,
        revision,
        before: None,
        after: Some(json!({ "task": row.id, "name": row.display_name, "comment": say.comment.trim() })),
    })
    .await?;
    tx.commit().await
}

fn is_person(by: &TeamMember) -> bool {
    !matches!(by.principal.via, Via::Token { subject: Some(_), .. })
}

/// Why a task cannot be answered.
fn waits_not(row: &TaskRow, node: &Node) -> Error {
    let name = &row.display_name;
    let Some(approval) = &node.approval else {
        return Error::conflict(format!("The task {name} waits for no approval."));
    };
    match &approval.answer {
        Some(said) => Error::conflict(format!("{} {} it already.", said.by, if said.approves { "approved" } else { "refused" })),
        None => Error::conflict(format!("The task {name} does not wait for an approval any more.")),
    }
}

/// The question of a task and its answer, as the API answers them.
pub fn view(by: &TeamMember, row: &TaskRow, node: &Node, now: i64) -> Option<TaskApproval> {
    let approval = node.approval.as_ref()?;
    Some(TaskApproval {
        message: approval.message.clone(),
        role: approval.role,
        until: approval.until_ms.map(rfc3339),
        can_answer: node.asks(now).is_some() && by.role >= approval.role && is_person(by),
        decision: approval.answer.as_ref().map(|said| Decision {
            approved: said.approves,
            by: said.by.clone(),
            comment: said.comment.clone(),
            at: row.ended_at.map(rfc3339).unwrap_or_default(),
        }),
    })
}

/// Why a task that asks has not gone on.
pub fn waiting_for(node: &Node) -> Option<String> {
    let Approval { role, message, .. } = node.approval.as_ref().filter(|_| node.state == State::Running)?;
    Some(format!("Waits for an approval by a member with the role {} or more: {message}", role.as_str()))
}

/// Tasks that wait for an answer which this member can give, newest first.
///
/// # Errors
/// The database does not answer.
pub async fn waiting(store: &Store, by: &TeamMember) -> Result<Vec<WaitingTask>> {
    let now = store.clock().now();
    let one = |row: ApprovalRow| -> Result<Option<WaitingTask>> {
        let node: Node = serde_json::from_str(&row.node)?;
        Ok(node.asks(now).filter(|a| by.role >= a.role && is_person(by)).map(|a| WaitingTask {
            task_id: row.id.clone(),
            task: row.display_name.clone(),
            pipeline_run_id: row.pipeline_run_id.clone(),
            pipeline_run: row.pipeline_run.clone(),
            message: a.message.clone(),
            by: row.created_by.clone(),
            since: rfc3339(row.started_at.unwrap_or(now)),
        }))
    };
    let rows = store.approvals_waiting(&by.team.id, MOST_WAITING).await?;
    rows.into_iter().filter_map(|row| one(row).transpose()).collect()
}
