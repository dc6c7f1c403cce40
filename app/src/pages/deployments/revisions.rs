//! How far each revision came: one row a revision, newest first.

use crate::{
    api::{
        Client, ListQuery,
        changes::kinds,
        client::team_path,
        deployments::{Revision, RevisionState},
    },
    parts::{Access, Every, RevisionBadge, loaded, params::query, secret_uses, served},
    ui::{Ago, Cut, Empty, Pager, PostButton, Table},
};
use leptos::prelude::*;

/// The revisions of a deployment.
#[component]
pub fn Revisions(
    /// The way to the API.
    client: Client,
    /// The team.
    team: String,
    /// Name of the deployment.
    name: String,
) -> impl IntoView {
    let every = Every { kinds: &[kinds::DEPLOYMENT, kinds::WORKLOAD], seconds: 15, page: "" };
    let revisions = client.revision_list(&team, &name, &ListQuery { page_token: query("page"), page_size: None });
    loaded(every, revisions, move |page, access| {
        if page.items.is_empty() {
            view! { <section class="card"><Empty text="Nothing was deployed yet."/></section> }.into_any()
        } else {
            view! { <Rows items=page.items access name/><Pager next=page.next_page_token/> }.into_any()
        }
    })
}

#[component]
fn Rows(items: Vec<Revision>, access: Access, name: String) -> impl IntoView {
    let edits = access.edits();
    let rows = items.into_iter().map(|r| {
        let what = served(&access, &r.model, r.version, r.program.as_ref());
        let log = access.href(&format!("/deployments/{name}?tab=log&revision={}", r.number));
        // What keeps one on its way stands above, where it is said to be on its way.
        let under_way = matches!(r.state, RevisionState::Queued | RevisionState::Starting | RevisionState::Smoking);
        let note = r.reason.clone().filter(|_| !under_way).or_else(|| r.smoke.as_ref().map(|s| s.detail.clone()));
        let how = r.rolled_back_to.map(|n| format!("back to revision {n}")).or(r.alias.as_ref().map(|a| format!("following @{a}")));
        let back = how.map(|words| view! { <div class="sub">{words}</div> });
        let given = [secret_uses::variables(&r.env), secret_uses::secrets(&r.secrets)];
        let given = given.into_iter().flatten().map(|words| view! { <div class="sub">{words}</div> }).collect_view();
        let again = (edits && matches!(r.state, RevisionState::Retired) && !r.is_custom()).then(|| {
            let action = team_path(&access.team, &format!("/deployments/{name}/redeploy"));
            let (version, model, say) = (r.version, r.model.clone(), format!("Version {} is on its way.", r.version));
            view! {
                <PostButton id=format!("again-{}", r.number) action say class="btn small" label=format!("Deploy version {version} again")>
                    <input type="hidden" name="version" value=version.to_string()/><input type="hidden" name="model" value=model/>"Deploy again"
                </PostButton>
            }
        });
        view! {
            <tr data-key=format!("revision-{}", r.number)>
                <td class="lead" data-label="Revision"><a class="name" href=log title=format!("Log of revision {}", r.number)>{r.number}</a></td>
                <td class="state" data-label="State"><RevisionBadge state=r.state/></td>
                <td class="named" data-label="Serves">{what}{back}</td>
                <td class="named" data-label="Environment"><span class="sub">{r.environment}", "{r.runtime}</span></td>
                <td data-label="Holds"><span class="sub">{r.resources.words()}</span>{given}</td>
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
        ("Serves", ""),
        ("Environment", ""),
        ("Holds", ""),
        ("Smoke test", ""),
        ("By", ""),
        ("Served", ""),
        ("", ""),
    ];
    view! { <section class="card"><header><h2>"Revisions"</h2></header><div class="scroll"><Table label="Revisions" head>{rows}</Table></div></section> }
}
