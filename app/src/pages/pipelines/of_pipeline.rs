//! The pipeline that something is of.

use crate::{api::client::segment, parts::Access};
use leptos::prelude::*;

/// Name of a pipeline, which leads to its page while there is one.
#[component]
pub fn OfPipeline(
    /// Its name, at the time.
    name: String,
    /// Its id; nothing where what ran brought its own.
    id: Option<String>,
    /// Whether it was deleted since.
    deleted: bool,
    /// Who looks.
    access: Access,
) -> impl IntoView {
    match id {
        Some(_) if deleted => view! { <span>{name}" "<span class="tag">"deleted"</span></span> }.into_any(),
        Some(id) => {
            let href = access.href(&format!("/pipelines/{}", segment(&id)));
            view! { <a class="link" href=href>{name}</a> }.into_any()
        }
        None => name.into_any(),
    }
}
