//! Running a pipeline: a form with a field for each of its parameters.

use crate::{
    api::{
        Client, ListQuery, Problem,
        client::{segment, team_path},
        page::MAX_PAGE_SIZE,
        pipelines::{Pipeline, PipelineOutline, PipelineParameter, PipelineVersion},
    },
    parts::{
        Every, Head, loaded,
        params::{param, query, team},
    },
    ui::{ApiForm, Area, Card, CodeBlock, Field, Note, Select, shell},
};
use leptos::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;

/// What the form is made of.
struct Offer {
    pipeline: Pipeline,
    versions: Vec<PipelineVersion>,
    chosen: String,
    outline: PipelineOutline,
    experiments: Vec<String>,
    /// Parameters of an earlier run.
    before: BTreeMap<String, Value>,
}

async fn offer(client: Client, team: String, name: String, version: Option<String>, from: Option<String>) -> Result<Offer, Problem> {
    let all = ListQuery { page_size: Some(MAX_PAGE_SIZE), page_token: None };
    let (pipeline, versions) = client.pipeline(&team, &name).and(client.pipeline_versions(&team, &name, &all)).await?;
    let before = match from {
        Some(id) => Some(client.pipeline_run(&team, &id).await?),
        None => None,
    };
    let asked = version.or_else(|| before.as_ref().and_then(|r| r.version_id.clone()));
    let known = asked.filter(|id| versions.items.iter().any(|v| v.id == *id || v.name == *id));
    let Some(chosen) = known.or_else(|| versions.items.first().map(|v| v.id.clone())) else {
        return Err(Problem::new(404, "This pipeline has no version: upload one to run it."));
    };
    let (outline, experiments) =
        client.pipeline_outline(&team, &pipeline.id, &chosen).and(client.experiment_list(&team, &ListQuery::default())).await?;
    Ok(Offer {
        pipeline,
        versions: versions.items,
        chosen,
        outline,
        experiments: experiments.items.into_iter().map(|e| e.name).collect(),
        before: before.map(|r| r.parameters).unwrap_or_default(),
    })
}

/// The page.
#[component]
pub fn StartPipeline() -> impl IntoView {
    let offer = offer(Client::from_context(), team(), param("pipeline"), query("version"), query("from"));
    loaded(Every::default().page("Run a pipeline"), offer, |o: Offer, access| {
        if !access.edits() {
            return view! { <Head title="Run a pipeline"/><Note tone="amber"><span>"Only editors of the team run pipelines."</span></Note> }.into_any();
        }
        let back = access.href(&format!("/pipelines/{}", segment(&o.pipeline.name)));
        let (action, next) = (team_path(&access.team, "/pipeline-runs"), access.href("/pipeline-runs/{id}"));
        let fields = o.outline.parameters.iter().map(|p| field(p, o.before.get(&p.name))).collect_view();
        let none = o.outline.parameters.is_empty().then(|| view! { <p class="muted">"It takes no parameters."</p> });
        let command = command(&o.pipeline.name, &o.outline.parameters);
        let picker = (o.versions.len() > 1).then(|| view! { <Picker versions=o.versions chosen=o.chosen.clone()/> });
        let caching = vec![
            ("true".to_owned(), "Take over what was made of the same before".to_owned()),
            ("false".to_owned(), "Do all of it again".to_owned()),
        ];
        view! {
            <Head title=format!("Run {}", o.pipeline.display_name)>{picker}</Head>
            <div class="cols side">
                <section class="card"><div class="in">
                    <ApiForm id="start" action next>
                        <input type="hidden" name="pipeline" value=o.pipeline.id/>
                        <input type="hidden" name="version" value=o.chosen/>
                        <fieldset class="form"><legend>"Parameters"</legend>{none}{fields}</fieldset>
                        <details class="more">
                            <summary>"Name, experiment, caching"</summary>
                            <div class="form">
                                <div class="pair">
                                    <Field name="name" label="Name of the run" hint="Made up when empty."/>
                                    <Field name="experiment" label="Experiment" placeholder="Default" hint="Made where it does not exist." offers=o.experiments/>
                                </div>
                                <div class="pair">
                                    <Select name="cache" label="What was made before" options=caching value="true"/>
                                    <Field name="max_tasks" label="Tasks at once" kind="number" placeholder="as many as there is room for"/>
                                </div>
                            </div>
                        </details>
                        <div class="actions"><button class="btn primary" type="submit">"Run"</button><a class="btn" href=back>"Cancel"</a></div>
                    </ApiForm>
                </div></section>
                <Card title="From a terminal"><CodeBlock text=command/></Card>
            </div>
        }
        .into_any()
    })
}

/// A plain form: the version has an address.
#[component]
fn Picker(versions: Vec<PipelineVersion>, chosen: String) -> impl IntoView {
    let options = versions.into_iter().map(|v| {
        let selected = v.id == chosen || v.name == chosen;
        view! { <option value=v.id selected=selected>{v.display_name}</option> }
    });
    let options = options.collect_view();
    view! { <form method="get" class="row picked"><select name="version" aria-label="Version">{options}</select><button class="btn" type="submit">"Choose"</button></form> }
}

/// What stands in a field for a value.
fn shown(value: &Value) -> String {
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

/// The field of a parameter, with what it was before or is by default.
fn field(p: &PipelineParameter, before: Option<&Value>) -> AnyView {
    let (name, label) = (format!("texts.{}", p.name), p.name.clone());
    let value = before.or(p.default.as_ref()).filter(|v| !v.is_null()).map(shown);
    let required = p.default.is_none() && !p.optional;
    let may = if p.optional && p.default.is_none() { "; may be left out" } else { "" };
    let kind = format!("{}{may}.", words(&p.kind));
    let hint = if p.description.is_empty() { kind } else { format!("{} {kind}", p.description.trim()) };
    match p.kind.as_str() {
        "BOOLEAN" => {
            let mut options: Vec<(String, String)> =
                [("true", "True"), ("false", "False")].map(|(v, w)| (v.to_owned(), w.to_owned())).into();
            if p.default.is_none() {
                options.insert(0, (String::new(), if required { "Choose" } else { "Left out" }.to_owned()));
            }
            view! { <Select name label hint options value=value.unwrap_or_default()/> }.into_any()
        }
        "LIST" | "STRUCT" => view! { <Area name label hint value=value.unwrap_or_default() required/> }.into_any(),
        "NUMBER_INTEGER" => view! { <Field name label hint value=value.unwrap_or_default() required kind="number"/> }.into_any(),
        "STRING" if value.as_ref().is_some_and(|v| v.contains('\n')) => {
            view! { <Area name label hint value=value.unwrap_or_default() required/> }.into_any()
        }
        _ => view! { <Field name label hint value=value.unwrap_or_default() required code=true/> }.into_any(),
    }
}

/// The same from a terminal, with the parameters that have to be given, or an example.
fn command(pipeline: &str, parameters: &[PipelineParameter]) -> String {
    let mut out = format!("slipway pipeline run {}", shell::word(pipeline));
    for p in parameters.iter().filter(|p| p.default.is_none() && !p.optional) {
        out += &format!(" --param {}=VALUE", p.name);
    }
    out + " --watch"
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
        assert_eq!(command("a b", &[p("day", None), p("n", Some(1.into()))]), "slipway pipeline run 'a b' --param day=VALUE --watch");
    }

    #[test]
    fn values_in_fields() {
        assert_eq!(shown(&serde_json::json!("text")), "text");
        assert_eq!(shown(&serde_json::json!([1, {"a": true}])), r#"[1,{"a":true}]"#);
    }
}
