//! The sheet that asks for a version to be promoted.

use crate::{
    api::{
        Client,
        client::team_path,
        models::ModelVersion,
        promotions::{Gate, StagePolicy},
    },
    parts::{Access, Every, loaded},
    ui::{ApiForm, Area, CodeBlock, Select, Sheet, shell},
};
use leptos::prelude::*;

/// The sheet.
#[component]
pub fn PromoteSheet(
    /// The way to the API.
    client: Client,
    /// What is promoted.
    version: ModelVersion,
    /// Who looks.
    access: Access,
    /// The address without the sheet.
    back: String,
) -> impl IntoView {
    let (title, cancel, next) = (format!("Promote {} v{}", version.model, version.version), back.clone(), back.clone());
    let form = loaded(Every::default(), client.stage_list(&access.team), move |stages: Vec<StagePolicy>, access| {
        let action = team_path(&access.team, "/promotions");
        let options = stages.iter().map(|s| (s.stage.clone(), format!("{} (@{})", s.stage, s.alias))).collect();
        let asks = stages.iter().map(asks).collect_view();
        let command = format!("slipway promotion request {} --version {} --stage Production", shell::word(&version.model), version.version);
        view! {
            <ApiForm id="promote" action next say="Asked for.">
                <input type="hidden" name="model" value=version.model.clone()/>
                <input type="hidden" name="version" value=version.version.to_string()/>
                <Select name="stage" label="Stage" options value="Production"/>
                <div class="stack">{asks}</div>
                <Area name="comment" label="What the approvers shall know" rows=3/>
                <div class="actions"><button class="btn primary" type="submit">"Ask for it"</button><a class="btn" href=cancel>"Cancel"</a></div>
            </ApiForm>
            <div class="stack"><p class="sub">"The same from a terminal:"</p><CodeBlock text=command/></div>
        }
    });
    view! { <Sheet title back>{form}</Sheet> }
}

/// What a stage asks, in words.
fn asks(stage: &StagePolicy) -> AnyView {
    let mut parts: Vec<String> = stage.gates.iter().map(Gate::title).collect();
    match stage.approvals_needed {
        0 => {}
        1 => parts.push("an approval by another maintainer".into()),
        n => parts.push(format!("{n} approvals by other maintainers")),
    }
    let what = if parts.is_empty() { "nothing".to_owned() } else { parts.join("; ") };
    view! { <p class="sub"><strong>{stage.stage.clone()}</strong>" asks for: "{what}"."</p> }.into_any()
}
