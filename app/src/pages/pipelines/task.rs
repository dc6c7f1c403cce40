//! A task of a pipeline run: how far it is, what goes in and comes out, what it printed.

use super::{
    measured::{self, Measured},
    shown::is_one,
};
use crate::{
    api::{
        Client,
        client::segment,
        pipeline_runs::{Task, TaskApproval, TaskArtifact, TaskDetail, TaskState, TaskValues, task_answer_path, task_log_path},
        previews::Shows,
        runs::log_path,
    },
    islands::LogView,
    parts::{Access, Every, FilePreview, TaskBadge, TaskWhy, loaded, params::query},
    ui::{Ago, ApiForm, Area, Card, Facts, Lasting, Note, facts::text, number, url},
};
use leptos::prelude::*;
use leptos_router::{
    hooks::{use_location, use_query_map},
    params::ParamsMap,
};

/// Characters of a value that stand in the open.
const SHORT: usize = 200;

/// The cards of a task.
#[component]
pub fn TaskPanel(
    /// The way to the API.
    client: Client,
    /// Id of the pipeline run.
    run: String,
    /// The task, as the list has it.
    task: Task,
    /// What it is called, with its turn of a loop.
    title: String,
    /// Who looks.
    access: Access,
) -> impl IntoView {
    let one = is_one(&task);
    let detail = client.task(&access.team, &run, &task.id);
    let log = (one && task.attempt > 0 && task.cached_from.is_none() && task.kind != "approval").then(|| {
        let path = task_log_path(&access.team, &run, &task.id);
        // What is read anew when it goes on.
        let again = task.attempt.unsigned_abs() * 16 + task.state as u64;
        let client = client.clone();
        // The whole of it is that of its run.
        let download = task.run_id.as_ref().map(|id| format!("{}/text", log_path(&access.team, id)));
        view! { <section class="card"><header><h2>"Log"</h2></header><LogView client path again download height="320px" nothing="It has not written a line yet."/></section> }
    });
    // What runs well, or did, explains itself; not what came of the attempts before.
    let well = matches!(task.state, TaskState::Running | TaskState::Succeeded | TaskState::Cached);
    let later = task.state == TaskState::Succeeded && task.attempt > 1;
    let why = (!well || later).then(|| {
        let answer = client.task_explain(&access.team, &run, &task.id);
        view! { <TaskWhy answer said=task.reason.is_some() folded=later/> }.into_any()
    });
    let looks =
        Looks { client, address: use_query_map().get_untracked(), here: use_location().pathname.get_untracked(), at: query("view") };
    let panel = loaded(Every::default(), detail, move |detail: TaskDetail, access| view! { <Panel run detail title access why looks/> });
    view! { {panel}{log} }
}

/// Which artifact is looked at, and the addresses that look at another.
#[derive(Clone)]
struct Looks {
    client: Client,
    address: ParamsMap,
    here: String,
    at: Option<String>,
}

impl Looks {
    /// The address of the same page that looks at `what`; that closes it where it is looked at.
    fn href(&self, what: &str) -> String {
        url::with(&self.here, &self.address, &[("view", (!self.is(what)).then_some(what))])
    }

    fn is(&self, what: &str) -> bool {
        self.at.as_deref() == Some(what)
    }
}

/// What an artifact is called in the address.
pub fn place(side: &str, name: &str, at: usize) -> String {
    format!("{side}.{at}.{name}")
}

#[component]
fn Panel(run: String, detail: TaskDetail, title: String, access: Access, why: Option<AnyView>, looks: Looks) -> impl IntoView {
    let TaskDetail { task, inputs, outputs, image, environment, approval } = detail;
    let asks = approval.map(|approval| view! { <Approval approval run task=task.id.clone() access=access.clone()/> });
    let took = task.started_at.clone().map(|from| view! { <Lasting from to=task.ended_at.clone()/> }.into_any());
    let run = task.run_id.clone().map(|id| {
        let href = access.href(&format!("/runs/{}", segment(&id)));
        view! { <a class="link" href=href>"metrics, files, use"</a> }.into_any()
    });
    let lost = task.state == TaskState::Cached && task.cached_from.is_none();
    let cached = match task.cached_from.clone() {
        Some(c) => {
            let href = access.href(&format!("/pipeline-runs/{}?task={}", segment(&c.pipeline_run_id), segment(&c.task_id)));
            Some(view! { <a class="link" href=href>"the task that made it"</a> }.into_any())
        }
        None => lost.then(|| "a task whose run was deleted; what it made is kept".into_any()),
    };
    let environment = environment.map(|words| match words.rsplit_once(" v") {
        Some((name, version)) => {
            let href = access.href(&format!("/environments/{}?version={version}", segment(name)));
            view! { <a class="link" href=href>{words.clone()}</a> }.into_any()
        }
        None => words.into_any(),
    });
    let state = task.state;
    let kind = match task.kind.as_str() {
        "dag" => "nested pipeline",
        "loop" => "loop",
        "iteration" => "turn of a loop",
        "importer" => "takes in an artifact",
        "approval" => "waits for an approval",
        _ => "",
    };
    let rows = vec![
        ("State", Some(view! { <TaskBadge state/> }.into_any())),
        ("Kind", text(kind)),
        ("Attempt", (task.attempt > 0 && is_one(&task)).then(|| task.attempt.into_any())),
        ("Took", took),
        ("Started", task.started_at.clone().map(|time| view! { <Ago time/> }.into_any())),
        ("Taken from", cached),
        ("Environment", environment),
        ("Image", image.map(|i| view! { <code>{i}</code> }.into_any())),
        ("Run", run),
    ];
    let tone = if state == TaskState::Failed { "red" } else { "amber" };
    // What is asked stands in full below.
    let reason = task
        .reason
        .clone()
        .filter(|_| state != TaskState::WaitingForApproval)
        .map(|words| view! { <Note tone><span class="pre">{words}</span></Note> });
    let (inputs, outputs) = (inputs.unwrap_or_default(), outputs.unwrap_or_default());
    view! {
        <Card title><div class="stack"><Facts rows/>{reason}</div></Card>
        {asks}
        {why}
        <Values title="Inputs" side="in" values=inputs access=access.clone() looks=looks.clone()/>
        <Values title="Outputs" side="out" values=outputs access looks/>
    }
}

/// What somebody is asked, and their answer: two buttons while it waits for who looks.
#[component]
fn Approval(approval: TaskApproval, run: String, task: String, access: Access) -> impl IntoView {
    let TaskApproval { message, role, until, can_answer, decision } = approval;
    let (over, whom) = (decision.is_some(), format!("a member with the role {} or more", role.as_str()));
    let answered = decision.map(|d| {
        let words = if d.approved { "Approved by " } else { "Refused by " };
        let comment = (!d.comment.is_empty()).then(|| view! { <p class="pre">{d.comment}</p> });
        let tone = if d.approved { "green" } else { "red" };
        view! { <Note tone><div class="stack"><span>{words}<b>{d.by}</b>", "<Ago time=d.at/></span>{comment}</div></Note> }
    });
    let rows = vec![("Asked of", text(whom)), ("Until", until.map(|time| view! { <Ago time/> }.into_any()).filter(|_| !over))];
    let form = can_answer.then(|| {
        let [yes, no] = ["approve", "refuse"].map(|answer| task_answer_path(&access.team, &run, &task, answer));
        view! {
            <ApiForm id="answer" action=yes say="Answered.">
                <Area name="comment" label="Comment" rows=2/>
                <div class="actions">
                    <button class="btn danger" type="submit" formaction=no>"Refuse"</button>
                    <button class="btn primary" type="submit">"Approve"</button>
                </div>
            </ApiForm>
        }
    });
    view! { <Card title="Approval"><div class="stack"><p class="pre">{message}</p><Facts rows/>{answered}{form}</div></Card> }
}

#[component]
fn Values(title: &'static str, side: &'static str, values: TaskValues, access: Access, looks: Looks) -> impl IntoView {
    let many = values.parameters.len() + values.artifacts.len();
    let parameters = values.parameters.into_iter().map(|(name, value)| view! { <dt>{name}</dt><dd><Value value/></dd> }).collect_view();
    let artifacts = values.artifacts.into_iter().map(|(name, all)| {
        let made = all.into_iter().enumerate().map(|(at, artifact)| {
            let look = view! { <Look artifact=artifact.clone() what=place(side, &name, at) looks=looks.clone() team=access.team.clone()/> };
            view! { <Made artifact access=access.clone()/>{look} }
        });
        let made = made.collect_view();
        view! { <dt>{name}</dt><dd class="stack">{made}</dd> }
    });
    let artifacts = artifacts.collect_view();
    (many > 0).then(|| {
        let count = number::count(many as i64, "value", "values");
        view! { <Card title more=move || count.clone()><dl class="facts values">{parameters}{artifacts}</dl></Card> }
    })
}

/// What stands below an artifact: what was measured, and a preview of its file where the address asks for it.
#[component]
fn Look(artifact: TaskArtifact, what: String, looks: Looks, team: String) -> impl IntoView {
    let known = match artifact.kind.as_str() {
        "system.Markdown" => Some(Shows::Markdown),
        "system.HTML" => Some(Shows::Html),
        _ => None,
    };
    let elsewhere = lies_elsewhere(&artifact)
        .then(|| view! { <p class="sub">"It lies elsewhere, where the portal does not read: there is no preview of it."</p> });
    let file = file(&artifact).map(|(run, path)| {
        let (open, key) = (looks.is(&what), format!("look-{what}"));
        let words = if open { "Close" } else { "Preview" };
        let label = format!("{words} {}", artifact.name);
        let link = view! { <a class="btn small" href=looks.href(&what) aria-label=label aria-expanded=if open { "true" } else { "false" } data-key=key>{words}</a> };
        let shown = open.then(|| {
            let (client, run, path) = (looks.client.clone(), run.to_owned(), path.to_owned());
            let preview = match known {
                Some(known) => view! { <FilePreview client team run path known/> }.into_any(),
                None => view! { <FilePreview client team run path/> }.into_any(),
            };
            view! { <div class="look">{preview}</div> }
        });
        view! { <span>{link}</span>{shown} }
    });
    view! { <Measured artifact/>{file}{elsewhere} }
}

/// A value of a parameter: what is long is folded.
#[component]
pub fn Value(
    /// The value.
    value: serde_json::Value,
) -> impl IntoView {
    let words = match &value {
        serde_json::Value::String(s) => s.clone(),
        serde_json::Value::Array(_) | serde_json::Value::Object(_) => serde_json::to_string_pretty(&value).unwrap_or_default(),
        other => other.to_string(),
    };
    if words.chars().count() <= SHORT {
        return view! { <span class="mono pre">{words}</span> }.into_any();
    }
    let begin: String = words.chars().take(60).collect();
    view! { <details class="value"><summary class="mono">{begin}"…"</summary><pre tabindex="0">{words}</pre></details> }.into_any()
}

/// Run and path of the file that a preview shows.
fn file(artifact: &TaskArtifact) -> Option<(&str, &str)> {
    // Metrics are what their component says of them; their file is empty.
    artifact.stored().filter(|_| !artifact.kind.ends_with("Metrics"))
}

/// Whether its file is in a place that the portal does not read.
fn lies_elsewhere(artifact: &TaskArtifact) -> bool {
    !artifact.uri.is_empty() && artifact.stored().is_none()
}

/// Whether the panel of its task shows more of it than where it lies and what is said of it.
pub fn has_looks(artifact: &TaskArtifact) -> bool {
    file(artifact).is_some() || measured::any(artifact)
}

/// An artifact: its type, where it lies, what its component says of it.
#[component]
pub fn Made(
    /// The artifact.
    artifact: TaskArtifact,
    /// Who looks.
    access: Access,
) -> impl IntoView {
    let a = artifact;
    let kind = a.kind.strip_prefix("system.").unwrap_or(&a.kind).to_owned();
    let place = match a.stored() {
        Some((_, path)) if a.run_deleted => {
            view! { <span title=a.uri.clone()>{path.rsplit('/').next().unwrap_or(path).to_owned()}</span> }.into_any()
        }
        Some((run, path)) => {
            let folder = path.rsplit_once('/').map(|(folder, _)| format!("&path={}", segment(folder))).unwrap_or_default();
            let href = access.href(&format!("/runs/{run}?tab=artifacts{folder}&file={}", segment(path)));
            let name = path.rsplit('/').next().unwrap_or(path).to_owned();
            view! { <a class="link" href=href title=a.uri.clone()>{name}</a> }.into_any()
        }
        None if a.uri.is_empty() => ().into_any(),
        None => view! { <code class="cut" title=a.uri.clone()>{a.uri.clone()}</code> }.into_any(),
    };
    let said = a.metadata.into_iter().filter(|(k, _)| !measured::SHOWN.contains(&k.as_str())).map(|(k, v)| {
        let v = if v.is_number() { number::metric(&v) } else { v.as_str().map_or_else(|| v.to_string(), str::to_owned) };
        view! { <span class="tag" title=format!("{k}: {v}")>{format!("{k}: {v}")}</span>" " }
    });
    let said = said.collect_view();
    view! { <span class="made"><span class="row"><span class="tag">{kind}</span>{place}</span><span>{said}</span></span> }
}

#[cfg(test)]
mod tests {
    use super::{has_looks, lies_elsewhere};
    use crate::api::pipeline_runs::TaskArtifact;
    use serde_json::json;

    #[test]
    fn what_can_be_looked_at() {
        let artifact = |kind: &str, uri: &str, said: serde_json::Value| TaskArtifact {
            name: "data".into(),
            kind: kind.into(),
            uri: uri.into(),
            metadata: said.as_object().into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect(),
            run_deleted: false,
        };
        let (here, there) = ("mlflow-artifacts:/0/0190c0ffee0190c0ffee0190c0ffee01/artifacts/data.csv", "file:///data/x.csv");
        let looks = |a: TaskArtifact| (has_looks(&a), lies_elsewhere(&a));
        assert_eq!(looks(artifact("system.Dataset", here, json!({}))), (true, false));
        assert_eq!(looks(artifact("system.Dataset", there, json!({}))), (false, true));
        assert_eq!(looks(artifact("system.Metrics", here, json!({"auc": 0.9}))), (false, false));
        let points = json!({"confidenceMetrics": [{"falsePositiveRate": 0.0, "recall": 0.0}, {"falsePositiveRate": 1.0, "recall": 1.0}]});
        assert_eq!(looks(artifact("system.ClassificationMetrics", "", points)), (true, false));
    }
}
