//! The bar above every page: where one is, search, whether changes arrive, one's own menu.

use super::{account_menu::AccountMenu, crumbs::Crumbs};
use crate::{
    api::live::{Link, Live},
    parts::Session,
    ui::{Icon, dom},
};
use leptos::prelude::*;

/// The bar.
#[component]
pub fn TopBar() -> impl IntoView {
    let team = use_context::<Session>().map(|s| s.team);
    let link = use_context::<Live>().map_or_else(|| Signal::derive(|| Link::Off), |l| l.link());
    let words = move || match link.get() {
        Link::Off => "",
        Link::Up => "Live",
        Link::Lost => "Reconnecting",
    };
    view! {
        <header class="top">
            <Crumbs/>
            {move || team.and_then(|t| t.get()).map(|_| view! {
                <button type="button" class="search" aria-haspopup="dialog" on:click=move |_| dom::show_dialog("palette")>
                    <Icon name="search"/><span class="t">"Find anything"</span><kbd>"Ctrl K"</kbd>
                </button>
                <span class="live" class:up=move || link.get() == Link::Up class:lost=move || link.get() == Link::Lost role="status" hidden=move || link.get() == Link::Off>{words}</span>
            })}
            <AccountMenu/>
        </header>
        {move || (link.get() == Link::Lost).then(|| view! { <p class="lost-line" role="status">"The connection to the server was lost. What you see may be old; it is tried again by itself."</p> })}
    }
}
