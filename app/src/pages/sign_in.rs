//! Signing in; works without JavaScript.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

/// The sign-in form. A refusal comes back as `?problem=`.
#[component]
pub fn SignIn() -> impl IntoView {
    let query = use_query_map();
    let part = move |key: &'static str| query.with(|q| q.get(key).unwrap_or_default());
    view! {
        <Title text="Sign in"/>
        <main class="sign-in">
            <h1>"Sign in to Slipway"</h1>
            <form class="form" method="post" action="/api/v1/session">
                <Show when=move || !part("problem").is_empty()><p class="note red" role="alert">{move || part("problem")}</p></Show>
                <input type="hidden" name="next" value=move || part("next")/>
                <label>"User"<input name="user" autocomplete="username" required autofocus value=move || part("user")/></label>
                <label>"Password"<input name="password" type="password" autocomplete="current-password" required/></label>
                <button class="btn primary" type="submit">"Sign in"</button>
            </form>
        </main>
    }
}
