//! One registered model: its versions, newest first.

use super::{
    card::ModelCard,
    edit::{Of, Tags},
};
use crate::{
    api::{
        Client, ListQuery,
        client::{segment, with_query},
        models::{Model, ModelVersion},
        promotions::{Gate, PromotionQuery, StagePolicy},
    },
    parts::{
        Access, Every, Head, loaded,
        params::{param, query, team},
    },
    ui::{Ago, Card, Empty, Facts, Pager, facts::text, number},
};
use leptos::prelude::*;

/// The page.
#[component]
pub fn ModelPage() -> impl IntoView {
    let (client, page_token, editing) = (Client::from_context(), query("page"), query("card").is_some());
    let every = Every::change(&["model", "model_version", "deployment"]);
    let model = client.model(&team(), &param("model"));
    loaded(every.page("Model"), model, move |model: Model, access| {
        let of = Of { team: access.team.clone(), model: model.name.clone(), version: None };
        let edits = access.edits();
        let here = access.href(&format!("/models/{}", segment(&model.name)));
        let newest = model.latest_version.filter(|_| edits).map(|v| {
            view! { <a class="btn primary" href=format!("{here}/{v}?deploy=1")>{format!("Deploy v{v}")}</a> }
        });
        let promotions =
            with_query(access.href("/promotions"), &PromotionQuery { model: Some(model.name.clone()), ..PromotionQuery::default() });
        let versions = client.version_list(&access.team, &model.name, &ListQuery { page_token, page_size: None });
        let list = loaded(every, versions.and(client.stage_list(&access.team)), |(page, stages), access| {
            if page.items.is_empty() {
                view! { <section class="card"><Empty text="This model has no version yet."/></section> }.into_any()
            } else {
                view! { <Versions items=page.items stages access/><Pager next=page.next_page_token/> }.into_any()
            }
        });
        view! {
            <Head title=model.name.clone()><a class="btn" href=promotions>"Promotions"</a>{newest}</Head>
            <div class="cols side">
                <div class="cols">{list}<ModelCard of=of.clone() text=model.description.clone() revision=model.revision here editing edits/></div>
                <div class="cols"><About model=model.clone()/><Tags of tags=model.tags edits/></div>
            </div>
        }
    })
}

#[component]
fn About(model: Model) -> impl IntoView {
    let rows = vec![
        ("Newest", text(model.latest_version.map(|v| format!("v{v}")).unwrap_or_default())),
        ("Aliases", text(model.aliases.iter().map(|(a, v)| format!("@{a} v{v}")).collect::<Vec<_>>().join(", "))),
        ("Made", Some(view! { <Ago time=model.created_at/> }.into_any())),
        ("Changed", Some(view! { <Ago time=model.updated_at/> }.into_any())),
    ];
    view! { <Card title="About"><Facts rows/></Card> }
}

/// The metrics that have a column: those that the team's gates look at before others.
fn foremost(version: Option<&ModelVersion>, stages: &[StagePolicy]) -> Vec<String> {
    let looked_at = stages.iter().flat_map(|s| &s.gates).filter_map(|gate| match gate {
        Gate::Metric { name, .. } | Gate::NoWorse { name, .. } => Some(name),
        _ => None,
    });
    let looked_at: Vec<_> = looked_at.collect();
    let mut keys: Vec<String> = version.map(|v| v.metrics.keys().cloned().collect()).unwrap_or_default();
    keys.sort_by_key(|key| looked_at.iter().position(|name| *name == key).unwrap_or(looked_at.len()));
    keys.truncate(3);
    keys
}

#[component]
fn Versions(items: Vec<ModelVersion>, stages: Vec<StagePolicy>, access: Access) -> impl IntoView {
    let keys = foremost(items.first(), &stages);
    let edits = access.edits();
    let rows = items.into_iter().map(|v| {
        let href = access.href(&format!("/models/{}/{}", segment(&v.model), v.version));
        let run =
            v.lineage.as_ref().map(|l| view! { <a class="link" href=access.href(&format!("/runs/{}", l.run_id))>{l.run_name.clone()}</a> });
        let cells =
            keys.iter().map(|k| view! { <td class="num" data-label=k.clone()>{v.metrics.get(k).map(number::metric)}</td> }).collect_view();
        let aliases = v.aliases.iter().map(|a| view! { <span class="tag">{format!("@{a}")}</span>" " }).collect_view();
        let deployments = v
            .deployments
            .iter()
            .map(|d| view! { <a class="tag" href=access.href(&format!("/deployments/{d}"))>{d.clone()}</a>" " })
            .collect_view();
        let label = format!("Deploy version {}", v.version);
        let deploy = edits.then(|| view! { <a class="btn small" href=format!("{href}?deploy=1") aria-label=label>"Deploy"</a> });
        view! {
            <tr>
                <td class="lead short" data-label="Version"><a class="name" href=href.clone()>{format!("v{}", v.version)}</a></td>
                <td class="named" data-label="Aliases">{aliases}</td>
                <td class="named" data-label="Run">{run}</td>
                {cells}
                <td class="named" data-label="Serves">{deployments}</td>
                <td data-label="By"><span class="sub">{v.user}", "<Ago time=v.created_at/></span></td>
                <td data-label="" class="right"><div class="actions">{deploy}</div></td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let heads = keys.iter().map(|k| view! { <th class="num" scope="col" title=k.clone()>{k.clone()}</th> }).collect_view();
    view! {
        <section class="card"><header><h2>"Versions"</h2></header><div class="scroll">
            <table class="rows" aria-label="Versions">
                <thead><tr><th scope="col">"Version"</th><th scope="col">"Aliases"</th><th scope="col">"Run"</th>{heads}<th scope="col">"Serves"</th><th scope="col">"By"</th><th><span class="sr">"Actions"</span></th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div></section>
    }
}
