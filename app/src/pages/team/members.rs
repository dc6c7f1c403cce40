//! Who is in a team, as what.

use crate::{
    api::{
        Client, ListQuery,
        client::{segment, team_path},
        members::{Member, Role},
    },
    parts::{Access, Every, loaded, params::query},
    ui::{Ago, ApiForm, Card, Field, Pager, PostButton, Select, Table},
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
    /// The way to the API.
    client: Client,
    /// Who looks.
    access: Access,
) -> impl IntoView {
    let members = client.member_list(&access.team, &ListQuery { page_token: query("page"), page_size: None });
    let list = loaded(
        Every::change(&["member"]),
        members,
        |page, access| view! { <Rows items=page.items access/><Pager next=page.next_page_token/> },
    );
    view! {
        <div class="cols side">
            <div class="cols">{list}</div>
            {access.maintains().then(|| view! { <Add team=access.team/> })}
        </div>
    }
}

#[component]
fn Rows(items: Vec<Member>, access: Access) -> impl IntoView {
    let maintains = access.maintains();
    let rows = items.into_iter().map(|m| {
        let path = team_path(&access.team, &format!("/members/{}", segment(&m.user)));
        let remove = (maintains || m.user == access.me.user).then(|| {
            let (action, say) = (path.clone(), format!("{} is no longer in the team.", m.user));
            // Who left does not see the team any more.
            let (words, next) = if m.user == access.me.user { ("Leave", "/") } else { ("Remove", "") };
            view! { <PostButton id=format!("remove-{}", m.user) method="DELETE" action next say class="btn small danger" label=format!("{words} {}", m.user)>{words}</PostButton> }
        });
        let role = if maintains {
            let now = m.role;
            let options = [Role::Viewer, Role::Editor, Role::Maintainer].into_iter().map(move |r| view! { <option value=r.as_str() selected=r == now>{r.as_str()}</option> });
            let label = format!("Role of {}", m.user);
            view! {
                <ApiForm id=format!("role-{}", m.user) method="PUT" action=path say="{user} is {role} now." class="inline" quiet=true>
                    <input type="hidden" name="revision" value=m.revision.to_string()/>
                    <span class="row"><select name="role" aria-label=label>{options.collect_view()}</select><button class="btn small" type="submit">"Set"</button></span>
                </ApiForm>
            }
            .into_any()
        } else {
            m.role.as_str().into_any()
        };
        let key = format!("member-{}", m.user);
        view! {
            <tr data-key=key>
                <td class="lead" data-label="User"><span class="name">{m.user}</span></td>
                <td class="named" data-label="Shown as">{m.display_name}</td>
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
fn Add(team: String) -> impl IntoView {
    let action = team_path(&team, "/members/{user}");
    view! {
        <Card title="Add a member">
            <ApiForm id="member" method="PUT" action say="{user} is in the team." reset=true>
                <Field name="user" label="User" required=true hint="Name of a user that exists."/>
                <Select name="role" label="Role" options=roles() value="editor"/>
                <div class="actions"><button class="btn primary" type="submit">"Add"</button></div>
            </ApiForm>
        </Card>
    }
}
