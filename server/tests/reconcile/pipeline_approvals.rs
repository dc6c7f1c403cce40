//! Tasks that ask somebody of the team.

use crate::{
    pipelines::{begin, now, task},
    world::{TEAM, World, artifacts, tick, tokens},
};
use app::api::{
    State,
    members::Role,
    pipeline_runs::{NewPipelineRun, PipelineRun, TaskState},
    promotions::Say,
};
use serde_json::json;
use server::{
    access::{Principal, TeamMember, TeamViewer, Via},
    error::Kind,
    pipelines::{approvals, runs, tasks},
    store::teams::TeamRow,
};

fn approval() -> String {
    std::fs::read_to_string(concat!(env!("SLIPWAY_ROOT"), "/end2end/kfp/compiled/approval.yaml")).unwrap()
}

fn mia() -> TeamViewer {
    let mia = Principal { user_id: "mia".into(), user: "mia".into(), display_name: "Mia".into(), admin: false, via: Via::Session };
    let team = TeamRow { id: TEAM.into(), name: "vision".into(), display_name: "Vision".into(), members: 1, revision: 1, created_at: 0 };
    TeamViewer::from_member(TeamMember { principal: mia, team, role: Role::Maintainer }).unwrap()
}

async fn answer(w: &World, run: &PipelineRun, name: &str, approves: bool) -> server::error::Result<()> {
    let say = Say { comment: " Because. ".into() };
    approvals::answer(&w.store, &mia(), &run.id, &task(w, run, name).await.id, approves, &say).await
}

#[tokio::test]
async fn an_approval_waits_for_its_answer_and_runs_nothing() {
    let w = World::new().await;
    let run = begin(&w, NewPipelineRun { spec: Some(approval()), max_tasks: Some(1), ..NewPipelineRun::default() }).await;
    w.settle().await;
    let asked = task(&w, &run, "approve").await;
    assert_eq!((asked.state, asked.kind.as_str(), asked.attempt), (TaskState::WaitingForApproval, "approval", 1));
    assert!(asked.workload_id.is_none() && asked.run_id.is_none() && asked.started_at.is_some());
    assert!(asked.reason.unwrap().ends_with("Ship model 7?"));
    // It does not count as one of those at work.
    assert_eq!(task(&w, &run, "consult").await.state, TaskState::WaitingForApproval);
    assert_eq!(w.store.approvals_waiting(TEAM, 9).await.unwrap().len(), 2);
    assert_eq!(w.events(&run.id).await, ["create", "wait_for_approval", "wait_for_approval", "start"]);

    answer(&w, &run, "consult", false).await.unwrap();
    answer(&w, &run, "approve", true).await.unwrap();
    let twice = answer(&w, &run, "approve", false).await.unwrap_err();
    assert_eq!((twice.kind, twice.public.as_str()), (Kind::Conflict, "mia approved it already."));
    // A server that starts between the answer and what follows goes on with it.
    let logs = server::logs::LogStore::new(&w.data);
    let other = server::reconcile::pipelines::Pipelines::new(
        w.store.clone(),
        w.parsed.clone(),
        logs,
        w.cluster.clone(),
        artifacts(&w.data),
        tokens(),
    );
    tick(&other).await;
    assert_eq!(now(&w, &run).await.tasks_ended, 2);
    let detail = tasks::get(&w.parsed, &w.store, &w.ada, &run.id, &asked.id).await.unwrap();
    assert_eq!(detail.task.state, TaskState::Succeeded);
    assert_eq!(json!(detail.outputs.unwrap().parameters), json!({ "decision": "approved", "approver": "mia", "comment": "Because." }));
    let decision = detail.approval.unwrap().decision.unwrap();
    assert_eq!((decision.approved, decision.by.as_str(), decision.comment.as_str()), (true, "mia", "Because."));
    assert_eq!(task(&w, &run, "condition-1").await.state, TaskState::Skipped);
    assert!(w.store.approvals_waiting(TEAM, 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_approval_fails_when_it_is_refused_or_nobody_answers_in_time_and_a_retry_asks_again() {
    let w = World::new().await;
    let run = begin(&w, NewPipelineRun { spec: Some(approval()), ..NewPipelineRun::default() }).await;
    w.settle().await;
    w.clock.advance(3_600_000);
    // Too late, though nobody has looked yet.
    assert_eq!(answer(&w, &run, "consult", true).await.unwrap_err().kind, Kind::Conflict);
    w.settle().await;
    let late = task(&w, &run, "consult").await;
    assert_eq!(
        (late.state, late.reason.as_deref()),
        (TaskState::Failed, Some("Nobody with the role editor answered in time: Also tell everybody?"))
    );
    answer(&w, &run, "approve", false).await.unwrap();
    w.settle().await;
    let refused = task(&w, &run, "approve").await;
    assert_eq!((refused.state, refused.reason.as_deref()), (TaskState::Failed, Some("Refused by mia: Because.")));
    assert_eq!(now(&w, &run).await.state, State::Failed);
    assert_eq!(answer(&w, &run, "approve", true).await.unwrap_err().kind, Kind::Conflict);

    runs::retry(&w.parsed, &w.store, &w.ada, &run.id).await.unwrap();
    w.settle().await;
    let again = task(&w, &run, "approve").await;
    assert_eq!((again.state, again.attempt), (TaskState::WaitingForApproval, 2));
    let detail = tasks::get(&w.parsed, &w.store, &w.ada, &run.id, &again.id).await.unwrap();
    assert_eq!(detail.approval.unwrap().decision, None);
    answer(&w, &run, "approve", true).await.unwrap();
    answer(&w, &run, "consult", true).await.unwrap();
    w.settle().await;
    assert_eq!(task(&w, &run, "condition-1").await.state, TaskState::Running);
}

#[tokio::test]
async fn a_cancelled_run_asks_nobody_any_more() {
    let w = World::new().await;
    let run = begin(&w, NewPipelineRun { spec: Some(approval()), ..NewPipelineRun::default() }).await;
    w.settle().await;
    runs::cancel(&w.store, &w.ada, &run.id).await.unwrap();
    assert!(w.store.approvals_waiting(TEAM, 9).await.unwrap().is_empty());
    assert_eq!(answer(&w, &run, "approve", true).await.unwrap_err().kind, Kind::Conflict);
    w.settle().await;
    assert_eq!(now(&w, &run).await.state, State::Cancelled);
    assert_eq!(task(&w, &run, "approve").await.state, TaskState::Cancelled);
}
