//! Choosing an environment.

use crate::{
    api::environments::{Build, Environment},
    ui::Select,
};
use leptos::prelude::*;

/// A choice of the team's environments; those that could not be made are left out.
#[component]
pub fn EnvironmentPicker(
    /// The environments.
    environments: Vec<Environment>,
    /// The one chosen at first.
    #[prop(into)]
    chosen: String,
) -> impl IntoView {
    let options = environments.into_iter().filter(|e| e.latest.build != Build::Failed).map(|e| {
        let state = match e.latest.build {
            Build::Ready => String::new(),
            Build::Queued => ", waits to be built".into(),
            Build::Building => format!(", being built ({:.0} %)", e.latest.progress * 100.0),
            Build::Failed => ", failed".into(),
        };
        let packages = e.latest.packages.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
        let packages = if packages.is_empty() { packages } else { format!(": {packages}") };
        (e.name.clone(), format!("{} v{}{packages}{state}", e.name, e.latest.version))
    });
    let mut options = options.collect::<Vec<_>>();
    // Where there are more than a list has, what is chosen at first is among them all the same.
    if !chosen.is_empty() && options.iter().all(|(name, _)| *name != chosen) {
        options.insert(0, (chosen.clone(), chosen.clone()));
    }
    view! { <Select name="environment" label="Environment" options value=chosen/> }
}
