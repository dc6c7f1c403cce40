//! The frame: side nav, top bar, the page, notices.

use super::{palette::Palette, shortcuts, side_nav::SideNav, top_bar::TopBar};
use crate::{
    parts::Session,
    ui::{QueryProblem, Refresh, ToastRegion},
};
use leptos::prelude::*;
use leptos_router::components::Outlet;

/// The frame around the pages of those who are signed in.
#[component]
pub fn Frame() -> impl IntoView {
    let session = Session::provide();
    provide_context(Refresh(RwSignal::new(0)));
    #[cfg(feature = "hydrate")]
    {
        let live = use_context::<crate::api::live::Live>();
        Effect::new(move |_| {
            if let (Some(team), Some(live)) = (session.team.get(), live) {
                live.connect(&team);
            }
        });
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = session;
    shortcuts::listen();
    view! {
        <a class="skip" href="#page">"To the content"</a>
        <div class="frame">
            <SideNav/>
            <div class="body">
                <TopBar/>
                <main class="page" id="page" tabindex="-1"><QueryProblem/><Outlet/></main>
            </div>
        </div>
        <Palette/>
        <ToastRegion/>
    }
}
