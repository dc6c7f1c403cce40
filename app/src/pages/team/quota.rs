//! What a team may hold together.

use crate::{
    api::Client,
    parts::{Access, quota_form::QuotaForm},
    ui::Card,
};
use leptos::prelude::*;

/// The tab.
#[component]
pub fn QuotaCard(
    /// The way to the API.
    client: Client,
    /// Who looks.
    access: Access,
) -> impl IntoView {
    let admin = access.me.admin;
    view! {
        <div class="narrow">
            <Card title="Quota">
                <div class="stack">
                    <p class="muted">"What the team's notebooks, runs and deployments may hold together. What does not fit waits."</p>
                    <QuotaForm client team=access.team sets=admin/>
                    {(!admin).then(|| view! { <p class="sub">"A platform admin sets it."</p> })}
                </div>
            </Card>
        </div>
    }
}
