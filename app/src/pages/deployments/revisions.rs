//! What served when: one row a revision, newest first.

use crate::{
    api::{
        Client, ListQuery,
        client::{segment, team_path},
        deployments::{Redeploy, Revision, RevisionState},
    },
    parts::{Access, Every, RevisionBadge, loaded, params::query},
    ui::{After, Ago, Cut, Empty, Pager, PostButton, Submit, Table},
};
use leptos::prelude::*;

/// The revisions of a deployment.
#[component]
pub fn Revisions(
    /// Who looks.
    access: Access,
    /// Name of the deployment.
    name: String,
) -> impl IntoView {
    let client = Client::from_context();
    let page = query("page");
    let (team, deployment) = (access.team, name.clone());
    loaded(
        "Loading revisions",
        Every { kinds: &["deployment", "revision", "workload"], seconds: 15, page: "" },
        move || (team.clone(), deployment.clone(), page.get()),
        move |(team, name, page_token)| client.revision_list(&team, &name, &ListQuery { page_token, page_size: None }),
        move |data, access| {
            let name = name.clone();
            move || {
                let page = data.get();
                if page.items.is_empty() {
                    view! { <section class="card"><Empty text="Nothing was deployed yet."/></section> }.into_any()
                } else {
                    view! { <Rows items=page.items access=access.clone() name=name.clone()/><Pager next=page.next_page_token/> }.into_any()
                }
            }
        },
    )
}

#[component]
fn Rows(items: Vec<Revision>, access: Access, name: String) -> impl IntoView {
    let client = Client::from_context();
    let edits = access.edits();
    let rows = items.into_iter().map(|r| {
        let version = access.href(&format!("/models/{}/{}", segment(&r.model), r.version));
        let note = r.reason.clone().or_else(|| r.smoke.as_ref().map(|s| s.detail.clone()));
        let again = (edits && matches!(r.state, RevisionState::Retired)).then(|| {
            let (client, team, name, model, version) = (client.clone(), access.team.clone(), name.clone(), r.model.clone(), r.version);
            let action = team_path(&team, &format!("/deployments/{name}/redeploy"));
            let submit = Submit::new(move |_| {
                let call = client.deployment_redeploy(&team, &name, &Redeploy { model: Some(model.clone()), version, ..Redeploy::default() });
                async move { call.await.map(|_| After::say(format!("Version {version} is on its way."))) }
            });
            let (hidden, model) = (r.version.to_string(), r.model.clone());
            view! {
                <PostButton id=format!("again-{}", r.number) action submit class="btn small" label=format!("Deploy version {} again", r.version)>
                    <input type="hidden" name="version" value=hidden/><input type="hidden" name="model" value=model/>"Deploy again"
                </PostButton>
            }
        });
        view! {
            <tr>
                <td class="lead" data-label="Revision"><span class="name">{r.number}</span></td>
                <td class="state" data-label="State"><RevisionBadge state=r.state/></td>
                <td data-label="Version"><a class="link" href=version>{format!("{} v{}", r.model, r.version)}</a></td>
                <td data-label="Environment"><span class="sub">{r.environment}", "{r.runtime}</span></td>
                <td data-label="Holds"><span class="sub">{r.resources.words()}</span></td>
                <td data-label="Smoke test" class="wrap">{note.map(|text| view! { <Cut text/> })}</td>
                <td data-label="By"><span class="sub">{r.by}", "<Ago time=r.created_at/></span></td>
                <td data-label="Served"><span class="sub">{r.serving_at.map(|time| view! { <Ago time/> })}</span></td>
                <td data-label="" class="right"><div class="actions">{again}</div></td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let head = vec![
        ("Revision", ""),
        ("State", ""),
        ("Version", ""),
        ("Environment", ""),
        ("Holds", ""),
        ("Smoke test", ""),
        ("By", ""),
        ("Served", ""),
        ("", ""),
    ];
    view! { <section class="card"><header><h2>"Revisions"</h2></header><div class="scroll"><Table label="Revisions" head>{rows}</Table></div></section> }
}
