//! One version: where it came from, what it takes and gives, where it serves.

use super::{
    card::ModelCard,
    deploy::DeploySheet,
    differ::Differ,
    edit::{Aliases, Of, Tags},
    promote::PromoteSheet,
    promotion::{After, EVERY, Looked},
};
use crate::{
    api::{
        Client, Problem,
        changes::kinds,
        client::segment,
        models::{Lineage, LineageTask, Model, ModelVersion},
        promotions::{Promotion, PromotionQuery},
    },
    parts::{
        Access, Every, Head, Markdown,
        gates::{PromotionActions, PromotionBadge},
        loaded,
        params::{param, query, team},
    },
    ui::{Ago, Badge, Card, Copyable, Facts, Tone, facts::text, number},
};
use leptos::prelude::*;

/// The page.
#[component]
pub fn VersionPage() -> impl IntoView {
    let (client, deploy, promote) = (Client::from_context(), query("deploy").is_some(), query("promote").is_some());
    let editing = query("card").is_some();
    let against = query("against").and_then(|n| n.parse::<i64>().ok());
    let every = Every { kinds: EVERY_AND_DEPLOYMENTS, ..EVERY };
    let answer = with_newest(client.clone(), team(), param("model"), param("version").parse().unwrap_or(0));
    loaded(every.page("Model version"), answer, move |(v, newest), access| {
        let here = access.href(&format!("/models/{}/{}", segment(&v.model), v.version));
        let of = Of { team: access.team.clone(), model: v.model.clone(), version: Some(v.version) };
        let edits = access.edits() && v.status == "READY";
        let sheet = match (edits && deploy, edits && promote) {
            (true, _) => {
                Some(view! { <DeploySheet client=client.clone() version=v.clone() access=access.clone() back=here.clone()/> }.into_any())
            }
            (_, true) => {
                Some(view! { <PromoteSheet client=client.clone() version=v.clone() access=access.clone() back=here.clone()/> }.into_any())
            }
            _ => None,
        };
        let (title, beside, open) = (format!("{} v{}", v.model, v.version), v.clone(), newest.clone().filter(|p| p.state.is_open()));
        let state = open.as_ref().map(|p| p.state);
        let badge = move || view! { {state.map(|state| view! { <PromotionBadge state/> })}<Beside version=beside.clone()/> };
        let actions = match open {
            Some(promotion) => {
                let deploy = edits.then(|| view! { <a class="btn" href=format!("{here}?deploy=1")>"Deploy"</a> });
                view! { {deploy}<PromotionActions promotion access=access.clone()/> }.into_any()
            }
            None => edits
                .then(|| view! { <a class="btn" href=format!("{here}?promote=1")>"Promote"</a><a class="btn primary" href=format!("{here}?deploy=1")>"Deploy"</a> })
                .into_any(),
        };
        let card = loaded(Every::change(&["model"]), client.model(&access.team, &v.model), |model: Model, access| {
            let href = access.href(&format!("/models/{}", segment(&model.name)));
            let more = move || view! { <a class="link" href=href.clone()>"The model"</a> };
            (!model.description.is_empty()).then(|| view! { <Card title="Model card" more><Markdown text=model.description/></Card> })
        });
        let differ = against.map(|other| {
            view! { <Differ client=client.clone() version=v.clone() other access=access.clone() back=here.clone()/> }
        });
        let compare = (v.version > 1 || against.is_some()).then(|| view! { <Compare other=against.unwrap_or(v.version - 1)/> });
        let after = newest.clone().map(|promotion| view! { <After promotion/> });
        let looked = newest.map(|promotion| {
            let (said, href) = (promotion.clone(), access.href(&format!("/promotions/{}", segment(&promotion.id))));
            view! { <Asked promotion=said href/><Looked promotion client access=access.clone()/> }
        });
        let about = view! { <ModelCard of=of.clone() text=v.description.clone() revision=v.revision here editing edits=access.edits()/> };
        view! {
            <Head title beside=badge>{actions}</Head>
            <Strip version=v.clone() access=access.clone()/>
            <div class="cols side">
                <div class="cols">{differ}{looked}<Metrics version=v.clone()/><Signature version=v.clone()/>{about}{card}</div>
                <div class="cols">
                    <About version=v.clone() access=access.clone()/>
                    {after}
                    {compare}
                    <Aliases team=access.team model=v.model version=v.version aliases=v.aliases edits/>
                    <Tags of tags=v.tags edits/>
                </div>
            </div>
            {sheet}
        }
    })
}

const EVERY_AND_DEPLOYMENTS: &[&str] = &[kinds::PROMOTION, kinds::WORKLOAD, kinds::DEPLOYMENT, "stage", "member", "model", "model_version"];

/// A version, and its newest promotion where there is one.
async fn with_newest(client: Client, team: String, model: String, version: i64) -> Result<(ModelVersion, Option<Promotion>), Problem> {
    let query = PromotionQuery { model: Some(model.clone()), version: Some(version), page_size: Some(1), ..PromotionQuery::default() };
    let (version, page) = client.version(&team, &model, version).and(client.promotion_list(&team, &query)).await?;
    let newest = match page.items.first() {
        Some(p) => Some(client.promotion(&team, &p.id).await?),
        None => None,
    };
    Ok((version, newest))
}

/// A plain form: the comparison has an address.
#[component]
fn Compare(other: i64) -> impl IntoView {
    view! {
        <Card title="Compare">
            <form method="get" class="row compare">
                <label for="against">"With version"</label>
                <input id="against" name="against" type="number" min="1" required=true value=other.to_string()/>
                <button class="btn" type="submit">"Compare"</button>
            </form>
        </Card>
    }
}

/// Who asked for the promotion that stands below, and what became of it.
#[component]
fn Asked(promotion: Promotion, href: String) -> impl IntoView {
    let p = promotion;
    let words = format!("{} to {}, asked for by {}, ", p.state.label(), p.stage, p.requested_by);
    view! { <p class="muted">{words}<Ago time=p.state_since/>". "{p.reason}" "<a class="link" href=href>"The promotion"</a></p> }
}

#[component]
fn Beside(version: ModelVersion) -> impl IntoView {
    let badge = match version.status.as_str() {
        "READY" => None,
        "PENDING_REGISTRATION" => Some(view! { <Badge tone=Tone::Violet icon="clock" text="Being registered"/> }),
        _ => Some(view! { <Badge tone=Tone::Red icon="x" text="Registration failed"/> }),
    };
    view! { {badge}{version.aliases.into_iter().map(|a| view! { <span class="tag">{format!("@{a}")}</span> }).collect_view()} }
}

/// Data, run, version, deployments: each a link.
#[component]
fn Strip(version: ModelVersion, access: Access) -> impl IntoView {
    let v = version;
    let data = v
        .lineage
        .iter()
        .flat_map(|l| &l.datasets)
        .map(|d| view! { <li><span class="tag">{format!("{} ({})", d.name, d.digest)}</span></li> });
    let data = data.collect_view();
    let task = v.lineage.as_ref().and_then(|l| l.task.as_ref());
    let pipeline =
        task.map(|t| view! { <li><a class="tag" href=of_task(t, &access)>{format!("pipeline run {}", t.pipeline_run)}</a></li> });
    let run = v
        .lineage
        .as_ref()
        .map(|l| view! { <li><a class="tag" href=access.href(&format!("/runs/{}", l.run_id))>{format!("run {}", l.run_name)}</a></li> });
    let served = v
        .deployments
        .iter()
        .map(|d| view! { <li><a class="tag" href=access.href(&format!("/deployments/{d}"))>{format!("deployment {d}")}</a></li> });
    let served = served.collect_view();
    view! { <ol class="lineage" aria-label="Where it came from and where it went">{data}{pipeline}{run}<li><span class="tag">{format!("{} v{}", v.model, v.version)}</span></li>{served}</ol> }
}

#[component]
fn Metrics(version: ModelVersion) -> impl IntoView {
    let rows =
        version.metrics.iter().map(|(k, m)| view! { <tr><td class="name">{k.clone()}</td><td class="num">{number::metric(m)}</td></tr> });
    let rows = rows.collect_view();
    (!version.metrics.is_empty()).then(|| {
        view! {
            <Card title="Metrics of its run" flush=true>
                <table aria-label="Metrics"><thead><tr><th scope="col">"Metric"</th><th class="num" scope="col">"Latest value"</th></tr></thead><tbody>{rows}</tbody></table>
            </Card>
        }
    })
}

/// The type of a tensor and what it holds for each row; a size that is not fixed is any.
fn tensor(spec: &serde_json::Value) -> String {
    let kind = spec.get("dtype").and_then(serde_json::Value::as_str).unwrap_or("tensor");
    let sizes: Vec<i64> =
        spec.get("shape").and_then(serde_json::Value::as_array).into_iter().flatten().filter_map(serde_json::Value::as_i64).collect();
    let words = |sizes: &[i64]| sizes.iter().map(|s| if *s < 0 { "any".into() } else { s.to_string() }).collect::<Vec<_>>().join(" × ");
    match sizes.as_slice() {
        [] => kind.to_owned(),
        [-1] => format!("{kind}, one a row"),
        [-1, rest @ ..] => format!("{kind}, {} a row", words(rest)),
        all => format!("{kind}, {}", words(all)),
    }
}

/// One input or output of a signature, in words.
fn column(c: &serde_json::Value) -> (String, String) {
    let part = |key: &str| c.get(key).and_then(serde_json::Value::as_str).map(str::to_owned);
    let tensor = c.get("tensor-spec").map(tensor);
    let optional = if c.get("required") == Some(&serde_json::Value::Bool(false)) { ", optional" } else { "" };
    (part("name").unwrap_or_else(|| "(one value)".into()), format!("{}{optional}", tensor.or_else(|| part("type")).unwrap_or_default()))
}

/// The columns of a signature's side: MLflow keeps them as JSON, or as JSON in text.
pub(super) fn columns(signature: &serde_json::Value, side: &str) -> Vec<(String, String)> {
    let value = match signature.get(side) {
        Some(serde_json::Value::String(text)) => serde_json::from_str(text).unwrap_or_default(),
        Some(other) => other.clone(),
        None => serde_json::Value::Null,
    };
    value.as_array().map(|all| all.iter().map(column).collect()).unwrap_or_default()
}

#[component]
fn Signature(version: ModelVersion) -> impl IntoView {
    let Some(signature) = version.signature else {
        return view! { <Card title="Signature"><p class="muted">"The model was logged without a signature: what it takes is not known, and inputs are passed on as they are."</p></Card> }.into_any();
    };
    let side = |words: &'static str, key: &str| {
        let rows = columns(&signature, key)
            .into_iter()
            .map(|(n, t)| view! { <tr><td class="name">{n}</td><td class="mono">{t}</td></tr> })
            .collect_view();
        view! { <div><h3>{words}</h3><div class="scroll"><table aria-label=words><tbody>{rows}</tbody></table></div></div> }
    };
    let (takes, gives) = (side("Takes", "inputs"), side("Gives", "outputs"));
    view! { <Card title="Signature"><div class="cols c2">{takes}{gives}</div></Card> }.into_any()
}

/// A link to the environment in `train v1`.
fn environment(words: &str, access: &Access) -> AnyView {
    let Some((name, version)) = words.rsplit_once(" v") else { return words.to_owned().into_any() };
    let href = access.href(&format!("/environments/{}?version={version}", segment(name)));
    view! { <a class="link" href=href>{words.to_owned()}</a> }.into_any()
}

/// The task beside the graph of its pipeline run.
fn of_task(task: &LineageTask, access: &Access) -> String {
    access.href(&format!("/pipeline-runs/{}?task={}", segment(&task.pipeline_run_id), segment(&task.id)))
}

#[component]
fn About(version: ModelVersion, access: Access) -> impl IntoView {
    let v = version;
    let from = v
        .lineage
        .as_ref()
        .map(|l| view! { <a class="link" href=access.href(&format!("/runs/{}", l.run_id))>{l.run_name.clone()}</a> }.into_any());
    let task = v.lineage.as_ref().and_then(|l| l.task.as_ref()).map(|t| {
        let words = format!("{} of {}", t.name, t.pipeline_run);
        view! { <a class="link" href=of_task(t, &access)>{words}</a> }.into_any()
    });
    let code = |l: &Lineage| match (&l.commit, &l.code_digest) {
        (Some(c), _) => Some(view! { <code title=c.clone()>{c.chars().take(10).collect::<String>()}</code> }.into_any()),
        (None, Some(d)) => {
            Some(view! { <span>"uploaded folder "<code title=d.clone()>{d.chars().take(12).collect::<String>()}</code></span> }.into_any())
        }
        (None, None) => None,
    };
    let rows = vec![
        ("From run", from),
        ("Task", task),
        ("Code", v.lineage.as_ref().and_then(code)),
        ("Environment", v.lineage.as_ref().and_then(|l| l.environment.clone()).map(|e| environment(&e, &access))),
        ("Flavors", text(v.flavors.join(", "))),
        ("Input example", text(if v.input_example { "yes" } else { "none" })),
        ("Source", Some(view! { <Copyable text=v.source/> }.into_any())),
        ("Registered", Some(view! { <span><Ago time=v.created_at/>" by "{v.user}</span> }.into_any())),
    ];
    view! { <Card title="Version"><Facts rows/></Card> }
}

#[cfg(test)]
mod tests {
    use super::column;
    use serde_json::json;

    #[test]
    fn tensors_in_words() {
        let words = |shape| column(&json!({ "type": "tensor", "tensor-spec": { "dtype": "int64", "shape": shape } })).1;
        assert_eq!(words(json!([-1])), "int64, one a row");
        assert_eq!(words(json!([-1, 28, -1])), "int64, 28 × any a row");
        assert_eq!(words(json!([3, 4])), "int64, 3 × 4");
        assert_eq!(column(&json!({ "name": "age", "type": "long", "required": false })), ("age".into(), "long, optional".into()));
    }
}
