//! Local users.

use crate::{
    api::{
        Client, ListQuery,
        client::segment,
        users::{NewUser, User, UserChange},
    },
    parts::{Access, Every, loaded, params::query},
    ui::{
        After, Ago, ApiForm, Badge, Card, Check, Dialog, DialogButton, DialogCancel, Field, Menu, Pager, PostButton, Submit, Table, Tone,
    },
};
use leptos::prelude::*;

/// The tab.
#[component]
pub fn Users() -> impl IntoView {
    let client = Client::from_context();
    let page = query("page");
    let list = loaded(
        "Loading users",
        Every::default(),
        move || page.get(),
        move |page_token| client.user_list(&ListQuery { page_token, page_size: None }),
        |data, access| move || view! { <Rows items=data.get().items access=access.clone()/><Pager next=data.get().next_page_token/> },
    );
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
                <td data-label="Shown as">{u.display_name.clone()}</td>
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
    let client = Client::from_context();
    let action = format!("/api/v1/users/{}", segment(&user.name));
    let button = |verb: &'static str, change: UserChange, words: &'static str, after: String| {
        let (client, name) = (client.clone(), user.name.clone());
        let submit = Submit::new(move |_| {
            let (call, after) = (client.user_update(&name, &change), after.clone());
            async move { call.await.map(|_| After::say(after)) }
        });
        view! { <PostButton id=format!("{verb}-{}", user.name) action=action.clone() submit class="">{words}</PostButton> }
    };
    let name = &user.name;
    let admin = (!own).then(|| {
        let (words, after) = if user.admin {
            ("Take admin away", format!("{name} is no longer admin."))
        } else {
            ("Make admin", format!("{name} is admin now."))
        };
        button("admin", UserChange { admin: Some(!user.admin), ..Default::default() }, words, after)
    });
    let disable = (!own).then(|| {
        let (words, after) = if user.disabled {
            ("Enable", format!("{name} can sign in again."))
        } else {
            ("Disable", format!("{name} is signed out and can no longer sign in."))
        };
        button("disable", UserChange { disabled: Some(!user.disabled), ..Default::default() }, words, after)
    });
    let (dialog, form) = (format!("password-{name}"), format!("password-{name}-form"));
    let (title, opens) = (format!("New password of {name}"), dialog.clone());
    let submit = {
        let (client, name) = (client.clone(), user.name.clone());
        Submit::new(move |v| {
            let call = client.user_update(&name, &UserChange { password: Some(v.raw("password")), ..Default::default() });
            let text = format!("The password of {name} is set; every session of theirs is ended.");
            async move { call.await.map(|_| After::say(text)) }
        })
    };
    view! {
        <Menu end=true class="btn small" label=format!("Change {name}") button=|| "Change">
            <DialogButton id=opens class="">"Set a password"</DialogButton>
            {admin}{disable}
        </Menu>
        <Dialog id=dialog title><ApiForm id=form action=action.clone() submit reset=true>
            <Field name="password" label="New password" kind="password" autocomplete="new-password" hint="At least 10 characters. Ends every session of the user." required=true/>
            <div class="actions"><button class="btn primary" type="submit">"Set"</button><DialogCancel/></div>
        </ApiForm></Dialog>
    }
}

#[component]
fn NewUserCard() -> impl IntoView {
    let client = Client::from_context();
    let submit = Submit::new(move |v| {
        let body =
            NewUser { name: v.text("name"), display_name: v.some("display_name"), password: v.raw("password"), admin: v.yes("admin") };
        let call = client.user_create(&body);
        async move {
            let user = call.await?;
            Ok(After::say(format!("{} is made.", user.name)))
        }
    });
    view! {
        <Card title="New user">
            <ApiForm id="user" action="/api/v1/users" submit reset=true>
                <Field name="name" label="Name" required=true code=true hint=crate::api::name::RULE/>
                <Field name="display_name" label="Shown as"/>
                <Field name="password" label="First password" kind="password" autocomplete="new-password" hint="At least 10 characters." required=true/>
                <Check name="admin" label="Platform admin"/>
                <div class="actions"><button class="btn primary" type="submit">"Make the user"</button></div>
            </ApiForm>
        </Card>
    }
}
