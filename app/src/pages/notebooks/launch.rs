//! The launch sheet: environment and size, and what they do to what is free, before the click.

use crate::{
    api::{Client, client::team_path, notebooks::NewNotebook},
    parts::{
        EnvironmentPicker, Every, SizePicker, asked, loaded, offers,
        params::team,
        secret_uses::{Surroundings, secrets},
    },
    ui::{After, ApiForm, CodeBlock, Field, Sheet, Submit},
};
use leptos::prelude::*;

/// The sheet.
#[component]
pub fn LaunchSheet() -> impl IntoView {
    let client = Client::from_context();
    let team = team();
    let back = format!("/teams/{}/notebooks", team.get_untracked());
    let fetch = {
        let client = client.clone();
        move |team: String| offers(&client, &team)
    };
    view! {
        <Sheet title="Launch notebook" back=back.clone()>
            {loaded("Loading environments and sizes", Every::default(), move || team.get(), fetch, move |data, access| {
                let (capacity, environments) = data.get_untracked();
                let (client, team, list) = (client.clone(), access.team.clone(), back.clone());
                let (action, next, cancel) = (team_path(&team, "/notebooks"), back.clone(), back.clone());
                let submit = Submit::new(move |v| {
                    let (size, amount) = asked(&v);
                    let body = v.pairs("env").and_then(|env| {
                        Ok(NewNotebook { name: v.text("name"), environment: v.some("environment"), size, amount, env, secrets: secrets(&v)? })
                    });
                    let call = body.map(|body| client.notebook_launch(&team, &body));
                    let list = list.clone();
                    async move {
                        let notebook = call?.await?;
                        Ok(After::go_saying(list, format!("{} is launched.", notebook.name)))
                    }
                });
                view! {
                    <ApiForm id="launch" action submit next>
                        <Field name="name" label="Name" hint="Its files stay under this name when it stops." required=true autofocus=true code=true placeholder="explore"/>
                        <EnvironmentPicker environments=environments.items chosen="notebook"/>
                        <SizePicker capacity/>
                        <Surroundings/>
                        <div class="actions"><button class="btn primary" type="submit">"Launch"</button><a class="btn" href=cancel>"Cancel"</a></div>
                    </ApiForm>
                    <div class="stack"><p class="sub">"The same from a terminal:"</p><CodeBlock text="slipway notebook launch explore --env notebook --size small"/></div>
                }
            })}
        </Sheet>
    }
}
