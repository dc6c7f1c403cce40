//! Errors as the API answers them: RFC 9457 problem details.

use serde::{Deserialize, Serialize};

/// A problem: what happened, which field it is about, what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[error("{}", self.sentence())]
pub struct Problem {
    /// A URI reference that names the kind of problem; `about:blank` where the status says it all.
    #[serde(rename = "type", default = "about_blank")]
    pub kind: String,
    /// The HTTP status in words.
    pub title: String,
    /// The HTTP status code; 0 where no answer came.
    pub status: u16,
    /// What happened, in a sentence for the reader.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The field of the request it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Each field that is wrong, where there may be several; `detail` tells of all of them, and `field` names the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct FieldProblem {
    /// The field of the request: `texts.epochs`, `parameters.epochs`.
    pub field: String,
    /// What is wrong with it and what to do, in a sentence for the reader.
    pub detail: String,
}

impl FieldProblem {
    /// Whether the field of a form that has this name is meant: a form has parameters as texts.
    pub fn is_of(&self, name: &str) -> bool {
        self.field == name || self.field.strip_prefix("parameters.").is_some_and(|p| name.strip_prefix("texts.") == Some(p))
    }
}

fn about_blank() -> String {
    "about:blank".into()
}

impl Problem {
    /// A problem of this status with a sentence.
    pub fn new(status: u16, detail: impl Into<String>) -> Self {
        let title = http::StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason()).unwrap_or("No answer");
        Self { kind: about_blank(), title: title.into(), status, detail: Some(detail.into()), field: None, errors: Vec::new(), hint: None }
    }

    /// No answer came at all: the network, or the server, is away.
    pub fn no_answer(detail: impl Into<String>) -> Self {
        Self::new(0, detail)
    }

    /// Names the field it is about.
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Says what to do.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The detail, or the title where there is none.
    pub fn sentence(&self) -> &str {
        self.detail.as_deref().unwrap_or(&self.title)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_a_text_of_a_form() {
        let of = |field: &str| FieldProblem { field: field.into(), detail: "It is wrong.".into() };
        assert!(of("texts.epochs").is_of("texts.epochs") && of("parameters.epochs").is_of("texts.epochs"));
        for (field, name) in
            [("parameters.epochs", "texts.epoch"), ("parameters.epochs", "epochs"), ("epochs", "texts.epochs"), ("texts.a", "a")]
        {
            assert!(!of(field).is_of(name), "{field} {name}");
        }
    }

    #[test]
    fn one_without_fields_says_nothing_of_them() {
        let json = serde_json::to_value(Problem::new(422, "No.")).unwrap();
        assert_eq!((json.get("errors"), json.get("field")), (None, None));
        let several = serde_json::json!({ "title": "x", "status": 422, "errors": [{ "field": "a", "detail": "A is wrong." }] });
        assert_eq!(serde_json::from_value::<Problem>(several).unwrap().errors[0].detail, "A is wrong.");
    }
}
