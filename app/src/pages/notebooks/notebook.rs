//! One notebook: what it does, its log, its next size, and its end.

use super::{actions::Actions, list::activity};
use crate::{
    api::{
        Client,
        client::team_path,
        logs::LogQuery,
        notebooks::{DeleteNotebook, Notebook, NotebookChange},
    },
    parts::{
        Access, EnvironmentPicker, Every, Head, SizePicker, StateBadge,
        amounts::{cpu_use, memory_use},
        asked, loaded, offers,
        params::{param, team},
    },
    ui::{After, Ago, ApiForm, Card, Copyable, Dialog, DialogButton, DialogCancel, Facts, LogSource, LogView, Note, Submit, facts::text},
};
use leptos::prelude::*;

/// The page.
#[component]
pub fn NotebookPage() -> impl IntoView {
    let client = Client::from_context();
    let logs = client.clone();
    let (team, name) = (team(), param("name"));
    loaded(
        "Loading the notebook",
        Every { kinds: &["notebook", "workload"], seconds: 5, page: "Notebook" },
        move || (team.get(), name.get()),
        move |(team, name)| client.notebook(&team, &name),
        move |data, access| {
            let first = data.get_untracked();
            let (client, team, name) = (logs.clone(), access.team.clone(), first.name.clone());
            let source = LogSource::new(move |q: LogQuery| client.notebook_log(&team, &name, &q));
            let state = Memo::new(move |_| data.read().state);
            let again = Signal::derive(move || state.get() as u64);
            let (top, changes) = (access.clone(), access.changes(&first.owner));
            view! {
                <Head title=first.name.clone() beside=move || view! { <StateBadge state=state.get()/> }>
                    {move || view! { <Actions notebook=data.get() access=top.clone() class="btn" first="btn primary"/> }}
                    {changes.then(|| view! { <DialogButton id="delete" class="btn danger">"Delete"</DialogButton> })}
                </Head>
                {move || data.read().reason.clone().map(|r| view! { <Note tone="amber"><span>{r}</span></Note> })}
                <div class="cols side">
                    <section class="card"><header><h2>"Log"</h2></header><LogView source again nothing="It has not written a line since it last started."/></section>
                    <div class="cols">
                        {move || view! { <About notebook=data.get()/> }}
                        {changes.then(|| view! { <Resize notebook=first.clone() access=access.clone() data/> })}
                    </div>
                </div>
                {changes.then(|| view! { <Delete notebook=first.clone() access=access.clone()/> })}
            }
        },
    )
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
        ("Variables", text(n.env.keys().cloned().collect::<Vec<_>>().join(", "))),
        ("Secrets", text(n.secrets.iter().map(|s| format!("{} from {}", s.env, s.secret)).collect::<Vec<_>>().join(", "))),
        ("Launched", Some(view! { <Ago time=n.created_at/> }.into_any())),
    ];
    view! { <Card title="About"><Facts rows/></Card> }
}

/// Another size or environment, from the next start on.
#[component]
fn Resize(notebook: Notebook, access: Access, data: RwSignal<Notebook>) -> impl IntoView {
    let client = Client::from_context();
    let (team, name) = (access.team.clone(), notebook.name.clone());
    let fetch = {
        let client = client.clone();
        move |team: String| offers(&client, &team)
    };
    let source = team.clone();
    let form = loaded(
        "Loading sizes",
        Every::default(),
        move || source.clone(),
        fetch,
        move |both, access| {
            let (capacity, environments) = both.get_untracked();
            let now = data.get_untracked();
            let chosen = capacity.sizes.iter().find(|s| s.resources == now.resources).map(|s| s.name.clone()).unwrap_or_default();
            let (client, team, name) = (client.clone(), access.team.clone(), name.clone());
            let action = team_path(&team, &format!("/notebooks/{name}"));
            let submit = Submit::new(move |v| {
                let (size, amount) = asked(&v);
                let body =
                    NotebookChange { environment: v.some("environment"), size, amount, revision: data.with_untracked(|n| n.revision) };
                let call = client.notebook_update(&team, &name, &body);
                async move { call.await.map(|_| After::say("Kept. It is in force from the next start on.")) }
            });
            view! {
                <ApiForm id="resize" action submit>
                    <EnvironmentPicker environments=environments.items chosen=now.environment/>
                    <SizePicker capacity chosen/>
                    <div class="actions"><button class="btn" type="submit">"Keep for the next start"</button></div>
                </ApiForm>
            }
        },
    );
    view! { <Card title="At the next start">{form}</Card> }
}

/// Asks what becomes of the files.
#[component]
fn Delete(notebook: Notebook, access: Access) -> impl IntoView {
    let client = Client::from_context();
    let (team, name) = (access.team.clone(), notebook.name.clone());
    let (action, back) = (team_path(&team, &format!("/notebooks/{name}")), access.href("/notebooks"));
    let submit = Submit::new(move |v| {
        let files = v.text("files") == "delete";
        let call = client.notebook_delete(&team, &name, &DeleteNotebook { files });
        let (back, text) = (back.clone(), format!("{name} is deleted{}.", if files { " with its files" } else { "; its files are kept" }));
        async move { call.await.map(|()| After::go_saying(back, text)) }
    });
    view! {
        <Dialog id="delete" title=format!("Delete {}", notebook.name)>
            <ApiForm id="delete-form" action submit>
                <p>"It stops, and is gone from the list. What becomes of its files?"</p>
                <fieldset>
                    <legend class="sr">"Files"</legend>
                    <label class="check"><input type="radio" name="files" value="keep" checked/>"Keep them: a notebook launched under this name finds them again"</label>
                    <label class="check"><input type="radio" name="files" value="delete"/>"Delete them too; this cannot be undone"</label>
                </fieldset>
                <div class="actions"><button class="btn danger" type="submit">"Delete"</button><DialogCancel/></div>
            </ApiForm>
        </Dialog>
    }
}
