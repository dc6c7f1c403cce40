//! One notebook: what it does, its log, its next size, and its end.

use super::{actions::Actions, list::activity};
use crate::{
    api::{Client, State, capacity::Capacity, client::team_path, environments::Environment, notebooks::Notebook, resources::Resources},
    islands::LogView,
    parts::{
        Access, AskWhy, EnvironmentPicker, Every, Head, SizePicker, StateBadge, Why,
        amounts::{cpu_use, memory_use},
        loaded, offers,
        params::{param, query, team},
        secret_uses,
        why::{ASKS, is_asked},
    },
    ui::{Ago, ApiForm, Card, Copyable, Dialog, DialogButton, DialogCancel, Facts, Note, facts::text},
};
use leptos::prelude::*;

/// The page.
#[component]
pub fn NotebookPage() -> impl IntoView {
    let (client, team) = (Client::from_context(), team());
    let every = Every { kinds: &["notebook", "workload"], seconds: 5, page: "Notebook" };
    let (sizes, open) = (offers(&client, &team), query(ASKS).is_some());
    loaded(every, client.notebook(&team, &param("name")), move |notebook: Notebook, access| {
        let (state, changes) = (notebook.state, access.changes(&notebook.owner));
        let path = team_path(&access.team, &format!("/notebooks/{}/log", notebook.name));
        let resize = changes.then(|| {
            let notebook = notebook.clone();
            let form = loaded(Every::default(), sizes, move |(capacity, environments), access| {
                view! { <Resize notebook access capacity environments=environments.items/> }
            });
            view! { <Card title="At the next start">{form}</Card> }
        });
        let delete = changes.then(|| view! { <Delete notebook=notebook.clone() access=access.clone()/> });
        let said = notebook.reason.is_some();
        let asked = open || is_asked(state, said);
        let why = client.notebook_explain(&access.team, &notebook.name);
        let (title, reason, about) = (notebook.name.clone(), notebook.reason.clone(), notebook.clone());
        view! {
            <Head title beside=move || view! { <StateBadge state/><AskWhy state asked/> }>
                <Actions notebook access class="btn" first="btn primary"/>
                {changes.then(|| view! { <DialogButton id="delete" class="btn danger">"Delete"</DialogButton> })}
            </Head>
            {reason.map(|r| view! { <Note tone="amber"><span>{r}</span></Note> })}
            {asked.then(|| view! { <Why answer=why said open/> })}
            <div class="cols side">
                <section class="card"><header><h2>"Log"</h2></header><LogView client path again=state as u64 noun="Start" nothing="It has not written a line since it last started."/></section>
                <div class="cols"><About notebook=about/>{resize}</div>
            </div>
            {delete}
        }
    })
}

#[component]
fn About(notebook: Notebook) -> impl IntoView {
    let n = notebook;
    let rows = vec![
        ("Activity", Some(activity(&n).into_any())),
        ("CPU", cpu_use(n.cpu_millis, n.resources.cpu_millis).map(IntoAny::into_any)),
        ("Memory", memory_use(n.memory_bytes, n.resources.memory_bytes).map(IntoAny::into_any)),
        ("Size", text(n.resources.words())),
        ("Environment", text(format!("{} v{}", n.environment, n.environment_version))),
        ("Owner", text(n.owner)),
        ("Path", Some(view! { <Copyable text=n.path/> }.into_any())),
        ("Variables", secret_uses::variables(&n.env).and_then(text)),
        ("Secrets", secret_uses::secrets(&n.secrets).and_then(text)),
        ("Launched", Some(view! { <Ago time=n.created_at/> }.into_any())),
    ];
    view! { <Card title="About"><Facts rows/></Card> }
}

/// Another size or environment, from the next start on.
#[component]
fn Resize(notebook: Notebook, access: Access, capacity: Capacity, environments: Vec<Environment>) -> impl IntoView {
    let chosen = capacity.sizes.iter().find(|s| s.resources == notebook.resources).map(|s| s.name.clone()).unwrap_or_default();
    let action = team_path(&access.team, &format!("/notebooks/{}", notebook.name));
    // What it holds now it gives back at its end.
    let returned =
        if matches!(notebook.state, State::Starting | State::Running | State::Stopping) { notebook.resources } else { Resources::NONE };
    view! {
        <ApiForm id="resize" method="PATCH" action say="Kept. It is in force from the next start on.">
            <input type="hidden" name="revision" value=notebook.revision.to_string()/>
            <EnvironmentPicker environments chosen=notebook.environment/>
            <SizePicker capacity chosen returned/>
            <div class="actions"><button class="btn" type="submit">"Keep for the next start"</button></div>
        </ApiForm>
    }
}

/// Asks what becomes of the files.
#[component]
fn Delete(notebook: Notebook, access: Access) -> impl IntoView {
    let name = notebook.name;
    let (action, next, say) =
        (team_path(&access.team, &format!("/notebooks/{name}")), access.href("/notebooks"), format!("{name} is deleted."));
    view! {
        <Dialog id="delete" title=format!("Delete {name}")>
            <ApiForm id="delete-form" method="DELETE" action next say>
                <p>"It stops, and is gone from the list. What becomes of its files?"</p>
                <fieldset>
                    <legend class="sr">"Files"</legend>
                    <label class="check"><input type="radio" name="files" value="false" checked/>"Keep them: a notebook that its owner launches under this name finds them again, and nobody else can take the name"</label>
                    <label class="check"><input type="radio" name="files" value="true"/>"Delete them too; this cannot be undone"</label>
                </fieldset>
                <div class="actions"><button class="btn danger" type="submit">"Delete"</button><DialogCancel/></div>
            </ApiForm>
        </Dialog>
    }
}
