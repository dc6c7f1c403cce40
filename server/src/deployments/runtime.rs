//! Which server a model runs in: the one that is named, or the first in order that serves one of its flavors.

use crate::{
    error::{Error, Result},
    store::runtimes::RuntimeRow,
};
use app::api::runtimes::{CUSTOM, Program, SHIPPED, SHIPPED_ORDER};
use std::collections::BTreeMap;

/// The environment that models are served in where nobody names another.
pub const ENVIRONMENT: &str = "serve";
/// The flavor that the shipped model server loads: anything that `mlflow.pyfunc` does.
pub const SHIPPED_FORMAT: &str = "python_function";

/// A server for a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// Name of the runtime.
    pub name: String,
    /// What is run; nothing: the shipped model server.
    pub program: Option<Program>,
    /// The environment it runs in where the deployment names none.
    pub environment: Option<String>,
}

impl Chosen {
    fn shipped() -> Self {
        Self { name: SHIPPED.into(), program: None, environment: None }
    }

    fn declared(row: &RuntimeRow) -> Result<Self> {
        Ok(Self { name: row.name.clone(), program: Some(row.program()?), environment: row.environment.clone() })
    }
}

/// A model as far as the choice goes.
#[derive(Debug, Clone, Copy)]
pub struct Model<'a, V> {
    /// Its name.
    pub name: &'a str,
    /// Its version.
    pub version: i64,
    /// Its flavors.
    pub flavors: &'a BTreeMap<String, V>,
}

/// The runtime for a model: `named`, or else the one it ran in `before` where that still serves it, or else the first in order that does.
///
/// # Errors
/// There is none of that name, or it serves none of the model's flavors; no runtime does.
pub fn choose<V>(of: Model<'_, V>, named: Option<&str>, before: Option<&str>, declared: &[RuntimeRow]) -> Result<Chosen> {
    let (model, version) = (of.name, of.version);
    let serves = |formats: &[String]| formats.iter().any(|f| of.flavors.contains_key(f));
    let ships = of.flavors.contains_key(SHIPPED_FORMAT);
    let has = match of.flavors.keys().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => "names no flavor".to_owned(),
        ref some => format!("has only the flavors {}", some.join(", ")),
    };
    if let Some(named) = named {
        let formats = match declared.iter().find(|r| r.name == named) {
            Some(row) if serves(&row.formats()) => return Chosen::declared(row),
            Some(row) => row.formats(),
            None if named == SHIPPED && ships => return Ok(Chosen::shipped()),
            None if named == SHIPPED => vec![SHIPPED_FORMAT.to_owned()],
            None => return Err(unknown(named)),
        };
        return Err(Error::invalid("runtime", format!("{named} cannot serve {model} v{version}, which {has}."))
            .hint(format!("It serves {}.", formats.join(", "))));
    }
    if let Some(before) = before {
        if before == SHIPPED && ships {
            return Ok(Chosen::shipped());
        }
        if let Some(row) = declared.iter().find(|r| r.name == before && serves(&r.formats())) {
            return Chosen::declared(row);
        }
    }
    let fits = declared.iter().filter(|r| serves(&r.formats())).filter_map(|r| Some((r.choice_order?, r.name.as_str(), Some(r))));
    match fits.chain(ships.then_some((SHIPPED_ORDER, SHIPPED, None))).min_by_key(|(order, name, _)| (*order, *name)) {
        Some((_, _, Some(row))) => Chosen::declared(row),
        Some((_, _, None)) => Ok(Chosen::shipped()),
        None => Err(Error::invalid("version", format!("{model} v{version} cannot be served: it {has}, not {SHIPPED_FORMAT}.")).hint(
            "Log it with a flavor that mlflow.pyfunc can load, such as mlflow.sklearn or mlflow.pyfunc, or name a runtime that serves it.",
        )),
    }
}

fn unknown(named: &str) -> Error {
    let hint = if named == CUSTOM {
        "A program is deployed with custom, and without a model."
    } else {
        "GET /api/v1/runtimes lists those there are."
    };
    Error::invalid("runtime", format!("There is no runtime \"{named}\".")).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, formats: &str, choice_order: Option<i64>) -> RuntimeRow {
        RuntimeRow {
            name: name.into(),
            description: String::new(),
            formats_json: formats.into(),
            choice_order,
            environment: None,
            program_json: serde_json::to_string(&Program::default()).unwrap(),
            revision: 1,
            changed_at: 0,
        }
    }

    fn chosen(flavors: &[&str], named: Option<&str>, before: Option<&str>) -> Result<String> {
        let rows = [
            row("boosted", r#"["xgboost", "lightgbm"]"#, Some(50)),
            row("later", r#"["xgboost", "sklearn"]"#, Some(200)),
            row("only-named", r#"["xgboost"]"#, None),
        ];
        let flavors = flavors.iter().map(|n| ((*n).to_owned(), ())).collect::<BTreeMap<_, _>>();
        choose(Model { name: "m", version: 2, flavors: &flavors }, named, before, &rows).map(|c| c.name)
    }

    #[test]
    fn by_flavor_and_order() {
        assert_eq!(chosen(&["python_function", "sklearn"], None, None).unwrap(), SHIPPED);
        assert_eq!(chosen(&["python_function", "xgboost"], None, None).unwrap(), "boosted");
        assert_eq!(chosen(&["sklearn"], None, None).unwrap(), "later");
        let why = chosen(&["mleap", "h2o"], None, None).unwrap_err().public;
        assert_eq!(why, "m v2 cannot be served: it has only the flavors h2o, mleap, not python_function.");
        assert!(chosen(&[], None, None).unwrap_err().public.contains("names no flavor"));
    }

    #[test]
    fn named_and_kept() {
        assert_eq!(chosen(&["xgboost"], Some("only-named"), None).unwrap(), "only-named");
        assert_eq!(chosen(&["python_function", "xgboost"], Some(SHIPPED), Some("boosted")).unwrap(), SHIPPED);
        assert_eq!(chosen(&["python_function", "xgboost"], None, Some(SHIPPED)).unwrap(), SHIPPED, "what served before goes on");
        assert_eq!(chosen(&["python_function", "xgboost"], None, Some("only-named")).unwrap(), "only-named");
        assert_eq!(chosen(&["python_function", "sklearn"], None, Some("boosted")).unwrap(), SHIPPED, "it cannot serve this one");
        assert_eq!(chosen(&["python_function", "xgboost"], None, Some("removed")).unwrap(), "boosted");
        let why = chosen(&["h2o"], Some("boosted"), None).unwrap_err();
        assert_eq!(
            (why.public.as_str(), why.field.as_deref()),
            ("boosted cannot serve m v2, which has only the flavors h2o.", Some("runtime"))
        );
        assert_eq!(chosen(&["h2o"], Some("none"), None).unwrap_err().public, "There is no runtime \"none\".");
    }
}
