//! The frame: side nav, top bar, the page, notices.

use super::{
    places::{PLACES, Place},
    side_nav::SideNav,
    top_bar::TopBar,
};
use crate::{
    api::{client::team_path, session::Me},
    islands::{Palette, palette::Line},
    parts::Session,
    ui::QueryProblem,
};
use leptos::prelude::*;
use leptos_router::components::Outlet;

/// Actions beside the places: words, icon, address after `/teams/{team}`.
const ACTIONS: [(&str, &str, &str); 4] = [
    ("Launch notebook", "notebook", "/notebooks?launch=1"),
    ("Submit run", "run", "/runs/submit"),
    ("New environment", "environment", "/environments?new=1"),
    ("Events of the team", "team", "/team?tab=events"),
];

/// What the palette offers without a search.
fn lines(team: &str) -> Vec<Line> {
    let line = |label: &str, icon: &str, sub: String, path: &str| Line {
        icon: icon.into(),
        label: label.into(),
        sub,
        href: format!("/teams/{team}{path}"),
    };
    let places = PLACES.iter().map(|p: &Place| line(p.label, p.icon, format!("g {}", p.key), p.path));
    let actions = ACTIONS.iter().map(|(label, icon, path)| line(label, icon, String::new(), path));
    let account = Line { icon: "user".into(), label: "Account and tokens".into(), sub: String::new(), href: "/account".into() };
    places.chain(actions).chain([account]).collect()
}

/// The same outside of a team: one's teams, and the pages of the platform.
fn platform_lines(me: Me) -> Vec<Line> {
    let line = |label: &str, icon: &str, sub: &str, href: &str| Line {
        icon: icon.into(),
        label: label.into(),
        sub: sub.into(),
        href: href.into(),
    };
    let teams = me.teams.iter().map(|t| line(&t.display_name, "team", &t.name, &format!("/teams/{}", t.name)));
    let own = [("Teams", "home", "/"), ("New team", "plus", "/?new=1"), ("Account and tokens", "user", "/account")];
    let admin = [
        ("Admin", "gear", "/admin"),
        ("Users", "user", "/admin?tab=users"),
        ("All teams", "team", "/admin?tab=teams"),
        ("Quotas", "gear", "/admin?tab=quotas"),
        ("Events of the platform", "clock", "/admin?tab=events"),
    ];
    let places = own.into_iter().chain(admin.into_iter().filter(|_| me.admin)).map(|(label, icon, href)| line(label, icon, "", href));
    teams.chain(places).collect()
}

/// The frame around the pages of those who are signed in.
#[component]
pub fn Frame() -> impl IntoView {
    let session = Session::provide();
    let team = session.team.clone();
    let palette = if team.is_empty() {
        let places = async move { session.me().await.ok().map(|me| view! { <Palette find=String::new() lines=platform_lines(me)/> }) };
        Suspend::new(places).into_any()
    } else {
        view! { <Palette find=team_path(&team, "/find") lines=lines(&team)/> }.into_any()
    };
    view! {
        <a class="skip" href="#page">"To the content"</a>
        <div class="frame" data-team=team>
            <SideNav/>
            <div class="body">
                <TopBar/>
                <main class="page" id="page" tabindex="-1"><QueryProblem/><Outlet/></main>
            </div>
        </div>
        {palette}
        <div class="toasts" role="status" aria-live="polite" data-key="toasts" data-own=""></div>
    }
}
