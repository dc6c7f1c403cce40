//! The registered models of a team.

use crate::{
    api::{Client, ListQuery, client::segment, models::Model},
    parts::{
        Access, Every, Head, loaded,
        params::{query, team},
    },
    ui::{Ago, Cut, Empty, Pager, Table},
};
use leptos::prelude::*;

/// The page.
#[component]
pub fn Models() -> impl IntoView {
    let (client, promotions) = (Client::from_context(), format!("/teams/{}/promotions", segment(&team())));
    let models = client.model_list(&team(), &ListQuery { page_token: query("page"), page_size: None });
    view! {
        <Head title="Models"><a class="btn" href=promotions>"Promotions"</a></Head>
        {loaded(Every::change(&["model", "model_version"]), models, |page, access| {
            if page.items.is_empty() {
                let button = Some(("Runs", access.href("/runs")));
                view! { <section class="card"><Empty text="A model is registered from a run that logged one: open the run and press Register model, or say registered_model_name=\"...\" where the script logs it." button command="slipway model register churn --run RUN_ID"/></section> }.into_any()
            } else {
                view! { <Rows items=page.items access/><Pager next=page.next_page_token/> }.into_any()
            }
        })}
    }
}

#[component]
fn Rows(items: Vec<Model>, access: Access) -> impl IntoView {
    let rows = items.into_iter().map(|m| {
        let href = access.href(&format!("/models/{}", segment(&m.name)));
        let latest = m.latest_version.map(|v| view! { <a class="link" href=format!("{href}/{v}")>{format!("v{v}")}</a> });
        let aliases =
            m.aliases.iter().map(|(a, v)| view! { <a class="tag" href=format!("{href}/{v}")>{format!("@{a} v{v}")}</a>" " }).collect_view();
        let text = m.description;
        view! {
            <tr>
                <td class="lead" data-label="Name"><a class="name" href=href.clone()>{m.name}</a></td>
                <td data-label="Newest">{latest}</td>
                <td class="named" data-label="Aliases">{aliases}</td>
                <td data-label="Description"><Cut text/></td>
                <td data-label="Changed"><span class="sub"><Ago time=m.updated_at/></span></td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let head = vec![("Name", ""), ("Newest", ""), ("Aliases", ""), ("Description", ""), ("Changed", "")];
    view! { <section class="card"><div class="scroll"><Table label="Models" head>{rows}</Table></div></section> }
}
