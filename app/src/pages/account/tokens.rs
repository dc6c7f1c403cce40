//! Tokens: made here, shown once, revoked here.

use crate::{
    api::{
        Client, ListQuery,
        client::segment,
        teams::MyTeam,
        tokens::{Scope, Token},
    },
    parts::{Every, loaded, params::query},
    ui::{Ago, ApiForm, Card, CodeBlock, Dialog, DialogButton, DialogCancel, Empty, Field, Note, Pager, Select, Table},
};
use leptos::prelude::*;

/// One's tokens.
#[component]
pub fn TokenList(
    /// The way to the API.
    client: Client,
) -> impl IntoView {
    let tokens = client.token_list(&ListQuery { page_token: query("page"), page_size: None });
    loaded(Every::default(), tokens, |page, _| {
        if page.items.is_empty() {
            view! { <section class="card"><Empty text="A token lets a program in: the command line, the mlflow client, a script that asks for predictions." command="slipway login"/></section> }.into_any()
        } else {
            view! { <Rows items=page.items/><Pager next=page.next_page_token/> }.into_any()
        }
    })
}

#[component]
fn Rows(items: Vec<Token>) -> impl IntoView {
    let rows = items.into_iter().map(|t| {
        let (id, name) = (t.id.clone(), t.name.clone());
        let (dialog, form, action) = (format!("revoke-{id}"), format!("revoke-{id}-form"), format!("/api/v1/tokens/{}", segment(&id)));
        let title = format!("Revoke {name}");
        let say = format!("{name} is revoked.");
        let scope = t.scope.map(|Scope::Predict| view! { " "<span class="tag">"predict only"</span> });
        view! {
            <tr>
                <td class="lead" data-label="Name"><span class="name">{t.name}</span></td>
                <td data-label="Begins with"><code>{t.prefix}"…"</code></td>
                <td data-label="Team">{t.team}</td>
                <td data-label="Role">{t.role.as_str()}{scope}</td>
                <td data-label="Expires"><span class="sub">{t.expires_at.map_or_else(|| "never".into_any(), |time| view! { <Ago time/> }.into_any())}</span></td>
                <td data-label="Last used"><span class="sub">{t.last_used_at.map_or_else(|| "never".into_any(), |time| view! { <Ago time/> }.into_any())}</span></td>
                <td data-label="" class="right">
                    <div class="actions"><DialogButton id=dialog.clone() class="btn small danger">"Revoke"</DialogButton></div>
                    <Dialog id=dialog title><ApiForm id=form method="DELETE" action say>
                        <p>"What uses it is refused from now on. This cannot be undone."</p>
                        <div class="actions"><button class="btn danger" type="submit">"Revoke"</button><DialogCancel/></div>
                    </ApiForm></Dialog>
                </td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let head = vec![("Name", ""), ("Begins with", ""), ("Team", ""), ("Role", ""), ("Expires", ""), ("Last used", ""), ("", "")];
    view! { <section class="card"><header><h2>"Tokens"</h2></header><div class="scroll"><Table label="Tokens" head>{rows}</Table></div></section> }
}

/// How long a token lasts, seconds.
const LASTS: [(&str, &str); 4] = [("604800", "7 days"), ("2592000", "30 days"), ("7776000", "90 days"), ("31536000", "365 days")];
const ROLES: [(&str, &str); 3] =
    [("editor", "Editor: works like you do"), ("viewer", "Viewer: only reads"), ("maintainer", "Maintainer: members and secrets too")];
const SCOPES: [(&str, &str); 2] = [("", "Everything that its role may do"), ("predict", "Only to ask deployments for predictions")];

fn choices(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(value, words)| ((*value).to_owned(), (*words).to_owned())).collect()
}

/// Makes a token and shows its secret, this once.
#[component]
pub fn NewTokenCard(
    /// One's teams.
    teams: Vec<MyTeam>,
) -> impl IntoView {
    if teams.is_empty() {
        return view! { <Card title="New token"><p class="muted">"A token belongs to a team, and you are in none yet."</p></Card> }
            .into_any();
    }
    let of: Vec<(String, String)> = teams.into_iter().map(|t| (t.name, t.display_name)).collect();
    let first = of.first().map(|t| t.0.clone()).unwrap_or_default();
    view! {
        <Card title="New token">
            <div class="stack">
                <div data-shown="token" data-own="" hidden>
                    <Note tone="green"><span>"Copy it now: it is not shown again."</span><CodeBlock text=""/></Note>
                </div>
                <ApiForm id="token" action="/api/v1/tokens" show="token" reset=true>
                    <Field name="name" label="Name" placeholder="laptop" required=true/>
                    <Select name="team" label="Team" options=of value=first/>
                    <Select name="role" label="The most it may do" options=choices(&ROLES) value="editor"/>
                    <Select name="scope" label="What for" options=choices(&SCOPES) value=""/>
                    <Select name="expires_in" label="Lasts" options=choices(&LASTS) value="2592000"/>
                    <div class="actions"><button class="btn primary" type="submit">"Make the token"</button></div>
                </ApiForm>
            </div>
        </Card>
    }
    .into_any()
}
