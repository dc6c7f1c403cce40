//! The search over experiments. A team has few of them (thousands): they are filtered and sorted among the team's.

use super::{
    Store,
    experiments::{COLUMNS, ExperimentRow},
    sql::{SortColumn, Sql, after as after_sql},
};
use crate::{
    error::Result,
    records::search::{Condition, ExperimentField, Op, Operand, Order, View},
};

/// A search over the experiments of a team.
#[derive(Debug, Clone)]
pub struct ExperimentSearch<'a> {
    /// The team.
    pub team_id: &'a str,
    /// What has to hold.
    pub conditions: &'a [Condition<ExperimentField>],
    /// In which order.
    pub order: &'a [Order<ExperimentField>],
    /// Active or deleted ones.
    pub view: View,
}

impl Store {
    /// A page of experiments after that of id `after`, which ended the page before.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn experiment_search(&self, search: &ExperimentSearch<'_>, after: Option<&String>, limit: i64) -> Result<Vec<ExperimentRow>> {
        let last = match after {
            Some(id) => self.experiment(search.team_id, id).await?,
            None => None,
        };
        let mut sql = Sql::new(self.db().is_postgres());
        let mut wheres = wheres(&mut sql, search);
        let mut columns: Vec<SortColumn> = Vec::new();
        for order in search.order {
            columns.push(sort(&mut sql, &order.field, order.ascending, last.as_ref()));
        }
        if !search.order.iter().any(|o| o.field == ExperimentField::Id) {
            columns.push(sort(&mut sql, &ExperimentField::Id, false, last.as_ref()));
        }
        if last.is_some() {
            wheres.extend(after_sql(&columns).map(|c| format!("({c})")));
        }
        let order = columns.iter().map(|c| format!("{}{}", c.expression, c.direction())).collect::<Vec<_>>().join(", ");
        let text = format!("SELECT {COLUMNS} FROM experiments e WHERE {} ORDER BY {order} LIMIT {}", wheres.join(" AND "), sql.bind(limit));
        let (text, args) = sql.finish(&text);
        self.all(text, args).await
    }

    /// How many experiments a search finds; counted up to `most`.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn experiment_count(&self, search: &ExperimentSearch<'_>, most: i64) -> Result<i64> {
        let mut sql = Sql::new(self.db().is_postgres());
        let wheres = wheres(&mut sql, search).join(" AND ");
        let text = format!("SELECT COUNT(*) FROM (SELECT 1 FROM experiments e WHERE {wheres} LIMIT {}) few", sql.bind(most));
        let (text, args) = sql.finish(&text);
        Ok(self.opt::<(i64,)>(text, args).await?.map_or(0, |r| r.0))
    }
}

fn wheres(sql: &mut Sql, search: &ExperimentSearch<'_>) -> Vec<String> {
    let mut wheres = vec![format!("e.team_id = {}", sql.bind(search.team_id))];
    match search.view {
        View::Active => wheres.push("e.lifecycle = 'active'".into()),
        View::Deleted => wheres.push("e.lifecycle = 'deleted'".into()),
        View::All => {}
    }
    wheres.extend(search.conditions.iter().map(|c| condition(sql, search.team_id, c)));
    wheres
}

fn sort(sql: &mut Sql, field: &ExperimentField, ascending: bool, last: Option<&ExperimentRow>) -> SortColumn {
    let (expression, after) = match field {
        ExperimentField::Name => ("e.name", last.map(|l| sql.bind(&l.name))),
        ExperimentField::CreationTime => ("e.created_at", last.map(|l| sql.bind(l.created_at))),
        ExperimentField::LastUpdateTime => ("e.updated_at", last.map(|l| sql.bind(l.updated_at))),
        ExperimentField::Id | ExperimentField::Tag(_) => ("e.id", last.map(|l| sql.bind(&l.id))),
    };
    SortColumn { expression: expression.into(), descending: !ascending, after }
}

fn condition(sql: &mut Sql, team_id: &str, condition: &Condition<ExperimentField>) -> String {
    let Condition { field, op, operand } = condition;
    // MLflow's "0" is the team's Default.
    let real = |id: &String| if id == "0" { team_id.to_owned() } else { id.clone() };
    match field {
        ExperimentField::Name => sql.compare("e.name", *op, operand),
        ExperimentField::CreationTime => sql.compare("e.created_at", *op, operand),
        ExperimentField::LastUpdateTime => sql.compare("e.updated_at", *op, operand),
        ExperimentField::Id => {
            let operand = match operand {
                Operand::Text(id) => Operand::Text(real(id)),
                Operand::List(ids) => Operand::List(ids.iter().map(real).collect()),
                other => other.clone(),
            };
            sql.compare("e.id", *op, &operand)
        }
        ExperimentField::Tag(key) => {
            let key = sql.bind(key);
            let compared = match op {
                Op::IsNull | Op::IsNotNull => String::new(),
                _ => format!(" AND {}", sql.compare("t.value", *op, operand)),
            };
            let not = if *op == Op::IsNull { "NOT " } else { "" };
            format!("{not}EXISTS (SELECT 1 FROM experiment_tags t WHERE t.experiment_key = e.key AND t.key = {key}{compared})")
        }
    }
}
