//! Tokens: made here, shown once, revoked here.

use crate::{
    api::{
        Client, ListQuery,
        client::segment,
        members::Role,
        teams::MyTeam,
        tokens::{NewToken, Scope, Token},
    },
    parts::{Every, loaded, params::query},
    ui::{After, Ago, ApiForm, Card, CodeBlock, Dialog, DialogButton, DialogCancel, Empty, Field, Note, Pager, Select, Submit, Table},
};
use leptos::prelude::*;

/// One's tokens.
#[component]
pub fn TokenList() -> impl IntoView {
    let client = Client::from_context();
    let page = query("page");
    loaded(
        "Loading tokens",
        Every::default(),
        move || page.get(),
        move |page_token| client.token_list(&ListQuery { page_token, page_size: None }),
        |data, _| {
            move || {
                let page = data.get();
                if page.items.is_empty() {
                    view! { <section class="card"><Empty text="A token lets a program in: the command line, the mlflow client, a script that asks for predictions." command="slipway login"/></section> }.into_any()
                } else {
                    view! { <Rows items=page.items/><Pager next=page.next_page_token/> }.into_any()
                }
            }
        },
    )
}

#[component]
fn Rows(items: Vec<Token>) -> impl IntoView {
    let client = Client::from_context();
    let rows = items.into_iter().map(|t| {
        let (client, id, name) = (client.clone(), t.id.clone(), t.name.clone());
        let (dialog, form, action) = (format!("revoke-{id}"), format!("revoke-{id}-form"), format!("/api/v1/tokens/{}", segment(&id)));
        let title = format!("Revoke {name}");
        let submit = Submit::new(move |_| {
            let (call, text) = (client.token_revoke(&id), format!("{name} is revoked."));
            async move { call.await.map(|()| After::say(text)) }
        });
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
                    <Dialog id=dialog title><ApiForm id=form action submit>
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

/// Makes a token and shows its secret, this once.
#[component]
pub fn NewTokenCard(
    /// One's teams.
    teams: Vec<MyTeam>,
) -> impl IntoView {
    let client = Client::from_context();
    let secret = RwSignal::new(None::<String>);
    let submit = Submit::new(move |v| {
        let days = v.number("days");
        let scope = (v.text("role") == "predict").then_some(Scope::Predict);
        let role = v.text("role").parse().unwrap_or(Role::Viewer);
        let call = days.map(|d| {
            let body =
                NewToken { name: v.text("name"), team: v.text("team"), role, expires_in: d.map(|d| d.saturating_mul(86_400)), scope };
            client.token_create(&body)
        });
        async move {
            let made = call?.await?;
            let _ = secret.try_set(Some(made.token));
            Ok(After::stay())
        }
    });
    if teams.is_empty() {
        return view! { <Card title="New token"><p class="muted">"A token belongs to a team, and you are in none yet."</p></Card> }
            .into_any();
    }
    let of: Vec<(String, String)> = teams.into_iter().map(|t| (t.name, t.display_name)).collect();
    let first = of.first().map(|t| t.0.clone()).unwrap_or_default();
    let roles = [
        ("editor", "Editor: works like you do"),
        ("viewer", "Viewer: only reads"),
        ("maintainer", "Maintainer: members and secrets too"),
        ("predict", "Only asks deployments for predictions"),
    ];
    let roles = roles.iter().map(|(v, w)| ((*v).to_owned(), (*w).to_owned())).collect::<Vec<_>>();
    let shown = move || {
        secret.get().map(|text| {
            view! { <Note tone="green"><span>"Copy it now: it is not shown again."</span><CodeBlock text/></Note> }
        })
    };
    view! {
        <Card title="New token">
            <div class="stack">
                {shown}
                <ApiForm id="token" action="/api/v1/tokens" submit reset=true>
                    <Field name="name" label="Name" placeholder="laptop" required=true/>
                    <Select name="team" label="Team" options=of value=first/>
                    <Select name="role" label="The most it may do" options=roles value="editor"/>
                    <Field name="days" label="Days until it expires" kind="number" value="30" hint="At most 365."/>
                    <div class="actions"><button class="btn primary" type="submit">"Make the token"</button></div>
                </ApiForm>
            </div>
        </Card>
    }
    .into_any()
}
