//! Changing what is free: description, tags, aliases.

use crate::{
    api::{
        Client,
        client::{segment, team_path},
        models::ModelChange,
    },
    ui::{After, ApiForm, Area, Card, Dialog, DialogButton, DialogCancel, Field, Icon, PostButton, Submit},
};
use leptos::prelude::*;
use std::collections::BTreeMap;

/// Of what the description and the tags are.
#[derive(Debug, Clone, PartialEq)]
pub struct Of {
    /// The team.
    pub team: String,
    /// Name of the model.
    pub model: String,
    /// Version; the model itself when none.
    pub version: Option<i64>,
}

impl Of {
    fn path(&self) -> String {
        let version = self.version.map(|v| format!("/versions/{v}")).unwrap_or_default();
        team_path(&self.team, &format!("/models/{}{version}", segment(&self.model)))
    }

    fn change(&self, client: &Client, body: &ModelChange) -> crate::api::client::Reply<()> {
        match self.version {
            Some(v) => client.version_update(&self.team, &self.model, v, body).done(),
            None => client.model_update(&self.team, &self.model, body).done(),
        }
    }
}

/// Description and tags in a card, with the way to change them.
#[component]
pub fn Words(
    /// Of what.
    of: Of,
    /// The description.
    description: String,
    /// The tags.
    tags: BTreeMap<String, String>,
    /// Whether one may change them.
    edits: bool,
) -> impl IntoView {
    let tags: Vec<(String, String)> = tags.into_iter().filter(|(k, _)| !k.starts_with("mlflow.")).collect();
    let lines: Vec<String> = tags.iter().map(|(k, v)| format!("{k}={v}")).collect();
    let facts = tags.into_iter().map(|(k, v)| view! { <dt>{k}</dt><dd>{v}</dd> }).collect_view();
    let text = if description.is_empty() { "No description.".to_owned() } else { description.clone() };
    let more = move || edits.then(|| view! { <DialogButton id="words" class="btn small">"Edit"</DialogButton> });
    view! {
        <Card title="Description" more><div class="stack"><p class="pre muted">{text}</p><dl class="facts">{facts}</dl></div></Card>
        {edits.then(|| view! { <Edit of description lines/> })}
    }
}

#[component]
fn Edit(of: Of, description: String, lines: Vec<String>) -> impl IntoView {
    let client = Client::from_context();
    let action = of.path();
    let before: Vec<String> = lines.iter().filter_map(|l| l.split_once('=').map(|(k, _)| k.to_owned())).collect();
    let submit = Submit::new(move |v| {
        let body = v.pairs("tags").map(|mut tags| {
            // A tag that is no longer there is removed by an empty value.
            for gone in &before {
                tags.entry(gone.clone()).or_default();
            }
            ModelChange { description: Some(v.text("description")), tags }
        });
        let call = body.map(|body| of.change(&client, &body));
        async move {
            call?.await?;
            Ok(After::say("Kept."))
        }
    });
    view! {
        <Dialog id="words" title="Description and tags">
            <ApiForm id="words-form" action submit>
                <Area name="description" label="Description" value=description/>
                <Area name="tags" label="Tags" value=lines.join("\n") hint="NAME=value, one a line."/>
                <div class="actions"><button class="btn primary" type="submit">"Keep"</button><DialogCancel/></div>
            </ApiForm>
        </Dialog>
    }
}

/// The aliases of a version, each with a way to remove it, and a new one.
#[component]
pub fn Aliases(
    /// The team.
    team: String,
    /// Name of the model.
    model: String,
    /// The version.
    version: i64,
    /// Its aliases.
    aliases: Vec<String>,
    /// Whether one may change them.
    edits: bool,
) -> impl IntoView {
    let client = Client::from_context();
    let path = team_path(&team, &format!("/models/{}/aliases", segment(&model)));
    let list = aliases.into_iter().map(|alias| {
        let remove = edits.then(|| {
            let (client, team, model, name) = (client.clone(), team.clone(), model.clone(), alias.clone());
            let submit = Submit::new(move |_| {
                let (call, text) = (client.alias_remove(&team, &model, &name), format!("@{name} is removed."));
                async move { call.await.map(|()| After::say(text)) }
            });
            let label = format!("Remove @{alias}");
            view! { <PostButton id=format!("alias-{alias}") action=format!("{path}/{}", segment(&alias)) submit class="btn bare icon small" label><Icon name="x"/></PostButton> }
        });
        view! { <span class="row"><span class="tag">{format!("@{alias}")}</span>{remove}</span> }
    });
    let list = list.collect_view();
    let add = edits.then(|| {
        let (client, team, model) = (client.clone(), team.clone(), model.clone());
        let submit = Submit::new(move |v| {
            let alias = v.text("alias");
            let call = client.alias_set(&team, &model, alias.trim_start_matches('@'), version);
            async move { call.await.map(|_| After::say(format!("@{} points at version {version}.", alias.trim_start_matches('@')))) }
        });
        view! {
            <ApiForm id="alias-form" action=path.clone() submit reset=true>
                <div class="row"><div class="grow"><Field name="alias" label="New alias" placeholder="champion" required=true code=true/></div><button class="btn" type="submit">"Set"</button></div>
            </ApiForm>
        }
    });
    view! { <Card title="Aliases"><div class="stack"><div class="row">{list}</div>{add}</div></Card> }
}
