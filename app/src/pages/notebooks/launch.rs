//! The launch sheet: environment and size, and what they do to what is free, before the click.

use crate::{
    api::{Client, client::team_path},
    parts::{EnvironmentPicker, Every, SizePicker, loaded, offers, params::team, secret_uses::Surroundings},
    ui::{ApiForm, CodeBlock, Field, Sheet},
};
use leptos::prelude::*;

/// The sheet.
#[component]
pub fn LaunchSheet() -> impl IntoView {
    let (client, team) = (Client::from_context(), team());
    let back = format!("/teams/{team}/notebooks");
    let form = loaded(Every::default(), offers(&client, &team), |(capacity, environments), access| {
        let (action, next) = (team_path(&access.team, "/notebooks"), access.href("/notebooks"));
        let cancel = next.clone();
        view! {
            <ApiForm id="launch" action next say="{name} is launched.">
                <Field name="name" label="Name" hint="Its files stay under this name when it stops. Files that you kept of an earlier notebook of this name are there again." required=true autofocus=true code=true placeholder="explore"/>
                <EnvironmentPicker environments=environments.items chosen="notebook"/>
                <SizePicker capacity/>
                <Surroundings/>
                <div class="actions"><button class="btn primary" type="submit">"Launch"</button><a class="btn" href=cancel>"Cancel"</a></div>
            </ApiForm>
            <div class="stack"><p class="sub">"For example, from a terminal:"</p><CodeBlock text="slipway notebook launch explore --env notebook --size small"/></div>
        }
    });
    view! { <Sheet title="Launch notebook" back>{form}</Sheet> }
}
