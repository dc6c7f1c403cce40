//! Registering a model that a run logged.

use crate::{
    api::{client::team_path, runs::Run},
    ui::{ApiForm, Dialog, DialogCancel, Field, Select},
};
use leptos::prelude::*;

/// The dialog `register`.
#[component]
pub fn RegisterDialog(
    /// The run.
    run: Run,
    /// The team.
    team: String,
) -> impl IntoView {
    let options: Vec<_> = run.logged_models.iter().map(|m| (m.uri.clone(), format!("{} ({})", m.name, m.id))).collect();
    let value = options.last().map(|o| o.0.clone()).unwrap_or_default();
    let (action, next) = (team_path(&team, "/model-versions"), format!("/teams/{team}/models/{{model}}/{{version}}"));
    view! {
        <Dialog id="register" title="Register model">
            <ApiForm id="register-form" action next say="Registered as version {version}.">
                <input type="hidden" name="run_id" value=run.summary.id/>
                <Field name="model" label="Name" required=true placeholder="churn" hint="A name that exists gets a new version."/>
                <Select name="source" label="Model of the run" options value/>
                <Field name="description" label="Description"/>
                <div class="actions"><button class="btn primary" type="submit">"Register"</button><DialogCancel/></div>
            </ApiForm>
        </Dialog>
    }
}
