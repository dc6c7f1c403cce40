//! What is taken of a request to submit a run.

use super::{
    command::with_params,
    git::{check_ref, check_url},
};
use crate::{
    error::{Error, Result},
    teams::secrets::variable,
};
use app::api::{
    runs::{Code, MAX_NODES, NewRun},
    secrets::SecretUse,
};
use std::collections::BTreeMap;

const COMMAND_BYTES: usize = 64 * 1024;
const COMMAND_WORDS: usize = 1000;
const NAME_CHARS: usize = 250;
const PARAMS: usize = 100;
const PARAM_CHARS: usize = 6000;
const VARIABLES: usize = 200;
const VARIABLE_BYTES: usize = 32 * 1024;
const ATTEMPTS: i64 = 10;
const SECONDS: i64 = 30 * 24 * 3600;

/// What Slipway says itself.
const OURS: [&str; 9] = [
    "MLFLOW_TRACKING_URI",
    "MLFLOW_TRACKING_TOKEN",
    "MLFLOW_RUN_ID",
    "MLFLOW_EXPERIMENT_ID",
    "SLIPWAY_URL",
    "SLIPWAY_TOKEN",
    "SLIPWAY_RUN_ID",
    "SLIPWAY_TEAM",
    "SLIPWAY_ATTEMPT",
];

/// A request whose every value is one that can be used.
#[derive(Debug)]
pub struct Checked {
    /// Name, where one was given.
    pub name: Option<String>,
    /// Name of the experiment.
    pub experiment: String,
    /// Name of the environment.
    pub environment: String,
    /// The words that are run, parameters appended.
    pub command: Vec<String>,
    /// How often to try.
    pub max_attempts: i64,
    /// Seconds an attempt may take.
    pub timeout_seconds: Option<i64>,
    /// On how many nodes it runs.
    pub nodes: i64,
}

/// Checks all that can be checked without looking anywhere.
///
/// # Errors
/// The first value that is wrong, with its field.
pub fn check(new: &NewRun) -> Result<Checked> {
    let text = |t: &Option<String>| t.as_deref().map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned);
    let experiment = text(&new.experiment).unwrap_or_else(|| crate::store::experiments::DEFAULT_NAME.into());
    if experiment.chars().count() > 2 * NAME_CHARS || experiment.chars().any(char::is_control) {
        return Err(Error::invalid("experiment", "An experiment has a name of 1 to 500 characters."));
    }
    let name = text(&new.name);
    if name.as_ref().is_some_and(|n| n.chars().count() > NAME_CHARS || n.chars().any(char::is_control)) {
        return Err(Error::invalid("name", "A run has a name of at most 250 characters."));
    }
    params(&new.params)?;
    variables(&new.env, &new.secrets)?;
    code(new.code.as_ref())?;
    let max_attempts = new.max_attempts.unwrap_or(1);
    if !(1..=ATTEMPTS).contains(&max_attempts) {
        return Err(Error::invalid("max_attempts", format!("A run is tried 1 to {ATTEMPTS} times.")));
    }
    if new.timeout_seconds.is_some_and(|s| !(1..=SECONDS).contains(&s)) {
        return Err(Error::invalid("timeout_seconds", "An attempt may take 1 second to 30 days."));
    }
    let nodes = new.nodes.unwrap_or(1);
    if !(1..=MAX_NODES).contains(&nodes) {
        return Err(Error::invalid("nodes", format!("A run has 1 to {MAX_NODES} nodes.")));
    }
    Ok(Checked {
        name,
        experiment,
        environment: text(&new.environment).unwrap_or_else(|| "train".into()),
        command: command(new)?,
        max_attempts,
        timeout_seconds: new.timeout_seconds,
        nodes,
    })
}

fn command(new: &NewRun) -> Result<Vec<String>> {
    let wrong = |sentence: &str| Err(Error::invalid("command", sentence));
    if new.command.first().is_none_or(|w| w.trim().is_empty()) {
        return wrong("Say what to run, such as python train.py.");
    }
    let command = with_params(&new.command, &new.params);
    if command.len() > COMMAND_WORDS || command.iter().map(String::len).sum::<usize>() > COMMAND_BYTES {
        return wrong("A command has at most 1000 words and 64 KiB, parameters included.");
    }
    if command.iter().any(|w| w.contains('\0')) {
        return wrong("A command cannot have a NUL character.");
    }
    Ok(command)
}

fn params(params: &BTreeMap<String, String>) -> Result<()> {
    let wrong = |sentence: String| Err(Error::invalid("params", sentence));
    if params.len() > PARAMS {
        return wrong(format!("A run has at most {PARAMS} parameters."));
    }
    for (name, value) in params {
        let fine = |c: char| c.is_alphanumeric() || "_-./: ".contains(c);
        let path = name.split('/').any(|part| matches!(part, "" | "." | ".."));
        if name.is_empty() || name.chars().count() > NAME_CHARS || !name.chars().all(fine) || path || name.starts_with('-') {
            return wrong(format!("\"{name}\" is not a name for a parameter: letters, digits, _ - . / : and spaces, at most 250."));
        }
        if value.chars().count() > PARAM_CHARS {
            return wrong(format!("The parameter \"{name}\" is longer than {PARAM_CHARS} characters."));
        }
    }
    Ok(())
}

fn variables(env: &BTreeMap<String, String>, secrets: &[SecretUse]) -> Result<()> {
    let at = |field: &'static str| {
        move |mut e: Error| {
            e.field = Some(field.into());
            e
        }
    };
    if env.len() + secrets.len() > VARIABLES {
        return Err(Error::invalid("env", format!("A run has at most {VARIABLES} environment variables.")));
    }
    for (name, value) in env {
        variable(name).map_err(at("env"))?;
        if value.len() > VARIABLE_BYTES || value.contains('\0') {
            return Err(Error::invalid("env", format!("The value of {name} is longer than 32 KiB, or has a NUL character.")));
        }
    }
    for (i, one) in secrets.iter().enumerate() {
        variable(&one.env).map_err(at("secrets"))?;
        if env.contains_key(&one.env) || secrets[..i].iter().any(|s| s.env == one.env) {
            return Err(Error::invalid("secrets", format!("{} is given twice.", one.env)));
        }
    }
    let names = env.keys().map(|n| (n, "env")).chain(secrets.iter().map(|s| (&s.env, "secrets")));
    for (name, field) in names {
        if OURS.contains(&name.as_str()) {
            return Err(Error::invalid(field, format!("{name} is set by Slipway itself.")));
        }
    }
    Ok(())
}

fn code(code: Option<&Code>) -> Result<()> {
    match code {
        None => Ok(()),
        Some(Code::Upload { digest }) => {
            let fine = digest.len() == 64 && digest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            if fine { Ok(()) } else { Err(Error::invalid("code", "The digest of an upload has 64 small hex digits.")) }
        }
        Some(Code::Git { url, reference, commit }) => {
            check_url(url)?;
            check_ref(reference)?;
            match commit {
                Some(c) if !super::git::is_commit(c) => Err(Error::invalid("code", "A commit has 40 small hex digits.")),
                _ => Ok(()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new() -> NewRun {
        NewRun { command: vec!["python".into(), "train.py".into()], ..NewRun::default() }
    }

    fn field(new: &NewRun) -> Option<String> {
        check(new).err().and_then(|e| e.field)
    }

    #[test]
    fn what_is_left_out() {
        let checked = check(&new()).unwrap();
        assert_eq!((checked.experiment.as_str(), checked.environment.as_str(), checked.max_attempts), ("Default", "train", 1));
    }

    #[test]
    fn wrong_values_name_their_field() {
        let pair = |k: &str, v: &str| BTreeMap::from([(k.to_owned(), v.to_owned())]);
        let table = [
            (NewRun { command: vec![], ..new() }, "command"),
            (NewRun { command: vec![" ".into()], ..new() }, "command"),
            (NewRun { command: vec!["a\0".into()], ..new() }, "command"),
            (NewRun { name: Some("x".repeat(251)), ..new() }, "name"),
            (NewRun { params: pair("a%b", "1"), ..new() }, "params"),
            (NewRun { params: pair("../a", "1"), ..new() }, "params"),
            (NewRun { env: pair("1A", "x"), ..new() }, "env"),
            (NewRun { env: pair("MLFLOW_RUN_ID", "x"), ..new() }, "env"),
            (NewRun { secrets: vec![SecretUse { env: "A B".into(), secret: "x".into() }], ..new() }, "secrets"),
            (NewRun { max_attempts: Some(0), ..new() }, "max_attempts"),
            (NewRun { nodes: Some(0), ..new() }, "nodes"),
            (NewRun { nodes: Some(65), ..new() }, "nodes"),
            (NewRun { timeout_seconds: Some(-1), ..new() }, "timeout_seconds"),
            (NewRun { code: Some(Code::Upload { digest: "../x".into() }), ..new() }, "code"),
            (NewRun { code: Some(Code::Git { url: "ext::id".into(), reference: "main".into(), commit: None }), ..new() }, "code"),
        ];
        for (new, expected) in table {
            assert_eq!(field(&new).as_deref(), Some(expected), "{new:?}");
        }
    }
}
