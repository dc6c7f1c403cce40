//! Conditions and selectors: the part of CEL (Common Expression Language) that the SDK writes and that people write by hand in its place.
//!
//! A small parser of our own with a limit on nesting, because what is parsed comes from outside and the crate at hand ends the process on
//! deeply nested text.

mod evaluate;
mod parse;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// An expression that was understood.
#[derive(Clone, Debug)]
pub struct Expression {
    text: String,
    tree: Tree,
}

#[derive(Clone, Debug)]
enum Tree {
    Text(String),
    Int(i64),
    Double(f64),
    Bool(bool),
    Null,
    List(Vec<Tree>),
    /// `inputs.parameter_values`, the whole.
    Parameters,
    /// `string_value` and its like.
    Of(Field),
    Member(Box<Tree>, Box<Tree>),
    Call(Function, Box<Tree>),
    Not(Box<Tree>),
    Negative(Box<Tree>),
    Both(Operator, Box<Tree>, Box<Tree>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Int,
    Double,
    Text,
    Bool,
    ParseJson,
    Size,
}

/// A field of the value that a selector is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Text,
    Number,
    Bool,
    Struct,
    List,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Expression {
    /// A condition over `inputs.parameter_values`.
    ///
    /// # Errors
    /// Says what was not understood.
    pub fn condition(text: &str) -> Result<Self, String> {
        let tree = parse::parse(text, true)?;
        Ok(Self { text: text.to_owned(), tree })
    }

    /// A selector over `string_value`, `struct_value`, `list_value`, `number_value` or `bool_value`.
    ///
    /// # Errors
    /// Says what was not understood.
    pub fn selector(text: &str) -> Result<Self, String> {
        let tree = parse::parse(text, false)?;
        Ok(Self { text: text.to_owned(), tree })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The parameters that a condition names.
    pub fn parameters(&self) -> BTreeSet<&str> {
        let mut out = BTreeSet::new();
        let mut left = vec![&self.tree];
        while let Some(tree) = left.pop() {
            match tree {
                Tree::Member(of, key) => {
                    if let (Tree::Parameters, Tree::Text(name)) = (&**of, &**key) {
                        out.insert(name.as_str());
                    }
                    left.extend([&**of, &**key]);
                }
                Tree::Call(_, of) | Tree::Not(of) | Tree::Negative(of) => left.push(of),
                Tree::Both(_, a, b) => left.extend([&**a, &**b]),
                Tree::List(items) => left.extend(items),
                _ => {}
            }
        }
        out
    }

    /// Whether a condition holds.
    ///
    /// # Errors
    /// When a parameter is not there, or values cannot be compared.
    pub fn holds(&self, parameters: &Map<String, Value>) -> Result<bool, String> {
        evaluate::condition(&self.tree, parameters).map_err(|why| format!("condition {}: {why}", self.text))
    }

    /// The part of a value that a selector picks.
    ///
    /// # Errors
    /// When it has no such part.
    pub fn pick(&self, value: &Value) -> Result<Value, String> {
        evaluate::selector(&self.tree, value).map_err(|why| format!("selector {}: {why}", self.text))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn holds(text: &str, parameters: Value) -> Result<bool, String> {
        Expression::condition(text)?.holds(parameters.as_object().unwrap())
    }

    #[test]
    fn conditions_as_the_sdk_writes_them() {
        for (text, x, expected) in [
            ("inputs.parameter_values['x'] == 'heads'", json!("heads"), true),
            ("!(inputs.parameter_values['x'] == 'heads')", json!("heads"), false),
            ("int(inputs.parameter_values['x']) > 5", json!(6.0), true),
            ("int(inputs.parameter_values['x']) > 5", json!("4"), false),
            ("int(inputs.parameter_values['x']) <= 5", json!(5), true),
            ("double(int(inputs.parameter_values['x'])) >= 5.5", json!(6), true),
            ("inputs.parameter_values['x'] == 1.5", json!(1.5), true),
            ("inputs.parameter_values['x'] == true", json!(true), true),
            ("inputs.parameter_values['x'] == 'true'", json!("true"), true),
            ("inputs.parameter_values['x'] != 6", json!(6.0), false),
            ("!(inputs.parameter_values['x'] == 'a') && inputs.parameter_values['x'] == 'b'", json!("b"), true),
            ("!(inputs.parameter_values['x'] == 'a') && !(inputs.parameter_values['x'] == 'b')", json!("b"), false),
            ("inputs.parameter_values['x'] < 'b'", json!("a"), true),
            ("inputs.parameter_values[\"x\"] in ['a', 'b'] || false", json!("z"), false),
            ("inputs.parameter_values.x == -3", json!(-3), true),
            ("size(inputs.parameter_values['x']) + 1 == 3", json!([1, 2]), true),
            ("parseJson(inputs.parameter_values['x'])['a'][1] == 7", json!("{\"a\": [5, 7]}"), true),
            ("inputs.parameter_values['x'] == 'it\\'s'", json!("it's"), true),
        ] {
            match holds(text, json!({"x": x})) {
                Ok(found) => assert_eq!(found, expected, "{text} with {x}"),
                Err(why) => panic!("{text} with {x}: {why}"),
            }
        }
    }

    #[test]
    fn what_cannot_be_decided_is_an_error() {
        for (text, part) in [
            ("inputs.parameter_values['y'] == 1", "no parameter y"),
            ("inputs.parameter_values['x'] > 'a'", "cannot compare"),
            ("inputs.parameter_values['x']", "true or false"),
            ("int('seven') == 7", "seven"),
            ("inputs.parameter_values['x'] / 0 == 1", "zero"),
        ] {
            let why = holds(text, json!({"x": 1})).unwrap_err();
            assert!(why.contains(part), "{text}: {why}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in [
            "",
            "inputs.parameter_values['x'] == 'it's'",
            "inputs.artifacts['x'].uri == 'a'",
            "string_value == 'a'",
            "x == 1",
            "matches('a', 'b')",
            "1 == ",
            "(1 == 1",
            "1 == 1)",
            "'a",
            "inputs.parameter_values['x'] = 1",
            "99999999999999999999 == 1",
        ] {
            assert!(Expression::condition(text).is_err(), "{text}");
        }
        assert!(Expression::selector("inputs.parameter_values['x']").is_err());
        for (before, after) in [("(", ")"), ("!", ""), ("-", ""), ("int(", ")"), ("[", "]")] {
            let deep = format!("{}1{} == 1", before.repeat(2_000), after.repeat(2_000));
            assert!(Expression::condition(&deep).is_err_and(|why| why.contains("nested")), "{before}");
        }
        let long = vec!["true"; 50_000].join(" && ");
        assert!(Expression::condition(&long).is_err());
    }

    #[test]
    fn selectors_as_the_sdk_writes_them() {
        let pick = |text: &str, value: Value| Expression::selector(text).and_then(|s| s.pick(&value));
        assert_eq!(pick("parseJson(string_value)[\"a\"]", json!({"a": 1, "b": 2})), Ok(json!(1)));
        assert_eq!(pick("parseJson(string_value)[\"a\"]", json!("{\"a\": [1, \"x\"]}")), Ok(json!([1, "x"])));
        assert_eq!(pick("struct_value.a", json!({"a": {"b": null}})), Ok(json!({"b": null})));
        assert_eq!(pick("list_value[1]", json!([1, 2])), Ok(json!(2)));
        assert!(pick("parseJson(string_value)[\"z\"]", json!({"a": 1})).unwrap_err().contains("no z"));
        assert!(pick("parseJson(string_value)[\"z\"]", json!("not json")).is_err());
    }

    #[test]
    fn a_condition_knows_its_parameters() {
        let condition = Expression::condition("int(inputs.parameter_values['a']) > 1 && !(inputs.parameter_values['b'] == 'x')").unwrap();
        assert_eq!(condition.parameters().into_iter().collect::<Vec<_>>(), ["a", "b"]);
    }
}
