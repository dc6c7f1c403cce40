//! One environment: what it is made from, and how its build went.

use super::new::NewSheet;
use crate::{
    api::{
        Client, ListQuery,
        client::team_path,
        environments::{Build, Environment, EnvironmentVersion, NewEnvironment},
    },
    islands::LogView,
    parts::{
        BuildBadge, Every, Head, loaded,
        params::{param, query, team},
    },
    ui::{Ago, Card, CodeBlock, Copyable, Facts, Note, PostButton, Table, facts::text},
};
use leptos::prelude::*;

/// The page.
#[component]
pub fn EnvironmentPage() -> impl IntoView {
    let client = Client::from_context();
    let (new, wanted) = (query("new").is_some(), query("version").and_then(|v| v.parse::<i64>().ok()));
    let every = Every { kinds: &["environment", "workload"], seconds: 3, page: "Environment" };
    let versions = client.environment_versions(&team(), &param("name"), &ListQuery { page_size: Some(100), page_token: None });
    let environment = client.environment(&team(), &param("name"));
    loaded(every, environment.and(versions), move |(environment, versions), access| {
        let (name, latest) = (environment.name.clone(), environment.latest.clone());
        let here = access.href(&format!("/environments/{name}"));
        let path = |rest: &str| team_path(&access.team, &format!("/environments/{name}/{rest}"));
        let (log, retries, edits) = (path("log"), access.edits() && latest.build == Build::Failed, access.edits() && !environment.shipped);
        let retry =
            retries.then(|| view! { <PostButton id="retry" action=path("retry") say="It is built again.">"Build again"</PostButton> });
        let sheet = (edits && new).then(|| {
            let of = NewEnvironment {
                name: name.clone(),
                description: environment.description.clone(),
                requirements: latest.requirements.clone(),
                image: latest.image.clone(),
            };
            view! { <NewSheet team=access.team.clone() of=Some(of) back=here.clone()/> }
        });
        let (how, progress, version) = (latest.build, latest.progress, latest.version);
        let button = format!("{here}?new=1");
        let shown = versions.items.iter().find(|v| Some(v.version) == wanted).cloned().unwrap_or_else(|| latest.clone());
        view! {
            <Head title=name.clone() beside=move || view! { <BuildBadge how progress/><span class="muted">{format!("v{version}")}</span> }>
                {retry}{edits.then(|| view! { <a class="btn primary" href=button>"New version"</a> })}
            </Head>
            {latest.reason.map(|r| view! { <Note tone="red"><span>"It could not be made:"</span><pre tabindex="0">{r}</pre></Note> })}
            <div class="cols side">
                <section class="card"><header><h2>"Build log"</h2></header><LogView client path=log again=how as u64 nothing="No build of it has run here."/></section>
                <div class="cols"><About environment shown=shown.clone()/><Versions here items=versions.items shown=shown.version/></div>
            </div>
            {sheet}
        }
    })
}

#[component]
fn About(environment: Environment, shown: EnvironmentVersion) -> impl IntoView {
    let v = shown;
    let title = format!("Version {}", v.version);
    let digest: String = v.digest.chars().take(12).collect();
    let rows = vec![
        ("Description", text(environment.description)),
        ("Shipped", environment.shipped.then(|| "with Slipway, for every team".into_any())),
        ("Image", text(v.image.unwrap_or_default())),
        ("Digest", Some(view! { <Copyable text=v.digest short=digest/> }.into_any())),
        ("Made", Some(view! { <Ago time=v.created_at/> }.into_any())),
        ("Ready", v.ready_at.map(|time| view! { <Ago time/> }.into_any())),
    ];
    let packages = v.packages.into_iter().map(|p| view! { <span class="tag">{p}</span>" " }).collect_view();
    view! {
        <Card title=title><div class="stack"><Facts rows/><div class="row">{packages}</div></div></Card>
        <Card title="Requirements"><CodeBlock text=v.requirements/></Card>
    }
}

/// Every version: runs and deployments say which one they are in.
#[component]
fn Versions(here: String, items: Vec<EnvironmentVersion>, shown: i64) -> impl IntoView {
    let rows = items.into_iter().map(|v| {
        let (href, current) = (format!("{here}?version={}", v.version), (v.version == shown).then_some("true"));
        view! {
            <tr>
                <td class="lead" data-label="Version"><a class="link" href=href aria-current=current>{format!("v{}", v.version)}</a></td>
                <td class="state" data-label="State"><BuildBadge how=v.build progress=v.progress/></td>
                <td data-label="Made"><span class="sub"><Ago time=v.created_at/></span></td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! { <Card title="Versions" flush=true><Table label="Versions" head=vec![("Version", ""), ("State", ""), ("Made", "")]>{rows}</Table></Card> }
}
