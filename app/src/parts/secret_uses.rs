//! Environment variables and secrets of a form: lines of `NAME=value`.

use crate::ui::Area;
use leptos::prelude::*;

/// The two fields.
#[component]
pub fn Surroundings() -> impl IntoView {
    view! {
        <details class="more">
            <summary>"Environment variables and secrets"</summary>
            <div class="form">
                <Area name="env" label="Environment variables" placeholder="DATA_URL=https://..." hint="NAME=value, one a line."/>
                <Area name="secrets" label="Secrets" placeholder="API_KEY=warehouse-key" hint="VARIABLE=name of a secret of the team, one a line."/>
            </div>
        </details>
    }
}
