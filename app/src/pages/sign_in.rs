//! Signing in; works without JavaScript.

use crate::{
    api::template::is_local,
    layout::Door,
    parts::params::query,
    ui::{ApiForm, Field},
};
use leptos::prelude::*;

/// A path of this server, so that nobody is sent elsewhere; and none with a place to fill in, which would take what is typed along.
fn here(next: Option<String>) -> String {
    next.filter(|n| is_local(n)).map_or_else(|| "/".into(), |n| n.replace('{', "%7B"))
}

/// The sign-in form. A refusal comes back as `?problem=`.
#[component]
pub fn SignIn() -> impl IntoView {
    let next = here(query("next"));
    let user = query("user").unwrap_or_default();
    view! {
        <Door title="Sign in">
            <ApiForm id="sign-in" action="/api/v1/session" next whole=true>
                <Field name="user" label="User" autocomplete="username" value=user required=true autofocus=true/>
                <Field name="password" label="Password" kind="password" autocomplete="current-password" required=true/>
                <button class="btn primary" type="submit">"Sign in"</button>
            </ApiForm>
        </Door>
    }
}

#[cfg(test)]
mod tests {
    use super::here;

    #[test]
    fn only_paths_of_this_server() {
        assert_eq!(here(Some("/teams/a".into())), "/teams/a");
        for bad in ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example", "/\n/evil.example", ""] {
            assert_eq!(here(Some(bad.into())), "/");
        }
        assert_eq!(here(Some("/x?p={password}".into())), "/x?p=%7Bpassword}");
    }
}
