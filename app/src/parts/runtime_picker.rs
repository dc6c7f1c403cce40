//! Choosing the server that a model runs in.

use crate::{api::runtimes::Runtime, ui::Select};
use leptos::prelude::*;

/// The runtimes that serve one of these flavors; nothing to choose where there is only one.
#[component]
pub fn RuntimePicker(
    /// All runtimes.
    runtimes: Vec<Runtime>,
    /// Flavors of the model.
    flavors: Vec<String>,
    /// The one it runs in now; empty for none.
    #[prop(optional, into)]
    now: String,
) -> impl IntoView {
    let mut fits: Vec<Runtime> = runtimes.into_iter().filter(|r| r.formats.iter().any(|f| flavors.contains(f))).collect();
    fits.sort_by_key(|r| (r.order.unwrap_or(i64::MAX), r.name.clone()));
    let kept = fits.iter().find(|r| r.name == now).or(fits.iter().find(|r| r.order.is_some())).map(|r| r.name.clone());
    let first = match (&kept, now.is_empty()) {
        (Some(name), false) if *name == now => format!("As now: {name}"),
        (Some(name), _) => format!("By the model's flavors: {name}"),
        (None, _) => "By the model's flavors: there is none".to_owned(),
    };
    let many = fits.len() > 1 || kept.is_none() && !fits.is_empty();
    let mut options = vec![(String::new(), first)];
    options.extend(fits.into_iter().filter(|r| Some(&r.name) != kept.as_ref()).map(|r| {
        let words = format!("{}, {}", r.name, r.spoken());
        (r.name, words)
    }));
    many.then(|| view! { <Select name="runtime" label="Runtime" options hint="The server that the model runs in."/> })
}
