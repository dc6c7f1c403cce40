//! Who is in a team, as what.

use crate::{
    api::{
        Client, ListQuery,
        client::{segment, team_path},
        members::{Member, Role},
    },
    parts::{Access, Every, loaded, params::query},
    ui::{After, Ago, ApiForm, Card, Field, Pager, PostButton, Select, Submit, Table},
};
use leptos::prelude::*;

const ROLES: [(&str, &str); 3] = [
    ("viewer", "Viewer: sees everything but secrets"),
    ("editor", "Editor: launches, submits, registers, deploys"),
    ("maintainer", "Maintainer: members, secrets, the team"),
];

fn roles() -> Vec<(String, String)> {
    ROLES.iter().map(|(v, w)| ((*v).to_owned(), (*w).to_owned())).collect()
}

/// The tab.
#[component]
pub fn Members(
    /// Who looks.
    access: Access,
) -> impl IntoView {
    let client = Client::from_context();
    let page = query("page");
    let team = access.team.clone();
    let maintains = access.maintains();
    let list = loaded(
        "Loading members",
        Every::change(&["member"]),
        move || (team.clone(), page.get()),
        move |(team, page_token)| client.member_list(&team, &ListQuery { page_token, page_size: None }),
        |data, access| move || view! { <Rows items=data.get().items access=access.clone()/><Pager next=data.get().next_page_token/> },
    );
    view! {
        <div class="cols side">
            <div class="cols">{list}</div>
            {maintains.then(|| view! { <Add access/> })}
        </div>
    }
}

#[component]
fn Rows(items: Vec<Member>, access: Access) -> impl IntoView {
    let client = Client::from_context();
    let maintains = access.maintains();
    let rows = items.into_iter().map(|m| {
        let path = team_path(&access.team, &format!("/members/{}", segment(&m.user)));
        let remove = (maintains || m.user == access.me.user).then(|| {
            let (client, team, user) = (client.clone(), access.team.clone(), m.user.clone());
            let submit = Submit::new(move |_| {
                let (call, text) = (client.member_remove(&team, &user), format!("{user} is no longer in the team."));
                async move { call.await.map(|()| After::say(text)) }
            });
            let words = if m.user == access.me.user { "Leave" } else { "Remove" };
            view! { <PostButton id=format!("remove-{}", m.user) action=path.clone() submit class="btn small danger" label=format!("{words} {}", m.user)>{words}</PostButton> }
        });
        let role = if maintains {
            let (client, team, user) = (client.clone(), access.team.clone(), m.user.clone());
            let submit = Submit::new(move |v| {
                let role: Result<Role, _> = v.text("role").parse();
                let call = role.map(|role| client.member_set(&team, &user, role));
                let user = user.clone();
                async move {
                    let now = call.map_err(|e: String| crate::api::Problem::new(422, e))?.await?;
                    Ok(After::say(format!("{user} is {} now.", now.role.as_str())))
                }
            });
            let now = m.role;
            let options = [Role::Viewer, Role::Editor, Role::Maintainer].into_iter().map(move |r| view! { <option value=r.as_str() selected=r == now>{r.as_str()}</option> });
            let label = format!("Role of {}", m.user);
            view! {
                <ApiForm id=format!("role-{}", m.user) action=path submit class="inline" quiet=true>
                    <span class="row"><select name="role" aria-label=label>{options.collect_view()}</select><button class="btn small" type="submit">"Set"</button></span>
                </ApiForm>
            }
            .into_any()
        } else {
            m.role.as_str().into_any()
        };
        view! {
            <tr>
                <td class="lead" data-label="User"><span class="name">{m.user}</span></td>
                <td data-label="Shown as">{m.display_name}</td>
                <td data-label="Role">{role}</td>
                <td data-label="Since"><span class="sub"><Ago time=m.since/></span></td>
                <td data-label="" class="right"><div class="actions">{remove}</div></td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let head = vec![("User", ""), ("Shown as", ""), ("Role", ""), ("Since", ""), ("", "")];
    view! { <section class="card"><div class="scroll"><Table label="Members" head>{rows}</Table></div></section> }
}

#[component]
fn Add(access: Access) -> impl IntoView {
    let client = Client::from_context();
    let team = access.team.clone();
    let action = team_path(&team, "/members");
    let submit = Submit::new(move |v| {
        let (user, role) = (v.text("user"), v.text("role").parse::<Role>().unwrap_or(Role::Viewer));
        let call = client.member_set(&team, &user, role);
        async move {
            call.await?;
            Ok(After::say(format!("{user} is in the team.")))
        }
    });
    view! {
        <Card title="Add a member">
            <ApiForm id="member" action submit reset=true>
                <Field name="user" label="User" required=true hint="Name of a user that exists."/>
                <Select name="role" label="Role" options=roles() value="editor"/>
                <div class="actions"><button class="btn primary" type="submit">"Add"</button></div>
            </ApiForm>
        </Card>
    }
}
