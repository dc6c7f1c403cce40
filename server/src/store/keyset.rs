//! Pages by key: opaque tokens, sizes within bounds.

use crate::error::{Error, Result};
use app::api::page::{ListQuery, MAX_PAGE_SIZE, Page};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};

/// Which page is asked for: a size within bounds and the key after which it begins.
#[derive(Debug, Clone)]
pub struct Keyset<K> {
    /// Rows wanted.
    pub size: usize,
    /// Key of the last row of the page before.
    pub after: Option<K>,
}

impl<K: Serialize + DeserializeOwned> Keyset<K> {
    /// From `page_size` and `page_token`.
    ///
    /// # Errors
    /// A size out of bounds, a token that is not ours.
    pub fn new(page_size: Option<u32>, page_token: Option<&str>) -> Result<Self> {
        let size = page_size.unwrap_or(50);
        if size == 0 || size > MAX_PAGE_SIZE {
            return Err(Error::invalid("page_size", format!("page_size is 1 to {MAX_PAGE_SIZE}.")));
        }
        let after = match page_token.filter(|t| !t.is_empty()) {
            None => None,
            Some(token) => Some(decode(token).ok_or_else(|| {
                Error::invalid("page_token", "This page_token is not one that a list answered.")
                    .hint("Leave it out to begin at the first page.")
            })?),
        };
        Ok(Self { size: size as usize, after })
    }

    /// From a list query.
    ///
    /// # Errors
    /// As [`Keyset::new`].
    pub fn of(query: &ListQuery) -> Result<Self> {
        Self::new(query.page_size, query.page_token.as_deref())
    }

    /// How many rows to ask the database for: one more, to know whether a page follows.
    pub const fn limit(&self) -> i64 {
        self.size as i64 + 1
    }

    /// The page from up to [`Keyset::limit`] rows.
    pub fn page<R, T>(&self, mut rows: Vec<R>, key: impl Fn(&R) -> K, item: impl Fn(R) -> T) -> Page<T> {
        let more = rows.len() > self.size;
        rows.truncate(self.size);
        let next_page_token = rows.last().filter(|_| more).map(|r| encode(&key(r)));
        Page { items: rows.into_iter().map(item).collect(), next_page_token }
    }
}

/// A key as an opaque token.
pub fn encode<K: Serialize>(key: &K) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(key).unwrap_or_default())
}

/// The key in a token.
pub fn decode<K: DeserializeOwned>(token: &str) -> Option<K> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token).ok()?).ok()
}
