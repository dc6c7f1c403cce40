//! Where one lands after signing in: one's teams, and a new one.

use crate::{
    api::{Client, ListQuery, name::RULE, teams::Team},
    parts::{Every, Head, loaded, params::query},
    ui::{Ago, ApiForm, Empty, Field, Pager, Sheet, Table},
};
use leptos::prelude::*;

/// One's teams; for the admin all.
#[component]
pub fn TeamChoice() -> impl IntoView {
    let client = Client::from_context();
    let teams = client.team_list(&ListQuery { page_token: query("page"), page_size: None });
    view! {
        {loaded(Every::default().page("Teams"), teams, |page, _| {
            let list = if page.items.is_empty() {
                view! { <section class="card"><Empty text="You are in no team yet. Make one, or ask a maintainer to add you to theirs." button=Some(("New team", "/?new=1".into())) command="slipway team create forecast"/></section> }.into_any()
            } else {
                view! { <Teams teams=page.items/><Pager next=page.next_page_token/> }.into_any()
            };
            view! { <Head title="Teams"><a class="btn primary" href="/?new=1">"New team"</a></Head>{list} }
        })}
        {query("new").map(|_| view! { <NewTeamSheet/> })}
    }
}

#[component]
fn Teams(teams: Vec<Team>) -> impl IntoView {
    let rows = teams.into_iter().map(|t| {
        let href = format!("/teams/{}", t.name);
        view! {
            <tr>
                <td class="lead" data-label="Team"><a class="name" href=href>{t.display_name}</a></td>
                <td data-label="Name"><code>{t.name}</code></td>
                <td class="num" data-label="Members">{t.members}</td>
                <td data-label="Made"><Ago time=t.created_at/></td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! { <section class="card"><div class="scroll"><Table label="Teams" head=vec![("Team", ""), ("Name", ""), ("Members", "num"), ("Made", "")]>{rows}</Table></div></section> }
}

#[component]
fn NewTeamSheet() -> impl IntoView {
    view! {
        <Sheet title="New team" back="/">
            <ApiForm id="team" action="/api/v1/teams" next="/teams/{name}">
                <Field name="name" label="Name" hint=format!("{RULE}. It never changes.") required=true autofocus=true code=true/>
                <Field name="display_name" label="Shown as" hint="Free text; the name when empty."/>
                <p class="sub">"You become its first maintainer. Production is protected from the start: a model version gets there by a promotion, with a signature, a smoke test, and an approval once the team has two maintainers. The team's page changes that."</p>
                <div class="actions"><button class="btn primary" type="submit">"Make the team"</button><a class="btn" href="/">"Cancel"</a></div>
            </ApiForm>
        </Sheet>
    }
}
