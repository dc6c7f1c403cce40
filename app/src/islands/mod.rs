//! The few parts of a page that live on their own in the browser: charts, logs, the palette, Try it. The server renders each as it is at
//! first, with what it needs to know (`data-props`); the browser takes it over there.

pub mod chart;
pub mod chart_scale;
pub mod log;
pub mod log_lines;
pub mod log_stream;
pub mod palette;
pub mod schedule_options;
pub mod try_it;

pub use chart::{Axis, Chart, Crosshair, Series};
pub use log::LogView;
pub use palette::Palette;
pub use try_it::TryItForm;

use leptos::prelude::*;
use serde::Serialize;

/// The place of an island.
fn island(name: &'static str, key: String, props: &impl Serialize, content: AnyView) -> AnyView {
    // Texts, numbers and lists of ours, which always serialise.
    let props = serde_json::to_string(props).unwrap_or_default();
    view! { <div class="island" data-island=name data-key=key data-props=props>{content}</div> }.into_any()
}

/// What the browser reads before it takes an island over: until then stays what the server rendered.
#[cfg(feature = "browser")]
pub type First = Option<crate::api::logs::LogPage>;

/// Calls `then` when island `name` can be taken over; never where its props cannot be read: what the server rendered stays.
#[cfg(feature = "browser")]
pub fn ready(name: &str, props: &str, then: impl FnOnce(First) + 'static) {
    let reads = match name {
        "chart" => serde_json::from_str::<chart::Shown>(props).is_ok(),
        "palette" => serde_json::from_str::<palette::Shown>(props).is_ok(),
        "try" => serde_json::from_str::<try_it::Shown>(props).is_ok(),
        "log" => {
            if let Ok(props) = serde_json::from_str(props) {
                leptos::task::spawn_local(async move { then(log::first(&props).await) });
            }
            return;
        }
        _ => false,
    };
    if reads {
        then(None);
    }
}

/// The island `name`, which follows its props.
#[cfg(feature = "browser")]
pub fn view(name: &str, props: RwSignal<String>, first: First) -> AnyView {
    match name {
        "chart" => read(props).map(chart::chart),
        "log" => read(props).map(|props| log::log(props, first)),
        "palette" => read(props).map(palette::palette),
        "try" => read(props).map(try_it::try_it),
        _ => None,
    }
    .into_any()
}

#[cfg(feature = "browser")]
fn read<P: serde::de::DeserializeOwned + PartialEq + Clone + Send + Sync + 'static>(text: RwSignal<String>) -> Option<Signal<P>> {
    let first: P = text.with_untracked(|t| serde_json::from_str(t).ok())?;
    let props = RwSignal::new(first);
    Effect::new(move |before: Option<()>| {
        let new = text.with(|t| serde_json::from_str(t).ok());
        if let (Some(()), Some(new)) = (before, new)
            && props.with_untracked(|p| *p != new)
        {
            props.set(new);
        }
    });
    Some(props.into())
}
