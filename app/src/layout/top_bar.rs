//! The bar above every page: where one is, search, whether changes arrive, notices, one's own menu.

use super::{account_menu::AccountMenu, crumbs::Crumbs, notice_bell::NoticeBell};
use crate::ui::Icon;
use leptos::prelude::*;

/// The bar.
#[component]
pub fn TopBar() -> impl IntoView {
    view! {
        <header class="top">
            <Crumbs/>
            <button type="button" class="search" aria-haspopup="dialog" data-dialog="palette">
                <Icon name="search"/><span class="t">"Find anything"</span><kbd>"Ctrl K"</kbd>
            </button>
            <span class="live" role="status" data-key="live" data-own="" hidden></span>
            <NoticeBell/>
            <AccountMenu/>
        </header>
        <p class="lost-line" role="status" data-key="lost-line" data-own="" hidden></p>
    }
}
