//! Which server a model runs in: by its flavors.

use crate::error::{Error, Result};
use std::collections::BTreeMap;

/// The shipped model server: anything that `mlflow.pyfunc` loads.
pub const SLIPWAY_PYTHON: &str = "slipway-python";

/// The environment that models are served in where nobody names another.
pub const ENVIRONMENT: &str = "serve";

/// The runtime for a model of these flavors.
///
/// # Errors
/// None of them can be served.
pub fn choose<V>(model: &str, version: i64, flavors: &BTreeMap<String, V>) -> Result<&'static str> {
    if flavors.contains_key("python_function") {
        return Ok(SLIPWAY_PYTHON);
    }
    let has = match flavors.keys().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => "names no flavor".to_owned(),
        ref some => format!("has only the flavors {}", some.join(", ")),
    };
    Err(Error::invalid("version", format!("{model} v{version} cannot be served: it {has}, not python_function."))
        .hint("Log it with a flavor that mlflow.pyfunc can load, such as mlflow.sklearn or mlflow.pyfunc."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_flavor() {
        let map = |names: &[&str]| names.iter().map(|n| ((*n).to_owned(), ())).collect::<BTreeMap<_, _>>();
        assert_eq!(choose("m", 1, &map(&["python_function", "sklearn"])).unwrap(), SLIPWAY_PYTHON);
        let why = choose("m", 2, &map(&["mleap", "h2o"])).unwrap_err().public;
        assert_eq!(why, "m v2 cannot be served: it has only the flavors h2o, mleap, not python_function.");
        assert!(choose("m", 2, &map(&[])).unwrap_err().public.contains("names no flavor"));
    }
}
