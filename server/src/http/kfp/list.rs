//! What lists are asked: a filter of predicates, an order, a page. `docs/pipelines.md` says what can be compared with what.

use super::asker::Query;
use crate::{
    clock::parse_rfc3339,
    error::{Error, Result},
    pipelines::search::Asked,
    records::search::{Condition, Op, Operand, Order, PipelineField as Field},
};
use app::api::State;
use serde::Deserialize;
use serde_json::Value;

/// Things of a page where nothing is said, and at most.
const PAGE: usize = 20;
const LARGEST_PAGE: i64 = 200;
/// Most predicates of a filter.
const MOST: usize = 100;

/// Their states of a run, with ours that each stands for. No run here is in those that stand for none.
const STATES: [(&str, &[State]); 9] = [
    ("RUNTIME_STATE_UNSPECIFIED", &[]),
    ("PENDING", &[State::Queued, State::Starting]),
    ("RUNNING", &[State::Running]),
    ("SUCCEEDED", &[State::Succeeded]),
    ("SKIPPED", &[]),
    ("FAILED", &[State::Failed]),
    ("CANCELING", &[State::Stopping]),
    ("CANCELED", &[State::Cancelled]),
    ("PAUSED", &[]),
];
const STORAGE_STATES: [&str; 3] = ["STORAGE_STATE_UNSPECIFIED", "AVAILABLE", "ARCHIVED"];

/// Of which noun a list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Noun {
    Pipeline,
    Version,
    Run,
    RecurringRun,
    Experiment,
}

/// What a list is asked.
#[derive(Debug, Clone)]
pub struct Listing {
    /// Conditions, order and page.
    pub asked: Asked,
    /// Whether what is there is wanted.
    pub available: bool,
    /// Whether what was put away is wanted.
    pub archived: bool,
}

impl Listing {
    /// From a query.
    ///
    /// # Errors
    /// What is wrong with it, with its field.
    pub fn of(query: &Query, noun: Noun) -> Result<Self> {
        let asked = Asked {
            conditions: Vec::new(),
            order: order(query.sort_by.as_deref(), noun)?,
            size: size(query)?,
            page_token: query.page_token.clone(),
        };
        let mut listing = Self { asked, available: true, archived: true };
        if let Some(filter) = query.filter.as_deref().filter(|f| !f.trim().is_empty()) {
            listing.filter(filter, noun)?;
        }
        Ok(listing)
    }

    /// One more condition.
    pub fn and(&mut self, field: Field, op: Op, operand: Operand) {
        self.asked.conditions.push(Condition { field, op, operand });
    }

    fn filter(&mut self, text: &str, noun: Noun) -> Result<()> {
        // Serde would take a list for an object whose fields may all be left out.
        let object = if text.trim_start().starts_with('{') { Ok(text) } else { Err("it is not a JSON object".to_owned()) };
        let read = object.and_then(|text| serde_json::from_str(text).map_err(|e| e.to_string()));
        let filter: Filter = read.map_err(|e| {
            Error::invalid("filter", format!("The filter cannot be read: {e}."))
                .hint(r#"Such as {"predicates": [{"operation": "EQUALS", "key": "display_name", "string_value": "my-name"}]}."#)
        })?;
        if filter.predicates.len() > MOST {
            return Err(Error::invalid("filter", format!("A filter has at most {MOST} predicates.")));
        }
        filter.predicates.into_iter().try_for_each(|predicate| self.predicate(predicate, noun))
    }

    fn predicate(&mut self, predicate: Predicate, noun: Noun) -> Result<()> {
        let op = operation(&predicate.operation)?;
        let key = predicate.key.clone();
        match (key.as_str(), noun) {
            ("storage_state", Noun::Run | Noun::Experiment) => {
                let words = predicate.words(STORAGE_STATES.into_iter())?;
                let (mut available, mut archived) = (words.iter().any(|w| w == "AVAILABLE"), words.iter().any(|w| w == "ARCHIVED"));
                match op {
                    Op::Eq | Op::In => {}
                    Op::Ne => (available, archived) = (!available, !archived),
                    _ => return Err(wrong_op(&key, "EQUALS, NOT_EQUALS and IN")),
                }
                (self.available, self.archived) = (self.available && available, self.archived && archived);
            }
            ("state", Noun::Run) => {
                let words = predicate.words(STATES.iter().map(|(word, _)| *word))?;
                let asked = STATES.iter().filter(|(word, _)| words.iter().any(|w| w == word));
                let ours = asked.flat_map(|(_, ours)| *ours).map(|s| s.as_str().to_owned()).collect();
                let op = match op {
                    Op::Eq | Op::In => Op::In,
                    Op::Ne => Op::NotIn,
                    _ => return Err(wrong_op(&key, "EQUALS, NOT_EQUALS and IN")),
                };
                self.and(Field::State, op, Operand::List(ours));
            }
            _ => {
                let field =
                    field(&key, noun).ok_or_else(|| Error::invalid("filter", format!("There is no key \"{}\" here.", shortened(&key))))?;
                let operand = if matches!(field, Field::CreatedAt | Field::EndedAt) {
                    if !op.is_numeric() {
                        return Err(wrong_op(
                            &key,
                            "EQUALS, NOT_EQUALS, GREATER_THAN, GREATER_THAN_EQUALS, LESS_THAN and LESS_THAN_EQUALS",
                        ));
                    }
                    Operand::Int(predicate.time()?)
                } else if op == Op::In {
                    Operand::List(predicate.texts()?)
                } else {
                    Operand::Text(predicate.text()?)
                };
                self.and(field, op, operand);
            }
        }
        Ok(())
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

fn wrong_op(key: &str, those: &str) -> Error {
    Error::invalid("filter", format!("{key} is compared by {those}."))
}

fn size(query: &Query) -> Result<usize> {
    let Some(text) = query.page_size.as_deref().filter(|t| !t.is_empty()) else { return Ok(PAGE) };
    match text.parse::<i64>() {
        Ok(0) => Ok(PAGE),
        Ok(n) if n > 0 => Ok(usize::try_from(n.min(LARGEST_PAGE)).unwrap_or(PAGE)),
        _ => Err(Error::invalid("page_size", format!("page_size is a number from 1 to {LARGEST_PAGE}."))),
    }
}

/// What a key of theirs is to us.
fn field(key: &str, noun: Noun) -> Option<Field> {
    Some(match (key, noun) {
        ("id", _)
        | ("pipeline_id", Noun::Pipeline)
        | ("pipeline_version_id", Noun::Version)
        | ("run_id", Noun::Run)
        | ("recurring_run_id", Noun::RecurringRun)
        | ("experiment_id", Noun::Experiment) => Field::Id,
        ("name", _) => Field::Name,
        ("display_name", _) => Field::DisplayName,
        ("created_at", _) => Field::CreatedAt,
        ("finished_at", Noun::Run) => Field::EndedAt,
        ("experiment_id", Noun::Run | Noun::RecurringRun) => Field::Experiment,
        ("pipeline_id", Noun::Run | Noun::RecurringRun) => Field::Pipeline,
        ("pipeline_version_id", Noun::Run | Noun::RecurringRun) => Field::Version,
        ("recurring_run_id", Noun::Run) => Field::RecurringRun,
        _ => return None,
    })
}

/// Theirs is by time of creation, oldest first, where nothing is said, and ascending where no direction is.
fn order(sort_by: Option<&str>, noun: Noun) -> Result<Order<Field>> {
    let mut words = sort_by.unwrap_or_default().split_whitespace();
    let (key, direction, rest) = (words.next(), words.next(), words.next());
    let found = match key {
        None => Some(Field::CreatedAt),
        Some(key) => field(key, noun),
    };
    let field = match found {
        Some(Field::Id | Field::CreatedAt) => Field::CreatedAt,
        Some(field @ (Field::Name | Field::DisplayName)) => field,
        _ => return Err(Error::invalid("sort_by", "Lists are sorted by created_at, name or display_name, with asc or desc after it.")),
    };
    let ascending = match direction.map(str::to_ascii_lowercase).as_deref() {
        None | Some("asc") if rest.is_none() => true,
        Some("desc") if rest.is_none() => false,
        _ => return Err(Error::invalid("sort_by", "After the field comes asc or desc, and nothing more.")),
    };
    Ok(Order { field, ascending })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    #[serde(default)]
    predicates: Vec<Predicate>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Predicate {
    #[serde(default)]
    operation: Value,
    #[serde(default)]
    key: String,
    #[serde(default, alias = "stringValue")]
    string_value: Option<String>,
    #[serde(default, alias = "timestampValue")]
    timestamp_value: Option<String>,
    #[serde(default, alias = "stringValues")]
    string_values: Option<Values>,
    // Of these are no keys here.
    #[serde(default, alias = "intValue")]
    int_value: Option<Value>,
    #[serde(default, alias = "longValue")]
    long_value: Option<Value>,
    #[serde(default, alias = "intValues")]
    int_values: Option<Value>,
    #[serde(default, alias = "longValues")]
    long_values: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Values {
    #[serde(default)]
    values: Vec<String>,
}

impl Predicate {
    fn only(&self, what: &str) -> Error {
        let numbers = [&self.int_value, &self.long_value, &self.int_values, &self.long_values].iter().any(|v| v.is_some());
        let why = if numbers { ", not with a number" } else { "" };
        Error::invalid("filter", format!("{} is compared with {what}{why}.", shortened(&self.key)))
    }

    fn text(self) -> Result<String> {
        let text = self.string_value.clone().ok_or_else(|| self.only("a string_value"))?;
        if text.contains('\0') { Err(Error::invalid("filter", "A text has a zero character in it.")) } else { Ok(text) }
    }

    /// One text, or several of `IN`.
    fn texts(self) -> Result<Vec<String>> {
        match (self.string_values, self.string_value) {
            (Some(Values { values }), None) => Ok(values),
            (None, Some(value)) => Ok(vec![value]),
            _ => Err(Error::invalid("filter", format!("{} is compared with string_values, or one string_value.", shortened(&self.key)))),
        }
    }

    /// As [`Predicate::texts`], of which each is one of `those`.
    fn words(self, those: impl Iterator<Item = &'static str> + Clone) -> Result<Vec<String>> {
        let key = self.key.clone();
        let words = self.texts()?;
        let other = words.iter().find(|word| !those.clone().any(|t| t == word.as_str()));
        if let Some(other) = other {
            let there = those.collect::<Vec<_>>().join(", ");
            return Err(
                Error::invalid("filter", format!("There is no {key} \"{}\".", shortened(other))).hint(format!("There are {there}."))
            );
        }
        Ok(words)
    }

    fn time(self) -> Result<i64> {
        let text = self.timestamp_value.as_deref().ok_or_else(|| self.only("a timestamp_value"))?;
        parse_rfc3339(text).ok_or_else(|| Error::invalid("filter", "A timestamp_value is a time such as 2026-11-23T12:00:00Z."))
    }
}

/// By its name, or by its number, which is what the Python client sends.
fn operation(value: &Value) -> Result<Op> {
    let word = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Ok(match word.as_str() {
        "EQUALS" | "1" => Op::Eq,
        "NOT_EQUALS" | "2" => Op::Ne,
        "GREATER_THAN" | "3" => Op::Gt,
        "GREATER_THAN_EQUALS" | "5" => Op::Ge,
        "LESS_THAN" | "6" => Op::Lt,
        "LESS_THAN_EQUALS" | "7" => Op::Le,
        "IN" | "8" => Op::In,
        "IS_SUBSTRING" | "9" => Op::Contains,
        _ => return Err(Error::invalid("filter", format!("There is no operation {}.", shortened(&word)))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(filter: &str, noun: Noun) -> Result<Listing> {
        Listing::of(&Query { filter: Some(filter.into()), ..Query::default() }, noun)
    }

    #[test]
    fn filters_in_every_dress() {
        let same = [
            r#"{"predicates": [{"operation": 1, "key": "display_name", "stringValue": "a"}]}"#,
            r#"{"predicates": [{"operation": "EQUALS", "key": "display_name", "string_value": "a"}]}"#,
        ];
        for filter in same {
            let listing = read(filter, Noun::Run).unwrap();
            let wanted = Condition { field: Field::DisplayName, op: Op::Eq, operand: Operand::Text("a".into()) };
            assert_eq!(listing.asked.conditions, [wanted], "{filter}");
            assert!(listing.available && listing.archived);
        }
        let state = r#"{"predicates": [{"operation": "IN", "key": "state", "string_values": {"values": ["PENDING", "FAILED"]}},
            {"operation": "EQUALS", "key": "storage_state", "string_value": "ARCHIVED"},
            {"operation": "GREATER_THAN", "key": "created_at", "timestamp_value": "1970-01-01T00:00:01Z"}]}"#;
        let listing = read(state, Noun::Run).unwrap();
        assert_eq!((listing.available, listing.archived), (false, true));
        assert_eq!(listing.asked.conditions[0].operand, Operand::List(vec!["queued".into(), "starting".into(), "failed".into()]));
        assert_eq!(listing.asked.conditions[1].operand, Operand::Int(1000));
        let not = r#"{"predicates": [{"operation": "NOT_EQUALS", "key": "storage_state", "string_value": "ARCHIVED"}]}"#;
        let listing = read(not, Noun::Experiment).unwrap();
        assert_eq!((listing.available, listing.archived), (true, false));
    }

    #[test]
    fn wrong_filters_are_refused() {
        for (filter, part) in [
            ("{", "cannot be read"),
            ("[]", "cannot be read"),
            (r#"{"predicate": []}"#, "cannot be read"),
            (r#"{"predicates": [{"operation": "EQUALS", "key": "colour", "string_value": "a"}]}"#, "no key"),
            (r#"{"predicates": [{"operation": "LIKE", "key": "name", "string_value": "a"}]}"#, "no operation"),
            (r#"{"predicates": [{"operation": "EQUALS", "key": "name", "int_value": 1}]}"#, "not with a number"),
            (
                r#"{"predicates": [{"operation": "IS_SUBSTRING", "key": "created_at", "timestamp_value": "1970-01-01T00:00:01Z"}]}"#,
                "compared by",
            ),
            (r#"{"predicates": [{"operation": "EQUALS", "key": "created_at", "timestamp_value": "soon"}]}"#, "a time such as"),
            (r#"{"predicates": [{"operation": "GREATER_THAN", "key": "state", "string_value": "FAILED"}]}"#, "compared by"),
            (r#"{"predicates": [{"operation": "EQUALS", "key": "state", "string_value": "succeeded"}]}"#, "no state \"succeeded\""),
            (
                r#"{"predicates": [{"operation": "IN", "key": "state", "string_values": {"values": ["PENDING", "BOGUS"]}}]}"#,
                "no state \"BOGUS\"",
            ),
            (
                r#"{"predicates": [{"operation": "NOT_EQUALS", "key": "storage_state", "string_value": "GONE"}]}"#,
                "no storage_state \"GONE\"",
            ),
            (r#"{"predicates": [{"operation": "EQUALS", "key": "status", "string_value": "FAILED"}]}"#, "no key"),
        ] {
            let error = read(filter, Noun::Run).expect_err(filter);
            assert!(error.public.contains(part), "{filter}: {}", error.public);
        }
        assert!(read(r#"{"predicates": [{"operation": "EQUALS", "key": "state", "string_value": "FAILED"}]}"#, Noun::Pipeline).is_err());
    }

    #[test]
    fn states_that_no_run_is_in_find_none() {
        let paused = r#"{"predicates": [{"operation": "EQUALS", "key": "state", "string_value": "PAUSED"},
            {"operation": "EQUALS", "key": "storage_state", "string_value": "STORAGE_STATE_UNSPECIFIED"}]}"#;
        let listing = read(paused, Noun::Run).unwrap();
        assert_eq!(listing.asked.conditions[0].operand, Operand::List(vec![]));
        assert!(!listing.available && !listing.archived);
    }

    #[test]
    fn orders_and_sizes() {
        let of = |sort_by: &str, size: &str| {
            Listing::of(&Query { sort_by: Some(sort_by.into()), page_size: Some(size.into()), ..Query::default() }, Noun::Run)
                .map(|l| (l.asked.order, l.asked.size))
        };
        assert_eq!(of("", "").unwrap(), (Order { field: Field::CreatedAt, ascending: true }, PAGE));
        assert_eq!(of("created_at desc", "1000").unwrap(), (Order { field: Field::CreatedAt, ascending: false }, 200));
        assert_eq!(of("display_name", "3").unwrap(), (Order { field: Field::DisplayName, ascending: true }, 3));
        for (sort_by, size) in [("state", ""), ("name up", ""), ("name desc please", ""), ("", "-1"), ("", "x")] {
            assert!(of(sort_by, size).is_err(), "{sort_by} {size}");
        }
    }
}
