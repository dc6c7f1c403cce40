//! Registering a model that a run logged.

use crate::{
    api::{
        client::team_path,
        runs::{Run, RunLoggedModel},
    },
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
    let logged = &run.logged_models;
    // Ids tell apart what was logged under one name.
    let alone = |name: &str| logged.iter().filter(|m| m.name == name).count() == 1;
    let words = |m: &RunLoggedModel| if alone(&m.name) { m.name.clone() } else { format!("{} ({})", m.name, m.id) };
    let options: Vec<_> = logged.iter().map(|m| (m.uri.clone(), words(m))).collect();
    let name = if let [only] = logged.as_slice() { only.name.clone() } else { String::new() };
    let value = options.last().map(|o| o.0.clone()).unwrap_or_default();
    let (action, next) = (team_path(&team, "/model-versions"), format!("/teams/{team}/models/{{model}}/{{version}}"));
    view! {
        <Dialog id="register" title="Register model">
            <ApiForm id="register-form" action next say="Registered as version {version}.">
                <input type="hidden" name="run_id" value=run.summary.id/>
                <Field name="model" label="Name" value=name required=true placeholder="churn" hint="A name that exists gets a new version."/>
                <Select name="source" label="Model of the run" options value/>
                <Field name="description" label="Description"/>
                <div class="actions"><button class="btn primary" type="submit">"Register"</button><DialogCancel/></div>
            </ApiForm>
        </Dialog>
    }
}
