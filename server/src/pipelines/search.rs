//! Pipelines, their versions, pipeline runs and recurring runs, filtered and sorted as somebody asks.

use super::upload;
use crate::{
    access::TeamMember,
    error::{Error, Result},
    ids,
    records::search::{Condition, Order, PipelineField},
    store::{
        Store, keyset,
        pipeline_runs::PipelineRunRow,
        pipeline_search::{PipelineSearch, Place},
        pipelines::{PipelineRow, PipelineVersionRow},
        recurring_runs::RecurringRunRow,
    },
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

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

/// A page token: where the page ended, and of which list.
#[derive(Serialize, Deserialize)]
struct Token<P> {
    of: String,
    at: P,
}

/// Digits of the digest in a token: it tells lists from each other and keeps nothing secret.
const DIGITS: usize = 16;

impl Asked {
    /// `list`, its order and what has to hold, in short: where a page of another list ended says nothing of this one.
    fn of(&self, by: &TeamMember, list: &str) -> String {
        let mut digest = ids::sha256(format!("{} {list} {:?} {:?}", by.team.id, self.order, self.conditions));
        digest.truncate(DIGITS);
        digest
    }

    /// Where the page before ended. `list`: which one it is, with what else narrows it.
    ///
    /// # Errors
    /// The token is not of this list, order and conditions.
    pub fn after<P: DeserializeOwned>(&self, by: &TeamMember, list: &str) -> Result<Option<P>> {
        let Some(token) = self.page_token.as_deref().filter(|t| !t.is_empty()) else { return Ok(None) };
        let token: Option<Token<P>> = keyset::decode(token);
        token.filter(|t| t.of == self.of(by, list)).map(|t| Some(t.at)).ok_or_else(|| {
            Error::invalid("page_token", "This page_token is not one that this list answered, in the same order and with the same filter.")
                .hint("Leave it out to begin at the first page.")
        })
    }

    /// The token of the page that follows.
    pub fn token<P: Serialize>(&self, by: &TeamMember, list: &str, at: P) -> String {
        keyset::encode(&Token { of: self.of(by, list), at })
    }

    fn search<'a>(&'a self, by: &'a TeamMember, after: Option<&'a Place>) -> PipelineSearch<'a> {
        PipelineSearch { team_id: &by.team.id, conditions: &self.conditions, order: self.order.clone(), after }
    }

    const fn limit(&self) -> i64 {
        self.size as i64 + 1
    }

    /// `by`, `list`: whose, and which. `place`: name, name for people, id.
    fn page<T>(&self, (by, list): (&TeamMember, &str), mut rows: Vec<T>, total: i64, place: impl Fn(&T) -> (&str, &str, &str)) -> Found<T> {
        let more = rows.len() > self.size;
        rows.truncate(self.size);
        let next = rows.last().filter(|_| more).map(|row| {
            let (name, shown, id) = place(row);
            let name = match self.order.field {
                PipelineField::CreatedAt => None,
                PipelineField::DisplayName => Some(shown.to_owned()),
                _ => Some(name.to_owned()),
            };
            self.token(by, list, Place { name, id: id.to_owned() })
        });
        Found { rows, next, total }
    }
}

/// Pipelines of a team.
///
/// # Errors
/// A page token that is not ours.
pub async fn pipelines(store: &Store, by: &TeamMember, asked: &Asked) -> Result<Found<PipelineRow>> {
    let list = "pipelines";
    let after = asked.after(by, list)?;
    let search = asked.search(by, after.as_ref());
    let rows = store.pipeline_search(&search, asked.limit()).await?;
    let total = store.pipeline_count(&search, COUNTED).await?;
    Ok(asked.page((by, list), rows, total, |r| (r.name.as_str(), r.display_name.as_str(), r.id.as_str())))
}

/// Versions of a pipeline.
///
/// # Errors
/// No such pipeline; a page token that is not ours.
pub async fn versions(store: &Store, by: &TeamMember, pipeline: &str, asked: &Asked) -> Result<Found<PipelineVersionRow>> {
    let pipeline = upload::row(store, by, pipeline).await?;
    let list = format!("versions {}", pipeline.id);
    let after = asked.after(by, &list)?;
    let search = asked.search(by, after.as_ref());
    let rows = store.pipeline_version_search(&pipeline.id, &search, asked.limit()).await?;
    let total = store.pipeline_version_count(&pipeline.id, &search, COUNTED).await?;
    Ok(asked.page((by, &list), rows, total, |r| (r.name.as_str(), r.display_name.as_str(), r.id.as_str())))
}

/// Pipeline runs of a team. `archived`: those that were put away, those that were not, or both.
///
/// # Errors
/// A page token that is not ours.
pub async fn runs(store: &Store, by: &TeamMember, asked: &Asked, archived: &[bool]) -> Result<Found<PipelineRunRow>> {
    let list = format!("runs {archived:?}");
    let after = asked.after(by, &list)?;
    let search = asked.search(by, after.as_ref());
    let rows = store.pipeline_run_search(archived, &search, asked.limit()).await?;
    let mut total = 0;
    for archived in archived {
        total += store.pipeline_run_count(*archived, &search, COUNTED).await?;
    }
    Ok(asked.page((by, &list), rows, total.min(COUNTED), |r| (r.name.as_str(), r.name.as_str(), r.id.as_str())))
}

/// Recurring runs of a team.
///
/// # Errors
/// A page token that is not ours.
pub async fn recurring(store: &Store, by: &TeamMember, asked: &Asked) -> Result<Found<RecurringRunRow>> {
    let list = "recurring runs";
    let after = asked.after(by, list)?;
    let search = asked.search(by, after.as_ref());
    let rows = store.recurring_run_search(&search, asked.limit()).await?;
    let total = store.recurring_run_count(&search, COUNTED).await?;
    Ok(asked.page((by, list), rows, total, |r| (r.name.as_str(), r.name.as_str(), r.id.as_str())))
}
