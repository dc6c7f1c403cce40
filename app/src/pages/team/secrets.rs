//! Secrets of a team: named, write-only.

use crate::{
    api::{
        Client, ListQuery,
        client::{segment, team_path},
        secrets::Secret,
    },
    parts::{Access, Every, loaded, params::query},
    ui::{Ago, ApiForm, Area, Card, Dialog, DialogButton, DialogCancel, Empty, Field, Pager, Table},
};
use leptos::prelude::*;

/// The tab.
#[component]
pub fn Secrets(
    /// The way to the API.
    client: Client,
    /// Who looks.
    access: Access,
) -> impl IntoView {
    let secrets = client.secret_list(&access.team, &ListQuery { page_token: query("page"), page_size: None });
    let list = loaded(Every::change(&["secret"]), secrets, |page, access| {
        if page.items.is_empty() {
            view! { <section class="card"><Empty text="A secret is kept encrypted and never shown again. Notebooks, runs and deployments use it by its name." command="slipway secret set warehouse-key"/></section> }.into_any()
        } else {
            view! { <Rows items=page.items access/><Pager next=page.next_page_token/> }.into_any()
        }
    });
    view! {
        <div class="cols side">
            <div class="cols">{list}</div>
            {access.maintains().then(|| view! { <Set team=access.team/> })}
        </div>
    }
}

#[component]
fn Rows(items: Vec<Secret>, access: Access) -> impl IntoView {
    let maintains = access.maintains();
    let rows = items.into_iter().map(|s| {
        let remove = maintains.then(|| {
            let (id, form) = (format!("remove-{}", s.name), format!("remove-{}-form", s.name));
            let action = team_path(&access.team, &format!("/secrets/{}", segment(&s.name)));
            let (title, say) = (format!("Remove {}", s.name), format!("{} is removed.", s.name));
            view! {
                <DialogButton id=id.clone() class="btn small danger">"Remove"</DialogButton>
                <Dialog id title><ApiForm id=form method="DELETE" action say>
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
fn Set(team: String) -> impl IntoView {
    let action = team_path(&team, "/secrets/{name}");
    view! {
        <Card title="Set a secret">
            <ApiForm id="secret" method="PUT" action say="{name} is set." reset=true>
                <Field name="name" label="Name" required=true code=true placeholder="warehouse-key" hint="A name that exists gets the new value."/>
                <Area name="value" label="Value" required=true hint="At most 64 KiB. It is never shown again."/>
                <div class="actions"><button class="btn primary" type="submit">"Set"</button></div>
            </ApiForm>
        </Card>
    }
}
