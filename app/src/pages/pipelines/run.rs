//! One pipeline run: its head, and the tab that the address names.

use super::{
    drawing::Drawing,
    of_pipeline::OfPipeline,
    shown::{is_one, names},
    tables::{Artifacts, Parameters},
    task::TaskPanel,
    timeline::Timeline,
};
use crate::{
    api::{
        Client, Problem, State,
        changes::kinds,
        client::{segment, team_path},
        pipeline_runs::{PipelineRun, Task, TaskState},
    },
    parts::{
        Access, Every, Head, Now, StateBadge, ThisPipelineRun, loaded_of,
        params::{param, query, team},
    },
    ui::{Ago, ApiForm, Badge, Card, Dialog, DialogButton, DialogCancel, Empty, Facts, Lasting, Note, PostButton, Tabs, Tone},
};
use leptos::prelude::*;

async fn with_tasks(run: ThisPipelineRun, client: Client, team: String, id: String) -> Result<(PipelineRun, Vec<Task>), Problem> {
    let tasks = client.task_list(&team, &id);
    let (run, tasks) = futures::future::join(run.read(), tasks).await;
    Ok((run?, tasks?))
}

/// The page.
#[component]
pub fn PipelineRunPage() -> impl IntoView {
    let (client, id) = (Client::from_context(), param("id"));
    let (tab, task, now) = (query("tab").unwrap_or_default(), query("task"), Now::of_page());
    // Workloads that start or wait are no change of the run.
    let every = Every { kinds: &[kinds::PIPELINE_RUN], seconds: 10, page: "Pipeline run" };
    let answer = with_tasks(ThisPipelineRun::of(&team(), &id), client.clone(), team(), id.clone());
    loaded_of(every, &id, answer, move |(run, tasks), access| {
        let here = access.href(&format!("/pipeline-runs/{}", segment(&run.id)));
        let item = |words, name: &str| {
            let href = if name.is_empty() { here.clone() } else { format!("{here}?tab={name}") };
            (words, href, tab == name)
        };
        let items = vec![item("Graph", ""), item("Timeline", "timeline"), item("Parameters", "parameters"), item("Artifacts", "artifacts")];
        let (beside, acts) = (run.clone(), run.clone());
        let (asks, team) = (client.clone(), access.team.clone());
        let content = match tab.as_str() {
            "timeline" => view! { <Timeline tasks here now/> }.into_any(),
            "parameters" => {
                let again = again(&run, &access);
                view! { <Parameters run again/> }.into_any()
            }
            "artifacts" => view! { <Artifacts client run tasks access=access.clone() here/> }.into_any(),
            _ => view! { <GraphTab client=client.clone() run=run.clone() tasks task access=access.clone() here/> }.into_any(),
        };
        let reason = acts.reason.clone().map(|words| {
            let tone = if acts.state == State::Failed { "red" } else { "amber" };
            view! { <Note tone><span class="pre">{words}</span></Note> }
        });
        view! {
            <Head title=acts.name.clone() beside=move || view! { <Beside client=asks.clone() team=team.clone() run=beside.clone()/> }><Actions run=acts access/></Head>
            {reason}
            <Tabs label="Parts of the pipeline run" items/>
            {content}
        }
    })
}

/// Where it is run again with other parameters.
fn again(run: &PipelineRun, access: &Access) -> Option<String> {
    access.edits().then(|| access.href(&format!("/pipeline-runs/{}/again", segment(&run.id))))
}

/// State, how far, how long, by whom.
#[component]
fn Beside(client: Client, team: String, run: PipelineRun) -> impl IntoView {
    let version = version(&client, &team, &run).map(|v| view! { "version "{v}", " });
    let r = run;
    let far = (r.state == State::Running && r.tasks > 0).then(|| format!("{} of {} tasks", r.tasks_ended, r.tasks));
    let badge = match far {
        Some(text) => view! { <Badge tone=Tone::Blue icon="dot" text/> }.into_any(),
        None => view! { <StateBadge state=r.state/> }.into_any(),
    };
    let times = r.started_at.map(|from| view! { <span class="muted"><Lasting from to=r.ended_at/></span> });
    view! { {badge}{r.archived.then(|| view! { <span class="tag">"archived"</span> })}{times}<span class="muted">{version}"by "{r.created_by}</span> }
}

/// Name of the version that ran; nothing where the run brought its own.
fn version(client: &Client, team: &str, run: &PipelineRun) -> Option<impl IntoView + use<>> {
    // Those of a pipeline that was deleted went with it.
    let pipeline = run.pipeline_id.as_ref().filter(|_| !run.pipeline_deleted)?;
    let version = client.pipeline_version(team, pipeline, run.version_id.as_ref()?);
    // It may be gone by now.
    Some(Suspend::new(async move { version.await.map_or_else(|_| "a version that was deleted".to_owned(), |v| v.display_name) }))
}

/// Terminate, at first without exit tasks, retry, archive; delete apart.
#[component]
fn Actions(run: PipelineRun, access: Access) -> impl IntoView {
    let (id, edits, ended) = (segment(&run.id), access.edits(), run.state.is_final());
    let path = |rest: &str| team_path(&access.team, &format!("/pipeline-runs/{id}{rest}"));
    let terminate = (edits && !ended && run.state != State::Stopping).then(|| {
        view! { <PostButton id="terminate" action=path("/cancel") say="It is being terminated; exit tasks still run." class="btn danger">"Terminate"</PostButton> }
    });
    // It stands where the other one stood: a second click there is not to be enough.
    let exits = (edits && run.state == State::Stopping).then(|| {
        let action = path("/cancel");
        view! {
            <DialogButton id="terminate-exits" class="btn danger">"Terminate exit tasks"</DialogButton>
            <Dialog id="terminate-exits" title="Terminate exit tasks as well">
                <ApiForm id="terminate-exits-form" action say="Its exit tasks are being terminated as well.">
                    <p>"What cleans up after the others is ended, or does not start. What it would have cleaned up stays as it is."</p>
                    <div class="actions"><button class="btn danger" type="submit">"Terminate exit tasks"</button><DialogCancel/></div>
                </ApiForm>
            </Dialog>
        }
    });
    let retry = (edits && matches!(run.state, State::Failed | State::Cancelled)).then(|| {
        let words = if run.state == State::Failed { "Retry failed task" } else { "Go on" };
        view! { <PostButton id="retry" action=path("/retry") say="It goes on from what did not succeed." class="btn primary">{words}</PostButton> }
    });
    let again = again(&run, &access).filter(|_| ended).map(|href| view! { <a class="btn" href=href>"Run again"</a> });
    let archive = (edits && ended).then(|| {
        let (rest, words, say) =
            if run.archived { ("/unarchive", "Take back", "It is back in the lists.") } else { ("/archive", "Archive", "It is archived.") };
        view! { <PostButton id="archive" action=path(rest) say=say>{words}</PostButton> }
    });
    let delete = (edits && ended).then(|| {
        let (action, next) = (path(""), access.href("/pipeline-runs"));
        view! {
            <DialogButton id="delete" class="btn danger">"Delete"</DialogButton>
            <Dialog id="delete" title="Delete the pipeline run">
                <ApiForm id="delete-form" method="DELETE" action next say="The pipeline run is deleted.">
                    <p>"Its tasks go with it, and their runs are deleted. Files stay until clean-up frees them."</p>
                    <div class="actions"><button class="btn danger" type="submit">"Delete"</button><DialogCancel/></div>
                </ApiForm>
            </Dialog>
        }
    });
    view! { {delete}{archive}{terminate}{exits}{again}{retry} }
}

/// The graph, and the task that the address names, else one that waits for an approval, or that failed.
#[component]
fn GraphTab(client: Client, run: PipelineRun, tasks: Vec<Task>, task: Option<String>, access: Access, here: String) -> impl IntoView {
    if tasks.is_empty() {
        let text = if run.state.is_final() { "No task was made." } else { "Its tasks are being made." };
        return view! { <section class="card"><Empty text/></section> }.into_any();
    }
    let first = |state: TaskState| tasks.iter().position(|t| t.state == state && is_one(t));
    let chosen = task
        .as_ref()
        .and_then(|id| tasks.iter().position(|t| t.id == *id))
        .or_else(|| first(TaskState::WaitingForApproval))
        .or_else(|| first(TaskState::Failed));
    let id = chosen.map(|at| tasks[at].id.clone());
    let panel = match chosen {
        Some(at) => {
            let (task, title) = (tasks[at].clone(), names(&tasks).swap_remove(at));
            view! { <TaskPanel client run=run.id.clone() task title access/> }.into_any()
        }
        None => view! { <About client run access/> }.into_any(),
    };
    view! { <div class="cols side graphs"><Drawing tasks here chosen=id/><div class="cols">{panel}</div></div> }.into_any()
}

#[component]
fn About(client: Client, run: PipelineRun, access: Access) -> impl IntoView {
    let r = run;
    let version = version(&client, &access.team, &r).map(IntoAny::into_any);
    let (runs, one) =
        (access.href(&format!("/runs?experiment={}", segment(&r.experiment_id))), access.href(&format!("/runs/{}", segment(&r.run_id))));
    let recurring = r.recurring_run_id.as_ref().map(|id| {
        let href = access.href(&format!("/recurring-runs/{}", segment(id)));
        let time = r.scheduled_at.clone().map(|time| view! { " for "<Ago time/> });
        view! { <span><a class="link" href=href>"recurring run"</a>{time}</span> }.into_any()
    });
    let deleted = r.pipeline_deleted;
    let pipeline = view! { <OfPipeline name=r.pipeline id=r.pipeline_id deleted access/> }.into_any();
    let rows = vec![
        ("Pipeline", Some(pipeline)),
        ("Version", version),
        ("Made by its", recurring),
        ("Made", Some(view! { <span><Ago time=r.created_at/>" by "{r.created_by}</span> }.into_any())),
        ("Run", Some(view! { <a class="link" href=one>"parameters, metrics"</a> }.into_any())),
        ("Experiment", Some(view! { <a class="link" href=runs>"its runs"</a> }.into_any())),
    ];
    let about = (!r.description.is_empty()).then(|| view! { <p class="pre">{r.description}</p> });
    view! { <Card title="Pipeline run"><div class="stack">{about}<Facts rows/><p class="sub">"Choose a task in the graph to look at it."</p></div></Card> }
}
