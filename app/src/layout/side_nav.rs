//! The side nav: the team on top, its pages, the platform at the end. On a narrow screen a bar at the bottom.

use super::places::{PLACES, Place, current};
use crate::{
    api::{Client, home::Counts, session::Me},
    parts::Session,
    ui::{Icon, Menu},
};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// The side nav.
#[component]
pub fn SideNav() -> impl IntoView {
    let path = use_location().pathname.get_untracked();
    let Some(session) = use_context::<Session>() else { return ().into_any() };
    let team = session.around.clone();
    let last = (!team.is_empty()).then(|| view! { <Entry place=PLACES[PLACES.len() - 1] team=team.clone() path=path.clone() count=0/> });
    let places = if team.is_empty() {
        // Without a team there are still ways to go: the bar of a narrow screen is never empty.
        let own = [("Teams", "team", "/"), ("Account", "user", "/account")].map(|(words, icon, href)| {
            let here = (path == href).then_some("page");
            view! { <li><a href=href aria-current=here><Icon name=icon/><span class="t">{words}</span></a></li> }
        });
        own.collect_view().into_any()
    } else {
        view! { <Places team=team.clone() path=path.clone()/> }.into_any()
    };
    let class = if team.is_empty() { "" } else { "wide" };
    let (switcher, admin) = (session.clone(), session);
    let here = path.starts_with("/admin").then_some("page");
    view! {
        <nav class="nav" aria-label="Main">
            {Suspend::new(async move {
                match switcher.me().await {
                    Ok(me) => view! { <Switcher me team/> }.into_any(),
                    Err(_) => view! { <div class="team"></div> }.into_any(),
                }
            })}
            <ul class="places">
                {places}
                <li class="gap"></li>
                {last}
                {Suspend::new(async move {
                    admin.me().await.is_ok_and(|me| me.admin).then(|| view! {
                        <li class=class><a href="/admin" aria-current=here><Icon name="gear"/><span class="t">"Admin"</span></a></li>
                    })
                })}
            </ul>
            <button type="button" class="fold" title="Fold the navigation" data-fold=""><Icon name="fold"/><span class="t">"Fold"</span></button>
        </nav>
    }
    .into_any()
}

/// The entries of a team with how many are active, or wait for the one who looks.
#[component]
fn Places(team: String, path: String) -> impl IntoView {
    let home = Client::from_context().home(&team);
    view! {
        {Suspend::new(async move {
            let counts = home.await.map(|h| h.counts).unwrap_or_default();
            let entry = |place: &Place| {
                let (place, team, path, count) = (*place, team.clone(), path.clone(), count(&counts, place.label));
                view! { <Entry place team path count/> }
            };
            PLACES[..PLACES.len() - 1].iter().map(entry).collect_view()
        })}
        <li hidden data-live="notebook run deployment promotion pipeline_run"></li>
    }
}

fn count(counts: &Counts, label: &str) -> i64 {
    match label {
        "Notebooks" => counts.notebooks,
        "Runs" => counts.runs,
        "Pipelines" => counts.pipelines,
        "Deployments" => counts.deployments,
        "Models" => counts.approvals,
        _ => 0,
    }
}

#[component]
fn Entry(place: Place, team: String, path: String, count: i64) -> impl IntoView {
    let here = (current(&path) == Some(place.label)).then_some("page");
    view! {
        <li class=if place.narrow { "" } else { "wide" }>
            <a href=format!("/teams/{team}{}", place.path) aria-current=here title=format!("{} (g {})", place.label, place.key) data-go=place.key.to_string()>
                <Icon name=place.icon/><span class="t">{place.label}</span>
                {(count > 0).then(|| view! { <span class="n">{count}<span class="sr">{if place.label == "Models" { " waiting for your approval" } else { " active" }}</span></span> })}
            </a>
        </li>
    }
}

/// The team on top: which, one's role, and the way to the others.
#[component]
fn Switcher(me: Me, team: String) -> impl IntoView {
    let (name, role) = match me.teams.iter().find(|t| t.name == team) {
        Some(t) => (t.display_name.clone(), t.role.as_str().to_owned()),
        None if team.is_empty() => ("Slipway".into(), if me.admin { "admin" } else { "no team chosen" }.into()),
        None => (team.clone(), if me.admin { "admin" } else { "no team chosen" }.into()),
    };
    let button = move || view! { <span>{name.clone()}<small>{role.clone()}</small></span><Icon name="down"/> };
    let teams = me.teams.into_iter().map(move |t| {
        let here = (t.name == team).then_some("true");
        view! { <a href=format!("/teams/{}", t.name) aria-current=here>{t.display_name}</a> }
    });
    view! {
        <Menu outer="team" class="" label="Switch team" button>
            <span class="title">"Teams"</span>
            {teams.collect_view()}
            <hr/>
            <a href="/">"All teams"</a>
            <a href="/?new=1"><Icon name="plus"/>"New team"</a>
        </Menu>
    }
}
