//! The runs of a team: filter, columns, order and page lie in the address.

use super::columns::{Chooser, Column, chosen, column_heading, heading};
use crate::{
    api::{
        Client, ListQuery, Page,
        page::MAX_PAGE_SIZE,
        runs::{RunQuery, RunSummary},
    },
    parts::{Access, Every, Head, StateBadge, loaded, params::team},
    ui::{Ago, Cut, Empty, Lasting, Mini, Pager, url},
};
use leptos::prelude::*;
use leptos_router::{hooks::use_query_map, params::ParamsMap};

/// The page.
#[component]
pub fn Runs() -> impl IntoView {
    let (client, team, query) = (Client::from_context(), team(), use_query_map().get_untracked());
    let part = |name: &str| query.get(name).filter(|v| !v.is_empty());
    let asked = RunQuery {
        page_size: None,
        page_token: part("page"),
        experiment: part("experiment"),
        filter: part("filter"),
        order_by: part("order_by"),
    };
    let experiments = client.experiment_list(&team, &ListQuery { page_size: Some(MAX_PAGE_SIZE), page_token: None });
    let runs = client.run_list(&team, &asked);
    let shown = query.clone();
    view! {
        {loaded(Every::change(&["experiment"]).page("Runs"), experiments, move |list, access| {
            let (submit, edits) = (access.href("/runs/submit"), access.edits());
            let more = list.next_page_token.is_some();
            let experiments = list.items.into_iter().map(|e| (e.id, e.name)).collect::<Vec<_>>();
            view! {
                <Head title="Runs">{edits.then(|| view! { <a class="btn primary" href=submit>"Submit run"</a> })}</Head>
                <Filter action=access.href("/runs") query experiments more/>
            }
        })}
        {loaded(Every { kinds: &["run"], seconds: 10, page: "" }, runs, move |page, access| view! { <Rows page query=shown access/> })}
    }
}

/// The filter in MLflow's grammar, and the experiment; `more` where there are more than those.
#[component]
fn Filter(action: String, query: ParamsMap, experiments: Vec<(String, String)>, more: bool) -> impl IntoView {
    let (filter, experiment) = (query.get("filter").unwrap_or_default(), query.get("experiment").unwrap_or_default());
    let clear = (!filter.is_empty() || !experiment.is_empty())
        .then(|| url::with(&action, &query, &[("filter", None), ("experiment", None), ("page", None)]));
    let order = query.get("order_by").map(|v| view! { <input type="hidden" name="order_by" value=v/> });
    let cols =
        query.get_all("col").unwrap_or_default().into_iter().map(|v| view! { <input type="hidden" name="col" value=v/> }).collect_view();
    // One that was led to stays chosen, also where the list ends before it.
    let other = (!experiment.is_empty() && experiments.iter().all(|(id, _)| *id != experiment))
        .then(|| view! { <option value=experiment.clone() selected=true>"The one chosen"</option> });
    let rest =
        more.then(|| view! { <option disabled=true>{format!("Only the {MAX_PAGE_SIZE} last changed; any run leads to its own")}</option> });
    let options = experiments.into_iter().map(|(id, name)| {
        let selected = id == experiment;
        view! { <option value=id selected=selected>{name}</option> }
    });
    let options = options.collect_view();
    view! {
        <form method="get" action=action>
            {order}{cols}
            <div class="filter">
                <input type="search" name="filter" class="grammar" aria-label="Filter in MLflow's grammar" placeholder="metrics.loss < 0.3 and params.lr = '0.1'" value=filter spellcheck="false" autocomplete="off" data-filter=""/>
                <select name="experiment" aria-label="Experiment"><option value="">"All experiments"</option>{other}{options}{rest}</select>
                <button class="btn" type="submit">"Filter"</button>
                {clear.map(|href| view! { <a class="btn bare" href=href>"Clear"</a> })}
            </div>
        </form>
    }
}

#[component]
fn Rows(page: Page<RunSummary>, query: ParamsMap, access: Access) -> impl IntoView {
    let path = access.href("/runs");
    if page.items.is_empty() {
        let filtered = ["filter", "experiment", "page"].iter().any(|k| query.get(k).is_some_and(|v| !v.is_empty()));
        let empty = if filtered {
            view! { <Empty text="No run is like that." button=Some(("All runs", path))/> }.into_any()
        } else {
            let button = access.edits().then(|| ("Submit run", access.href("/runs/submit")));
            view! { <Empty text="A run executes a command on the team's hardware and keeps its metrics, parameters, files and log. Scripts that use the mlflow package need no change." button command="slipway run submit --env train --cpu 1 --memory 1Gi -- python train.py"/> }.into_any()
        };
        return view! { <section class="card">{empty}</section> }.into_any();
    }
    let columns = chosen(&query, &page.items);
    let spans: Vec<Option<(f64, f64)>> = columns.iter().map(|c| span(c, &page.items)).collect();
    let heads = columns.iter().map(|c| column_heading(&path, &query, c)).collect_view();
    let (started, name) =
        (heading(&path, &query, "Started", "attributes.start_time", ""), heading(&path, &query, "Name", "attributes.run_name", ""));
    let rows = page.items.iter().map(|r| {
        let cells = columns.iter().zip(&spans).map(|(c, span)| {
            let bar = c.number(r).zip(*span).map(|(v, (low, high))| view! { <Mini share=(v - low) / (high - low)/> });
            let class = if matches!(c, Column::Param(_)) { "num mono" } else { "num" };
            let cell = c.cell(r).map(|text| match c {
                Column::Param(_) => {
                    let all = text.clone();
                    view! { <div class="cut" title=all>{text}</div> }.into_any()
                }
                Column::Metric(_) => text.into_any(),
            });
            view! { <td class=class data-label=c.key().to_owned()>{bar}{cell}</td> }
        });
        let cells = cells.collect_view();
        let href = access.href(&format!("/runs/{}", r.id));
        let started = r.started_at.clone();
        let took = started.clone().map(|from| view! { <Lasting from to=r.ended_at.clone()/> });
        let reason = r.reason.clone().map(|text| view! { <Cut text/> });
        view! {
            <tr>
                <td class="state" data-label="State"><StateBadge state=r.state/></td>
                <td class="lead" data-label="Name"><a class="name" href=href>{r.name.clone()}</a>{reason}</td>
                <td class="named" data-label="Experiment"><span class="sub">{r.experiment.clone()}</span></td>
                <td data-label="Started"><span class="sub">{started.map(|time| view! { <Ago time/> })}</span></td>
                <td class="num" data-label="Took"><span class="sub">{took}</span></td>
                <td data-label="By"><span class="sub">{r.user.clone()}</span></td>
                {cells}
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <section class="card">
            <header><h2>{crate::ui::number::count(page.items.len() as i64, "run", "runs")}" on this page"</h2><div class="more"><Chooser path query runs=page.items/></div></header>
            <div class="scroll">
                <table class="rows" aria-label="Runs">
                    <thead><tr><th scope="col">"State"</th>{name}<th scope="col">"Experiment"</th>{started}<th class="num" scope="col">"Took"</th><th scope="col">"By"</th>{heads}</tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
        <Pager next=page.next_page_token/>
    }
    .into_any()
}

/// Smallest and largest value of a metric on the page; nothing where they are the same.
fn span(column: &Column, runs: &[RunSummary]) -> Option<(f64, f64)> {
    let values = runs.iter().filter_map(|r| column.number(r)).filter(|v| v.is_finite());
    let (low, high) = values.fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(v), b.max(v)));
    (high > low).then_some((low, high))
}
