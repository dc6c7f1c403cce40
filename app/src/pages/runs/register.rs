//! Registering a model that a run logged.

use crate::{
    api::{Client, client::team_path, models::NewModelVersion, runs::Run},
    parts::params::team,
    ui::{After, ApiForm, Dialog, DialogCancel, Field, Select, Submit},
};
use leptos::prelude::*;

/// The dialog `register`.
#[component]
pub fn RegisterDialog(
    /// The run: what it logged grows while it runs.
    run: RwSignal<Run>,
) -> impl IntoView {
    let client = Client::from_context();
    let team = team().get_untracked();
    let id = run.with_untracked(|r| r.summary.id.clone());
    let of = id.clone();
    let action = team_path(&team, "/model-versions");
    let submit = Submit::new(move |v| {
        let body =
            NewModelVersion { model: v.text("model"), run_id: id.clone(), source: v.some("source"), description: v.text("description") };
        let call = client.version_register(&team, &body);
        let team = team.clone();
        async move {
            let version = call.await?;
            let model = crate::api::client::segment(&version.model);
            Ok(After::go_saying(
                format!("/teams/{team}/models/{model}/{}", version.version),
                format!("Registered as version {}.", version.version),
            ))
        }
    });
    let options =
        Memo::new(move |_| run.read().logged_models.iter().map(|m| (m.uri.clone(), format!("{} ({})", m.name, m.id))).collect::<Vec<_>>());
    let source = move || {
        let options = options.get();
        let value = options.last().map(|o| o.0.clone()).unwrap_or_default();
        view! { <Select name="source" label="Model of the run" options value/> }
    };
    view! {
        <Dialog id="register" title="Register model">
            <ApiForm id="register-form" action submit>
                <input type="hidden" name="run_id" value=of/>
                <Field name="model" label="Name" required=true placeholder="churn" hint="A name that exists gets a new version."/>
                {source}
                <Field name="description" label="Description"/>
                <div class="actions"><button class="btn primary" type="submit">"Register"</button><DialogCancel/></div>
            </ApiForm>
        </Dialog>
    }
}
