//! The one-time link that makes the platform admin.

use crate::{
    api::name::RULE,
    layout::Door,
    parts::params::query,
    ui::{ApiForm, Field},
};
use leptos::prelude::*;

/// The set-up form.
#[component]
pub fn Setup() -> impl IntoView {
    let token = query("token").unwrap_or_default();
    view! {
        <Door title="Set up Slipway">
            <p class="muted">"This link makes the platform admin: the first user, who can make all others. It works once."</p>
            <ApiForm id="setup" action="/api/v1/setup" next="/" whole=true>
                {if token.is_empty() {
                    view! { <Field name="token" label="Token of the link" hint="Slipway printed the link when it first started." required=true code=true/> }.into_any()
                } else {
                    view! { <input type="hidden" name="token" value=token/> }.into_any()
                }}
                <Field name="user" label="User" hint=format!("{}.", capital(RULE)) autocomplete="username" required=true autofocus=true/>
                <Field name="password" label="Password" kind="password" hint="At least 10 characters." autocomplete="new-password" required=true/>
                <button class="btn primary" type="submit">"Make the admin"</button>
            </ApiForm>
        </Door>
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
