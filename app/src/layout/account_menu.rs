//! One's own menu: account, theme, sign-out; on a narrow screen also the pages that the bar has no room for.

use crate::{
    api::session::Me,
    parts::Session,
    ui::{Icon, Menu, PostButton},
};
use leptos::prelude::*;

/// The menu.
#[component]
pub fn AccountMenu() -> impl IntoView {
    let session = use_context::<Session>();
    Suspend::new(async move {
        let session = session?;
        let team = session.around.clone();
        let me = session.me().await.ok()?;
        Some(view! { <Signed me team/> })
    })
}

fn initials(me: &Me) -> String {
    let words: Vec<&str> = me.display_name.split_whitespace().collect();
    match words.as_slice() {
        [a, .., b] => a.chars().take(1).chain(b.chars().take(1)).collect(),
        [a] => a.chars().take(2).collect(),
        [] => me.user.chars().take(2).collect(),
    }
}

#[component]
fn Signed(me: Me, team: String) -> impl IntoView {
    let short = initials(&me);
    let button = move || view! { <span class="who">{short.clone()}</span> };
    view! {
        <Menu end=true class="" label=format!("Account of {}", me.user) button>
            <span class="title">{format!("{} ({})", me.display_name, me.user)}</span>
            <a href="/account"><Icon name="user"/>"Account and tokens"</a>
            <a href="/"><Icon name="team"/>"Teams"</a>
            {(!team.is_empty()).then(|| view! {
                <a href=format!("/teams/{team}/team")><Icon name="gear"/>"Team settings"</a>
                <a href=format!("/teams/{team}/environments")><Icon name="environment"/>"Environments"</a>
            })}
            {me.admin.then(|| view! { <a href="/admin"><Icon name="gear"/>"Admin"</a> })}
            <hr/>
            <Themes/>
            <hr/>
            <PostButton id="sign-out" action="/api/v1/session/end" class="" next="/sign-in" whole=true><Icon name="out"/>"Sign out"</PostButton>
        </Menu>
    }
}

/// Light, dark, or what the system says; kept by the browser and read by `theme.js` before the first paint.
#[component]
fn Themes() -> impl IntoView {
    let choice = |value: &'static str, words: &'static str| {
        view! { <button type="button" data-keep="" data-theme-choice=value aria-pressed="false">{words}</button> }
    };
    view! {
        <div class="themes" role="group" aria-label="Theme" data-own="">{choice("", "System")}{choice("light", "Light")}{choice("dark", "Dark")}</div>
    }
}
