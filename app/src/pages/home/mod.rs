//! Where one lands after signing in.

use crate::api::{Client, ListQuery};
use leptos::prelude::*;
use leptos_meta::Title;

/// One's teams.
#[component]
pub fn TeamChoice() -> impl IntoView {
    let client = Client::from_context();
    let teams = Resource::new(|| (), move |()| client.team_list(&ListQuery::default()));
    view! {
        <Title text="Teams"/>
        <main class="page">
            <h1>"Teams"</h1>
            <Transition fallback=|| view! { <p>"Loading teams"</p> }>
                {move || Suspend::new(async move {
                    match teams.await {
                        Ok(page) => view! {
                            <ul>{page.items.into_iter().map(|t| view! { <li><a class="link" href=format!("/teams/{}", t.name)>{t.display_name}</a></li> }).collect_view()}</ul>
                        }.into_any(),
                        Err(problem) => view! { <p class="note red" role="alert">{problem.sentence().to_owned()}</p> }.into_any(),
                    }
                })}
            </Transition>
        </main>
    }
}
