//! Running a pipeline: a form with a field for each of its parameters.

use super::version_picker::{self, VersionPicker};
use crate::{
    api::{
        Client, ListQuery, Problem,
        client::{segment, team_path},
        experiments::Experiment,
        page::MAX_PAGE_SIZE,
        pipeline_runs::PipelineRun,
        pipelines::{Pipeline, PipelineOutline, PipelineParameter, PipelineVersion},
    },
    parts::{
        Access, Every, Head, ThisPipeline, ThisPipelineRun, loaded,
        params::{param, team},
    },
    ui::{ApiForm, Area, Card, CodeBlock, Field, Note, Select, shell},
};
use leptos::prelude::*;
use leptos_router::{hooks::use_query_map, params::ParamsMap};
use serde_json::Value;
use std::collections::BTreeMap;

/// What the form is made of.
struct Offer {
    /// Name for people of what is run.
    title: String,
    of: Of,
    outline: PipelineOutline,
    experiments: Vec<Experiment>,
    /// An earlier run, whose parameters and settings are those of the new one at first.
    before: Option<PipelineRun>,
    /// What was typed for parameters before another version was chosen.
    typed: BTreeMap<String, Value>,
}

/// What is run.
enum Of {
    /// A version of a pipeline.
    Version { pipeline: Box<Pipeline>, versions: Vec<PipelineVersion>, chosen: String },
    /// What an earlier run was of.
    Run(String),
}

async fn offer(client: Client, team: String, this: ThisPipeline, query: ParamsMap) -> Result<Offer, Problem> {
    let [version, from] = ["version", "from"].map(|name| query.get(name).filter(|v| !v.is_empty()));
    let all = ListQuery { page_size: Some(MAX_PAGE_SIZE), page_token: None };
    let pipeline = this.read().await?;
    let versions = client.pipeline_versions(&team, &pipeline.id, &all).await?;
    let before = match from {
        Some(id) => Some(client.pipeline_run(&team, &id).await?),
        None => None,
    };
    let asked = version.or_else(|| before.as_ref().and_then(|r| r.version_id.clone()));
    let known = asked.filter(|id| versions.items.iter().any(|v| v.id == *id || v.name == *id));
    // In an address a version may go by its name.
    let known = known.map(|asked| versions.items.iter().find(|v| v.name == asked).map_or(asked, |v| v.id.clone()));
    let Some(chosen) = known.or_else(|| versions.items.first().map(|v| v.id.clone())) else {
        return Err(Problem::new(404, "This pipeline has no version: upload one to run it."));
    };
    let (outline, experiments) =
        client.pipeline_outline(&team, &pipeline.id, &chosen).and(client.experiment_list(&team, &ListQuery::default())).await?;
    let given = before.as_ref().map(|r| r.parameters.clone()).unwrap_or_default();
    let typed = version_picker::typed(&client, &team, &pipeline.id, &query, &given).await;
    let title = pipeline.display_name.clone();
    let of = Of::Version { pipeline: Box::new(pipeline), versions: versions.items, chosen };
    Ok(Offer { title, of, outline, experiments: experiments.items, before, typed })
}

/// Of what a run was of, which may be gone by now: the run has kept it.
async fn as_it_was(client: Client, run: ThisPipelineRun, team: String, id: String) -> Result<Offer, Problem> {
    let (run, outline) = (run.read().await?, client.pipeline_run_outline(&team, &id).await?);
    let experiments = client.experiment_list(&team, &ListQuery::default()).await?;
    Ok(Offer {
        title: run.name.clone(),
        of: Of::Run(id),
        outline,
        experiments: experiments.items,
        before: Some(run),
        typed: BTreeMap::new(),
    })
}

/// The page of a pipeline.
#[component]
pub fn StartPipeline() -> impl IntoView {
    let this = ThisPipeline::of(&team(), &param("pipeline"));
    let offer = offer(Client::from_context(), team(), this, use_query_map().get_untracked());
    loaded(Every::default().page("Run a pipeline"), offer, |offer: Offer, access| view! { <Start offer access/> })
}

/// The page of a run that is done again as it was.
#[component]
pub fn RunAgain() -> impl IntoView {
    let (team, id) = (team(), param("id"));
    let offer = as_it_was(Client::from_context(), ThisPipelineRun::of(&team, &id), team, id);
    loaded(Every::default().page("Run again"), offer, |offer: Offer, access| view! { <Start offer access/> })
}

#[component]
fn Start(offer: Offer, access: Access) -> impl IntoView {
    let Offer { title, of, outline, experiments, before, typed } = offer;
    if !access.edits() {
        return view! { <Head title="Run a pipeline"/><Note tone="amber"><span>"Only editors of the team run pipelines."</span></Note> }
            .into_any();
    }
    let (action, next) = (team_path(&access.team, "/pipeline-runs"), access.href("/pipeline-runs/{id}"));
    let given = before.as_ref().map(|r| &r.parameters);
    let value = |name: &str| typed.get(name).or_else(|| given?.get(name)).cloned();
    let fields: Vec<_> = outline.parameters.iter().map(|p| (p.clone(), value(&p.name))).collect();
    // Made within the form, by which they are called.
    let fields = move || fields.iter().map(|(p, given)| field(p, given.as_ref(), true)).collect_view();
    let none = outline.parameters.is_empty().then(|| view! { <p class="muted">"It takes no parameters."</p> });
    let (back, what, other, command) = match of {
        Of::Version { pipeline, versions, chosen } => {
            let id = pipeline.id.clone();
            // Another version, with what the earlier run was given.
            let kept = before.as_ref().map(|r| ("from", r.id.clone()));
            let here = access.href(&format!("/pipelines/{}/run", segment(&pipeline.name)));
            let older = versions.iter().skip(1).find(|v| v.id == chosen).map(|v| v.name.clone());
            let what: Box<dyn FnOnce() -> AnyView + Send> = Box::new(move || match versions.len() {
                0 | 1 => {
                    view! { <input type="hidden" name="pipeline" value=id/><input type="hidden" name="version" value=chosen/> }.into_any()
                }
                _ => view! { <input type="hidden" name="pipeline" value=id/><VersionPicker versions chosen kept here/> }.into_any(),
            });
            let back = access.href(&format!("/pipelines/{}", segment(&pipeline.name)));
            let text = command(&pipeline.name, older.as_deref(), &outline.parameters);
            let command = view! { <Card title="From a terminal"><CodeBlock text/></Card> };
            (back, what, None, Some(command))
        }
        Of::Run(id) => {
            let back = access.href(&format!("/pipeline-runs/{}", segment(&id)));
            let other = before.as_ref().filter(|r| !r.pipeline_deleted).and_then(|r| r.pipeline_id.as_ref()).map(|of| {
                let href = access.href(&format!("/pipelines/{}/run?from={}", segment(of), segment(&id)));
                view! { <a class="btn" href=href>"Choose another version"</a> }.into_any()
            });
            let what: Box<dyn FnOnce() -> AnyView + Send> =
                Box::new(move || view! { <input type="hidden" name="from" value=id/> }.into_any());
            (back, what, other, None)
        }
    };
    let caching = vec![
        ("true".to_owned(), "Take over what was made of the same before".to_owned()),
        ("false".to_owned(), "Do all of it again".to_owned()),
    ];
    let cache = before.as_ref().is_none_or(|r| r.cache).to_string();
    let most = before.as_ref().and_then(|r| r.max_tasks).map(|n| n.to_string()).unwrap_or_default();
    let experiment =
        before.as_ref().and_then(|r| experiments.iter().find(|e| e.id == r.experiment_id)).map(|e| e.name.clone()).unwrap_or_default();
    // What is not as usual is seen.
    let open = before.as_ref().is_some_and(|r| !r.cache || r.max_tasks.is_some());
    let offers: Vec<String> = experiments.into_iter().map(|e| e.name).collect();
    let (title, words) = match &before {
        Some(_) => (format!("Run {title} again"), "Run again"),
        None => (format!("Run {title}"), "Run"),
    };
    view! {
        <Head title>{other}</Head>
        <div class="cols side">
            <section class="card"><div class="in">
                <ApiForm id="start" action next>
                    {what()}
                    <fieldset class="form" data-depends><legend>"Parameters"</legend>{none}{fields()}</fieldset>
                    <details class="more" open=open>
                        <summary>"Name, experiment, caching"</summary>
                        <div class="form">
                            <div class="pair">
                                <Field name="name" label="Name of the run" hint="Made up when empty."/>
                                <Field name="experiment" label="Experiment" value=experiment placeholder="Default" hint="Made where it does not exist." offers/>
                            </div>
                            <div class="pair">
                                <Select name="cache" label="What was made before" options=caching value=cache/>
                                <Field name="max_tasks" label="Tasks at once" kind="number" value=most placeholder="as many as there is room for"/>
                            </div>
                        </div>
                    </details>
                    <div class="actions"><button class="btn primary" type="submit">{words}</button><a class="btn" href=back>"Cancel"</a></div>
                </ApiForm>
            </div></section>
            {command}
        </div>
    }
    .into_any()
}

/// What stands in a field for a value.
pub(super) fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What a type is called.
fn words(kind: &str) -> &'static str {
    match kind {
        "NUMBER_INTEGER" => "A whole number",
        "NUMBER_DOUBLE" => "A number",
        "BOOLEAN" => "True or false",
        "LIST" => "A JSON list",
        "STRUCT" => "A JSON object",
        _ => "Text",
    }
}

/// The field of a parameter, with what it was before or is by default. `plain`: a number is one, and nothing that is filled in later.
pub(super) fn field(p: &PipelineParameter, before: Option<&Value>, plain: bool) -> AnyView {
    let (name, label) = (format!("texts.{}", p.name), p.name.clone());
    let value = before.or(p.default.as_ref()).filter(|v| !v.is_null()).map(shown);
    let required = p.default.is_none() && !p.optional;
    let may = if p.optional && p.default.is_none() { "; may be left out" } else { "" };
    let kind = format!("{}{may}.", words(&p.kind));
    let hint = if p.description.is_empty() { kind } else { format!("{} {kind}", p.description.trim()) };
    // An empty text is one: without this, the field would count as left out, and the default come back.
    let empty = (p.kind == "STRING" && p.default.as_ref().is_some_and(|d| d != ""))
        .then(|| view! { <input type="hidden" name="empty" value=name.clone()/> });
    // Where there is no default, an empty field is one that was forgotten, unless it is said not to be: the server asks.
    let asked = required && p.kind == "STRING";
    let was_empty = before.is_some_and(|v| v == "");
    let instead = asked.then(|| view! { <MeantEmpty name=name.clone() before=was_empty/> }.into_any());
    let required = required && !asked;
    let field = match p.kind.as_str() {
        "BOOLEAN" => {
            let mut options: Vec<(String, String)> =
                [("true", "True"), ("false", "False")].map(|(v, w)| (v.to_owned(), w.to_owned())).into();
            if p.default.is_none() {
                options.insert(0, (String::new(), if required { "Choose" } else { "Left out" }.to_owned()));
            }
            view! { <Select name label hint options value=value.unwrap_or_default()/> }.into_any()
        }
        "LIST" | "STRUCT" => view! { <Area name label hint value=value.unwrap_or_default() required/> }.into_any(),
        "NUMBER_INTEGER" if plain => view! { <Field name label hint value=value.unwrap_or_default() required kind="number"/> }.into_any(),
        "STRING" if value.as_ref().is_some_and(|v| v.contains('\n')) => {
            view! { <Area name label hint value=value.unwrap_or_default() required instead/> }.into_any()
        }
        _ => view! { <Field name label hint value=value.unwrap_or_default() required code=true instead/> }.into_any(),
    };
    view! { {empty}{field} }.into_any()
}

/// Says that a text which has to be given is the empty one. `before`: whether it was, where nobody typed anything yet.
#[component]
fn MeantEmpty(name: String, before: bool) -> impl IntoView {
    let checked = use_query_map().with_untracked(|q| meant_empty(q, &name).unwrap_or(before));
    view! { <label class="check instead"><input type="checkbox" name="empty" value=name checked=checked/>"It is meant to be empty"</label> }
}

/// Whether the text was said to be empty in the form that came back; nothing where none did.
fn meant_empty(query: &ParamsMap, name: &str) -> Option<bool> {
    query.get(name).map(|_| query.get_all("empty").is_some_and(|all| all.iter().any(|one| one == name)))
}

/// The same from a terminal, with the parameters that have to be given. `version`: its name, where it is not the newest.
fn command(pipeline: &str, version: Option<&str>, parameters: &[PipelineParameter]) -> String {
    format!("slipway pipeline run {}{}{} --watch", shell::word(pipeline), of_version(version), to_give(parameters))
}

/// What gives a command the parameters that have to be given.
pub(super) fn to_give(parameters: &[PipelineParameter]) -> String {
    parameters.iter().filter(|p| p.default.is_none() && !p.optional).map(|p| format!(" --param {}=VALUE", p.name)).collect()
}

/// What names a version to a command.
pub(super) fn of_version(name: Option<&str>) -> String {
    name.map(|name| format!(" --version {}", shell::word(name))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands() {
        let p = |name: &str, default: Option<Value>| PipelineParameter {
            name: name.into(),
            kind: "STRING".into(),
            description: String::new(),
            default,
            optional: false,
        };
        let asked = [p("day", None), p("n", Some(1.into()))];
        assert_eq!(command("a b", None, &asked), "slipway pipeline run 'a b' --param day=VALUE --watch");
        assert_eq!(command("a", Some("of May"), &[]), "slipway pipeline run a --version 'of May' --watch");
    }

    #[test]
    fn what_is_meant_to_be_empty_is_said() {
        let mut query = ParamsMap::new();
        assert_eq!(meant_empty(&query, "texts.a"), None);
        for (name, value) in [("texts.a", ""), ("texts.b", ""), ("empty", "texts.c"), ("empty", "texts.a")] {
            query.insert(name, value.to_owned());
        }
        assert_eq!([meant_empty(&query, "texts.a"), meant_empty(&query, "texts.b")], [Some(true), Some(false)]);
    }

    #[test]
    fn values_in_fields() {
        assert_eq!(shown(&serde_json::json!("text")), "text");
        assert_eq!(shown(&serde_json::json!([1, {"a": true}])), r#"[1,{"a":true}]"#);
    }
}
