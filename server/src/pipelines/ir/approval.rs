//! The words of an approval: a container of a reserved image that runs nowhere. Somebody of the team is asked instead.

use std::collections::{BTreeMap, BTreeSet};

use app::api::members::Role;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Component, Container, ParameterType, Resources};

/// The image that stands for a question to somebody of the team.
pub const IMAGE: &str = "slipway/approval";
/// Its command.
const COMMAND: &str = "approval";
/// Days that an approval may wait at most.
const MOST_DAYS: u64 = 3650;
/// What begins a placeholder.
const PLACEHOLDER: &str = "{{$";

/// A part of an answer that an output parameter may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// `approved` or `refused`.
    Decision,
    /// Who answered.
    Approver,
    /// What they said with it.
    Comment,
}

/// What is asked, as it stands in command and arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// What people read.
    pub message: String,
    /// The least role of who may answer.
    pub role: Role,
    /// Seconds after which nobody may answer any more, and it has failed.
    pub timeout_s: Option<u64>,
    /// Whether a refusal is an answer like another, and no failure.
    pub goes_on: bool,
    /// The file of an output parameter for each part of the answer that is wanted.
    pub files: BTreeMap<Part, String>,
}

/// Reads command and arguments, with their placeholders filled in; in a pipeline that is only looked at, a placeholder may stand for any value.
///
/// # Errors
/// What is wrong with them.
pub fn read(words: &[String]) -> Result<Question, String> {
    let mut asked = Question { message: String::new(), role: Role::Maintainer, timeout_s: None, goes_on: false, files: BTreeMap::new() };
    let mut words = words.iter();
    if words.next().map(String::as_str) != Some(COMMAND) {
        return Err(format!("the command of {IMAGE} is [\"{COMMAND}\"]"));
    }
    let mut seen = BTreeSet::new();
    while let Some(flag) = words.next() {
        let value = words.next().ok_or_else(|| format!("{flag} has no value"))?;
        if !seen.insert(flag.as_str()) {
            return Err(format!("{flag} is there twice"));
        }
        let open = value.contains(PLACEHOLDER);
        let text = value.trim();
        match flag.as_str() {
            "--message" => asked.message = text.to_owned(),
            // What an optional input without a value leaves behind is the same as nothing.
            "--role" if !open && !text.is_empty() => {
                asked.role = text.parse().map_err(|_| format!("--role {text} is none of viewer, editor, maintainer"))?
            }
            "--timeout" if !open && !text.is_empty() => asked.timeout_s = Some(seconds(text)?),
            "--on-refusal" if !open => {
                asked.goes_on = match text {
                    "" | "fail" => false,
                    "continue" => true,
                    other => return Err(format!("--on-refusal {other} is neither fail nor continue")),
                }
            }
            "--role" | "--timeout" | "--on-refusal" => {}
            "--decision" => drop(asked.files.insert(Part::Decision, value.clone())),
            "--approver" => drop(asked.files.insert(Part::Approver, value.clone())),
            "--comment" => drop(asked.files.insert(Part::Comment, value.clone())),
            other => {
                return Err(format!("{other} is none of --message, --role, --timeout, --on-refusal, --decision, --approver, --comment"));
            }
        }
    }
    if asked.message.is_empty() {
        return Err("--message is missing or empty: say what is to be approved".to_owned());
    }
    Ok(asked)
}

/// Seconds in `90s`, `30m`, `24h`, `7d`, or of a number alone.
fn seconds(text: &str) -> Result<u64, String> {
    let wrong = || format!("--timeout {text} is no time such as 90s, 30m, 24h or 7d, up to {MOST_DAYS}d");
    let (number, unit) = match text.char_indices().next_back() {
        Some((at, 's')) => (&text[..at], 1),
        Some((at, 'm')) => (&text[..at], 60),
        Some((at, 'h')) => (&text[..at], 3600),
        Some((at, 'd')) => (&text[..at], 86_400),
        _ => (text, 1),
    };
    let seconds = number.trim().parse::<u64>().ok().and_then(|n| n.checked_mul(unit)).ok_or_else(wrong)?;
    if (1..=MOST_DAYS * 86_400).contains(&seconds) { Ok(seconds) } else { Err(wrong()) }
}

/// What is wrong with an approval as it stands in a pipeline: where, below its executor or its component, and what.
pub(super) fn wrong(component: &Component, container: &Container) -> Vec<(&'static str, String)> {
    let mut out = Vec::new();
    if container.command != [COMMAND] {
        out.push(("command", format!("the command of {IMAGE} is [\"{COMMAND}\"]")));
        return out;
    }
    // Each condition in the arguments has two ways: all of the one kind are looked at, and all of the other.
    for then in [true, false] {
        let words = [COMMAND.to_owned()].into_iter().chain(container.args.iter().flat_map(|text| expanded(text, then)));
        match read(&words.collect::<Vec<_>>()) {
            Ok(question) => out.extend(outputs(component, &question)),
            Err(why) => out.push(("args", why)),
        }
    }
    out.dedup();
    if !container.env.is_empty() {
        out.push(("env", "nothing runs for an approval: it has no variables".to_owned()));
    }
    if container.resources != Resources::default() {
        out.push(("resources", "nothing runs for an approval: it asks for no resources".to_owned()));
    }
    out
}

/// The words that an argument may become.
fn expanded(text: &str, then: bool) -> Vec<String> {
    let tree = serde_json::from_str::<Value>(text).ok().filter(|_| text.starts_with("{\"Concat\"") || text.starts_with("{\"IfPresent\""));
    match tree {
        Some(tree) => branch(&tree, then),
        None => vec![text.to_owned()],
    }
}

fn branch(tree: &Value, then: bool) -> Vec<String> {
    if let Value::String(text) = tree {
        return vec![text.clone()];
    }
    if let Some(parts) = tree.get("Concat").and_then(Value::as_array) {
        return vec![parts.iter().flat_map(|part| branch(part, then)).collect()];
    }
    match tree.get("IfPresent").and_then(|of| of.get(if then { "Then" } else { "Else" })) {
        Some(Value::Array(items)) => items.iter().flat_map(|item| branch(item, then)).collect(),
        Some(item) => branch(item, then),
        None => Vec::new(),
    }
}

/// Every output is text that a part of the answer goes into, and every part that is wanted has its output.
fn outputs(component: &Component, question: &Question) -> Vec<(&'static str, String)> {
    let mut out = Vec::new();
    let file = |name: &str| format!("{{{{$.outputs.parameters['{name}'].output_file}}}}");
    for (part, place) in &question.files {
        let flag = flag(*part);
        match component.output_parameters.iter().find(|(name, _)| file(name) == *place) {
            None => out.push(("args", format!("{flag} wants the file of an output parameter, not {place}"))),
            Some((name, declared)) if declared.kind != ParameterType::String => {
                out.push(("args", format!("{flag}: the output {name} is {}, and text goes into it", declared.kind.words())));
            }
            Some(_) => {}
        }
    }
    for name in component.output_parameters.keys() {
        if !question.files.values().any(|place| *place == file(name)) {
            out.push(("args", format!("nothing goes into the output {name}: name its file with --decision, --approver or --comment")));
        }
    }
    if let Some(name) = component.output_artifacts.keys().next() {
        out.push(("image", format!("nothing runs for an approval, so it makes no artifact {name}")));
    }
    out
}

const fn flag(part: Part) -> &'static str {
    match part {
        Part::Decision => "--decision",
        Part::Approver => "--approver",
        Part::Comment => "--comment",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pipelines::ir::{parse, tests::small};

    fn words(text: &[&str]) -> Result<Question, String> {
        read(&text.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn what_is_asked_is_read() {
        let asked =
            words(&["approval", "--message", "Ship it?", "--role", "editor", "--timeout", "2h", "--on-refusal", "continue"]).unwrap();
        assert_eq!((asked.message.as_str(), asked.role, asked.timeout_s, asked.goes_on), ("Ship it?", Role::Editor, Some(7200), true));
        let plain = words(&["approval", "--message", "Ship it?", "--role", "", "--timeout", ""]).unwrap();
        assert_eq!((plain.role, plain.timeout_s, plain.goes_on), (Role::Maintainer, None, false));
        assert_eq!(["90", "90s", "30m", "7d"].map(|t| seconds(t).unwrap()), [90, 90, 1800, 604_800]);
        for (text, part) in [
            (vec!["sh", "-c", "true"], "the command of slipway/approval"),
            (vec!["approval"], "--message is missing"),
            (vec!["approval", "--message", " "], "--message is missing"),
            (vec!["approval", "--message"], "--message has no value"),
            (vec!["approval", "--message", "a", "--message", "b"], "--message is there twice"),
            (vec!["approval", "--message", "a", "--role", "owner"], "--role owner is none of"),
            (vec!["approval", "--message", "a", "--timeout", "soon"], "--timeout soon is no time"),
            (vec!["approval", "--message", "a", "--timeout", "0s"], "is no time"),
            (vec!["approval", "--message", "a", "--timeout", "99999999999999999999d"], "is no time"),
            (vec!["approval", "--message", "a", "--who", "x"], "--who is none of"),
        ] {
            let why = words(&text).unwrap_err();
            assert!(why.contains(part), "{why}");
        }
    }

    /// A pipeline of one approval.
    fn asking(args: Value) -> Value {
        let mut spec = small();
        spec["deploymentSpec"]["executors"]["exec-say"]["container"] = json!({"image": IMAGE, "command": ["approval"], "args": args});
        spec
    }

    fn refusals(spec: &Value) -> Vec<String> {
        parse(&spec.to_string()).map_or_else(|refusals| refusals.iter().map(ToString::to_string).collect(), |_| Vec::new())
    }

    #[test]
    fn a_bad_use_is_refused_with_its_place() {
        const FILE: &str = "{{$.outputs.parameters['Output'].output_file}}";
        let at = "deploymentSpec.executors.exec-say.container";
        let good = json!(["--message", "Say {{$.inputs.parameters['text']}}?", "--decision", FILE]);
        assert_eq!(refusals(&asking(good.clone())), Vec::<String>::new());
        for (args, part) in [
            (json!(["--message", "x"]), "nothing goes into the output Output"),
            (json!(["--message", "x", "--decision", "/tmp/x"]), "--decision wants the file of an output parameter"),
            (json!(["--message", "x", "--role", "boss", "--decision", FILE]), "--role boss is none of"),
            (json!(["--decision", FILE]), "--message is missing"),
            (
                json!(["--decision", FILE, "{\"IfPresent\": {\"InputName\": \"text\", \"Then\": [\"--message\", \"x\"]}}"]),
                "--message is missing",
            ),
        ] {
            let told = refusals(&asking(args));
            assert!(told.iter().any(|r| r.starts_with(&format!("{at}.args")) && r.contains(part)), "{part} is not in {told:?}");
        }
        let changed = |change: &dyn Fn(&mut Value)| {
            let mut spec = asking(good.clone());
            change(&mut spec);
            refusals(&spec)
        };
        let container =
            |spec: &mut Value, key: &str, value: Value| spec["deploymentSpec"]["executors"]["exec-say"]["container"][key] = value;
        let told = changed(&|spec| container(spec, "image", json!("slipway/approval:1")));
        assert!(told[0].starts_with(&format!("{at}.image: ")), "{told:?}");
        let told = changed(&|spec| container(spec, "env", json!([{"name": "A", "value": "b"}])));
        assert!(told[0].starts_with(&format!("{at}.env: nothing runs")), "{told:?}");
        let told = changed(&|spec| container(spec, "resources", json!({"resourceCpuLimit": "1"})));
        assert!(told[0].starts_with(&format!("{at}.resources: nothing runs")), "{told:?}");
        let told = changed(&|spec| spec["root"]["dag"]["tasks"]["say"]["retryPolicy"] = json!({"maxRetryCount": 2}));
        assert!(told[0].starts_with("root.dag.tasks.say.retryPolicy: "), "{told:?}");
        let told = changed(&|spec| {
            let mut exit = spec["root"]["dag"]["tasks"]["say"].clone();
            exit["dependentTasks"] = json!(["exit-handler-1"]);
            exit["triggerPolicy"] = json!({"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"});
            let first = spec["root"]["dag"]["tasks"]["say"].take();
            spec["root"]["dag"]["tasks"] = json!({"exit-handler-1": first, "bye": exit});
        });
        assert!(told[0].starts_with("root.dag.tasks.bye: ") && told[0].contains("waits for nobody"), "{told:?}");
    }
}
