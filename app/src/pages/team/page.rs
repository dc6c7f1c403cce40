//! The page of a team: its tabs lie in the address.

use super::{events::Events, members::Members, quota::QuotaCard, secrets::Secrets};
use crate::{
    api::{
        Client,
        client::team_path,
        teams::{Team, TeamChange},
    },
    parts::{
        Access, Every, Head, loaded,
        params::{query, team},
    },
    ui::{After, Ago, ApiForm, Dialog, DialogButton, DialogCancel, Field, Submit, Tabs},
};
use leptos::prelude::*;

/// The page.
#[component]
pub fn TeamPage() -> impl IntoView {
    let client = Client::from_context();
    let (team, tab) = (team(), query("tab"));
    loaded(
        "Loading the team",
        Every::change(&["team", "member"]).page("Team"),
        move || team.get(),
        move |team| client.team(&team),
        move |data, access| {
            let here = StoredValue::new(access.href("/team"));
            let tabs = move || {
                let now = tab.get();
                let item = |words, name: &str| {
                    let href = here.with_value(|h| if name.is_empty() { h.clone() } else { format!("{h}?tab={name}") });
                    (words, href, now.as_deref().unwrap_or("") == name)
                };
                vec![item("Members", ""), item("Secrets", "secrets"), item("Quota", "quota"), item("Events", "events")]
            };
            let maintains = access.maintains();
            let edit = access.clone();
            let content = move || {
                let access = access.clone();
                match tab.get().as_deref() {
                    Some("secrets") => view! { <Secrets access/> }.into_any(),
                    Some("quota") => view! { <QuotaCard access/> }.into_any(),
                    Some("events") => view! { <Events access/> }.into_any(),
                    _ => view! { <Members access/> }.into_any(),
                }
            };
            view! {
                {move || {
                    let t = data.get();
                    let made = t.created_at.clone();
                    view! {
                        <Head title=t.display_name.clone() beside=move || view! { <span class="muted">{t.name.clone()}", made "<Ago time=made.clone()/></span> }>
                            {maintains.then(|| view! { <DialogButton id="rename">"Rename"</DialogButton> })}
                        </Head>
                    }
                }}
                {move || view! { <Tabs label="Parts of the team" items=tabs()/> }}
                {content}
                {maintains.then(|| view! { <Rename data access=edit.clone()/> })}
            }
        },
    )
}

#[component]
fn Rename(data: RwSignal<Team>, access: Access) -> impl IntoView {
    let client = Client::from_context();
    let (team, value) = (access.team.clone(), data.with_untracked(|t| t.display_name.clone()));
    let action = team_path(&team, "");
    let submit = Submit::new(move |v| {
        let revision = data.with_untracked(|t| t.revision);
        let call = client.team_update(&team, &TeamChange { display_name: v.text("display_name"), revision });
        async move { call.await.map(|_| After::say("Renamed.")) }
    });
    view! {
        <Dialog id="rename" title="Rename the team">
            <ApiForm id="rename-form" action submit>
                <Field name="display_name" label="Shown as" value hint="Its name in addresses and namespaces never changes." required=true/>
                <div class="actions"><button class="btn primary" type="submit">"Rename"</button><DialogCancel/></div>
            </ApiForm>
        </Dialog>
    }
}
