//! Words and addresses with `{names}` in them, filled in from a form and from the answer to it. The browser fills them in where it has
//! our script, the server where it has none.

use super::client::segment;
use serde_json::Value;

/// Fields that hold secrets: they are never filled in and never written into an address.
pub const SECRET: [&str; 7] = ["password", "current", "new", "token", "value", "env", "git_url"];

/// Begins the names under which an address says what is wrong with each field of a form that was refused.
pub const WRONG: &str = "wrong.";

/// Whether a name in an address is one of those with which a form of a plain browser comes back, beside what was typed.
pub fn is_of_refusal(name: &str) -> bool {
    matches!(name, "problem" | "field" | "hint" | "_form") || name.starts_with(WRONG)
}

/// Whether `address` is a path of this server: `//host` is none, nor what a browser reads as such (it takes `\` for `/` and leaves out
/// tabs and ends of lines).
pub fn is_local(address: &str) -> bool {
    address.starts_with('/') && !address.starts_with("//") && !address.contains(|c: char| c == '\\' || c.is_control())
}

/// What `name` stands for where a form goes on and in what it says then: what the answer says, else what was typed. Nothing where it is
/// a secret, whoever wrote the template.
pub fn known<'a>(answer: &Value, name: &str, typed: impl Fn(&str) -> Option<&'a str>) -> Option<String> {
    if name.split('.').any(|part| SECRET.contains(&part)) {
        return None;
    }
    of_answer(answer, name).or_else(|| typed(name).map(|text| text.trim().to_owned()))
}

/// Fills in `template`. A name that nobody knows becomes nothing.
pub fn words(template: &str, known: impl Fn(&str) -> Option<String>) -> String {
    fill(template, |name| known(name).unwrap_or_default())
}

/// The same for a path: what is filled in is one segment. A name that nobody knows is part of the path.
pub fn path(template: &str, known: impl Fn(&str) -> Option<String>) -> String {
    fill(template, |name| segment(&known(name).unwrap_or_else(|| format!("{{{name}}}"))))
}

/// Whether there is anything to fill in.
pub fn is(template: &str) -> bool {
    template.contains('{')
}

fn fill(template: &str, value: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, behind)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        out.push_str(&value(name));
        rest = behind;
    }
    out + rest
}

/// What an answer says under `a.b`.
pub fn of_answer(answer: &Value, name: &str) -> Option<String> {
    match name.split('.').try_fold(answer, |v, key| v.get(key))? {
        Value::String(s) => Some(s.clone()),
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{is_local, known, of_answer, path, words};

    #[test]
    fn filled_in() {
        let known = |name: &str| (name == "user").then(|| "a b/c".to_owned());
        assert_eq!(path("/members/{user}", known), "/members/a%20b%2Fc");
        assert_eq!(words("{user} is in {team}.", known), "a b/c is in .");
        assert_eq!(path("/models/{odd}", known), "/models/%7Bodd%7D");
        assert_eq!(words("no end {", known), "no end {");
        let answer = serde_json::json!({ "latest": { "version": 3 }, "name": "x" });
        assert_eq!(of_answer(&answer, "latest.version").as_deref(), Some("3"));
        assert_eq!(of_answer(&answer, "name.x"), None);
    }

    #[test]
    fn secrets_are_not_filled_in() {
        let answer = serde_json::json!({ "token": "slip_x", "name": "laptop" });
        let typed = |name: &str| Some(if name == "user" { " ada " } else { "sesame" });
        let filled = words("{password}{current}{new}{token}{value}{env}{git_url}{user.password}", |n| known(&answer, n, typed));
        assert_eq!(filled, "");
        assert_eq!(words("{name} of {user}", |n| known(&answer, n, typed)), "laptop of ada");
    }

    #[test]
    fn paths_of_this_server() {
        assert!(is_local("/") && is_local("/teams/a?tab=b"));
        for bad in
            ["", "teams", "//evil.example", "/\\evil.example", "/\t/evil.example", "/\n/evil.example", "/teams/\\x", "https://evil.example"]
        {
            assert!(!is_local(bad), "{bad:?}");
        }
    }
}
