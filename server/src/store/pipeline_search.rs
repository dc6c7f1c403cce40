//! Lists of pipelines, of their versions, of pipeline runs and of recurring runs, filtered and sorted as somebody asks, and how many there are of them.

use super::{
    Row, Store, pipeline_runs,
    pipeline_runs::PipelineRunRow,
    pipelines::{PipelineRow, PipelineVersionRow},
    recurring_runs::{self, RecurringRunRow},
    sql::{SortColumn, Sql, after as after_sql},
};
use crate::{
    error::{Error, Result},
    records::search::{Condition, Order, PipelineField},
};
use serde::{Deserialize, Serialize};

/// What is looked for in a team.
#[derive(Debug, Clone)]
pub struct PipelineSearch<'a> {
    /// The team.
    pub team_id: &'a str,
    /// What has to hold.
    pub conditions: &'a [Condition<PipelineField>],
    /// In which order. By time of creation means by id; the id settles what is equal.
    pub order: Order<PipelineField>,
    /// Where the page before ended.
    pub after: Option<&'a Place>,
}

/// Where a page ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The name that was sorted by; none where it was the time of creation.
    pub name: Option<String>,
    /// Id.
    pub id: String,
}

/// Among which things is looked, with what they are called in SQL.
#[derive(Debug, Clone, Copy)]
enum Of<'a> {
    Pipelines,
    Versions(&'a str),
    Runs { archived: bool },
    Recurring,
}

impl Of<'_> {
    const fn column(self, field: PipelineField) -> Option<&'static str> {
        match (self, field) {
            (Self::Versions(_), PipelineField::Id | PipelineField::Version) => Some("v.id"),
            (Self::Versions(_), PipelineField::Name) => Some("v.name"),
            (Self::Versions(_), PipelineField::DisplayName) => Some("v.display_name"),
            (Self::Versions(_), PipelineField::CreatedAt) => Some("v.created_at"),
            (Self::Versions(_), PipelineField::Pipeline) => Some("v.pipeline_id"),
            (Self::Pipelines, PipelineField::Id | PipelineField::Pipeline) => Some("id"),
            (Self::Runs { .. } | Self::Recurring, PipelineField::Id) => Some("id"),
            (Self::Pipelines, PipelineField::Name) => Some("name"),
            (Self::Runs { .. } | Self::Recurring, PipelineField::Name | PipelineField::DisplayName) => Some("name"),
            (Self::Pipelines, PipelineField::DisplayName) => Some("display_name"),
            (Self::Pipelines | Self::Runs { .. } | Self::Recurring, PipelineField::CreatedAt) => Some("created_at"),
            (Self::Runs { .. }, PipelineField::RecurringRun) => Some("recurring_run_id"),
            (Self::Runs { .. }, PipelineField::EndedAt) => Some("ended_at"),
            (Self::Runs { .. }, PipelineField::State) => Some("state"),
            (Self::Runs { .. } | Self::Recurring, PipelineField::Experiment) => Some("experiment_id"),
            (Self::Runs { .. } | Self::Recurring, PipelineField::Pipeline) => Some("pipeline_id"),
            (Self::Runs { .. } | Self::Recurring, PipelineField::Version) => Some("version_id"),
            _ => None,
        }
    }

    fn select(self) -> &'static str {
        match self {
            Self::Pipelines => {
                "SELECT id, team_id, name, display_name, description, created_by, revision, created_at, max_tasks FROM pipelines"
            }
            Self::Versions(_) => {
                "SELECT v.id, v.team_id, v.pipeline_id, p.name AS pipeline, v.name, v.display_name, v.description, v.spec_digest,
                     v.created_by, v.created_at FROM pipeline_versions v JOIN pipelines p ON p.id = v.pipeline_id"
            }
            Self::Runs { .. } => pipeline_runs::COLUMNS,
            Self::Recurring => recurring_runs::COLUMNS,
        }
    }

    const fn table(self) -> &'static str {
        match self {
            Self::Pipelines => "pipelines",
            Self::Versions(_) => "pipeline_versions v",
            Self::Runs { .. } => "pipeline_runs",
            Self::Recurring => "recurring_runs",
        }
    }

    fn conditions(self, sql: &mut Sql, search: &PipelineSearch<'_>) -> Result<Vec<String>> {
        let mut out = match self {
            Self::Versions(pipeline) => {
                vec![format!("v.team_id = {}", sql.bind(search.team_id)), format!("v.pipeline_id = {}", sql.bind(pipeline))]
            }
            Self::Pipelines | Self::Recurring => vec![format!("team_id = {}", sql.bind(search.team_id))],
            Self::Runs { archived } => {
                vec![format!("team_id = {}", sql.bind(search.team_id)), format!("archived = {}", sql.bind(archived))]
            }
        };
        for Condition { field, op, operand } in search.conditions {
            out.push(sql.compare(self.column_of(*field)?, *op, operand));
        }
        Ok(out)
    }

    fn column_of(self, field: PipelineField) -> Result<&'static str> {
        self.column(field).ok_or_else(|| Error::internal(format!("{field:?} is no column of {}", self.table())))
    }

    fn sort(self, sql: &mut Sql, search: &PipelineSearch<'_>) -> Result<Vec<SortColumn>> {
        let descending = !search.order.ascending;
        let column = |expression: &str, after: Option<String>| SortColumn { expression: expression.into(), descending, after };
        let mut out = Vec::new();
        if search.order.field != PipelineField::CreatedAt {
            let after = search.after.and_then(|a| a.name.as_ref()).map(|name| sql.bind(name));
            out.push(column(self.column_of(search.order.field)?, after));
        }
        let after = search.after.map(|a| sql.bind(&a.id));
        out.push(column(self.column_of(PipelineField::Id)?, after));
        Ok(out)
    }
}

impl Store {
    /// One page of each of these, put together: each lies in the order of an index, all of them together do not.
    async fn pipeline_searched<R: Row>(&self, of: &[Of<'_>], search: &PipelineSearch<'_>, limit: i64) -> Result<Vec<R>> {
        let mut sql = Sql::new(self.db().is_postgres());
        let mut pages = Vec::with_capacity(of.len());
        let mut whole_order = String::new();
        for of in of {
            let mut wheres = of.conditions(&mut sql, search)?;
            let columns = of.sort(&mut sql, search)?;
            wheres.extend(after_sql(&columns).map(|c| format!("({c})")));
            whole_order = columns.iter().map(|c| format!("{}{}", c.expression, c.direction())).collect::<Vec<_>>().join(", ");
            pages.push(format!("{} WHERE {} ORDER BY {whole_order} LIMIT {}", of.select(), wheres.join(" AND "), sql.bind(limit)));
        }
        let text = match pages.as_slice() {
            [] => return Ok(Vec::new()),
            [page] => page.clone(),
            pages => {
                let all: Vec<String> = pages.iter().map(|page| format!("SELECT * FROM ({page}) few")).collect();
                format!("SELECT * FROM ({}) every ORDER BY {whole_order} LIMIT {}", all.join(" UNION ALL "), sql.bind(limit))
            }
        };
        let (text, args) = sql.finish(&text);
        self.all(text, args).await
    }

    async fn pipeline_counted(&self, of: Of<'_>, search: &PipelineSearch<'_>, most: i64) -> Result<i64> {
        let mut sql = Sql::new(self.db().is_postgres());
        let wheres = of.conditions(&mut sql, search)?.join(" AND ");
        let text = format!("SELECT COUNT(*) FROM (SELECT 1 FROM {} WHERE {wheres} LIMIT {}) few", of.table(), sql.bind(most));
        let (text, args) = sql.finish(&text);
        Ok(self.opt::<(i64,)>(text, args).await?.map_or(0, |r| r.0))
    }

    /// A page of pipelines.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_search(&self, search: &PipelineSearch<'_>, limit: i64) -> Result<Vec<PipelineRow>> {
        self.pipeline_searched(&[Of::Pipelines], search, limit).await
    }

    /// How many pipelines there are; counted up to `most`.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_count(&self, search: &PipelineSearch<'_>, most: i64) -> Result<i64> {
        self.pipeline_counted(Of::Pipelines, search, most).await
    }

    /// A page of versions of a pipeline.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_version_search(
        &self,
        pipeline_id: &str,
        search: &PipelineSearch<'_>,
        limit: i64,
    ) -> Result<Vec<PipelineVersionRow>> {
        self.pipeline_searched(&[Of::Versions(pipeline_id)], search, limit).await
    }

    /// How many versions of a pipeline there are; counted up to `most`.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_version_count(&self, pipeline_id: &str, search: &PipelineSearch<'_>, most: i64) -> Result<i64> {
        self.pipeline_counted(Of::Versions(pipeline_id), search, most).await
    }

    /// A page of pipeline runs. `archived`: of those that were put away, of those that were not, or of both.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_run_search(&self, archived: &[bool], search: &PipelineSearch<'_>, limit: i64) -> Result<Vec<PipelineRunRow>> {
        let of: Vec<Of<'_>> = archived.iter().map(|archived| Of::Runs { archived: *archived }).collect();
        self.pipeline_searched(&of, search, limit).await
    }

    /// How many pipeline runs there are, of those that were put away or of those that were not; counted up to `most`.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_run_count(&self, archived: bool, search: &PipelineSearch<'_>, most: i64) -> Result<i64> {
        self.pipeline_counted(Of::Runs { archived }, search, most).await
    }

    /// A page of recurring runs.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn recurring_run_search(&self, search: &PipelineSearch<'_>, limit: i64) -> Result<Vec<RecurringRunRow>> {
        self.pipeline_searched(&[Of::Recurring], search, limit).await
    }

    /// How many recurring runs there are; counted up to `most`.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn recurring_run_count(&self, search: &PipelineSearch<'_>, most: i64) -> Result<i64> {
        self.pipeline_counted(Of::Recurring, search, most).await
    }
}
