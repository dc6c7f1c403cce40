//! The page of a team: its tabs lie in the address.

use super::{clean_up::CleanUp, events::Events, members::Members, quota::QuotaCard, secrets::Secrets, stages::Stages, webhooks::Webhooks};
use crate::{
    api::{Client, client::team_path, teams::Team},
    parts::{
        Every, Head, loaded,
        params::{query, team},
    },
    ui::{Ago, ApiForm, Dialog, DialogButton, DialogCancel, Field, Tabs},
};
use leptos::prelude::*;

/// The page.
#[component]
pub fn TeamPage() -> impl IntoView {
    let (client, tab) = (Client::from_context(), query("tab").unwrap_or_default());
    let answer = client.team(&team());
    loaded(Every::change(&["team", "member"]).page("Team"), answer, move |team: Team, access| {
        let here = access.href("/team");
        let item = |words, name: &str| {
            let href = if name.is_empty() { here.clone() } else { format!("{here}?tab={name}") };
            (words, href, tab == name)
        };
        let items = vec![
            item("Members", ""),
            item("Secrets", "secrets"),
            item("Stages", "stages"),
            item("Webhooks", "webhooks"),
            item("Quota", "quota"),
            item("Clean-up", "clean-up"),
            item("Events", "events"),
        ];
        let maintains = access.maintains();
        let content = match tab.as_str() {
            "secrets" => view! { <Secrets client access/> }.into_any(),
            "stages" => view! { <Stages client access/> }.into_any(),
            "webhooks" => view! { <Webhooks client access/> }.into_any(),
            "quota" => view! { <QuotaCard client access/> }.into_any(),
            "clean-up" => view! { <CleanUp client access/> }.into_any(),
            "events" => view! { <Events client access/> }.into_any(),
            _ => view! { <Members client access/> }.into_any(),
        };
        let (name, made) = (team.name.clone(), team.created_at.clone());
        view! {
            <Head title=team.display_name.clone() beside=move || view! { <span class="muted">{name.clone()}", made "<Ago time=made.clone()/></span> }>
                {maintains.then(|| view! { <DialogButton id="rename">"Rename"</DialogButton> })}
            </Head>
            <Tabs label="Parts of the team" items/>
            {content}
            {maintains.then(|| view! { <Rename team/> })}
        }
    })
}

#[component]
fn Rename(team: Team) -> impl IntoView {
    view! {
        <Dialog id="rename" title="Rename the team">
            <ApiForm id="rename-form" method="PATCH" action=team_path(&team.name, "") say="Renamed.">
                <input type="hidden" name="revision" value=team.revision.to_string()/>
                <Field name="display_name" label="Shown as" value=team.display_name hint="Its name in addresses and namespaces never changes." required=true/>
                <div class="actions"><button class="btn primary" type="submit">"Rename"</button><DialogCancel/></div>
            </ApiForm>
        </Dialog>
    }
}
