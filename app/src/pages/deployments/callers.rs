//! Who calls a deployment: its own tokens, pages of which origins, or everybody.

use crate::{
    api::{
        Client, ListQuery,
        callers::{CallerToken, callers_path, token_path, tokens_path},
        deployments::Deployment,
    },
    parts::{Access, Every, loaded, params::query},
    ui::{
        Ago, ApiForm, Area, Card, Check, CodeBlock, Dialog, DialogButton, DialogCancel, Empty, Facts, Field, Note, Pager, Select, Table,
        facts::text,
    },
};
use leptos::prelude::*;

/// How long a token lasts, seconds.
const LASTS: [(&str, &str); 4] = [("2592000", "30 days"), ("7776000", "90 days"), ("15552000", "180 days"), ("31536000", "365 days")];
/// How long an old secret counts beside the new one, seconds.
const OVERLAPS: [(&str, &str); 4] = [("0", "not at all"), ("3600", "an hour"), ("86400", "a day"), ("604800", "7 days")];

fn choices(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(value, words)| ((*value).to_owned(), (*words).to_owned())).collect()
}

/// The tab.
#[component]
pub fn CallersTab(
    /// The way to the API.
    client: Client,
    /// Who looks.
    access: Access,
    /// The deployment.
    deployment: Deployment,
) -> impl IntoView {
    let (team, name) = (access.team.clone(), deployment.name.clone());
    if !access.edits() {
        let callers = &deployment.callers;
        let origins = if callers.origins.is_empty() { "none".to_owned() } else { callers.origins.join(", ") };
        let rows = vec![
            ("Without a token", text(if callers.public { "everybody who reaches the portal" } else { "nobody" })),
            ("Pages of", text(origins)),
        ];
        return view! { <Card title="Callers"><Facts rows/></Card> }.into_any();
    }
    let tokens = client.caller_token_list(&team, &name, &ListQuery { page_token: query("page"), page_size: None });
    let place = (team.clone(), name.clone());
    let list = loaded(Every::change(&["token"]), tokens, move |page, _| {
        if page.items.is_empty() {
            view! { <Empty text="A token of the deployment lets one caller ask it for predictions, and nothing else. It stays when its maker leaves." command=format!("slipway deployment token create {} shop", place.1)/> }.into_any()
        } else {
            view! { <Rows place items=page.items/><Pager next=page.next_page_token/> }.into_any()
        }
    });
    let action = tokens_path(&team, &name);
    view! {
        <section class="card"><header><h2>"Tokens of the deployment"</h2></header>
            <div data-shown="token" data-own="" hidden>
                <Note tone="green"><span>"Copy it now: it is not shown again."</span><CodeBlock text=""/></Note>
            </div>
            {list}
        </section>
        <div class="cols c2">
            <Card title="New token">
                <ApiForm id="caller" action show="token" reset=true>
                    <Field name="name" label="Who calls with it" placeholder="shop" required=true/>
                    <div class="pair">
                        <Select name="expires_in" label="Lasts" options=choices(&LASTS) value="7776000"/>
                        <Field name="rate" label="Requests per second" kind="number" placeholder="no limit"/>
                    </div>
                    <div class="actions"><button class="btn primary" type="submit">"Make the token"</button></div>
                </ApiForm>
            </Card>
            <Others access deployment/>
        </div>
    }
    .into_any()
}

#[component]
fn Rows(place: (String, String), items: Vec<CallerToken>) -> impl IntoView {
    let rows = items.into_iter().map(|t| {
        let (team, name) = &place;
        let path = token_path(team, name, &t.id);
        let (rotate, revoke) = (format!("rotate-{}", t.id), format!("revoke-{}", t.id));
        let (rotate_form, revoke_form) = (format!("{rotate}-form"), format!("{revoke}-form"));
        let (anew, end) = (format!("Replace the token of {}", t.name), format!("Revoke the token of {}", t.name));
        let say = format!("The token of {} is revoked.", t.name);
        let rotation = format!("{path}/rotate");
        view! {
            <tr>
                <td class="lead" data-label="Caller"><span class="name">{t.name}</span></td>
                <td data-label="Begins with"><code>{t.prefix}"…"</code></td>
                <td data-label="Rate">{t.rate.map_or_else(|| view! { <span class="muted">"no limit"</span> }.into_any(), |n| format!("{n}/s").into_any())}</td>
                <td data-label="Made by"><span class="sub">{t.by}</span></td>
                <td data-label="Expires"><span class="sub"><Ago time=t.expires_at/></span></td>
                <td data-label="Last used"><span class="sub">{t.last_used_at.map_or_else(|| "never".into_any(), |time| view! { <Ago time/> }.into_any())}</span></td>
                <td data-label="" class="right">
                    <div class="actions">
                        <DialogButton id=rotate.clone() class="btn small">"Replace"</DialogButton>
                        <DialogButton id=revoke.clone() class="btn small danger">"Revoke"</DialogButton>
                    </div>
                    <Dialog id=rotate title=anew><ApiForm id=rotate_form action=rotation show="token">
                        <p>"There is a new secret for the same caller, with the same rate, for as long again."</p>
                        <Select name="overlap_seconds" label="The old one counts for" options=choices(&OVERLAPS) value="86400"/>
                        <div class="actions"><button class="btn primary" type="submit">"Replace"</button><DialogCancel/></div>
                    </ApiForm></Dialog>
                    <Dialog id=revoke title=end><ApiForm id=revoke_form method="DELETE" action=path say>
                        <p>"What calls with it is refused from now on. This cannot be undone."</p>
                        <div class="actions"><button class="btn danger" type="submit">"Revoke"</button><DialogCancel/></div>
                    </ApiForm></Dialog>
                </td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let head = vec![("Caller", ""), ("Begins with", ""), ("Rate", ""), ("Made by", ""), ("Expires", ""), ("Last used", ""), ("", "")];
    view! { <div class="scroll"><Table label="Tokens of the deployment" head>{rows}</Table></div> }
}

/// Callers without a token of the deployment, and pages of other origins.
#[component]
fn Others(access: Access, deployment: Deployment) -> impl IntoView {
    let (callers, name) = (deployment.callers, deployment.name);
    let lines = callers.origins.join("\n");
    let (public, maintains) = (callers.public, access.maintains());
    let opens = match (public, maintains) {
        (true, _) => view! { <Check name="public" label="Everybody who reaches this portal, without a token" checked=true/> }.into_any(),
        (false, true) => view! {
            <Check name="public" label="Everybody who reaches this portal, without a token"/>
            <Field name="sure" label="If so: name of the deployment, once more" hint=format!("Type {name} to open it to everybody.") code=true/>
        }
        .into_any(),
        (false, false) => view! { <p class="sub">"Nobody may call it without a token; a maintainer can open it to everybody."</p> }.into_any(),
    };
    view! {
        <Card title="Without a token, and from web pages">
            <ApiForm id="callers" method="PUT" action=callers_path(&access.team, &name) say="That holds from the next request on.">
                <input type="hidden" name="revision" value=deployment.revision.to_string()/>
                {opens}
                <Area name="origins" label="Origins whose pages may call it (CORS)" value=lines rows=3 placeholder="https://shop.example" hint="One in each line; * is any. A page still needs a token, unless everybody may."/>
                <div class="actions"><button class="btn primary" type="submit">"Keep"</button></div>
            </ApiForm>
        </Card>
    }
}
