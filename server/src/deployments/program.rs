//! What a replica runs where it is not the shipped model server: checked when it is written down, with its placeholders filled in when it starts.

use crate::{
    cluster::Cluster,
    environments::service as environments,
    error::{Error, Result},
    ids,
};
use app::api::runtimes::{Custom, Program, Protocol, SetRuntime};
use std::collections::BTreeMap;

/// Seconds until a server has to be ready, where nobody says otherwise, and at most.
pub const START_SECONDS: u64 = 300;
const LONGEST_START: i64 = 3600;
/// Most words of a command, and longest of all together, in bytes.
const MOST_WORDS: (usize, usize) = (200, 64 << 10);
/// Most environment variables, and longest of all together, in bytes.
const MOST_ENV: (usize, usize) = (200, 64 << 10);
/// Longest path of a probe, in bytes.
const LONGEST_PATH: usize = 300;
/// The lowest port that a program without rights can listen on.
const LOWEST_PORT: i64 = 1024;
/// Where the supervisor of a pod itself listens.
const TAKEN_PORT: i64 = crate::cluster::kubernetes::POD_PORT as i64;

/// Where a server is told to listen.
const PLACES: [&str; 3] = ["port", "host", "socket"];
/// What it is told of its model.
const OF_MODEL: [&str; 3] = ["model_path", "model_name", "model_version"];

/// SHA-256 over what is run.
///
/// # Errors
/// None that is known.
pub fn digest(program: &Program) -> Result<String> {
    Ok(ids::sha256(serde_json::to_vec(program)?))
}

/// What a program of its own is, checked. Fields are named as they stand in a request to deploy it.
///
/// # Errors
/// What is wrong, beside the field.
pub fn of_custom(cluster: &dyn Cluster, asked: &Custom) -> Result<Program> {
    custom(cluster, asked).map_err(|e| Error { field: e.field.map(|f| format!("custom.{f}")), ..e })
}

fn custom(cluster: &dyn Cluster, asked: &Custom) -> Result<Program> {
    let ready_path = asked.ready_path.as_deref().map(str::trim).filter(|p| !p.is_empty()).unwrap_or("/");
    let program = Program {
        protocols: vec![Protocol::Http],
        command: asked.command.clone(),
        image: image(asked.image.as_deref()),
        port: port(asked.port)?,
        env: BTreeMap::new(),
        ready_path: ready_path.to_owned(),
        ready_status: status(asked.ready_status)?,
        start_seconds: start(asked.start_seconds)?,
    };
    check(cluster, &program)?;
    let of_model = program.command.iter().flat_map(|word| words(word)).find(|w| OF_MODEL.contains(w)).map(str::to_owned);
    match of_model {
        Some(word) => Err(Error::invalid("command", format!("{{{word}}} stands for a part of a model, and this is deployed without one."))
            .hint("Deploy a version of a model, with a runtime that a platform admin declares.")),
        None => Ok(program),
    }
}

/// What a declared runtime runs, checked.
///
/// # Errors
/// What is wrong, beside the field.
pub fn of_runtime(cluster: &dyn Cluster, asked: &SetRuntime) -> Result<Program> {
    let mut protocols = asked.protocols.clone();
    protocols.sort_unstable();
    protocols.dedup();
    if protocols.is_empty() {
        return Err(Error::invalid("protocols", "protocols is empty.").hint("Say how it is spoken to: v1, v2, http, or several of them."));
    }
    let program = Program {
        protocols,
        command: asked.command.clone(),
        image: image(asked.image.as_deref()),
        port: port(asked.port)?,
        env: asked.env.clone(),
        ready_path: asked.ready_path.trim().to_owned(),
        ready_status: status(asked.ready_status)?,
        start_seconds: start(asked.start_seconds)?,
    };
    check(cluster, &program)?;
    check_env(&program.env)?;
    if let Some(word) = unknown(&program, &[&PLACES[..], &OF_MODEL].concat()) {
        let known = PLACES.iter().chain(&OF_MODEL).map(|w| format!("{{{w}}}")).collect::<Vec<_>>().join(", ");
        return Err(Error::invalid("command", format!("Nothing is known that {{{word}}} stands for.")).hint(format!("There are {known}.")));
    }
    Ok(program)
}

fn image(given: Option<&str>) -> Option<String> {
    given.map(str::trim).filter(|i| !i.is_empty()).map(str::to_owned)
}

fn port(given: Option<i64>) -> Result<Option<u16>> {
    let Some(port) = given else { return Ok(None) };
    let fine = port >= LOWEST_PORT && port != TAKEN_PORT;
    u16::try_from(port).ok().filter(|_| fine).map(Some).ok_or_else(|| {
        Error::invalid("port", format!("{port} is not a port that it can listen on: {LOWEST_PORT} to 65535, but not {TAKEN_PORT}."))
    })
}

fn status(given: Option<i64>) -> Result<Option<u16>> {
    let Some(status) = given else { return Ok(None) };
    let fine = u16::try_from(status).ok().filter(|s| (200..600).contains(s));
    fine.map(Some).ok_or_else(|| Error::invalid("ready_status", format!("{status} is not a status of an answer: 200 to 599.")))
}

fn start(given: Option<i64>) -> Result<u64> {
    match given {
        None => Ok(START_SECONDS),
        Some(n) if (1..=LONGEST_START).contains(&n) => Ok(n.unsigned_abs()),
        Some(n) => Err(Error::invalid("start_seconds", format!("{n} is not from 1 to {LONGEST_START} seconds."))),
    }
}

fn check(cluster: &dyn Cluster, program: &Program) -> Result<()> {
    let command = &program.command;
    if command.first().is_none_or(|w| w.trim().is_empty()) {
        return Err(Error::invalid("command", "command is empty.").hint("Say what is run, such as: python -m my_server --port {port}"));
    }
    if command.len() > MOST_WORDS.0 || command.iter().map(String::len).sum::<usize>() > MOST_WORDS.1 {
        return Err(Error::invalid("command", "A command has at most 200 words, of 64 KiB together."));
    }
    if command.iter().any(|w| w.contains('\0')) {
        return Err(Error::invalid("command", "The command holds a zero byte."));
    }
    let path = &program.ready_path;
    let plain = path.bytes().all(|b| b.is_ascii_graphic()) && !path.contains('#');
    if !path.starts_with('/') || !plain || path.len() > LONGEST_PATH {
        return Err(Error::invalid("ready_path", format!("\"{path}\" is not a path to ask: it begins with / and has no spaces."))
            .hint("Such as /healthz."));
    }
    if let Some(image) = &program.image {
        if !cluster.has_nodes() {
            return Err(Error::invalid("image", "Workloads run on one machine here, which starts no container images.")
                .hint("Run the command in an environment."));
        }
        environments::image(Some(image))?;
    }
    if program.port.is_some() && program.image.is_none() {
        return Err(Error::invalid("port", "Only an image may insist on its port.")
            .hint("Let the command listen where {port} says; the variable PORT says it too."));
    }
    Ok(())
}

/// Checks environment variables.
///
/// # Errors
/// A name that is none; too many.
pub fn check_env(env: &BTreeMap<String, String>) -> Result<()> {
    let fine = |n: &str| {
        let first = n.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
        first && n.len() <= 200 && n.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    if let Some(bad) = env.keys().find(|n| !fine(n)) {
        return Err(Error::invalid("env", format!("\"{bad}\" is not the name of an environment variable: letters, digits and _ only.")));
    }
    if let Some((name, _)) = env.iter().find(|(_, v)| v.contains('\0')) {
        return Err(Error::invalid("env", format!("The value of {name} holds a zero byte.")));
    }
    let bytes: usize = env.iter().map(|(k, v)| k.len() + v.len()).sum();
    if env.len() > MOST_ENV.0 || bytes > MOST_ENV.1 {
        return Err(Error::invalid("env", "There are at most 200 environment variables, of 64 KiB together."));
    }
    Ok(())
}

/// The first word in braces, in the command, that is none of `known`. Only small letters and `_` make one: braces of JSON and of a shell's
/// variables mean nothing here.
fn unknown(program: &Program, known: &[&str]) -> Option<String> {
    program.command.iter().find_map(|word| words(word).find(|w| !known.contains(w)).map(str::to_owned))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| {
        let word = rest.split_once('}')?.0;
        (!word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')).then_some(word)
    })
}

/// The model that a server is told of.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// Its name in the endpoint.
    pub name: &'a str,
    /// Its version.
    pub version: i64,
}

/// The command as the cluster takes it: what is known of the model is filled in, where to listen is left for the cluster.
pub fn command(program: &Program, model: Option<Told<'_>>) -> Vec<String> {
    program.command.iter().map(|word| filled(word, model)).collect()
}

fn filled(text: &str, model: Option<Told<'_>>) -> String {
    let Some(model) = model else { return text.to_owned() };
    text.replace("{model_path}", "{folder:model}")
        .replace("{model_name}", model.name)
        .replace("{model_version}", &model.version.to_string())
}

/// Its environment: its own under `given`, and the port where it is told one.
pub fn env(program: &Program, given: BTreeMap<String, String>, model: Option<Told<'_>>) -> BTreeMap<String, String> {
    let mut env: BTreeMap<_, _> = program.env.iter().map(|(k, v)| (k.clone(), filled(v, model))).collect();
    env.extend(given);
    let socket = program.command.iter().chain(env.values()).any(|text| text.contains("{socket}"));
    if !socket {
        env.entry("PORT".into()).or_insert_with(|| "{port}".into());
    }
    env
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::TestClock, cluster::fake::FakeCluster};
    use std::sync::Arc;

    fn wrong(asked: &Custom) -> String {
        let cluster = FakeCluster::new(Arc::new(TestClock::at(0)));
        of_custom(&cluster, asked).unwrap_err().field.unwrap_or_default()
    }

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn what_is_wrong_is_named() {
        let good = Custom { command: words("python -m http.server {port}"), ..Custom::default() };
        let cluster = FakeCluster::new(Arc::new(TestClock::at(0)));
        let program = of_custom(&cluster, &good).unwrap();
        assert_eq!((program.ready_path.as_str(), program.start_seconds, program.ready_status), ("/", 300, None));
        for (bad, field) in [
            (Custom::default(), "custom.command"),
            (Custom { command: vec![" ".into()], ..good.clone() }, "custom.command"),
            (Custom { command: vec!["a\0".into()], ..good.clone() }, "custom.command"),
            (Custom { command: words("serve {model_path}"), ..good.clone() }, "custom.command"),
            (Custom { command: vec!["x".into(); 201], ..good.clone() }, "custom.command"),
            (Custom { ready_path: Some("healthz".into()), ..good.clone() }, "custom.ready_path"),
            (Custom { ready_path: Some("/a b".into()), ..good.clone() }, "custom.ready_path"),
            (Custom { ready_path: Some("/a\r\nX: y".into()), ..good.clone() }, "custom.ready_path"),
            (Custom { ready_status: Some(99), ..good.clone() }, "custom.ready_status"),
            (Custom { start_seconds: Some(0), ..good.clone() }, "custom.start_seconds"),
            (Custom { port: Some(80), ..good.clone() }, "custom.port"),
            (Custom { port: Some(7070), ..good.clone() }, "custom.port"),
            (Custom { port: Some(8000), ..good.clone() }, "custom.port"),
        ] {
            assert_eq!(wrong(&bad), field, "{bad:?}");
        }
    }

    #[test]
    fn placeholders_of_runtimes() {
        let cluster = FakeCluster::new(Arc::new(TestClock::at(0)));
        let of = |line: &str| SetRuntime {
            protocols: vec![Protocol::V2, Protocol::V1, Protocol::V2],
            command: words(line),
            ready_path: "/ready".into(),
            ..SetRuntime::default()
        };
        let program = of_runtime(&cluster, &of("serve {model_path} {model_name}@{model_version} {port} {\"a\":1} ${HOME}")).unwrap();
        assert_eq!(program.protocols, [Protocol::V1, Protocol::V2]);
        let told = Some(Told { name: "churn", version: 3 });
        assert_eq!(command(&program, told).join(" "), "serve {folder:model} churn@3 {port} {\"a\":1} ${HOME}");
        let error = of_runtime(&cluster, &of("serve {modelpath}")).unwrap_err();
        assert_eq!(error.public, "Nothing is known that {modelpath} stands for.");
    }

    #[test]
    fn the_port_is_told_unless_a_socket_is() {
        let program =
            |line: &str| Program { command: words(line), env: [("A".into(), "{model_name}".into())].into(), ..Program::default() };
        let told = Some(Told { name: "churn", version: 3 });
        let with = env(&program("serve"), [("B".into(), "{model_name}".into())].into(), told);
        assert_eq!((with["A"].as_str(), with["B"].as_str(), with["PORT"].as_str()), ("churn", "{model_name}", "{port}"));
        assert_eq!(env(&program("serve"), [("PORT".into(), "1".into())].into(), None)["PORT"], "1");
        assert!(!env(&program("serve {socket}"), BTreeMap::new(), None).contains_key("PORT"));
    }
}
