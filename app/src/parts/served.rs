//! What a revision serves: a link to the version, or the command where it serves no model.

use super::Access;
use crate::api::{
    client::segment,
    runtimes::{Program, served as words},
};
use leptos::prelude::*;

/// In a cell of a table.
pub fn served(access: &Access, model: &str, version: i64, program: Option<&Program>) -> AnyView {
    let text = words(model, version, program);
    if model.is_empty() {
        let whole = program.map(|p| p.line(2000)).unwrap_or_default();
        return view! { <code title=whole>{text}</code> }.into_any();
    }
    let href = access.href(&format!("/models/{}/{version}", segment(model)));
    view! { <a class="link" href=href>{text}</a> }.into_any()
}
