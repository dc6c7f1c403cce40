//! The search against a plain model of it: the same runs in memory, filtered and sorted the slow way.

use crate::engines::{OURS, THEIRS, World, each};
use server::{
    records::{
        run::Lifecycle,
        search::{Condition, DatasetField, Op, Operand, Order, RunAttribute, RunField, View},
    },
    runs::search::runs as grammar,
    store::{
        run_inputs::NewRunDataset,
        run_metrics::NewPoint,
        run_search::{RunSearch, Scope},
        run_tags::NewPair,
        runs::{NewRunRow, RunChange, RunRow},
    },
};
use std::{cmp::Ordering, collections::BTreeMap};

struct Model {
    row: RunRow,
    metrics: BTreeMap<String, f64>,
    params: BTreeMap<String, String>,
    tags: BTreeMap<String, String>,
    datasets: Vec<String>,
}

struct Dice(u64);
impl Dice {
    fn roll(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

const WORDS: [&str; 7] = ["adam", "Adam", "sgd", "s_gd", "it's", "", "ädam*"];

async fn fill(w: &World, dice: &mut Dice) -> Vec<Model> {
    let mut tx = w.store.begin().await.unwrap();
    let mut experiments = vec![];
    for name in ["one", "two", "three"] {
        experiments.push(tx.experiment_insert(OURS, name, name, "x").await.unwrap());
    }
    let foreign = tx.experiment_insert(THEIRS, "foreign", "foreign", "x").await.unwrap();
    let mut out = vec![];
    for i in 0..240_u64 {
        let experiment = if i % 20 == 19 { &foreign } else { &experiments[dice.roll(3) as usize] };
        let id = format!("{:032x}", dice.roll(u64::MAX));
        let new = NewRunRow {
            id: &id,
            experiment,
            name: WORDS[dice.roll(7) as usize],
            user_name: "ada",
            created_by: "ada",
            state: app::api::State::Running,
            reason: None,
            submitted: false,
            // few values, so that ties have to be broken
            started_at: 1000 + dice.roll(12) as i64,
        };
        let row = tx.run_insert(&new).await.unwrap();
        let pair =
            |key: &str, value: &str| NewPair { run_key: row.key, experiment_key: row.experiment_key, key: key.into(), value: value.into() };
        let mut model =
            Model { row: row.clone(), metrics: BTreeMap::new(), params: BTreeMap::new(), tags: BTreeMap::new(), datasets: vec![] };
        for key in ["acc", "loss"] {
            let value = match dice.roll(8) {
                0 => continue,
                1 => f64::NAN,
                2 => f64::INFINITY,
                n => n as f64 / 4.0,
            };
            let point = NewPoint { run_key: row.key, experiment_key: row.experiment_key, key: key.into(), time: 1, step: 0, value };
            tx.metrics_insert(&[point]).await.unwrap();
            model.metrics.insert(key.into(), value);
        }
        if dice.roll(4) > 0 {
            let value = WORDS[dice.roll(7) as usize];
            tx.params_insert(&[pair("opt", value)]).await.unwrap();
            model.params.insert("opt".into(), value.into());
        }
        if dice.roll(3) > 0 {
            let value = "x".repeat(98 + dice.roll(4) as usize) + WORDS[dice.roll(7) as usize];
            tx.run_tags_set(&[pair("long", &value)]).await.unwrap();
            model.tags.insert("long".into(), value);
        }
        for name in WORDS.iter().take(3).filter(|_| dice.roll(3) == 0) {
            let set = NewRunDataset {
                name: (*name).into(),
                digest: "d".into(),
                source_type: "s".into(),
                source: "s".into(),
                schema_json: None,
                profile_json: None,
                context: Some("training".into()),
                tags_json: "[]".into(),
            };
            tx.run_dataset_insert(row.key, row.experiment_key, &set).await.unwrap();
            model.datasets.push((*name).into());
        }
        if dice.roll(2) == 0 {
            let change = RunChange {
                status: Some(server::records::run::RunStatus::Finished),
                ended_at: Some(2000 + dice.roll(5) as i64),
                name: None,
            };
            tx.run_update(&row, &change).await.unwrap();
        }
        if dice.roll(9) == 0 {
            tx.run_set_lifecycle(row.key, Lifecycle::Deleted).await.unwrap();
        }
        model.row = tx.run(&row.team_id, &id).await.unwrap().unwrap();
        out.push(model);
    }
    tx.commit().await.unwrap();
    out
}

fn like(text: &str, pattern: &str, fold: bool) -> bool {
    fn matches(t: &[char], p: &[char]) -> bool {
        match p.split_first() {
            None => t.is_empty(),
            Some(('%', rest)) => (0..=t.len()).any(|i| matches(&t[i..], rest)),
            Some((c, rest)) => t.split_first().is_some_and(|(x, more)| (*c == '_' || x == c) && matches(more, rest)),
        }
    }
    let chars = |s: &str| s.chars().map(|c| if fold { c.to_ascii_lowercase() } else { c }).collect::<Vec<_>>();
    matches(&chars(text), &chars(pattern))
}

fn text_holds(have: &str, op: Op, operand: &Operand) -> bool {
    match (op, operand) {
        (Op::Eq, Operand::Text(t)) => have == t,
        (Op::Ne, Operand::Text(t)) => have != t,
        (Op::Like, Operand::Text(t)) => like(have, t, false),
        (Op::ILike, Operand::Text(t)) => like(have, t, true),
        (Op::In, Operand::List(l)) => l.iter().any(|t| t == have),
        (Op::NotIn, Operand::List(l)) => !l.iter().any(|t| t == have),
        other => panic!("{other:?}"),
    }
}

fn number_holds(have: f64, op: Op, operand: &Operand) -> bool {
    let with = match operand {
        Operand::Int(n) => *n as f64,
        Operand::Real(x) => *x,
        other => panic!("{other:?}"),
    };
    match op {
        Op::Eq => have == with,
        Op::Ne => have != with,
        Op::Gt => have > with,
        Op::Ge => have >= with,
        Op::Lt => have < with,
        Op::Le => have <= with,
        other => panic!("{other:?}"),
    }
}

fn holds(model: &Model, c: &Condition<RunField>) -> bool {
    let pair = |map: &BTreeMap<String, String>, key: &str| match (map.get(key), c.op) {
        (have, Op::IsNull) => have.is_none(),
        (have, Op::IsNotNull) => have.is_some(),
        (have, op) => have.is_some_and(|v| text_holds(v, op, &c.operand)),
    };
    match &c.field {
        RunField::Metric(key) => model.metrics.get(key).is_some_and(|v| number_holds(*v, c.op, &c.operand)),
        RunField::Param(key) => pair(&model.params, key),
        RunField::Tag(key) => pair(&model.tags, key),
        RunField::Dataset(DatasetField::Name) => model.datasets.iter().any(|d| text_holds(d, c.op, &c.operand)),
        RunField::Dataset(DatasetField::Context) => model.datasets.iter().any(|_| text_holds("training", c.op, &c.operand)),
        RunField::Dataset(DatasetField::Digest) => model.datasets.iter().any(|_| text_holds("d", c.op, &c.operand)),
        RunField::Attribute(RunAttribute::StartTime) => number_holds(model.row.started_at as f64, c.op, &c.operand),
        RunField::Attribute(RunAttribute::EndTime) => model.row.ended_at.is_some_and(|t| number_holds(t as f64, c.op, &c.operand)),
        RunField::Attribute(a) => text_holds(&attribute(model, *a), c.op, &c.operand),
    }
}

fn attribute(model: &Model, a: RunAttribute) -> String {
    match a {
        RunAttribute::RunId => model.row.id.clone(),
        RunAttribute::RunName => model.row.name.clone(),
        RunAttribute::UserId => model.row.user_name.clone(),
        RunAttribute::Status => model.row.status.clone(),
        RunAttribute::ArtifactUri => model.row.artifact_uri.clone(),
        RunAttribute::StartTime | RunAttribute::EndTime => unreachable!(),
    }
}

/// Rank (0 a value, 1 not a number, 2 missing), then the value as number and text.
fn sort_key(model: &Model, field: &RunField) -> (i32, f64, String) {
    let text = |t: Option<&String>| t.map_or((2, 0.0, String::new()), |t| (0, 0.0, t.clone()));
    match field {
        RunField::Metric(key) => match model.metrics.get(key) {
            None => (2, 0.0, String::new()),
            Some(v) if v.is_nan() => (1, 0.0, String::new()),
            Some(v) => (0, *v, String::new()),
        },
        RunField::Param(key) => text(model.params.get(key)),
        RunField::Tag(key) => text(model.tags.get(key)),
        RunField::Attribute(RunAttribute::StartTime) => (0, model.row.started_at as f64, String::new()),
        RunField::Attribute(RunAttribute::EndTime) => model.row.ended_at.map_or((2, 0.0, String::new()), |t| (0, t as f64, String::new())),
        RunField::Attribute(a) => (0, 0.0, attribute(model, *a)),
        RunField::Dataset(_) => unreachable!(),
    }
}

fn compare(a: &Model, b: &Model, order: &[Order<RunField>]) -> Ordering {
    for o in order {
        let (x, y) = (sort_key(a, &o.field), sort_key(b, &o.field));
        let values = x.1.total_cmp(&y.1).then_with(|| x.2.cmp(&y.2));
        let by = x.0.cmp(&y.0).then(if o.ascending { values } else { values.reverse() });
        if by != Ordering::Equal {
            return by;
        }
    }
    let start = if order.iter().any(|o| o.field == RunField::Attribute(RunAttribute::StartTime)) {
        Ordering::Equal
    } else {
        b.row.started_at.cmp(&a.row.started_at)
    };
    start.then_with(|| a.row.id.cmp(&b.row.id))
}

const FILTERS: [&str; 22] = [
    "",
    "metrics.acc > 0.8",
    "metrics.acc != 1.25",
    "metrics.acc >= 1 AND metrics.loss < 1.5",
    "metrics.acc > 1e308",
    "metrics.nope > 0",
    "params.opt = 'adam'",
    "params.opt != 'adam'",
    "params.opt LIKE '%dam'",
    "params.opt LIKE 's_gd'",
    "params.opt LIKE 'ädam*'",
    "params.opt ILIKE 'ADAM%'",
    "params.opt IS NULL",
    "params.opt IS NOT NULL AND metrics.acc < 1",
    "tags.long LIKE 'xxx%adam'",
    "tags.long IS NULL AND status = 'FINISHED'",
    "attributes.run_name = \"it's\"",
    "start_time > 1005 AND end_time <= 2003",
    "start_time = 1003.0",
    "datasets.name = 'adam'",
    "datasets.name IN ('adam', 'sgd') AND datasets.context = 'training'",
    "dataset.name NOT IN ('adam')",
];

const ORDERS: [&[&str]; 13] = [
    &[],
    &["metrics.acc"],
    &["metrics.acc DESC"],
    &["metrics.acc DESC", "metrics.loss ASC"],
    &["metrics.nope DESC", "metrics.acc"],
    &["params.opt"],
    &["params.opt DESC", "start_time ASC"],
    &["tags.long DESC"],
    &["attributes.end_time", "metrics.loss DESC"],
    &["attributes.end_time DESC"],
    &["start_time ASC"],
    &["attributes.run_name DESC", "params.opt"],
    &["status", "tags.long"],
];

#[tokio::test]
async fn every_page_of_every_search_is_what_the_model_says() {
    each(async |w| {
        let mut dice = Dice(0x5EED_1234_5678_9ABC);
        let models = fill(w, &mut dice).await;
        let experiment = |id: &'static str| w.store.experiment(OURS, id);
        let keys = [
            experiment("one").await.unwrap().unwrap().key,
            experiment("two").await.unwrap().unwrap().key,
            experiment("three").await.unwrap().unwrap().key,
        ];
        let mut tried = 0;
        for filter in FILTERS {
            for texts in ORDERS {
                let (conditions, order) = (grammar::filter(filter).unwrap(), grammar::order(texts).unwrap());
                let scope = match dice.roll(4) {
                    0 => Scope::Team,
                    1 => Scope::Experiments(vec![keys[0]]),
                    2 => Scope::Experiments(vec![keys[0], keys[2]]),
                    // too many to merge
                    _ => Scope::Experiments(keys.iter().copied().chain(1000..1020).collect()),
                };
                let view = [View::Active, View::Active, View::Deleted, View::All][dice.roll(4) as usize];
                let mut expected: Vec<&Model> = models
                    .iter()
                    .filter(|m| m.row.team_id == OURS)
                    .filter(|m| match &scope {
                        Scope::Team => true,
                        Scope::Experiments(keys) => keys.contains(&m.row.experiment_key),
                    })
                    .filter(|m| match view {
                        View::Active => m.row.is_active(),
                        View::Deleted => !m.row.is_active(),
                        View::All => true,
                    })
                    .filter(|m| conditions.iter().all(|c| holds(m, c)))
                    .collect();
                expected.sort_by(|a, b| compare(a, b, &order));
                let search = RunSearch { team_id: OURS, scope, conditions: &conditions, order: &order, view };
                let size = 1 + dice.roll(60) as i64;
                let (mut read, mut after) = (Vec::new(), None);
                loop {
                    let page = w.store.run_search(&search, after.as_ref(), size).await.unwrap();
                    let Some(last) = page.last() else { break };
                    after = Some(w.store.run_cursor(&order, last).await.unwrap());
                    let more = page.len() as i64 == size;
                    read.extend(page.into_iter().map(|r| r.id));
                    if !more {
                        break;
                    }
                }
                let expected: Vec<String> = expected.iter().map(|m| m.row.id.clone()).collect();
                let equal = read == expected;
                assert!(equal, "{}: {filter} by {texts:?}, {size} a page, {:?} {view:?}", w.engine, search.scope);
                tried += usize::from(!read.is_empty());
            }
        }
        assert!(tried > 150, "most searches find something: {tried}");
    })
    .await;
}
