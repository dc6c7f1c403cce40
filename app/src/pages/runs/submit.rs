//! Submitting a run from a form. Code of a folder is uploaded by the command line; here it comes from git, or the command brings its own.

use crate::{
    api::{Client, ListQuery, client::team_path, resources::bytes_words},
    parts::{EnvironmentPicker, Every, Head, SizePicker, loaded, offers, params::team, secret_uses::Surroundings},
    ui::{ApiForm, Area, CodeBlock, Field},
};
use leptos::prelude::*;

/// The page.
#[component]
pub fn SubmitRun() -> impl IntoView {
    let (client, team) = (Client::from_context(), team());
    let answer = offers(&client, &team).and(client.experiment_list(&team, &ListQuery::default()));
    view! {
        <Head title="Submit run"/>
        {loaded(Every::default(), answer, |((capacity, environments), experiments), access| {
            let (action, next, cancel) = (team_path(&access.team, "/runs"), access.href("/runs/{id}"), access.href("/runs"));
            let limit = bytes_words(capacity.max_upload_bytes);
            let offers = experiments.items.into_iter().map(|e| e.name).collect::<Vec<_>>();
            view! {
                <div class="cols side">
                    <section class="card"><div class="in">
                        <ApiForm id="submit" action next>
                            <Field name="command" label="Command" required=true autofocus=true code=true placeholder="python train.py --epochs 20" hint="Run in the folder of the code. Words in quotes stay together."/>
                            <div class="pair">
                                <Field name="name" label="Name" hint="Made up when empty."/>
                                <Field name="experiment" label="Experiment" placeholder="Default" hint="Made where it does not exist." offers/>
                            </div>
                            <EnvironmentPicker environments=environments.items chosen="train"/>
                            <SizePicker capacity nodes=true/>
                            <fieldset>
                                <legend>"Code"</legend>
                                <div class="pair">
                                    <Field name="git_url" label="Git repository" code=true placeholder="https://git.example.org/team/model.git" hint="Empty: the command brings its own code."/>
                                    <Field name="git_ref" label="Branch, tag or commit" code=true placeholder="main"/>
                                </div>
                            </fieldset>
                            <Area name="params" label="Parameters" placeholder="lr=0.1" hint="NAME=value, one a line. Logged, and appended to the command as --NAME value."/>
                            <Surroundings/>
                            <details class="more">
                                <summary>"Attempts and time"</summary>
                                <div class="pair">
                                    <Field name="max_attempts" label="Attempts" kind="number" placeholder="1" hint="1 to 10: how often it is tried."/>
                                    <Field name="timeout_seconds" label="Seconds an attempt may take" kind="number" placeholder="no limit"/>
                                </div>
                            </details>
                            <div class="actions"><button class="btn primary" type="submit">"Submit"</button><a class="btn" href=cancel>"Cancel"</a></div>
                        </ApiForm>
                    </div></section>
                    <section class="card"><header><h2>"From a terminal"</h2></header><div class="in stack">
                        <p class="sub">{format!("Uploads the folder you are in, at most {limit} (what .gitignore names stays behind), and follows the log:")}</p>
                        <CodeBlock text="slipway run submit --env train --cpu 1 --memory 1Gi --watch -- python train.py"/>
                        <p class="sub">"A script that uses the mlflow package needs no change: its run is this run."</p>
                    </div></section>
                </div>
            }
        })}
    }
}
