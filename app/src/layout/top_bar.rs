//! The bar above every page: where one is, search, whether changes arrive, one's own menu.

use super::{account_menu::AccountMenu, crumbs::Crumbs};
use crate::{parts::Session, ui::Icon};
use leptos::prelude::*;

/// The bar.
#[component]
pub fn TopBar() -> impl IntoView {
    let in_team = use_context::<Session>().is_some_and(|s| !s.team.is_empty());
    let find = in_team.then(|| {
        view! {
            <button type="button" class="search" aria-haspopup="dialog" data-dialog="palette">
                <Icon name="search"/><span class="t">"Find anything"</span><kbd>"Ctrl K"</kbd>
            </button>
            <span class="live" role="status" data-own="" hidden></span>
        }
    });
    view! {
        <header class="top"><Crumbs/>{find}<AccountMenu/></header>
        <p class="lost-line" role="status" data-own="" hidden>"The connection to the server was lost. What you see may be old; it is tried again by itself."</p>
    }
}
