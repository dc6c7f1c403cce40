//! All teams, and what each may hold.

use crate::{
    api::{Client, ListQuery},
    parts::{Every, loaded, params::query, quota_form::QuotaForm},
    ui::{Ago, Card, Empty, Pager, Table},
};
use leptos::prelude::*;

/// The tab of teams.
#[component]
pub fn Teams() -> impl IntoView {
    let teams = Client::from_context().team_list(&ListQuery { page_token: query("page"), page_size: None });
    loaded(Every::seconds(15), teams, |page, _| {
        if page.items.is_empty() {
            return view! { <section class="card"><Empty text="There is no team yet." button=Some(("New team", "/?new=1".into()))/></section> }.into_any();
        }
        let rows = page.items.into_iter().map(|t| {
            view! {
                <tr>
                    <td class="lead" data-label="Team"><a class="name" href=format!("/teams/{}", t.name)>{t.display_name}</a></td>
                    <td data-label="Name"><code>{t.name.clone()}</code></td>
                    <td class="num" data-label="Members"><a class="link" href=format!("/teams/{}/team", t.name)>{t.members}</a></td>
                    <td data-label="Made"><span class="sub"><Ago time=t.created_at/></span></td>
                </tr>
            }
        });
        let rows = rows.collect_view();
        let head = vec![("Team", ""), ("Name", ""), ("Members", "num"), ("Made", "")];
        view! { <section class="card"><div class="scroll"><Table label="Teams" head>{rows}</Table></div></section><Pager next=page.next_page_token/> }.into_any()
    })
}

/// The tab of quotas: ten teams a page, each with its form.
#[component]
pub fn Quotas() -> impl IntoView {
    let client = Client::from_context();
    let teams = client.team_list(&ListQuery { page_token: query("page"), page_size: Some(10) });
    loaded(Every::seconds(15), teams, move |page, _| {
        let card = |t: crate::api::teams::Team| {
            let client = client.clone();
            view! { <Card title=t.display_name><QuotaForm client team=t.name sets=true/></Card> }
        };
        view! {
            <p class="muted">"What the workloads of a team may hold together. What does not fit waits until something of the team's own ends."</p>
            <div class="cols c3 wide">{page.items.into_iter().map(card).collect_view()}</div>
            <Pager next=page.next_page_token/>
        }
    })
}
