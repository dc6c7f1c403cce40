//! Changing what is free: tags, aliases.

use crate::{
    api::client::{segment, team_path},
    ui::{ApiForm, Area, Card, Dialog, DialogButton, DialogCancel, Field, Icon, PostButton},
};
use leptos::prelude::*;
use std::collections::BTreeMap;

/// Of what the description (the card) and the tags are.
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
    /// Where they are changed.
    pub fn path(&self) -> String {
        let version = self.version.map(|v| format!("/versions/{v}")).unwrap_or_default();
        team_path(&self.team, &format!("/models/{}{version}", segment(&self.model)))
    }
}

/// Tags in a card, with the way to change them.
#[component]
pub fn Tags(
    /// Of what.
    of: Of,
    /// The tags.
    tags: BTreeMap<String, String>,
    /// Whether one may change them.
    edits: bool,
) -> impl IntoView {
    let tags: Vec<(String, String)> = tags.into_iter().filter(|(k, _)| !k.starts_with("mlflow.")).collect();
    let seen = tags.iter().map(|(k, _)| k.as_str()).collect::<Vec<_>>().join("\n");
    let lines = tags.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join("\n");
    let facts = tags.into_iter().map(|(k, v)| view! { <dt>{k}</dt><dd>{v}</dd> }).collect_view();
    let none = lines.is_empty().then(|| view! { <p class="muted">"No tags."</p> });
    let more = move || edits.then(|| view! { <DialogButton id="words" class="btn small">"Edit"</DialogButton> });
    view! {
        <Card title="Tags" more>{none}<dl class="facts">{facts}</dl></Card>
        {edits.then(|| view! { <Edit of lines seen/> })}
    }
}

/// The form holds all that one has seen: of that, what it leaves out goes.
#[component]
fn Edit(of: Of, lines: String, seen: String) -> impl IntoView {
    view! {
        <Dialog id="words" title="Tags">
            <ApiForm id="words-form" method="PATCH" action=of.path() say="Kept.">
                <input type="hidden" name="replace" value="true"/>
                <input type="hidden" name="seen" value=seen/>
                <input type="hidden" name="keep_description" value="true"/>
                <Area name="tags" label="Tags" value=lines hint="NAME=value, one a line."/>
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
    let path = team_path(&team, &format!("/models/{}/aliases", segment(&model)));
    let list = aliases.into_iter().map(|alias| {
        let remove = edits.then(|| {
            let (action, say) = (format!("{path}/{}", segment(&alias)), format!("@{alias} is removed."));
            let label = format!("Remove @{alias}");
            view! { <PostButton id=format!("alias-{alias}") method="DELETE" action say class="btn bare icon small" label><Icon name="x"/></PostButton> }
        });
        view! { <span class="row"><span class="tag">{format!("@{alias}")}</span>{remove}</span> }
    });
    let list = list.collect_view();
    let add = edits.then(|| {
        let (action, say) = (format!("{path}/{{alias}}"), format!("The alias points at version {version}."));
        view! {
            <ApiForm id="alias-form" method="PUT" action say reset=true>
                <input type="hidden" name="version" value=version.to_string()/>
                <div class="row low"><div class="grow"><Field name="alias" label="New alias" placeholder="champion" required=true code=true/></div><button class="btn" type="submit">"Set"</button></div>
            </ApiForm>
        }
    });
    view! { <Card title="Aliases"><div class="stack"><div class="row">{list}</div>{add}</div></Card> }
}
