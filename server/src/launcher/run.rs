//! The story of a task's attempt.

use super::{MOST_BYTES, PLAN, Plan, WORK, artifacts, environment::Environment, portal::Portal};
use app::api::pipeline_runs::TaskDelivery;
use std::{
    collections::BTreeMap,
    fs,
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{ExitCode, ExitStatus},
};
use tokio::{
    process::Command,
    signal::unix::{SignalKind, signal},
};

/// What shells say of a command that cannot be started.
const NOT_STARTED: u8 = 127;

/// Runs `slipway shim task`, in the working folder.
pub fn main() -> ExitCode {
    run(&Environment::of_process())
}

/// The same in a process that was something else before, with the environment that it was handed; `None` where that has to be the process's own.
pub fn take_over(environment: &BTreeMap<String, String>) -> Option<impl FnOnce() -> ExitCode + use<>> {
    let handed = (!Environment::is_for_libraries(environment.keys())).then(|| Environment::handed(environment.clone()));
    handed.map(|environment| move || run(&environment))
}

fn run(environment: &Environment) -> ExitCode {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let ended = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| e.to_string())
        .and_then(|r| r.block_on(story(environment)));
    match ended {
        Ok(code) => ExitCode::from(code),
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

async fn story(environment: &Environment) -> Result<u8, String> {
    // The command gets the signal too, and says how it ends.
    let mut asked = signal(SignalKind::terminate()).map_err(|e| e.to_string())?;
    let work = work()?;
    let plan = plan(&work)?;
    let portal = Portal::of_environment(environment)?;
    let prepared = tokio::select! {
        prepared = prepare(&portal, &plan) => prepared,
        _ = asked.recv() => return Err("Asked to end before its command was started.".into()),
    };
    prepared?;
    let (name, arguments) = plan.command.split_first().ok_or("There is no command to run.")?;
    let mut child = match Command::from(environment.command(name, &plan.env)).args(arguments).spawn() {
        Ok(child) => child,
        Err(e) => {
            // What is too long is one argument, or all of them together: of a lightweight component these hold its parameters.
            let long = e.kind() == std::io::ErrorKind::ArgumentListTooLong;
            let hint = if long { " One argument holds at most 128 KiB: hand on what is larger as an artifact." } else { "" };
            eprintln!("The command \"{name}\" could not be started: {e}.{hint}");
            return Ok(NOT_STARTED);
        }
    };
    // While the command starts. What is wrong with it is said when it is needed.
    let _ = portal.prepare();
    let ended = loop {
        tokio::select! {
            ended = child.wait() => break ended.map_err(|e| e.to_string())?,
            _ = asked.recv() => {}
        }
    };
    if !ended.success() {
        return Ok(code(ended));
    }
    tokio::select! {
        delivered = deliver(&portal, &plan, (&work, environment)) => delivered.map(|()| 0),
        _ = asked.recv() => Err("Asked to end before all that it made was delivered.".into()),
    }
}

fn code(ended: ExitStatus) -> u8 {
    let code = ended.code().unwrap_or_else(|| 128 + ended.signal().unwrap_or(0));
    u8::try_from(code).unwrap_or(1)
}

/// The working folder. It stands within JSON and within scripts.
fn work() -> Result<String, String> {
    let work = std::env::current_dir().map_err(|e| format!("There is no working folder: {e}."))?;
    let work = work.to_str().ok_or("The path of the working folder is not UTF-8.")?;
    if work.contains(['"', '\\', '\'', '$', '`']) {
        return Err(format!("The path of the working folder, {work}, has a quote, a backslash or a dollar sign in it."));
    }
    Ok(work.to_owned())
}

/// The plan, with the working folder in its place.
fn plan(work: &str) -> Result<Plan, String> {
    let text = fs::read_to_string(PLAN).map_err(|e| format!("{PLAN} cannot be read: {e}."))?;
    serde_json::from_str(&text.replace(WORK, work)).map_err(|e| format!("{PLAN} cannot be read: {e}."))
}

async fn prepare(portal: &Portal, plan: &Plan) -> Result<(), String> {
    for folder in &plan.folders {
        artifacts::make(Path::new(folder))?;
    }
    for input in &plan.inputs {
        artifacts::bring(portal, input).await?;
    }
    Ok(())
}

async fn deliver(portal: &Portal, plan: &Plan, (work, environment): (&str, &Environment)) -> Result<(), String> {
    let attempt = environment.get("SLIPWAY_ATTEMPT").and_then(|a| a.parse().ok()).unwrap_or(1);
    let mut delivery = TaskDelivery { attempt, ..TaskDelivery::default() };
    for (name, path) in &plan.files {
        let Ok(about) = fs::metadata(path) else { continue };
        if about.len() > MOST_BYTES {
            return Err(format!("The output {name} has {} bytes; a parameter has at most {MOST_BYTES}. Use an artifact.", about.len()));
        }
        let text = fs::read(path).map_err(|e| format!("The output {name} cannot be read: {e}."))?;
        let text = String::from_utf8(text).map_err(|_| format!("The output {name} is not UTF-8. Use an artifact."))?;
        delivery.files.insert(name.clone(), text.replace(work, WORK));
    }
    for mut kept in portal.deliver(&delivery).await?.keep {
        kept.path = kept.path.replace(WORK, work);
        let digest = artifacts::keep(portal, &kept).await?;
        delivery.digests.insert(kept.artifact, digest);
    }
    if !delivery.digests.is_empty() {
        portal.deliver(&delivery).await?;
    }
    Ok(())
}
