//! The side nav: the team on top, its pages, the platform at the end. On a narrow screen a bar at the bottom.

use super::places::{PLACES, Place, current};
use crate::{
    api::{Client, home::Counts, live::Live, session::Me},
    parts::Session,
    ui::{Icon, Menu, dom},
};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// The side nav.
#[component]
pub fn SideNav() -> impl IntoView {
    let session = use_context::<Session>();
    let path = use_location().pathname;
    let team = Memo::new(move |_| session.and_then(|s| s.team.get()));
    let fold = move |_| {
        let folded = dom::stored("nav").as_deref() == Some("folded");
        dom::store("nav", (!folded).then_some("folded"));
    };
    view! {
        <nav class="nav" aria-label="Main">
            <Transition fallback=|| view! { <div class="team"></div> }>
                {move || Suspend::new(async move {
                    let me = match session { Some(s) => s.me.await.ok(), None => None };
                    me.map(|me| view! { <Switcher me team=team/> })
                })}
            </Transition>
            <ul class="places">
                {move || team.get().map(|team| view! { <Places team path/> })}
                <li class="gap"></li>
                {move || team.get().map(|team| {
                    let place = PLACES[PLACES.len() - 1];
                    view! { <Entry place team path count=0/> }
                })}
                <Transition fallback=|| ()>
                    {move || Suspend::new(async move {
                        let me = match session { Some(s) => s.me.await.ok(), None => None };
                        me.is_some_and(|me| me.admin).then(|| view! {
                            <li class="wide"><a href="/admin" aria-current=move || path.read().starts_with("/admin").then_some("page")><Icon name="gear"/><span class="t">"Admin"</span></a></li>
                        })
                    })}
                </Transition>
            </ul>
            <button type="button" class="fold" title="Fold the navigation" on:click=fold><Icon name="fold"/><span class="t">"Fold"</span></button>
        </nav>
    }
}

/// The entries of a team with how many are active.
#[component]
fn Places(team: String, path: Memo<String>) -> impl IntoView {
    let client = Client::from_context();
    let changed = Live::of(&["notebook", "run", "deployment"]);
    let home = {
        let team = team.clone();
        Resource::new(move || changed.get(), move |_| client.home(&team))
    };
    view! {
        <Transition fallback=|| ()>
            {move || {
                let team = team.clone();
                Suspend::new(async move {
                    let counts = home.await.map(|h| h.counts).unwrap_or_default();
                    PLACES[..PLACES.len() - 1].iter().map(|place| view! { <Entry place=*place team=team.clone() path count=count(&counts, place.label)/> }).collect_view()
                })
            }}
        </Transition>
    }
}

fn count(counts: &Counts, label: &str) -> i64 {
    match label {
        "Notebooks" => counts.notebooks,
        "Runs" => counts.runs,
        "Deployments" => counts.deployments,
        _ => 0,
    }
}

#[component]
fn Entry(place: Place, team: String, path: Memo<String>, count: i64) -> impl IntoView {
    let here = move || (current(&path.read()) == Some(place.label)).then_some("page");
    view! {
        <li class=if place.narrow { "" } else { "wide" }>
            <a href=format!("/teams/{team}{}", place.path) aria-current=here title=format!("{} (g {})", place.label, place.key)>
                <Icon name=place.icon/><span class="t">{place.label}</span>
                {(count > 0).then(|| view! { <span class="n">{count}<span class="sr">" active"</span></span> })}
            </a>
        </li>
    }
}

/// The team on top: which, one's role, and the way to the others.
#[component]
fn Switcher(me: Me, team: Memo<Option<String>>) -> impl IntoView {
    let me = StoredValue::new(me);
    let title = move || {
        let name = team.get();
        me.with_value(|me| match me.teams.iter().find(|t| Some(&t.name) == name.as_ref()) {
            Some(t) => (t.display_name.clone(), t.role.as_str().to_owned()),
            None => (name.unwrap_or_else(|| "Slipway".into()), if me.admin { "admin".into() } else { "no team chosen".into() }),
        })
    };
    let button = move || view! { <span>{move || title().0}<small>{move || title().1}</small></span><Icon name="down"/> };
    view! {
        <Menu outer="team" class="" label="Switch team" button>
            <span class="title">"Teams"</span>
            {me.with_value(|me| me.teams.clone()).into_iter().map(|t| {
                let name = t.name.clone();
                view! { <a href=format!("/teams/{}", t.name) aria-current=move || (team.get().as_deref() == Some(&name)).then_some("true")>{t.display_name}</a> }
            }).collect_view()}
            <hr/>
            <a href="/">"All teams"</a>
            <a href="/?new=1"><Icon name="plus"/>"New team"</a>
        </Menu>
    }
}
