//! Secrets of a team: named, write-only.

use crate::{
    api::{
        Client, ListQuery,
        client::{segment, team_path},
        secrets::Secret,
    },
    parts::{Access, Every, loaded, params::query},
    ui::{After, Ago, ApiForm, Area, Card, Dialog, DialogButton, DialogCancel, Empty, Field, Pager, Submit, Table},
};
use leptos::prelude::*;

/// The tab.
#[component]
pub fn Secrets(
    /// Who looks.
    access: Access,
) -> impl IntoView {
    let client = Client::from_context();
    let page = query("page");
    let team = access.team.clone();
    let maintains = access.maintains();
    let list = loaded(
        "Loading secrets",
        Every::change(&["secret"]),
        move || (team.clone(), page.get()),
        move |(team, page_token)| client.secret_list(&team, &ListQuery { page_token, page_size: None }),
        |data, access| {
            move || {
                let page = data.get();
                if page.items.is_empty() {
                    view! { <section class="card"><Empty text="A secret is kept encrypted and never shown again. Notebooks, runs and deployments use it by its name." command="slipway secret set warehouse-key"/></section> }.into_any()
                } else {
                    view! { <Rows items=page.items access=access.clone()/><Pager next=page.next_page_token/> }.into_any()
                }
            }
        },
    );
    view! {
        <div class="cols side">
            <div class="cols">{list}</div>
            {maintains.then(|| view! { <Set access/> })}
        </div>
    }
}

#[component]
fn Rows(items: Vec<Secret>, access: Access) -> impl IntoView {
    let client = Client::from_context();
    let maintains = access.maintains();
    let rows = items.into_iter().map(|s| {
        let remove = maintains.then(|| {
            let (client, team, name) = (client.clone(), access.team.clone(), s.name.clone());
            let (id, form) = (format!("remove-{name}"), format!("remove-{name}-form"));
            let action = team_path(&team, &format!("/secrets/{}", segment(&name)));
            let title = format!("Remove {name}");
            let submit = Submit::new(move |_| {
                let (call, text) = (client.secret_remove(&team, &name), format!("{name} is removed."));
                async move { call.await.map(|()| After::say(text)) }
            });
            view! {
                <DialogButton id=id.clone() class="btn small danger">"Remove"</DialogButton>
                <Dialog id title><ApiForm id=form action submit>
                    <p>"What uses it by name will not start again until it is set anew. This cannot be undone."</p>
                    <div class="actions"><button class="btn danger" type="submit">"Remove"</button><DialogCancel/></div>
                </ApiForm></Dialog>
            }
        });
        view! {
            <tr>
                <td class="lead" data-label="Name"><code>{s.name}</code></td>
                <td data-label="Set by"><span class="sub">{s.set_by}</span></td>
                <td data-label="Set"><span class="sub"><Ago time=s.updated_at/></span></td>
                <td data-label="" class="right"><div class="actions">{remove}</div></td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! { <section class="card"><div class="scroll"><Table label="Secrets" head=vec![("Name", ""), ("Set by", ""), ("Set", ""), ("", "")]>{rows}</Table></div></section> }
}

#[component]
fn Set(access: Access) -> impl IntoView {
    let client = Client::from_context();
    let team = access.team.clone();
    let action = team_path(&team, "/secrets");
    let submit = Submit::new(move |v| {
        let name = v.text("name");
        let call = client.secret_set(&team, &name, &v.raw("value"));
        async move {
            call.await?;
            Ok(After::say(format!("{name} is set.")))
        }
    });
    view! {
        <Card title="Set a secret">
            <ApiForm id="secret" action submit reset=true>
                <Field name="name" label="Name" required=true code=true placeholder="warehouse-key" hint="A name that exists gets the new value."/>
                <Area name="value" label="Value" required=true hint="At most 64 KiB. It is never shown again."/>
                <div class="actions"><button class="btn primary" type="submit">"Set"</button></div>
            </ApiForm>
        </Card>
    }
}
