//! What the lists and the simple verbs of all nouns share.

use super::{
    Failure,
    here::Here,
    pages::{self, Limit},
    watch::{self, Fate},
};
use app::api::{ListQuery, Page, Problem};
use clap::Args;
use serde::Serialize;

/// Flags of a list.
#[derive(Debug, Clone, Args)]
// Some verbs have them beside their own.
#[group(skip)]
pub struct List {
    #[command(flatten)]
    pub limit: Limit,
    /// Show it again whenever it changes, until nothing in it will change by itself
    #[arg(long, short)]
    pub watch: bool,
}

/// Whether a row will change by itself. `None` for rows of which nobody can tell: they are watched until Ctrl-C.
pub type Moves<T> = Option<fn(&T) -> bool>;

impl List {
    /// Shows the list as `table` writes its rows.
    ///
    /// # Errors
    /// What the API answers.
    pub async fn show<T: Serialize>(
        &self,
        here: &Here,
        ask: impl AsyncFn(ListQuery) -> Result<Page<T>, Problem>,
        table: impl Fn(&[T]) -> String,
        moves: Moves<T>,
    ) -> Result<(), Failure> {
        let all = async || pages::collect(&self.limit, &ask).await;
        let fate = |page: &Page<T>| match moves {
            Some(moves) if !page.items.iter().any(moves) => Fate::Good,
            _ => Fate::Pending,
        };
        watch::show(here, self.watch, all, |page| table(&page.items), fate).await
    }
}

/// A thing by its name, and whether to see what becomes of it.
#[derive(Debug, Clone, Args)]
#[group(skip)]
pub struct Named {
    /// Name
    pub name: String,
    /// Show it again whenever it changes, until nothing more will happen by itself
    #[arg(long, short)]
    pub watch: bool,
}
