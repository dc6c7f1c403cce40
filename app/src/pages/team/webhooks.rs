//! Webhooks of a team: where its notices are posted to.

use super::deliveries::Deliveries;
use crate::{
    api::{
        Client, ListQuery,
        client::{segment, team_path},
        notices::NoticeKind,
        webhooks::{DeliveryState, Webhook},
    },
    parts::{Access, Every, loaded, params::query},
    ui::{
        Ago, ApiForm, Badge, Card, Check, CodeBlock, Dialog, DialogButton, DialogCancel, Empty, Field, Note, Pager, PostButton, Table, Tone,
    },
};
use leptos::prelude::*;

/// The tab.
#[component]
pub fn Webhooks(
    /// The way to the API.
    client: Client,
    /// Who looks.
    access: Access,
) -> impl IntoView {
    if !access.maintains() {
        return view! { <section class="card"><Empty text="Webhooks are seen and made by maintainers of the team: their addresses often are secrets."/></section> }
            .into_any();
    }
    if let Some(name) = query("webhook") {
        return view! { <One client access name/> }.into_any();
    }
    let page = client.webhook_list(&access.team, &ListQuery { page_token: query("page"), page_size: None });
    let list = loaded(Every::change(&["webhook"]), page, |page, access| {
        if page.items.is_empty() {
            view! { <section class="card"><Empty text="A webhook posts the notices of the team to a program: a chat, a pager, a script. What is posted is signed, sent again where it is not taken, and kept in a log." command="slipway webhook create chat https://hooks.example.org/slipway"/></section> }.into_any()
        } else {
            view! { <Rows items=page.items access/><Pager next=page.next_page_token/> }.into_any()
        }
    });
    view! { <div class="cols side"><div class="cols">{list}</div><Make team=access.team/></div> }.into_any()
}

/// How the newest delivery is, in the words of a state.
#[component]
pub(super) fn DeliveryBadge(state: DeliveryState) -> impl IntoView {
    let (tone, icon) = match state {
        DeliveryState::Waiting => (Tone::Amber, "clock"),
        DeliveryState::Delivered => (Tone::Green, "ok"),
        DeliveryState::GivenUp => (Tone::Red, "x"),
    };
    view! { <Badge tone icon text=state.label()/> }
}

#[component]
fn Rows(items: Vec<Webhook>, access: Access) -> impl IntoView {
    let rows = items.into_iter().map(|w| {
        let href = access.href(&format!("/team?tab=webhooks&webhook={}", segment(&w.name)));
        let kinds = w.kinds.iter().map(|k| short(*k)).collect::<Vec<_>>().join(", ");
        let state = match (w.enabled, w.last) {
            (false, _) => view! { <Badge tone=Tone::Grey icon="pause" text="Off"/> }.into_any(),
            (true, Some(state)) => view! { <DeliveryBadge state/> }.into_any(),
            (true, None) => view! { <Badge tone=Tone::Grey icon="dot" text="Nothing yet"/> }.into_any(),
        };
        view! {
            <tr>
                <td class="state" data-label="Last">{state}</td>
                <td class="lead" data-label="Name"><a class="name" href=href>{w.name}</a></td>
                <td data-label="URL" class="wrap"><code>{w.url}</code></td>
                <td data-label="Told of" class="wrap"><span class="sub">{kinds}</span></td>
                <td data-label="Made"><span class="sub">{w.created_by}", "<Ago time=w.created_at/></span></td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let head = vec![("Last", ""), ("Name", ""), ("URL", ""), ("Told of", ""), ("Made", "")];
    view! { <section class="card"><div class="scroll"><Table label="Webhooks" head>{rows}</Table></div></section> }
}

/// A kind in a few words, where it is not about the reader.
fn short(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::PromotionWaiting => "promotion waits",
        NoticeKind::PromotionEnded => "promotion ended",
        NoticeKind::RunFailed => "run failed",
        NoticeKind::PipelineRunFailed => "pipeline run failed",
        NoticeKind::PipelineWaiting => "pipeline waits",
        NoticeKind::RecurringRunFailed => "recurring run could not run",
        NoticeKind::DeploymentUnhealthy => "deployment unhealthy",
        NoticeKind::NotebookStopped => "notebook stopped",
    }
}

/// What it is told of, as boxes.
#[component]
fn Kinds(
    /// What is ticked at first.
    chosen: Vec<NoticeKind>,
) -> impl IntoView {
    let boxes = NoticeKind::ALL.map(|k| {
        let checked = chosen.contains(&k);
        view! { <label class="check"><input type="checkbox" name="kinds" value=k.as_str() checked=checked/>{first_large(short(k))}</label> }
    });
    view! { <fieldset><legend>"Tell it of"</legend>{boxes.collect_view()}</fieldset> }
}

fn first_large(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// Where a secret is shown, this once.
#[component]
fn Secret() -> impl IntoView {
    view! {
        <div data-shown="secret" data-own="" hidden>
            <Note tone="green"><span>"Copy it now, it is not shown again: with this the receiver checks who sent."</span><CodeBlock text=""/></Note>
        </div>
    }
}

#[component]
fn Make(team: String) -> impl IntoView {
    let action = team_path(&team, "/webhooks");
    view! {
        <Card title="New webhook">
            <div class="stack">
                <Secret/>
                <ApiForm id="webhook" action show="secret" reset=true>
                    <Field name="name" label="Name" required=true code=true placeholder="chat"/>
                    <Field name="url" label="URL" kind="url" required=true placeholder="https://hooks.example.org/slipway"/>
                    <Kinds chosen=NoticeKind::ALL.into()/>
                    <details class="more"><summary>"A secret of your own"</summary>
                        <Field name="secret" label="Secret" kind="password" code=true hint="whsec_ and 24 to 64 bytes in base64. One is made when this is empty."/>
                    </details>
                    <div class="actions"><button class="btn primary" type="submit">"Make the webhook"</button></div>
                </ApiForm>
            </div>
        </Card>
    }
}

/// One webhook: what it is, and what was delivered.
#[component]
fn One(client: Client, access: Access, name: String) -> impl IntoView {
    let (team, back) = (access.team.clone(), access.href("/team?tab=webhooks"));
    let about = loaded(Every::change(&["webhook"]), client.webhook(&team, &name), move |w: Webhook, access| {
        let path = |rest: &str| team_path(&access.team, &format!("/webhooks/{}{rest}", segment(&w.name)));
        let (set, rotate, test, remove) = (path(""), path("/rotate"), path("/test"), path(""));
        let (title, say, gone) = (format!("Remove {}", w.name), format!("{} is removed.", w.name), access.href("/team?tab=webhooks"));
        let Webhook { name, url, kinds, enabled, revision, .. } = w;
        view! {
            <div class="cols">
                <Card title=name>
                    <ApiForm id="webhook-set" method="PUT" action=set say="Kept.">
                        <input type="hidden" name="revision" value=revision.to_string()/>
                        <Field name="url" label="URL" kind="url" value=url required=true/>
                        <Kinds chosen=kinds/>
                        <Check name="enabled" label="On" checked=enabled/>
                        <div class="actions"><button class="btn primary" type="submit">"Keep"</button></div>
                    </ApiForm>
                </Card>
                <Card title="Secret">
                    <div class="stack">
                        <Secret/>
                        <p class="muted">"The one in force signs along for a day, so that the receiver can change over; no older one does."</p>
                        <ApiForm id="webhook-rotate" action=rotate show="secret">
                            <div class="actions"><button class="btn" type="submit">"Make a new one"</button></div>
                        </ApiForm>
                    </div>
                </Card>
                <div class="actions">
                    {enabled.then(|| view! { <PostButton id="webhook-test" action=test say="A test is on its way.">"Send a test"</PostButton> })}
                    <DialogButton id="webhook-remove" class="btn danger">"Remove"</DialogButton>
                </div>
                <Dialog id="webhook-remove" title><ApiForm id="webhook-remove-form" method="DELETE" action=remove say next=gone>
                    <p>"What waits to be delivered is dropped, and so is the log. This cannot be undone."</p>
                    <div class="actions"><button class="btn danger" type="submit">"Remove"</button><DialogCancel/></div>
                </ApiForm></Dialog>
            </div>
        }
    });
    view! {
        <p><a href=back>"All webhooks"</a></p>
        <div class="cols side"><div class="cols"><Deliveries client name access/></div>{about}</div>
    }
}
