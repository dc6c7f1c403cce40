//! One's own menu: account, theme, sign-out; on a narrow screen also the pages that the bar has no room for.

use crate::{
    api::{Client, session::Me},
    parts::Session,
    ui::{After, Icon, Menu, PostButton, Submit, dom},
};
use leptos::prelude::*;

/// The menu.
#[component]
pub fn AccountMenu() -> impl IntoView {
    let session = use_context::<Session>();
    view! {
        <Transition fallback=|| view! { <span class="who"></span> }>
            {move || Suspend::new(async move {
                let me = match session { Some(s) => s.me.await.ok(), None => None };
                me.map(|me| view! { <Signed me team=session.map(|s| s.team)/> })
            })}
        </Transition>
    }
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
fn Signed(me: Me, team: Option<Memo<Option<String>>>) -> impl IntoView {
    let client = Client::from_context();
    let out = Submit::new(move |_| {
        let call = client.sign_out();
        async move {
            call.await?;
            dom::leave_for("/sign-in");
            Ok(After::stay())
        }
    });
    let short = initials(&me);
    let button = move || view! { <span class="who">{short.clone()}</span> };
    let in_team = move || team.and_then(|t| t.get());
    view! {
        <Menu end=true class="" label=format!("Account of {}", me.user) button>
            <span class="title">{format!("{} ({})", me.display_name, me.user)}</span>
            <a href="/account"><Icon name="user"/>"Account and tokens"</a>
            <a href="/"><Icon name="team"/>"Teams"</a>
            {move || in_team().map(|team| view! {
                <a href=format!("/teams/{team}/team")><Icon name="gear"/>"Team settings"</a>
                <a href=format!("/teams/{team}/environments")><Icon name="environment"/>"Environments"</a>
            })}
            {me.admin.then(|| view! { <a href="/admin"><Icon name="gear"/>"Admin"</a> })}
            <hr/>
            <Themes/>
            <hr/>
            <PostButton id="sign-out" action="/api/v1/session/end" submit=out class="" next="/sign-in"><Icon name="out"/>"Sign out"</PostButton>
        </Menu>
    }
}

/// Light, dark, or what the system says; kept by the browser and read by `theme.js` before the first paint.
#[component]
fn Themes() -> impl IntoView {
    let theme = RwSignal::new(None::<String>);
    Effect::new(move |_| theme.set(dom::stored("theme")));
    let choice = move |value: Option<&'static str>, words: &'static str| {
        let pressed = move || if theme.with(|t| t.as_deref() == value) { "true" } else { "false" };
        let click = move |_| {
            dom::store("theme", value);
            theme.set(value.map(str::to_owned));
        };
        view! { <button type="button" data-keep="" aria-pressed=pressed on:click=click>{words}</button> }
    };
    view! {
        <div class="themes" role="group" aria-label="Theme">{choice(None, "System")}{choice(Some("light"), "Light")}{choice(Some("dark"), "Dark")}</div>
    }
}
