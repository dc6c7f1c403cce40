//! The frame: side nav, top bar, the page, notices.

use super::{
    places::{PLACES, Place},
    side_nav::SideNav,
    top_bar::TopBar,
};
use crate::{
    api::{client::team_path, session::Me},
    islands::{Palette, palette::Line},
    parts::{Nodes, Session, provide_this},
    ui::QueryProblem,
};
use leptos::prelude::*;
use leptos_router::components::Outlet;

/// Actions beside the places: words, icon, address after `/teams/{team}`.
const ACTIONS: [(&str, &str, &str); 5] = [
    ("Launch notebook", "notebook", "/notebooks?launch=1"),
    ("Submit run", "run", "/runs/submit"),
    ("Upload pipeline", "pipeline", "/pipelines?upload=1"),
    ("New environment", "environment", "/environments?new=1"),
    ("Events of the team", "team", "/team?tab=events"),
];

/// What the palette offers of a team without a search.
fn lines(team: &str) -> Vec<Line> {
    let line = |label: &str, icon: &str, sub: String, path: &str| Line {
        icon: icon.into(),
        label: label.into(),
        sub,
        href: format!("/teams/{team}{path}"),
    };
    let places = PLACES.iter().map(|p: &Place| line(p.label, p.icon, format!("g {}", p.key), p.path));
    let actions = ACTIONS.iter().map(|(label, icon, path)| line(label, icon, String::new(), path));
    places.chain(actions).collect()
}

/// The way to one's tokens.
fn account() -> Line {
    Line { icon: "user".into(), label: "Account and tokens".into(), sub: String::new(), href: "/account".into() }
}

/// What it offers outside of a team: one's teams, and the pages of the platform. `nodes`: whether workloads run on nodes that can be chosen among.
fn platform_lines(me: Me, nodes: bool) -> Vec<Line> {
    let line = |label: &str, icon: &str, sub: &str, href: &str| Line {
        icon: icon.into(),
        label: label.into(),
        sub: sub.into(),
        href: href.into(),
    };
    let teams = me.teams.iter().map(|t| line(&t.display_name, "team", &t.name, &format!("/teams/{}", t.name)));
    let own = [("Teams", "home", "/"), ("New team", "plus", "/?new=1"), ("Notices", "bell", "/notices")];
    let admin = [
        ("Admin", "gear", "/admin"),
        ("Users", "user", "/admin?tab=users"),
        ("All teams", "team", "/admin?tab=teams"),
        ("Quotas", "gear", "/admin?tab=quotas"),
        ("Placement", "gear", "/admin?tab=placement"),
        ("Runtimes", "deployment", "/runtimes"),
        ("Events of the platform", "clock", "/admin?tab=events"),
    ];
    let line = |(label, icon, href): (&str, &str, &str)| line(label, icon, "", href);
    let admin = admin.into_iter().filter(|(label, ..)| me.admin && (nodes || *label != "Placement")).map(line);
    teams.chain(own.into_iter().map(line)).chain([account()]).chain(admin).collect()
}

/// The frame around the pages of those who are signed in.
#[component]
pub fn Frame() -> impl IntoView {
    let session = Session::provide();
    provide_this();
    let team = session.around.clone();
    let find = if team.is_empty() { String::new() } else { team_path(&team, "/find") };
    let palette = if session.team.is_empty() {
        let of_team = if team.is_empty() { Vec::new() } else { lines(&team) };
        // Asked here: what is awaited has no context.
        let nodes = Nodes::are_there();
        let lines = move |me| of_team.into_iter().chain(platform_lines(me, nodes)).collect();
        let places = async move { session.me().await.ok().map(|me| view! { <Palette find lines=lines(me)/> }) };
        Suspend::new(places).into_any()
    } else {
        let lines = lines(&team).into_iter().chain([account()]).collect::<Vec<_>>();
        view! { <Palette find lines/> }.into_any()
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
