//! One environment: what it is made from, and how its build went.

use super::new::NewSheet;
use crate::{
    api::{
        Client,
        client::team_path,
        environments::{Build, Environment, NewEnvironment},
        logs::LogQuery,
    },
    parts::{
        BuildBadge, Every, Head, loaded,
        params::{param, query, team},
    },
    ui::{After, Ago, Card, CodeBlock, Copyable, Facts, LogSource, LogView, Note, PostButton, Submit, facts::text},
};
use leptos::prelude::*;

/// The page.
#[component]
pub fn EnvironmentPage() -> impl IntoView {
    let client = Client::from_context();
    let acts = client.clone();
    let (team, name, new) = (team(), param("name"), query("new"));
    loaded(
        "Loading the environment",
        Every { kinds: &["environment", "workload"], seconds: 3, page: "Environment" },
        move || (team.get(), name.get()),
        move |(team, name)| client.environment(&team, &name),
        move |data, access| {
            let first = data.get_untracked();
            let here = access.href(&format!("/environments/{}", first.name));
            let (client, team, name) = (acts.clone(), access.team.clone(), first.name.clone());
            let source = {
                let (client, team, name) = (client.clone(), team.clone(), name.clone());
                LogSource::new(move |q: LogQuery| client.environment_log(&team, &name, &q))
            };
            let how = Memo::new(move |_| data.read().latest.build);
            let again = Signal::derive(move || how.get() as u64);
            let edits = access.edits() && !first.shipped;
            let maintains = access.edits();
            let button = format!("{here}?new=1");
            let retry = move || {
                (maintains && how.get() == Build::Failed).then(|| {
                    let (client, team, name) = (client.clone(), team.clone(), name.clone());
                    let action = team_path(&team, &format!("/environments/{name}/retry"));
                    let submit = Submit::new(move |_| {
                        let call = client.environment_retry(&team, &name);
                        async move { call.await.map(|()| After::say("It is built again.")) }
                    });
                    view! { <PostButton id="retry" action submit>"Build again"</PostButton> }
                })
            };
            let sheet = move || {
                (edits && new.get().is_some()).then(|| {
                    let e = data.get_untracked();
                    let of = NewEnvironment {
                        name: e.name,
                        description: e.description,
                        requirements: e.latest.requirements,
                        image: e.latest.image,
                    };
                    view! { <NewSheet of=Some(of) back=here.clone()/> }
                })
            };
            view! {
                <Head title=first.name.clone() beside=move || { let v = data.get().latest; view! { <BuildBadge how=v.build progress=v.progress/><span class="muted">{format!("v{}", v.version)}</span> } }>
                    {retry}{edits.then(|| view! { <a class="btn primary" href=button>"New version"</a> })}
                </Head>
                {move || data.read().latest.reason.clone().map(|r| view! { <Note tone="red"><span>"It could not be made:"</span><pre tabindex="0">{r}</pre></Note> })}
                <div class="cols side">
                    <section class="card"><header><h2>"Build log"</h2></header><LogView source again nothing="No build of it has run here."/></section>
                    <div class="cols">{move || view! { <About environment=data.get()/> }}</div>
                </div>
                {sheet}
            }
        },
    )
}

#[component]
fn About(environment: Environment) -> impl IntoView {
    let v = environment.latest;
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
        <Card title="About"><div class="stack"><Facts rows/><div class="row">{packages}</div></div></Card>
        <Card title="Requirements"><CodeBlock text=v.requirements/></Card>
    }
}
