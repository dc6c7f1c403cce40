use super::{experiments, lexer, runs, syntax};
use crate::records::search::{Condition, DatasetField, ExperimentField, Op, Operand, RunAttribute, RunField};

fn one(text: &str) -> Condition<RunField> {
    let mut all = runs::filter(text).unwrap_or_else(|e| panic!("{text}: {e}"));
    assert_eq!(all.len(), 1, "{text}");
    all.remove(0)
}

fn is(text: &str, field: RunField, op: Op, operand: Operand) {
    assert_eq!(one(text), Condition { field, op, operand }, "{text}");
}

fn metric(key: &str) -> RunField {
    RunField::Metric(key.into())
}
fn param(key: &str) -> RunField {
    RunField::Param(key.into())
}
fn tag(key: &str) -> RunField {
    RunField::Tag(key.into())
}
fn text(value: &str) -> Operand {
    Operand::Text(value.into())
}

#[test]
fn every_name_of_every_kind() {
    for prefix in ["metric", "metrics", "`metrics`"] {
        is(&format!("{prefix}.acc >= 0.94"), metric("acc"), Op::Ge, Operand::Real(0.94));
    }
    for prefix in ["param", "params", "parameter", "parameters"] {
        is(&format!("{prefix}.m = 'LR'"), param("m"), Op::Eq, text("LR"));
    }
    for prefix in ["tag", "tags"] {
        is(&format!("{prefix}.m != 'LR'"), tag("m"), Op::Ne, text("LR"));
    }
    for prefix in ["attribute.", "attributes.", "attr.", "run.", ""] {
        is(&format!("{prefix}status = 'FINISHED'"), RunField::Attribute(RunAttribute::Status), Op::Eq, text("FINISHED"));
    }
    for prefix in ["dataset", "datasets"] {
        is(&format!("{prefix}.name LIKE 'a%'"), RunField::Dataset(DatasetField::Name), Op::Like, text("a%"));
    }
}

#[test]
fn names_in_quotes() {
    is("metrics.`acc dev` > 1", metric("acc dev"), Op::Gt, Operand::Real(1.0));
    is("metrics.\"acc dev\" > 1", metric("acc dev"), Op::Gt, Operand::Real(1.0));
    is("tags.mlflow.parentRunId = 'x'", tag("mlflow.parentRunId"), Op::Eq, text("x"));
    is("metrics.`a.b/c:d` < 1", metric("a.b/c:d"), Op::Lt, Operand::Real(1.0));
    is("metrics.val-acc/top@5 < 1", metric("val-acc/top@5"), Op::Lt, Operand::Real(1.0));
    is("params.`weird \" key` = ''", param("weird \" key"), Op::Eq, text(""));
    is("\"Run name\" = 'x'", RunField::Attribute(RunAttribute::RunName), Op::Eq, text("x"));
    is("`run name` = 'x'", RunField::Attribute(RunAttribute::RunName), Op::Eq, text("x"));
    is("attributes.\"Run Name\" = 'x'", RunField::Attribute(RunAttribute::RunName), Op::Eq, text("x"));
    is("Created > 5", RunField::Attribute(RunAttribute::StartTime), Op::Gt, Operand::Int(5));
    is("tags.größe = 'x'", tag("größe"), Op::Eq, text("x"));
    is("params.in = 'x'", param("in"), Op::Eq, text("x"));
}

#[test]
fn values() {
    is("params.m = \"L'Hosp\"", param("m"), Op::Eq, text("L'Hosp"));
    is("params.m = 'say \"hi\"'", param("m"), Op::Eq, text("say \"hi\""));
    is("params.m = 'it''s'", param("m"), Op::Eq, text("it's"));
    is("params.m = 'C:\\dir\\'", param("m"), Op::Eq, text("C:\\dir\\"));
    is("params.m='x AND y = (1)'", param("m"), Op::Eq, text("x AND y = (1)"));
    for (number, value) in [("1", 1.0), ("-1", -1.0), ("+2", 2.0), (".5", 0.5), ("5.", 5.0), ("1e3", 1000.0), ("-1.5E-2", -0.015)] {
        is(&format!("metrics.x>{number}"), metric("x"), Op::Gt, Operand::Real(value));
    }
    is("start_time >= 1664356400000", RunField::Attribute(RunAttribute::StartTime), Op::Ge, Operand::Int(1_664_356_400_000));
    is("end_time < 1.5", RunField::Attribute(RunAttribute::EndTime), Op::Lt, Operand::Real(1.5));
}

#[test]
fn comparisons() {
    for (word, op) in [("=", Op::Eq), ("!=", Op::Ne), (">", Op::Gt), (">=", Op::Ge), ("<", Op::Lt), ("<=", Op::Le)] {
        is(&format!("metrics.x {word} 1"), metric("x"), op, Operand::Real(1.0));
    }
    for (word, op) in [("LIKE", Op::Like), ("like", Op::Like), ("ILIKE", Op::ILike), ("iLike", Op::ILike)] {
        is(&format!("params.x {word} '%a'"), param("x"), op, text("%a"));
    }
    is("tags.x IS NULL", tag("x"), Op::IsNull, Operand::None);
    is("params.x is  not\nnull", param("x"), Op::IsNotNull, Operand::None);
    let ids = || Operand::List(vec!["a".into(), "b".into()]);
    is("run_id IN ('a', \"b\")", RunField::Attribute(RunAttribute::RunId), Op::In, ids());
    is("attributes.run_id not in ('a','b',)", RunField::Attribute(RunAttribute::RunId), Op::NotIn, ids());
    is("datasets.digest IN ('a','b')", RunField::Dataset(DatasetField::Digest), Op::In, ids());
}

#[test]
fn conditions_are_joined_by_and() {
    assert_eq!(runs::filter("").unwrap(), vec![]);
    assert_eq!(runs::filter("  \n").unwrap(), vec![]);
    let all = runs::filter("metrics.a > 1 and params.b = 'x' AND tags.c IS NULL\nAnd status != 'FAILED'").unwrap();
    assert_eq!(all.len(), 4);
}

#[test]
fn what_is_wrong_is_said() {
    for (filter, part) in [
        ("random", "Invalid clause(s) in filter string"),
        ("metrics.crazy", "Invalid clause(s) in filter string"),
        ("metrics.a > 1 OR metrics.b > 2", "OR is not supported"),
        ("metrics.a > 1 metrics.b > 2", "joined by AND"),
        ("metrics.a > 1 AND", "'"),
        ("metrics.a > 1; metrics.b > 1", "from `; metrics"),
        ("metric.acc < 0.5 AND (metrics.b > 1)", "Expected 'Identifier' found '('"),
        ("1 = metrics.a", "Expected 'Identifier' found '1'"),
        ("crazy.a = 'x'", "Invalid entity type 'crazy'"),
        ("attribute.start = 1", "Invalid attribute key 'start'"),
        ("attributes.experiment_id = '1'", "Invalid attribute key"),
        ("dataset.source = 'x'", "Invalid dataset key 'source'"),
        ("metrics.a = 'x'", "Expected numeric value type"),
        ("start_time = '5'", "Expected numeric value type"),
        ("params.a = 5", "Expected a quoted string value"),
        ("params.a = b", "Use either single or double quotes"),
        ("params.a = `b`", "Use either single or double quotes"),
        ("params.a > 'x'", "Invalid comparator '>'"),
        ("metrics.a LIKE 'x'", "Invalid comparator 'LIKE'"),
        ("metrics.a <> 1", "Invalid comparator '<>'"),
        ("metrics.a == 1", "Invalid comparator '=='"),
        ("params.a IN ('x')", "Invalid comparator 'IN'"),
        ("status IN ('x')", "Only ['run_id']"),
        ("run_id IN ()", "empty list"),
        ("run_id IN ('a' 'b')", "ill-formed list"),
        ("run_id IN ('a', 5)", "but got '5'"),
        ("run_id IN ('a'", "ill-formed list"),
        ("run_id IN 'a'", "Expected a list"),
        ("run_id = ('a')", "Only ['run_id']"),
        ("status IS NULL", "only supported for tags and params"),
        ("metrics.a IS NOT NULL", "only supported for tags and params"),
        ("params.a = 'x", "cannot be read"),
        ("metrics.a > 3abc", "cannot be read"),
        ("metrics.a > 1e999", "cannot be read"),
        ("metrics. > 1", "cannot be read"),
    ] {
        let error = runs::filter(filter).expect_err(filter);
        assert!(error.public.contains(part), "{filter}: {}", error.public);
    }
    let many = vec!["metrics.a > 1"; 101].join(" AND ");
    assert!(runs::filter(&many).unwrap_err().public.contains("at most 100"));
}

#[test]
fn orders() {
    let one = |text: &str| {
        let mut all = runs::order(&[text]).unwrap_or_else(|e| panic!("{text}: {e}"));
        let order = all.remove(0);
        (order.field, order.ascending)
    };
    assert_eq!(one("metrics.acc"), (metric("acc"), true));
    assert_eq!(one("metrics.`acc dev` DESC"), (metric("acc dev"), false));
    assert_eq!(one("params.\"a b\" asc"), (param("a b"), true));
    assert_eq!(one("tag.x desc"), (tag("x"), false));
    assert_eq!(one("start_time DESC"), (RunField::Attribute(RunAttribute::StartTime), false));
    assert_eq!(one("attribute.Created"), (RunField::Attribute(RunAttribute::StartTime), true));
    for (bad, part) in [
        ("metrics.a sideways", "Invalid ordering key"),
        ("metrics.a DESC extra", "Could not be parsed"),
        ("", "Could not be parsed"),
        ("5", "Could not be parsed"),
        ("foo.a", "Invalid entity type"),
        ("nope", "Invalid attribute key"),
        ("dataset.name", "Invalid order_by entity type"),
    ] {
        let error = runs::order(&[bad]).expect_err(bad);
        assert!(error.public.contains(part), "{bad}: {}", error.public);
        assert_eq!(error.field.as_deref(), Some("order_by"));
    }
    assert!(runs::order(&["metrics.a", "metric.a DESC"]).unwrap_err().public.contains("duplicate"));
}

#[test]
fn experiments_have_fields_of_their_own() {
    let all = experiments::filter("name ILIKE '%x%' AND tags.a = 'b' AND creation_time > 5 AND experiment_id IN ('1') AND tag.z IS NULL");
    assert_eq!(all.unwrap().len(), 5);
    for bad in ["metrics.a > 1", "name > 'x'", "name IN ('x')", "creation_time > 'x'", "creation_time > 1.5", "foo = 'x'", "name IS NULL"] {
        assert!(experiments::filter(bad).is_err(), "{bad}");
    }
    let order = experiments::order(&["attribute.name DESC"]).unwrap();
    assert_eq!((&order[0].field, order[0].ascending), (&ExperimentField::Name, false));
    assert_eq!(experiments::order::<&str>(&[]).unwrap().len(), 2);
    assert!(experiments::order(&["tags.a"]).is_err());
}

/// Any text at all is answered, with conditions or with a sentence; never with a panic.
#[test]
fn no_text_is_too_strange() {
    const PARTS: [&str; 40] = [
        "metrics", "params", ".", "`", "\"", "'", "a b", "acc", " ", "AND", "and", "OR", "=", "!=", "<", ">", "LIKE", "ILIKE", "IN", "NOT",
        "IS", "NULL", "(", ")", ",", "1", "-", "1.5", "e", ";", "\\", "\0", "é", "𝛼", "\n", "run_id", "--", "/*", "%", "''",
    ];
    // xorshift: no crate for one loop
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = move |n: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % n as u64) as usize
    };
    for round in 0..40_000 {
        let mut text = String::new();
        for _ in 0..next(14) {
            if next(4) == 0 {
                text.push(char::from_u32(next(0x11_0000) as u32).unwrap_or('?'));
            } else {
                text.push_str(PARTS[next(PARTS.len())]);
            }
            if round % 2 == 0 {
                text.push(' ');
            }
        }
        let _ = lexer::tokens(&text);
        let _ = syntax::filter(&text);
        let _ = runs::filter(&text);
        let _ = runs::order(&[&text]);
        let _ = experiments::filter(&text);
    }
    let deep = "(".repeat(200_000);
    assert!(runs::filter(&deep).is_err());
    let long = format!("params.a = '{}'", "x".repeat(2 << 20));
    assert!(runs::filter(&long).is_err());
}
