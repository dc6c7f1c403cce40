//! What names, tags and texts of the registry may look like. Rules and sentences follow MLflow, so that its clients read what they know.

use crate::error::{Error, Result};

/// Longest name of a registered model, in characters.
const MAX_NAME: usize = 256;
/// Longest alias, in characters.
const MAX_ALIAS: usize = 255;
/// Longest key of a tag or parameter, in characters.
const MAX_KEY: usize = 250;
/// Longest value of a tag, in characters.
const MAX_TAG_VALUE: usize = 100_000;
/// Longest value of a parameter, in characters.
const MAX_PARAM_VALUE: usize = 6_000;
/// Longest description, in characters.
const MAX_DESCRIPTION: usize = 20_000;
/// Longest source or link, in characters.
const MAX_SOURCE: usize = 2_000;

/// Stages of a version, in MLflow's order. `None` is a stage.
pub const STAGES: [&str; 4] = ["None", "Staging", "Production", "Archived"];

/// Name of a registered model.
///
/// # Errors
/// The sentence to show beside `field`.
pub fn model(field: &str, name: &str) -> Result<()> {
    if name.trim().is_empty() {
        return Err(Error::invalid(field, format!("Missing value for required parameter '{field}'.")));
    }
    text(field, name, MAX_NAME)?;
    if name.contains(['/', ':']) {
        return Err(Error::invalid(field, format!("Invalid model name '{name}'. Names cannot contain '/' or ':'.")));
    }
    if name == "." || name == ".." {
        return Err(Error::invalid(
            field,
            format!("Invalid value \"{name}\" for parameter '{field}' supplied: Names cannot be '.' or '..'."),
        ));
    }
    Ok(())
}

/// Name of a logged model.
///
/// # Errors
/// The sentence to show.
pub fn logged_model(name: &str) -> Result<()> {
    text("name", name, MAX_NAME)?;
    if name.is_empty() || name.contains(['/', ':', '.', '%', '"', '\'']) {
        return Err(Error::invalid(
            "name",
            format!(
                "Invalid model name ('{name}') provided. Model name must be a non-empty string and cannot contain the following characters: \
                 ('/', ':', '.', '%', '\"', \"'\")"
            ),
        ));
    }
    Ok(())
}

/// An alias to read by or to remove.
///
/// # Errors
/// The sentence to show.
pub fn alias(alias: &str) -> Result<()> {
    if alias.is_empty() {
        return Err(Error::invalid("alias", "Registered model alias name cannot be empty."));
    }
    text("alias", alias, MAX_ALIAS)?;
    if !alias.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') {
        return Err(Error::invalid(
            "alias",
            format!("Invalid alias name: '{alias}'. Names may only contain alphanumerics, underscores (_), and dashes (-)."),
        ));
    }
    Ok(())
}

/// An alias to set: the words that mean something else are refused too.
///
/// # Errors
/// The sentence to show.
pub fn new_alias(name: &str) -> Result<()> {
    alias(name)?;
    if is_latest(name) {
        return Err(Error::invalid("alias", "'latest' alias name (case insensitive) is reserved."));
    }
    let digits = name.strip_prefix(['v', 'V']).unwrap_or_default();
    if !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit()) {
        return Err(Error::invalid("alias", format!("Version alias name '{name}' is reserved.")));
    }
    Ok(())
}

/// Whether this alias stands for the newest version.
pub fn is_latest(alias: &str) -> bool {
    alias.eq_ignore_ascii_case("latest")
}

/// Key of a tag or parameter.
///
/// # Errors
/// The sentence to show.
pub fn key(key: &str) -> Result<()> {
    if key.is_empty() {
        return Err(Error::invalid("key", "Missing value for required parameter 'key'. A key name must be provided."));
    }
    text("key", key, MAX_KEY)?;
    let clean = key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '/' | '-' | '.' | ' ' | ':'));
    let plain = !key.starts_with('/') && key.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
    if clean && plain {
        return Ok(());
    }
    Err(Error::invalid(
        "key",
        format!(
            "Invalid value \"{key}\" for parameter 'key' supplied: Names may only contain alphanumerics, underscores (_), dashes (-), \
             periods (.), spaces ( ), colon(:) and slashes (/), and have to be a clean path."
        ),
    ))
}

/// Key and value of a tag.
///
/// # Errors
/// The sentence to show.
pub fn tag(tag_key: &str, value: &str) -> Result<()> {
    key(tag_key)?;
    text("value", value, MAX_TAG_VALUE)
}

/// Key and value of a parameter of a logged model.
///
/// # Errors
/// The sentence to show.
pub fn param(param_key: &str, value: &str) -> Result<()> {
    key(param_key)?;
    text("value", value, MAX_PARAM_VALUE)
}

/// A description.
///
/// # Errors
/// The sentence to show.
pub fn description(description: &str) -> Result<()> {
    text("description", description, MAX_DESCRIPTION)
}

/// A source or a link.
///
/// # Errors
/// The sentence to show.
pub fn source(field: &str, source: &str) -> Result<()> {
    text(field, source, MAX_SOURCE)
}

/// The stage that is meant, whatever the case of its letters.
///
/// # Errors
/// There is no such stage.
pub fn stage(stage: &str) -> Result<&'static str> {
    STAGES.into_iter().find(|s| s.eq_ignore_ascii_case(stage)).ok_or_else(|| {
        Error::invalid("stage", format!("Invalid Model Version stage: {stage}. Value must be one of {}.", STAGES.join(", ")))
    })
}

/// Number of a version as text.
///
/// # Errors
/// Not a whole number.
pub fn version(version: &str) -> Result<i64> {
    version.trim().parse().map_err(|_| Error::invalid("version", format!("Parameter 'version' must be an integer, got '{version}'.")))
}

/// Any text: of bounded length, without NUL, which PostgreSQL cannot hold.
///
/// # Errors
/// The sentence to show beside `field`.
pub fn text(field: &str, text: &str, max: usize) -> Result<()> {
    if text.contains('\0') {
        return Err(Error::invalid(field, format!("'{field}' has a NUL character, which cannot be stored.")));
    }
    if text.len() > max && text.chars().count() > max {
        return Err(Error::invalid(field, format!("'{field}' exceeds the maximum length of {max} characters.")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert!(model("name", "iris classifier").is_ok());
        for bad in ["", "  ", "a/b", "a:b", "..", "a\0b", &"x".repeat(300)] {
            assert!(model("name", bad).is_err(), "{bad:?}");
        }
        assert!(new_alias("champion").is_ok() && new_alias("prod-1").is_ok() && new_alias("vv1").is_ok());
        for bad in ["", "Latest", "v1", "V22", "a b", "a/b"] {
            assert!(new_alias(bad).is_err(), "{bad:?}");
        }
        assert!(key("mlflow.prompt.is_prompt").is_ok() && key("a/b").is_ok());
        for bad in ["", "/a", "a//b", "a/../b", "a$b"] {
            assert!(key(bad).is_err(), "{bad:?}");
        }
        assert_eq!(stage("production").expect("stage"), "Production");
        assert!(stage("live").is_err());
        assert!(version("x").is_err());
    }
}
