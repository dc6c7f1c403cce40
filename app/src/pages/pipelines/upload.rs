//! The sheet that uploads what kfp compiled: a new pipeline, or a new version of one.

use crate::{
    api::{
        client::{segment, team_path},
        pipelines::Pipeline,
    },
    parts::Access,
    ui::{ApiForm, Area, CodeBlock, Field, Sheet, shell},
};
use leptos::prelude::*;

/// The sheet.
#[component]
pub fn UploadSheet(
    /// Who looks.
    access: Access,
    /// The pipeline that gets a version; a new one when left out.
    #[prop(optional, into)]
    of: Option<Pipeline>,
) -> impl IntoView {
    let (title, action, back, next, command) = match &of {
        None => (
            "Upload pipeline".to_owned(),
            team_path(&access.team, "/pipelines"),
            access.href("/pipelines"),
            access.href("/pipelines/{name}"),
            "slipway pipeline upload pipeline.yaml".to_owned(),
        ),
        Some(p) => {
            let here = access.href(&format!("/pipelines/{}", segment(&p.name)));
            (
                format!("New version of {}", p.name),
                team_path(&access.team, &format!("/pipelines/{}/versions", segment(&p.id))),
                here.clone(),
                format!("{here}?tab=versions"),
                format!("slipway pipeline upload pipeline.yaml --name {}", shell::word(&p.name)),
            )
        }
    };
    let (cancel, new) = (back.clone(), of.is_none());
    let names = if new {
        view! {
            <Field name="name" label="Name" hint="The pipeline's own when empty." code=true/>
            <Field name="description" label="Description" hint="The pipeline's own when empty."/>
            <Field name="version" label="Name of the version" hint="That of the pipeline when empty." code=true/>
        }
        .into_any()
    } else {
        view! {
            <Field name="name" label="Name of the version" hint="The date and time when empty." code=true/>
            <Field name="description" label="What is new in it"/>
        }
        .into_any()
    };
    view! {
        <Sheet title back>
            <ApiForm id="upload" action next say="Uploaded.">
                <div class="field from-file"><label for="upload-file">"File"</label><input id="upload-file" type="file" accept=".yaml,.yml,.json" data-into="upload-spec"/></div>
                <Area name="spec" label="What kfp compiled" rows=8 required=true placeholder="# PIPELINE DEFINITION" hint="What is in the file, YAML or JSON."/>
                {names}
                <div class="actions"><button class="btn primary" type="submit">"Upload"</button><a class="btn" href=cancel>"Cancel"</a></div>
            </ApiForm>
            <div class="stack"><p class="sub">"The same from a terminal:"</p><CodeBlock text=command/></div>
        </Sheet>
    }
}
