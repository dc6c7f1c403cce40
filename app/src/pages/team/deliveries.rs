//! What was delivered to a webhook, and what is still on its way.

use super::webhooks::DeliveryBadge;
use crate::{
    api::{
        Client, ListQuery,
        client::{segment, team_path},
        webhooks::{Delivery, DeliveryAttempt, DeliveryState},
    },
    parts::{Access, Every, loaded, params::query},
    ui::{Ago, Empty, Pager, PostButton, Table},
};
use leptos::prelude::*;

/// The log, newest first.
#[component]
pub(super) fn Deliveries(
    /// The way to the API.
    client: Client,
    /// Who looks.
    access: Access,
    /// Name of the webhook.
    name: String,
) -> impl IntoView {
    let page = client.webhook_deliveries(&access.team, &name, &ListQuery { page_token: query("page"), page_size: Some(20) });
    loaded(Every { kinds: &["webhook"], seconds: 15, page: "" }, page, move |page, access| {
        if page.items.is_empty() {
            let command = format!("slipway webhook test {name}");
            return view! { <section class="card"><Empty text="Nothing was delivered yet. A test shows whether the receiver takes what is sent." command/></section> }
                .into_any();
        }
        let team = access.team.clone();
        let rows = page.items.into_iter().map(|d| view! { <Row d team=team.clone() webhook=name.clone()/> }).collect_view();
        let head = vec![("State", ""), ("Kind", ""), ("Made", ""), ("Attempts", ""), ("", "")];
        view! {
            <section class="card"><header><h2>"Deliveries"</h2></header><div class="scroll"><Table label="Deliveries" head>{rows}</Table></div></section>
            <Pager next=page.next_page_token/>
        }
        .into_any()
    })
}

#[component]
fn Row(d: Delivery, team: String, webhook: String) -> impl IntoView {
    let (id, dialog) = (d.id.clone(), format!("delivery-{}", d.id));
    let action = team_path(&team, &format!("/webhooks/{}/deliveries/{}/redeliver", segment(&webhook), segment(&id)));
    let next = d.next_at.filter(|_| d.state == DeliveryState::Waiting && !d.attempts.is_empty());
    let last = d.attempts.last().map(said);
    let (kind, body) = (d.kind.replace('_', " "), pretty(&d.body));
    let label = format!("Details of the delivery {id}");
    let attempts = d.attempts.into_iter().map(|a| view! { <Attempt a/> }).collect_view();
    view! {
        <tr id=format!("row-{id}")>
            <td class="state" data-label="State"><DeliveryBadge state=d.state/></td>
            <td class="lead" data-label="Kind">{kind}</td>
            <td data-label="Made"><span class="sub"><Ago time=d.created_at/></span></td>
            <td data-label="Attempts" class="wrap"><span class="sub">{last}{next.map(|time| view! { " Next "<Ago time/> })}</span></td>
            <td data-label="" class="right"><div class="actions">
                <button type="button" class="btn small" aria-label=label aria-haspopup="dialog" commandfor=dialog.clone() command="show-modal" data-dialog=dialog.clone()>"Details"</button>
                <PostButton id=format!("again-{id}") action say="It is sent again." class="btn small" label=format!("Redeliver {id}")>"Redeliver"</PostButton>
                <dialog class="box" id=dialog.clone() aria-label=format!("Delivery {id}")>
                    <div class="in">
                        <h1>"Delivery"</h1>
                        <p class="sub mono">{id.clone()}</p>
                        <ul class="list">{attempts}</ul>
                        <h2>"Sent"</h2><div class="codeblock"><pre tabindex="0">{body}</pre></div>
                        <div class="actions"><button type="button" class="btn" commandfor=dialog.clone() command="close" data-close="">"Close"</button></div>
                    </div>
                </dialog>
            </div></td>
        </tr>
    }
}

/// How an attempt went, in a few words.
fn said(a: &DeliveryAttempt) -> String {
    let came = a.problem.clone().unwrap_or_else(|| a.status.map_or_else(String::new, |s| format!("Answered with the status {s}.")));
    let nth = if a.number == 1 { String::new() } else { format!("Attempt {}: ", a.number) };
    format!("{nth}{came}")
}

#[component]
fn Attempt(a: DeliveryAttempt) -> impl IntoView {
    let words = a.problem.clone().unwrap_or_else(|| a.status.map_or_else(String::new, |s| format!("Answered with the status {s}.")));
    view! {
        <li>
            <div class="grow">
                <div>{format!("{}. {words}", a.number)}</div>
                <div class="sub"><Ago time=a.at/>{format!(", {:.2} s", a.seconds)}</div>
                {a.answer.map(|text| view! { <div class="codeblock"><pre tabindex="0">{text}</pre></div> })}
            </div>
        </li>
    }
}

fn pretty(body: &str) -> String {
    let value: Option<serde_json::Value> = serde_json::from_str(body).ok();
    value.and_then(|v| serde_json::to_string_pretty(&v).ok()).unwrap_or_else(|| body.to_owned())
}
