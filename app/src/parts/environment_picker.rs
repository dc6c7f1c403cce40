//! Choosing an environment.

use crate::{
    api::environments::{Build, Environment},
    ui::Select,
};
use leptos::prelude::*;

/// Packages named below the choice.
const NAMED: usize = 4;

/// A choice of the team's environments; those that could not be made are left out. Some packages of the chosen one stand below.
#[component]
pub fn EnvironmentPicker(
    /// The environments.
    environments: Vec<Environment>,
    /// The one chosen at first.
    #[prop(into)]
    chosen: String,
) -> impl IntoView {
    let mut below = Vec::new();
    let options = environments.into_iter().filter(|e| e.latest.build != Build::Failed).map(|e| {
        let state = match e.latest.build {
            Build::Ready => String::new(),
            Build::Queued => ", waits to be built".into(),
            Build::Building => format!(", being built ({:.0} %)", e.latest.progress * 100.0),
            Build::Failed => ", failed".into(),
        };
        let more = if e.latest.packages.len() > NAMED { ", ..." } else { "" };
        let packages = e.latest.packages.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        below.push((!packages.is_empty()).then(|| format!("With {packages}{more}")));
        (e.name.clone(), format!("{} v{}{state}", e.name, e.latest.version))
    });
    let mut options = options.collect::<Vec<_>>();
    // Where there are more than a list has, what is chosen at first is among them all the same.
    if !chosen.is_empty() && options.iter().all(|(name, _)| *name != chosen) {
        options.insert(0, (chosen.clone(), chosen.clone()));
        below.insert(0, None);
    }
    let below = below.into_iter().map(|text| view! { <p>{text}</p> }).collect_view();
    view! { <div class="picker"><Select name="environment" label="Environment" options value=chosen/><div class="about">{below}</div></div> }
}
