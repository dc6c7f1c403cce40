//! Pipelines, their versions, pipeline runs and recurring runs, filtered and sorted as somebody asks.

use super::upload;
use crate::{
    access::TeamMember,
    error::{Error, Result},
    records::search::{Condition, Order, PipelineField},
    store::{
        Store, keyset,
        pipeline_runs::PipelineRunRow,
        pipeline_search::{PipelineSearch, Place},
        pipelines::{PipelineRow, PipelineVersionRow},
        recurring_runs::RecurringRunRow,
    },
};
use serde::{Deserialize, Serialize};

/// What is counted at most. Who asks for a list is not to wait until millions are counted.
pub const COUNTED: i64 = 1000;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// What has to hold.
    pub conditions: Vec<Condition<PipelineField>>,
    /// By time of creation, or by a name.
    pub order: Order<PipelineField>,
    /// Things of a page.
    pub size: usize,
    /// Token of the page before, of the same order.
    pub page_token: Option<String>,
}

/// A page of what was found.
#[derive(Debug, Clone)]
pub struct Found<T> {
    /// The things.
    pub rows: Vec<T>,
    /// Token of the next page.
    pub next: Option<String>,
    /// How many there are in all; counted up to [`COUNTED`].
    pub total: i64,
}

/// A page token: where the page ended, in which order.
#[derive(Serialize, Deserialize)]
struct Token {
    by: String,
    at: Place,
}

impl Asked {
    fn by(&self) -> String {
        format!("{:?} {}", self.order.field, self.order.ascending)
    }

    fn after(&self) -> Result<Option<Place>> {
        let Some(token) = self.page_token.as_deref().filter(|t| !t.is_empty()) else { return Ok(None) };
        let token: Option<Token> = keyset::decode(token);
        token.filter(|t| t.by == self.by()).map(|t| Some(t.at)).ok_or_else(|| {
            Error::invalid("page_token", "This page_token is not one that a list of the same order answered.")
                .hint("Leave it out to begin at the first page.")
        })
    }

    fn search<'a>(&'a self, by: &'a TeamMember, after: Option<&'a Place>) -> PipelineSearch<'a> {
        PipelineSearch { team_id: &by.team.id, conditions: &self.conditions, order: self.order.clone(), after }
    }

    const fn limit(&self) -> i64 {
        self.size as i64 + 1
    }

    /// `place`: name, name for people, id.
    fn page<T>(&self, mut rows: Vec<T>, total: i64, place: impl Fn(&T) -> (&str, &str, &str)) -> Found<T> {
        let more = rows.len() > self.size;
        rows.truncate(self.size);
        let next = rows.last().filter(|_| more).map(|row| {
            let (name, shown, id) = place(row);
            let name = match self.order.field {
                PipelineField::CreatedAt => None,
                PipelineField::DisplayName => Some(shown.to_owned()),
                _ => Some(name.to_owned()),
            };
            keyset::encode(&Token { by: self.by(), at: Place { name, id: id.to_owned() } })
        });
        Found { rows, next, total }
    }
}

/// Pipelines of a team.
///
/// # Errors
/// A page token that is not ours.
pub async fn pipelines(store: &Store, by: &TeamMember, asked: &Asked) -> Result<Found<PipelineRow>> {
    let after = asked.after()?;
    let search = asked.search(by, after.as_ref());
    let rows = store.pipeline_search(&search, asked.limit()).await?;
    let total = store.pipeline_count(&search, COUNTED).await?;
    Ok(asked.page(rows, total, |r| (r.name.as_str(), r.display_name.as_str(), r.id.as_str())))
}

/// Versions of a pipeline.
///
/// # Errors
/// No such pipeline; a page token that is not ours.
pub async fn versions(store: &Store, by: &TeamMember, pipeline: &str, asked: &Asked) -> Result<Found<PipelineVersionRow>> {
    let pipeline = upload::row(store, by, pipeline).await?;
    let after = asked.after()?;
    let search = asked.search(by, after.as_ref());
    let rows = store.pipeline_version_search(&pipeline.id, &search, asked.limit()).await?;
    let total = store.pipeline_version_count(&pipeline.id, &search, COUNTED).await?;
    Ok(asked.page(rows, total, |r| (r.name.as_str(), r.display_name.as_str(), r.id.as_str())))
}

/// Pipeline runs of a team. `archived`: those that were put away, those that were not, or both.
///
/// # Errors
/// A page token that is not ours.
pub async fn runs(store: &Store, by: &TeamMember, asked: &Asked, archived: &[bool]) -> Result<Found<PipelineRunRow>> {
    let after = asked.after()?;
    let search = asked.search(by, after.as_ref());
    let rows = store.pipeline_run_search(archived, &search, asked.limit()).await?;
    let mut total = 0;
    for archived in archived {
        total += store.pipeline_run_count(*archived, &search, COUNTED).await?;
    }
    Ok(asked.page(rows, total.min(COUNTED), |r| (r.name.as_str(), r.name.as_str(), r.id.as_str())))
}

/// Recurring runs of a team.
///
/// # Errors
/// A page token that is not ours.
pub async fn recurring(store: &Store, by: &TeamMember, asked: &Asked) -> Result<Found<RecurringRunRow>> {
    let after = asked.after()?;
    let search = asked.search(by, after.as_ref());
    let rows = store.recurring_run_search(&search, asked.limit()).await?;
    let total = store.recurring_run_count(&search, COUNTED).await?;
    Ok(asked.page(rows, total, |r| (r.name.as_str(), r.name.as_str(), r.id.as_str())))
}
