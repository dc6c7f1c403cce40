//! Lists longer than a page.

use app::api::{ListQuery, Page, Problem, page::MAX_PAGE_SIZE};
use clap::Args;

/// How much of a list.
#[derive(Debug, Clone, Args)]
pub struct Limit {
    /// Rows at most
    #[arg(long, default_value_t = 50)]
    pub limit: u32,
}

/// Reads pages until `limit` rows are there or no more come.
///
/// # Errors
/// What the API answers.
pub async fn collect<T>(limit: &Limit, ask: impl AsyncFn(ListQuery) -> Result<Page<T>, Problem>) -> Result<Page<T>, Problem> {
    let mut all = Page::default();
    loop {
        let left = (limit.limit as usize).saturating_sub(all.items.len());
        if left == 0 {
            return Ok(all);
        }
        let page_size = MAX_PAGE_SIZE.min(u32::try_from(left).unwrap_or(MAX_PAGE_SIZE));
        let page = ask(ListQuery { page_size: Some(page_size), page_token: all.next_page_token.take() }).await?;
        all.items.extend(page.items);
        all.next_page_token = page.next_page_token;
        if all.next_page_token.is_none() {
            return Ok(all);
        }
    }
}
