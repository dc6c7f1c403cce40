//! A program of its own, served instead of a model: a small sheet, and its fields.

use crate::{
    api::{Client, client::team_path, runtimes::Program},
    parts::{Access, EnvironmentPicker, Every, Nodes, SizePicker, loaded, offers, secret_uses::Surroundings},
    ui::{ApiForm, CodeBlock, Field, Sheet, shell},
};
use leptos::prelude::*;

/// The sheet.
#[component]
pub fn ProgramSheet(
    /// The way to the API.
    client: Client,
    /// Who looks.
    access: Access,
    /// The address without the sheet.
    back: String,
) -> impl IntoView {
    let cancel = back.clone();
    let form = loaded(Every::default(), offers(&client, &access.team), move |(capacity, environments), access| {
        let (action, next) = (team_path(&access.team, "/deployments"), access.href("/deployments/{name}"));
        let command = "slipway deployment create files -- python -m http.server {port}";
        view! {
            <ApiForm id="program" action next>
                <Field name="name" label="Name of the deployment" required=true autofocus=true code=true placeholder="files" hint="Part of its endpoint; never changes."/>
                <ProgramFields program=None/>
                <EnvironmentPicker environments=environments.items chosen="serve"/>
                <SizePicker capacity/>
                <Field name="replicas" label="Replicas" kind="number" value="1" hint="So many of it answer; it can be changed at any time."/>
                <Surroundings/>
                <p class="sub">"It takes traffic once it says that it is ready. Everything below its endpoint is passed on to it."</p>
                <div class="actions"><button class="btn primary" type="submit">"Deploy"</button><a class="btn" href=cancel>"Cancel"</a></div>
            </ApiForm>
            <div class="stack"><p class="sub">"The same from a terminal:"</p><CodeBlock text=command/></div>
        }
    });
    view! { <Sheet title="Deploy a program" back>{form}</Sheet> }
}

/// What is run; as it is now, where it is deployed again.
#[component]
pub fn ProgramFields(
    /// As it is now.
    program: Option<Program>,
) -> impl IntoView {
    let p = program;
    let command = p.as_ref().map(|p| p.command.iter().map(|w| shell::word(w)).collect::<Vec<_>>().join(" ")).unwrap_or_default();
    let number = |n: Option<u16>| n.map(|n| n.to_string()).unwrap_or_default();
    let image = Nodes::are_there().then(|| {
        view! {
            <Field name="custom.image" label="Container image" value=p.as_ref().and_then(|p| p.image.clone()).unwrap_or_default() code=true placeholder="registry.example.org/app:1" hint="Instead of an environment."/>
            <Field name="custom.port" label="Port" kind="number" value=number(p.as_ref().and_then(|p| p.port)) hint="Where the image listens, if it cannot be told."/>
        }
    });
    view! {
        <Field name="custom.command" label="Command" value=command required=true code=true placeholder="python -m http.server {port}" hint="It listens at {port}, which is also in the variable PORT. Words in quotes stay together."/>
        {image}
        <Field name="custom.ready_path" label="Ready at" value=p.as_ref().map_or_else(|| "/".to_owned(), |p| p.ready_path.clone()) code=true hint="Answers once it is ready, and as long as it is well."/>
        <details class="more">
            <summary>"Status and time of the probe"</summary>
            <div class="form">
                <Field name="custom.ready_status" label="With status" kind="number" value=number(p.as_ref().and_then(|p| p.ready_status)) placeholder="any of 2xx and 3xx"/>
                <Field name="custom.start_seconds" label="Within, seconds" kind="number" value=p.as_ref().map(|p| p.start_seconds.to_string()).unwrap_or_default() placeholder="300"/>
            </div>
        </details>
    }
}
