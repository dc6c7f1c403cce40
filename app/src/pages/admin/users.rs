//! Local users.

use crate::{
    api::{Client, ListQuery, client::segment, users::User},
    parts::{Access, Every, loaded, params::query},
    ui::{Ago, ApiForm, Badge, Card, Check, Dialog, DialogButton, DialogCancel, Field, Menu, Pager, PostButton, Table, Tone},
};
use leptos::prelude::*;

/// The tab.
#[component]
pub fn Users() -> impl IntoView {
    let users = Client::from_context().user_list(&ListQuery { page_token: query("page"), page_size: None });
    let list =
        loaded(Every::seconds(15), users, |page, access| view! { <Rows items=page.items access/><Pager next=page.next_page_token/> });
    view! { <div class="cols side"><div class="cols">{list}</div><NewUserCard/></div> }
}

#[component]
fn Rows(items: Vec<User>, access: Access) -> impl IntoView {
    let rows = items.into_iter().map(|u| {
        let state = if u.disabled {
            view! { <Badge tone=Tone::Grey icon="pause" text="Disabled"/> }.into_any()
        } else if u.admin {
            view! { <Badge tone=Tone::Violet icon="gear" text="Admin"/> }.into_any()
        } else {
            view! { <Badge tone=Tone::Green icon="ok" text="Active"/> }.into_any()
        };
        let own = u.name == access.me.user;
        view! {
            <tr>
                <td class="state" data-label="State">{state}</td>
                <td class="lead" data-label="User"><span class="name">{u.name.clone()}</span></td>
                <td class="named" data-label="Shown as">{u.display_name.clone()}</td>
                <td data-label="Last sign-in"><span class="sub">{u.last_sign_in_at.clone().map_or_else(|| "never".into_any(), |time| view! { <Ago time/> }.into_any())}</span></td>
                <td data-label="Made"><span class="sub"><Ago time=u.created_at.clone()/></span></td>
                <td data-label="" class="right"><div class="actions"><Change user=u own/></div></td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let head = vec![("State", ""), ("User", ""), ("Shown as", ""), ("Last sign-in", ""), ("Made", ""), ("", "")];
    view! { <section class="card"><div class="open"><Table label="Users" head>{rows}</Table></div></section> }
}

/// What an admin may change of a user.
#[component]
fn Change(user: User, own: bool) -> impl IntoView {
    let (name, action) = (user.name.clone(), format!("/api/v1/users/{}", segment(&user.name)));
    let seen = user.revision;
    let button = |field: &'static str, value: bool, words: &'static str, say: String| {
        view! {
            <PostButton id=format!("{field}-{name}") method="PATCH" action=action.clone() say class="">
                <input type="hidden" name=field value=value.to_string()/><input type="hidden" name="revision" value=seen.to_string()/>{words}
            </PostButton>
        }
    };
    let admin = (!own).then(|| match user.admin {
        true => button("admin", false, "Take admin away", format!("{name} is no longer admin.")),
        false => button("admin", true, "Make admin", format!("{name} is admin now.")),
    });
    let disable = (!own).then(|| match user.disabled {
        true => button("disabled", false, "Enable", format!("{name} can sign in again.")),
        false => button("disabled", true, "Disable", format!("{name} is signed out and can no longer sign in.")),
    });
    let (dialog, form) = (format!("password-{name}"), format!("password-{name}-form"));
    let (title, opens) = (format!("New password of {name}"), dialog.clone());
    let say = format!("The password of {name} is set; every session of theirs is ended.");
    view! {
        <Menu end=true class="btn small" label=format!("Change {name}") button=|| "Change">
            <DialogButton id=opens class="">"Set a password"</DialogButton>
            {admin}{disable}
        </Menu>
        <Dialog id=dialog title><ApiForm id=form method="PATCH" action say reset=true>
            <input type="hidden" name="revision" value=seen.to_string()/>
            <Field name="password" label="New password" kind="password" autocomplete="new-password" hint="At least 10 characters. Ends every session of the user." required=true/>
            <div class="actions"><button class="btn primary" type="submit">"Set"</button><DialogCancel/></div>
        </ApiForm></Dialog>
    }
}

#[component]
fn NewUserCard() -> impl IntoView {
    view! {
        <Card title="New user">
            <ApiForm id="user" action="/api/v1/users" say="{name} is made." reset=true>
                <Field name="name" label="Name" required=true code=true hint=crate::api::name::RULE/>
                <Field name="display_name" label="Shown as"/>
                <Field name="password" label="First password" kind="password" autocomplete="new-password" hint="At least 10 characters." required=true/>
                <Check name="admin" label="Platform admin"/>
                <div class="actions"><button class="btn primary" type="submit">"Make the user"</button></div>
            </ApiForm>
        </Card>
    }
}
