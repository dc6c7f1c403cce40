//! One registered model: its versions, newest first.

use super::edit::{Of, Words};
use crate::{
    api::{
        Client, ListQuery,
        client::segment,
        models::{Model, ModelVersion},
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
    let client = Client::from_context();
    let versions = client.clone();
    let (team, model, page) = (team(), param("model"), query("page"));
    let every = Every::change(&["model", "model_version", "deployment"]);
    loaded(
        "Loading the model",
        every.page("Model"),
        move || (team.get(), model.get()),
        move |(team, model)| client.model(&team, &model),
        move |data, access| {
            let client = versions.clone();
            let first = data.get_untracked();
            let name = first.name.clone();
            let of = Of { team: access.team.clone(), model: name.clone(), version: None };
            let edits = access.edits();
            let here = access.href(&format!("/models/{}", segment(&name)));
            let newest = move || data.read().latest_version.filter(|_| edits).map(|v| (v, format!("{here}/{v}?deploy=1")));
            let list = loaded(
                "Loading versions",
                every,
                move || (team.get(), model.get(), page.get()),
                move |(team, model, page_token)| client.version_list(&team, &model, &ListQuery { page_token, page_size: None }),
                |data, access| {
                    move || {
                        let page = data.get();
                        if page.items.is_empty() {
                            view! { <section class="card"><Empty text="This model has no version yet."/></section> }.into_any()
                        } else {
                            view! { <Versions items=page.items access=access.clone()/><Pager next=page.next_page_token/> }.into_any()
                        }
                    }
                },
            );
            view! {
                <Head title=name>{move || newest().map(|(v, href)| view! { <a class="btn primary" href=href>{format!("Deploy v{v}")}</a> })}</Head>
                <div class="cols side">
                    <div class="cols">{list}</div>
                    <div class="cols">
                        {move || {
                            let m = data.get();
                            view! { <Words of=of.clone() description=m.description.clone() tags=m.tags.clone() edits/><About model=m/> }
                        }}
                    </div>
                </div>
            }
        },
    )
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

#[component]
fn Versions(items: Vec<ModelVersion>, access: Access) -> impl IntoView {
    let keys: Vec<String> = items.first().map(|v| v.metrics.keys().take(3).cloned().collect()).unwrap_or_default();
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
                <td class="lead" data-label="Version"><a class="name" href=href.clone()>{format!("v{}", v.version)}</a></td>
                <td data-label="Aliases">{aliases}</td>
                <td data-label="Run">{run}</td>
                {cells}
                <td data-label="Serves">{deployments}</td>
                <td data-label="By"><span class="sub">{v.user}", "<Ago time=v.created_at/></span></td>
                <td data-label="" class="right"><div class="actions">{deploy}</div></td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let heads = keys.iter().map(|k| view! { <th class="num" scope="col">{k.clone()}</th> }).collect_view();
    view! {
        <section class="card"><header><h2>"Versions"</h2></header><div class="scroll">
            <table class="rows" aria-label="Versions">
                <thead><tr><th scope="col">"Version"</th><th scope="col">"Aliases"</th><th scope="col">"Run"</th>{heads}<th scope="col">"Serves"</th><th scope="col">"By"</th><th><span class="sr">"Actions"</span></th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div></section>
    }
}
