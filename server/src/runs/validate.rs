//! What MLflow takes, in its own words where it refuses.

use crate::error::{Error, Result};
use serde_json::Value;

/// Metrics in one batch.
pub const MAX_METRICS: usize = 1000;
/// Parameters, and tags, in one batch.
pub const MAX_PARAMS: usize = 100;
/// All together in one batch.
pub const MAX_ENTITIES: usize = 1000;
/// Characters of a name.
pub const MAX_KEY: usize = 250;
/// Characters of a parameter.
pub const MAX_PARAM: usize = 6000;
/// Characters of a tag of a run.
pub const MAX_TAG: usize = 8000;
/// Characters of a tag of an experiment.
pub const MAX_EXPERIMENT_TAG: usize = 20_000;
/// Characters of the name of an experiment.
pub const MAX_EXPERIMENT_NAME: usize = 500;

const CHARACTERS: &str =
    "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).";

/// `Invalid value X for parameter 'path' supplied: why`
pub fn invalid_value(path: &str, value: &str, why: &str) -> Error {
    let value = Value::String(super::search::syntax::shorten(value)).to_string();
    let why = if why.is_empty() { "." } else { &format!(": {why}") };
    Error::invalid(path, format!("Invalid value {value} for parameter '{path}' supplied{why}"))
}

/// `Missing value for required parameter 'path'.`
pub fn missing(path: &str) -> Error {
    Error::invalid(
        path,
        format!("Missing value for required parameter '{path}'. See the API docs for more information about request parameters."),
    )
}

/// `'what' exceeds the maximum length of N characters`
fn too_long(path: &str, what: &str, limit: usize) -> Error {
    Error::invalid(path, format!("'{what}' exceeds the maximum length of {limit} characters"))
}

fn longer(text: &str, limit: usize) -> bool {
    text.len() > limit && text.chars().count() > limit
}

/// The name of a metric, a parameter or a tag.
///
/// # Errors
/// Empty, a character that is not taken, a name that another path would lead to as well.
pub fn name(path: &str, text: &str) -> Result<()> {
    if text.is_empty() {
        return Err(missing(path));
    }
    if !text.chars().all(|c| c.is_alphanumeric() || "_-. :/".contains(c)) {
        return Err(invalid_value(path, text, CHARACTERS));
    }
    let same = !text.starts_with('/') && text.split('/').all(|part| !matches!(part, "" | "." | ".."));
    if !same {
        return Err(invalid_value(
            path,
            text,
            "Names may be treated as files in certain cases, and must not resolve to other names when treated as such.",
        ));
    }
    Ok(())
}

/// A metric's name.
///
/// # Errors
/// As [`name`], or too long.
pub fn metric(path: &str, key: &str) -> Result<()> {
    name(path, key)?;
    if longer(key, MAX_KEY) { Err(too_long(path, "Metric name", MAX_KEY)) } else { Ok(()) }
}

/// A parameter; what is too long is cut off, as MLflow does.
///
/// # Errors
/// As [`name`], or a name that is too long.
pub fn param(path: &str, key: &str, value: &str) -> Result<String> {
    name(path, key)?;
    if longer(key, MAX_KEY) {
        return Err(too_long(path, "Param key", MAX_KEY));
    }
    Ok(cut(value, MAX_PARAM))
}

/// A tag of a run; what is too long is cut off, as MLflow does.
///
/// # Errors
/// As [`name`], or a name that is too long.
pub fn tag(path: &str, key: &str, value: &str) -> Result<String> {
    name(path, key)?;
    if longer(key, MAX_KEY) {
        return Err(too_long(path, path, MAX_KEY));
    }
    Ok(cut(value, MAX_TAG))
}

/// A tag of an experiment.
///
/// # Errors
/// As [`name`], or too long.
pub fn experiment_tag(key: &str, value: &str) -> Result<()> {
    name("key", key)?;
    if longer(key, MAX_KEY) {
        return Err(too_long("key", "key", MAX_KEY));
    }
    if longer(value, MAX_EXPERIMENT_TAG) {
        return Err(too_long("value", "value", MAX_EXPERIMENT_TAG));
    }
    Ok(())
}

/// The name of an experiment.
///
/// # Errors
/// Empty, or too long.
pub fn experiment_name(text: &str) -> Result<()> {
    if text.trim().is_empty() {
        return Err(Error::invalid("name", format!("Invalid experiment name: '{text}'")));
    }
    if longer(text, MAX_EXPERIMENT_NAME) {
        return Err(too_long("name", "name", MAX_EXPERIMENT_NAME));
    }
    Ok(())
}

/// The name of a run.
///
/// # Errors
/// Too long.
pub fn run_name(text: &str) -> Result<()> {
    if longer(text, MAX_KEY) { Err(too_long("run_name", "run_name", MAX_KEY)) } else { Ok(()) }
}

/// How much there is in a batch.
///
/// # Errors
/// Too much.
pub fn batch(metrics: usize, params: usize, tags: usize) -> Result<()> {
    for (what, limit, n) in [
        ("metrics", MAX_METRICS, metrics),
        ("params", MAX_PARAMS, params),
        ("tags", MAX_PARAMS, tags),
        ("metrics, params, and tags", MAX_ENTITIES, metrics + params + tags),
    ] {
        if n > limit {
            return Err(Error::invalid(
                "",
                format!(
                    "A batch logging request can contain at most {limit} {what}. Got {n} {what}. Please split up {what} across multiple \
                     requests and try again."
                ),
            ));
        }
    }
    Ok(())
}

fn cut(text: &str, limit: usize) -> String {
    if longer(text, limit) { text.chars().take(limit).collect() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_mlflow_takes_them() {
        for good in ["a", "val/acc", "a b.c-d:e_f", "größe", "a..b", ".hidden"] {
            assert!(name("key", good).is_ok(), "{good}");
        }
        for bad in ["", "a\nb", "a%", "/a", "a//b", "../a", "a/..", ".", "a/", "a\0"] {
            assert!(name("key", bad).is_err(), "{bad:?}");
        }
        assert!(metric("name", &"x".repeat(251)).unwrap_err().public.contains("maximum length of 250"));
    }

    #[test]
    fn values_that_are_too_long_are_cut() {
        assert_eq!(param("key", "k", &"ü".repeat(7000)).unwrap().chars().count(), MAX_PARAM);
        assert_eq!(tag("key", "k", &"x".repeat(7000)).unwrap().len(), 7000);
        assert!(experiment_tag("k", &"x".repeat(20_001)).is_err());
    }

    #[test]
    fn batches_have_limits() {
        assert!(batch(1000, 0, 0).is_ok());
        let error = batch(1001, 0, 0).unwrap_err().public;
        assert!(error.starts_with("A batch logging request can contain at most 1000 metrics. Got 1001 metrics."), "{error}");
        assert!(batch(0, 101, 0).is_err() && batch(0, 0, 101).is_err() && batch(950, 50, 50).is_err());
    }
}
