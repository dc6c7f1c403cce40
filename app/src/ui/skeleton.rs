//! What stands where something is still loading: grey lines and a word.

use leptos::prelude::*;

/// A placeholder.
#[component]
pub fn Skeleton(
    /// What is loading.
    #[prop(default = "Loading")]
    what: &'static str,
) -> impl IntoView {
    view! { <div class="skeleton" role="status"><p>{what}</p><i></i><i></i><i></i></div> }
}
