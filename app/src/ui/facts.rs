//! Names and values, one a line.

use leptos::prelude::*;

/// A list of facts; those without a value are left out.
#[component]
pub fn Facts(
    /// Name and value.
    rows: Vec<(&'static str, Option<AnyView>)>,
) -> impl IntoView {
    view! {
        <dl class="facts">
            {rows.into_iter().filter_map(|(name, value)| value.map(|v| view! { <dt>{name}</dt><dd>{v}</dd> })).collect_view()}
        </dl>
    }
}

/// A value for [`Facts`]: text, or nothing.
pub fn text(value: impl Into<String>) -> Option<AnyView> {
    Some(value.into()).filter(|v| !v.is_empty()).map(IntoAny::into_any)
}
