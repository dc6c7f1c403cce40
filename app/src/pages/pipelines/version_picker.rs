//! Choosing the version that a form is about: part of the form, so that what stands there is what is sent. The form is asked for anew then, with the
//! parameters of that version (`data-depends`). What was typed stays, also for parameters that both have.

use super::start::shown;
use crate::{
    api::{
        Client, ListQuery,
        pipelines::{PipelineOutline, PipelineVersion},
    },
    ui::{FollowButton, Select},
};
use leptos::prelude::*;
use leptos_router::params::ParamsMap;
use serde_json::Value;
use std::collections::BTreeMap;

/// Which version the form was made for.
const OF: &str = "_of";

/// The field.
#[component]
pub fn VersionPicker(
    /// Those there are.
    versions: Vec<PipelineVersion>,
    /// Id of the one that the form is made for, or the value that stands for none.
    chosen: String,
    /// Value and words of the choice of none, where that is one.
    #[prop(optional)]
    none: Option<(&'static str, &'static str)>,
    /// Whether the one that is chosen was deleted.
    #[prop(optional)]
    gone: bool,
    /// A field that stays in the address.
    #[prop(default = None)]
    kept: Option<(&'static str, String)>,
    /// The page.
    here: String,
) -> impl IntoView {
    let none = none.map(|(value, words)| (value.to_owned(), words.to_owned()));
    let gone = gone.then(|| (chosen.clone(), "One that was deleted".to_owned()));
    let options: Vec<_> = none.into_iter().chain(gone).chain(versions.into_iter().map(|v| (v.id, v.display_name))).collect();
    view! {
        <div class="form" data-follows>
            <input type="hidden" name=OF value=chosen.clone()/>
            <Select name="version" label="Version" options value=chosen/>
            <FollowButton here kept>"Ask for its parameters"</FollowButton>
        </div>
    }
}

/// What an address says of parameters, as a browser without our script sends it: all that stands in the fields. `given`: what stood there at first
/// beside the defaults.
pub async fn typed(
    client: &Client,
    team: &str,
    pipeline: &str,
    query: &ParamsMap,
    given: &BTreeMap<String, Value>,
) -> BTreeMap<String, Value> {
    let text = |name: &str| query.get(&format!("texts.{name}"));
    let any = query.clone().into_iter().any(|(name, _)| name.starts_with("texts."));
    let Some(of) = query.get(OF).filter(|_| any) else { return BTreeMap::new() };
    // The form was made for that version, and the fields that nobody touched hold its defaults.
    let of = match of.as_str() {
        "" | "newest" => {
            let first = client.pipeline_versions(team, pipeline, &ListQuery { page_size: Some(1), page_token: None }).await;
            first.ok().and_then(|page| page.items.into_iter().next()).map(|v| v.id)
        }
        id => Some(id.to_owned()),
    };
    let Some(of) = of else { return BTreeMap::new() };
    client.pipeline_outline(team, pipeline, &of).await.map_or_else(|_| BTreeMap::new(), |outline| changed(&outline, given, text))
}

/// Texts that are not what stood in their fields at first.
fn changed(outline: &PipelineOutline, given: &BTreeMap<String, Value>, text: impl Fn(&str) -> Option<String>) -> BTreeMap<String, Value> {
    let stood = |p: &crate::api::pipelines::PipelineParameter| {
        given.get(&p.name).or(p.default.as_ref()).filter(|v| !v.is_null()).map(shown).unwrap_or_default()
    };
    let all = outline.parameters.iter().filter_map(|p| Some((p, text(&p.name)?)));
    all.filter(|(p, text)| *text != stood(p)).map(|(p, text)| (p.name.clone(), Value::String(text))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::pipelines::PipelineParameter;

    #[test]
    fn what_nobody_touched_is_not_typed() {
        let p = |name: &str, default: Option<Value>| PipelineParameter {
            name: name.into(),
            kind: "STRING".into(),
            description: String::new(),
            default,
            optional: false,
        };
        let parameters =
            vec![p("a", Some("x".into())), p("b", Some(3.into())), p("c", None), p("d", Some("y".into())), p("e", Some("z".into()))];
        let outline = PipelineOutline { parameters, tasks: vec![] };
        let given = BTreeMap::from([("d".to_owned(), Value::from("given"))]);
        let texts = |name: &str| match name {
            "a" => Some("x"),
            "b" => Some("4"),
            "c" => Some(""),
            "d" => Some("given"),
            _ => Some(""),
        };
        let typed = changed(&outline, &given, |name| texts(name).map(str::to_owned));
        assert_eq!(typed, BTreeMap::from([("b".to_owned(), "4".into()), ("e".to_owned(), "".into())]));
    }
}
