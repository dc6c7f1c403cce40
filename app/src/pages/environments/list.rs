//! The environments of a team, the shipped ones among them.

use super::new::NewSheet;
use crate::{
    api::{
        Client, ListQuery,
        environments::{Build, Environment},
    },
    parts::{
        Access, BuildBadge, Every, Head, loaded,
        params::{query, team},
    },
    ui::{Ago, Cut, Pager, Table},
};
use leptos::prelude::*;

/// The page.
#[component]
pub fn Environments() -> impl IntoView {
    let (client, team) = (Client::from_context(), team());
    let every = Every { kinds: &["environment", "workload"], seconds: 5, page: "Environments" };
    let environments = client.environment_list(&team, &ListQuery { page_token: query("page"), page_size: None });
    view! {
        {loaded(every, environments, |page, access| {
            let (edits, href) = (access.edits(), access.href("/environments?new=1"));
            view! {
                <Head title="Environments">{edits.then(|| view! { <a class="btn primary" href=href>"New environment"</a> })}</Head>
                <Rows items=page.items access/>
                <Pager next=page.next_page_token/>
            }
        })}
        {query("new").map(|_| view! { <NewSheet back=format!("/teams/{team}/environments") team=team.clone()/> })}
    }
}

#[component]
fn Rows(items: Vec<Environment>, access: Access) -> impl IntoView {
    let rows = items.into_iter().map(|e| {
        let href = access.href(&format!("/environments/{}", e.name));
        let v = e.latest;
        let text = match (v.build, v.reason) {
            (Build::Failed, Some(reason)) => reason.lines().next().unwrap_or_default().to_owned(),
            _ => e.description,
        };
        view! {
            <tr>
                <td class="state" data-label="State"><BuildBadge how=v.build progress=v.progress/></td>
                <td class="lead" data-label="Name"><a class="name" href=href>{e.name}</a>{e.shipped.then(|| view! { " "<span class="tag">"shipped"</span> })}</td>
                <td data-label="Version">{format!("v{}", v.version)}</td>
                <td data-label="Packages"><Cut text=v.packages.join(", ")/></td>
                <td data-label="Description"><Cut text/></td>
                <td data-label="Made"><span class="sub"><Ago time=v.created_at/></span></td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let head = vec![("State", ""), ("Name", ""), ("Version", ""), ("Packages", ""), ("Description", ""), ("Made", "")];
    view! { <section class="card"><div class="scroll"><Table label="Environments" head>{rows}</Table></div></section> }
}
