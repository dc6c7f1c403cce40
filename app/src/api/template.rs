//! Words and addresses with `{names}` in them, filled in from a form and from the answer to it. The browser fills them in where it has
//! our script, the server where it has none.

use super::client::segment;
use serde_json::Value;

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
    use super::{of_answer, path, words};

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
}
