//! Parameters of a run as somebody gives them: values, and texts of a form. Everything that is wrong is told at once, each beside its field.

use super::{
    ir::{Pipeline, Refusal},
    parsed::refused,
};
use crate::error::Error;
use app::api::FieldProblem;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// So many fields are told one by one.
const TOLD: usize = 100;

/// The parameters as they are used: checked, with defaults.
///
/// # Errors
/// Everything that is wrong with them, by the parameter's name.
pub(super) fn complete(
    pipeline: &Pipeline,
    mut values: Map<String, Value>,
    texts: &BTreeMap<String, String>,
) -> Result<Map<String, Value>, Vec<Refusal>> {
    let unread = read(pipeline, &mut values, texts);
    match pipeline.parameters(&values) {
        Ok(all) if unread.is_empty() => Ok(all),
        Ok(_) => Err(unread),
        Err(more) => Err(and(unread, more)),
    }
}

/// Puts the values of texts among `values`, and answers those that are not of the type of their parameter. What is no parameter goes on as
/// it is, to be refused with the others.
pub(super) fn read(pipeline: &Pipeline, values: &mut Map<String, Value>, texts: &BTreeMap<String, String>) -> Vec<Refusal> {
    let mut unread = Vec::new();
    for (name, text) in texts {
        match pipeline.root.parameters.get(name).map(|p| p.kind.from_text(text)) {
            Some(Ok(value)) => drop(values.insert(name.clone(), value)),
            Some(Err(why)) => unread.push(Refusal::new(name, why, "")),
            None => drop(values.insert(name.clone(), Value::String(text.clone()))),
        }
    }
    unread
}

/// Both by name; what could not be read is not said to be missing as well.
pub(super) fn and(unread: Vec<Refusal>, more: Vec<Refusal>) -> Vec<Refusal> {
    let known: BTreeSet<String> = unread.iter().map(|r| r.place.clone()).collect();
    let mut all = unread;
    all.extend(more.into_iter().filter(|r| !known.contains(&r.place)));
    all.sort_by(|a, b| a.place.cmp(&b.place));
    all
}

/// The refusal of a request. `texts`: what came as texts of a form.
pub(super) fn wrong(all: &[Refusal], texts: &BTreeMap<String, String>) -> Error {
    let field = |r: &Refusal| format!("{}.{}", if texts.contains_key(&r.place) { "texts" } else { "parameters" }, r.place);
    let first = all.iter().find(|r| texts.contains_key(&r.place)).map_or_else(|| "parameters".to_owned(), field);
    let each = all.iter().take(TOLD).map(|r| FieldProblem { field: field(r), detail: sentence(r) }).collect();
    refused(&first, all).each(each)
}

/// What is wrong and what to do, without the name: it is said beside the field.
fn sentence(refusal: &Refusal) -> String {
    let parts = [&refusal.reason, &refusal.hint].into_iter().filter(|part| !part.is_empty());
    parts.map(|part| stopped(part)).collect::<Vec<_>>().join(" ")
}

/// A clause as a sentence of its own.
pub(super) fn stopped(clause: &str) -> String {
    let mut letters = clause.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).chain(['.']).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipelines::ir::{parse, tests::small};
    use serde_json::json;

    fn pipeline() -> Pipeline {
        let mut spec = small();
        spec["root"]["inputDefinitions"]["parameters"] = json!({
            "days": { "parameterType": "LIST" },
            "rate": { "parameterType": "NUMBER_DOUBLE" },
            "text": { "parameterType": "STRING" },
            "times": { "parameterType": "NUMBER_INTEGER", "defaultValue": 3.0, "isOptional": true },
        });
        parse(&spec.to_string()).unwrap()
    }

    fn texts(all: &[(&str, &str)]) -> BTreeMap<String, String> {
        all.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    fn given(values: Value, texts: &BTreeMap<String, String>) -> Result<Value, Vec<(String, String)>> {
        let Value::Object(values) = values else { panic!("an object") };
        let told = |all: Vec<Refusal>| wrong(&all, texts).errors.into_iter().map(|e| (e.field, e.detail)).collect();
        complete(&pipeline(), values, texts).map(Value::Object).map_err(told)
    }

    #[test]
    fn each_that_is_wrong_is_told_with_its_field() {
        let typed = texts(&[("days", "mon"), ("rate", "fast"), ("times", "3.5")]);
        let told = given(json!({ "tims": 1 }), &typed).unwrap_err();
        let pairs: Vec<(&str, &str)> = told.iter().map(|(field, why)| (field.as_str(), why.as_str())).collect();
        assert_eq!(
            pairs,
            [
                ("texts.days", "Expected a JSON list, got the text \"mon\"."),
                ("texts.rate", "Expected a number, got the text \"fast\"."),
                ("parameters.text", "No value is given, and it has no default. Give text."),
                ("texts.times", "Expected a whole number, got 3.5."),
                ("parameters.tims", "The pipeline has no such parameter. It takes days, rate, text, times."),
            ]
        );
    }

    #[test]
    fn the_whole_is_told_too() {
        let typed = texts(&[("rate", "fast")]);
        let all = complete(&pipeline(), Map::new(), &typed).unwrap_err();
        let error = wrong(&all, &typed);
        assert_eq!(error.field.as_deref(), Some("texts.rate"));
        assert!(error.public.contains("days: no value is given") && error.public.contains("rate: expected a number"), "{}", error.public);
        let error = wrong(&complete(&pipeline(), Map::new(), &BTreeMap::new()).unwrap_err(), &BTreeMap::new());
        assert_eq!((error.field.as_deref(), error.errors.len()), (Some("parameters"), 3));
    }

    #[test]
    fn an_empty_text_is_a_text() {
        let all = given(json!({ "days": [1] }), &texts(&[("rate", "1e-3"), ("text", "")])).unwrap();
        assert_eq!(all, json!({ "days": [1], "rate": 1e-3, "text": "", "times": 3 }));
    }
}
