//! The deployments of a team.

use super::program::ProgramSheet;
use crate::{
    api::{Client, ListQuery, changes::kinds, deployments::Deployment},
    parts::{
        Access, Every, Head, StateBadge, loaded,
        params::{query, team},
        served,
    },
    ui::{Ago, Copyable, Cut, Empty, Pager, Table},
};
use leptos::prelude::*;

/// The page.
#[component]
pub fn Deployments() -> impl IntoView {
    let client = Client::from_context();
    let every = Every { kinds: &[kinds::DEPLOYMENT, kinds::WORKLOAD], seconds: 15, page: "" };
    let deployments = client.deployment_list(&team(), &ListQuery { page_token: query("page"), page_size: None });
    let program = query("program").is_some();
    view! {
        {loaded(every.page("Deployments"), deployments, move |page, access| {
            let edits = access.edits();
            let sheet = (edits && program).then(|| view! { <ProgramSheet client access=access.clone() back=access.href("/deployments")/> });
            let own = edits.then(|| view! { <a class="btn" href=access.href("/deployments?program=1")>"Deploy a program"</a> });
            let head = view! { <Head title="Deployments"><a class="btn" href="/runtimes">"Runtimes"</a>{own}</Head> };
            let content = if page.items.is_empty() {
                let button = Some(("Models", access.href("/models")));
                view! { <section class="card"><Empty text="A deployment serves a version of a model: open the version and press Deploy." button command="slipway deployment create churn --model churn"/></section> }.into_any()
            } else {
                view! { <Rows items=page.items access/><Pager next=page.next_page_token/> }.into_any()
            };
            view! { {head}{content}{sheet} }
        })}
    }
}

#[component]
fn Rows(items: Vec<Deployment>, access: Access) -> impl IntoView {
    let rows = items.into_iter().map(|d| {
        let href = access.href(&format!("/deployments/{}", d.name));
        let serving = d.serving.as_ref().map(|r| served(&access, &r.model, r.version, r.program.as_ref()));
        let next = d.next.as_ref().map(
            |r| view! { <span class="sub">{format!(" then {}", if r.is_custom() { r.words() } else { format!("v{}", r.version) })}</span> },
        );
        let follows = d.follows.as_ref().map(|f| view! { <span class="sub">{format!(" follows @{}", f.alias)}</span> });
        let held = d.serving.as_ref().or(d.next.as_ref()).or(d.latest.as_ref()).map(|r| r.resources.words());
        view! {
            <tr>
                <td class="state" data-label="State"><StateBadge state=d.state server=true/></td>
                <td class="lead" data-label="Name"><a class="name" href=href>{d.name}</a>{d.reason.map(|text| view! { <Cut text/> })}</td>
                <td class="named" data-label="Serves">{serving}{next}{follows}</td>
                <td data-label="Endpoint"><Copyable text=d.predict_path/></td>
                <td data-label="Holds"><span class="sub">{held}</span></td>
                <td data-label="Since"><span class="sub"><Ago time=d.state_since/></span></td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let head = vec![("State", ""), ("Name", ""), ("Serves", ""), ("Endpoint", ""), ("Holds", ""), ("Since", "")];
    view! { <section class="card"><div class="scroll"><Table label="Deployments" head>{rows}</Table></div></section> }
}
