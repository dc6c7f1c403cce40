//! The promotions of a team, newest first.

use super::promotion::EVERY;
use crate::{
    api::{
        Client,
        client::segment,
        promotions::{Promotion, PromotionQuery},
    },
    parts::{
        Access, Head,
        gates::PromotionBadge,
        loaded,
        params::{query, team},
    },
    ui::{Ago, Cut, Empty, Pager, Table, Tabs, url},
};
use leptos::prelude::*;
use leptos_router::params::ParamsMap;

/// The page.
#[component]
pub fn Promotions() -> impl IntoView {
    let (client, model, open) = (Client::from_context(), query("model").filter(|m| !m.is_empty()), query("open").is_some());
    let asked = PromotionQuery { model: model.clone(), open: open.then_some(true), page_token: query("page"), ..PromotionQuery::default() };
    let title = model.as_ref().map_or_else(|| "Promotions".to_owned(), |m| format!("Promotions of {m}"));
    let list = client.promotion_list(&team(), &asked);
    view! {
        <Head title/>
        {loaded(EVERY, list, move |page, access| {
            let here = access.href("/promotions");
            let to = |open: bool| {
                let pairs = [("model", model.as_deref()), ("open", open.then_some("1"))];
                url::with(&here, &ParamsMap::new(), &pairs)
            };
            let items = vec![("All", to(false), !open), ("Open", to(true), open)];
            let list = if page.items.is_empty() {
                let text = if open { "Nothing is being checked and nothing waits for an approval." } else { "Nothing was promoted yet: open a version of a model and press Promote." };
                let button = Some(("Models", access.href("/models")));
                view! { <section class="card"><Empty text button command="slipway promotion request churn --stage Production"/></section> }.into_any()
            } else {
                view! { <Rows items=page.items access/><Pager next=page.next_page_token/> }.into_any()
            };
            view! { <Tabs label="Which promotions" items/>{list} }
        })}
    }
}

#[component]
fn Rows(items: Vec<Promotion>, access: Access) -> impl IntoView {
    let rows = items.into_iter().map(|p| {
        let href = access.href(&format!("/promotions/{}", segment(&p.id)));
        let gates = if p.gates_total > 0 { format!("{} of {}", p.gates_passed, p.gates_total) } else { "none".to_owned() };
        view! {
            <tr>
                <td class="state" data-label="State"><PromotionBadge state=p.state/></td>
                <td class="lead" data-label="Version"><a class="name" href=href>{format!("{} v{}", p.model, p.version)}</a></td>
                <td data-label="To">{p.stage}</td>
                <td class="num" data-label="Green gates">{gates}</td>
                <td data-label="Since"><span class="sub"><Ago time=p.state_since/></span>{p.reason.map(|text| view! { <Cut text/> })}</td>
                <td data-label="Asked by">{p.requested_by}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let head = vec![("State", ""), ("Version", ""), ("To", ""), ("Green gates", "num"), ("Since", ""), ("Asked by", "")];
    view! { <section class="card"><div class="scroll"><Table label="Promotions" head>{rows}</Table></div></section> }
}
