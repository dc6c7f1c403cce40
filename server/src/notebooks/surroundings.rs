//! Environment variables that a person may give to a notebook.

use crate::{
    error::{Error, Result},
    teams::secrets::variable,
};
use std::collections::BTreeMap;

/// Set for every notebook; a person's value would break it, or send its token elsewhere.
const RESERVED: [&str; 8] = [
    "HOME",
    "TMPDIR",
    "PATH",
    "MLFLOW_TRACKING_URI",
    "MLFLOW_TRACKING_TOKEN",
    "MLFLOW_TRACKING_USERNAME",
    "MLFLOW_TRACKING_PASSWORD",
    "MLFLOW_DISABLE_TELEMETRY",
];
const PREFIXES: [&str; 2] = ["SLIPWAY_", "JUPYTER_"];
const LARGEST: usize = 64 * 1024;

/// Checks them.
///
/// # Errors
/// The first that is wrong, with the field `env`.
pub fn check(env: &BTreeMap<String, String>) -> Result<()> {
    for (name, value) in env {
        check_name("env", name)?;
        if value.contains('\0') {
            return Err(Error::invalid("env", format!("The value of {name} has a zero byte.")));
        }
    }
    let bytes: usize = env.iter().map(|(k, v)| k.len() + v.len() + 2).sum();
    if bytes > LARGEST {
        return Err(Error::invalid("env", "Environment variables have 64 KiB at most, all together.").hint("Put large values into a file."));
    }
    Ok(())
}

/// Whether a variable may be given.
///
/// # Errors
/// It is none, or Slipway sets it.
pub fn check_name(field: &str, name: &str) -> Result<()> {
    variable(name)?;
    if RESERVED.contains(&name) || PREFIXES.iter().any(|p| name.starts_with(p)) {
        return Err(Error::invalid(field, format!("{name} is set by Slipway itself in every notebook.")).hint("Give it another name."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn what_slipway_sets_is_refused() {
        let one = |name: &str, value: &str| check(&[(name.to_owned(), value.to_owned())].into());
        assert!(one("DATA_URL", "x").is_ok());
        assert!(one("MLFLOW_EXPERIMENT_NAME", "x").is_ok());
        for name in ["MLFLOW_TRACKING_URI", "HOME", "JUPYTER_TOKEN", "SLIPWAY_URL", "1A", "A-B", ""] {
            assert_eq!(one(name, "x").unwrap_err().field.as_deref(), Some("env"), "{name}");
        }
        assert!(one("A", "\0").is_err());
        assert!(one("A", &"x".repeat(70_000)).is_err());
    }
}
