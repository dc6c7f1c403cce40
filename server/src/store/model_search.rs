//! Searches over registered models and their versions.

use super::{
    Row, Store,
    model_versions::{self, VersionFull, VersionRow},
    models::{self, ModelFull, ModelRow},
    order::{self, Key, Term},
    sql::Sql,
};
use crate::{error::Result, records::search::Condition};
use app::api::page::Page;

/// A field of a registered model or of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelField {
    /// Name of the registered model.
    Name,
    /// Number of the version; only of versions.
    Version,
    /// The run a version came from; only of versions.
    RunId,
    /// Source as given; only of versions.
    Source,
    /// A tag of this key.
    Tag(String),
}

/// By what to sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Name of the registered model.
    Name,
    /// Number of the version; only of versions.
    Version,
    /// Time of creation.
    Created,
    /// Time of the last change.
    Updated,
}

/// A search.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// All have to hold.
    pub conditions: Vec<Condition<ModelField>>,
    /// Leaves out what belongs to a model that carries this tag with the value `true`.
    pub without: Option<&'static str>,
    /// Most important first, with `true` for ascending. What makes it unique is added.
    pub sort: Vec<(Sort, bool)>,
    /// Rows of a page, at least 1.
    pub limit: usize,
    /// Where the page begins.
    pub page_token: Option<String>,
}

/// The two kinds of search: their tables and columns.
struct Over {
    select: &'static str,
    tags: &'static str,
    tag_owner: &'static str,
    id: &'static str,
    created: &'static str,
    updated: &'static str,
    tie: &'static [(Sort, bool)],
}

const MODELS: Over = Over {
    select: " FROM models m",
    tags: "model_tags",
    tag_owner: "model_id",
    id: "m.id",
    created: "m.created_at",
    updated: "m.updated_at",
    tie: &[(Sort::Name, true)],
};

const VERSIONS: Over = Over {
    select: " FROM model_versions v JOIN models m ON m.id = v.model_id",
    tags: "model_version_tags",
    tag_owner: "version_id",
    id: "v.id",
    created: "v.created_at",
    updated: "v.updated_at",
    tie: &[(Sort::Name, true), (Sort::Version, false)],
};

impl Over {
    fn column(&self, sort: Sort) -> &'static str {
        match sort {
            Sort::Name => "m.name",
            Sort::Version => "v.version",
            Sort::Created => self.created,
            Sort::Updated => self.updated,
        }
    }

    /// The order asked for, with what makes it unique.
    fn sort(&self, search: &Search) -> Vec<(Sort, bool)> {
        let mut out = search.sort.clone();
        for tie in self.tie {
            if !out.iter().any(|(s, _)| *s == tie.0) {
                out.push(*tie);
            }
        }
        out
    }

    fn conditions(&self, sql: &mut Sql, team_id: &str, search: &Search) -> Vec<String> {
        let mut all = vec![format!("m.team_id = {}", sql.bind(team_id))];
        if let Some(key) = search.without {
            let key = sql.bind(key);
            all.push(format!("NOT EXISTS (SELECT 1 FROM model_tags p WHERE p.model_id = m.id AND p.key = {key} AND p.value = 'true')"));
        }
        for Condition { field, op, operand } in &search.conditions {
            let own = match field {
                ModelField::Name => "m.name",
                ModelField::Version => "v.version",
                ModelField::RunId => "v.run_id",
                ModelField::Source => "v.source",
                ModelField::Tag(key) => {
                    let (key, compared) = (sql.bind(key), sql.compare("t.value", *op, operand));
                    let (tags, owner, id) = (self.tags, self.tag_owner, self.id);
                    all.push(format!("EXISTS (SELECT 1 FROM {tags} t WHERE t.{owner} = {id} AND t.key = {key} AND {compared})"));
                    continue;
                }
            };
            all.push(sql.compare(own, *op, operand));
        }
        all
    }
}

impl Store {
    /// Registered models of a team.
    ///
    /// # Errors
    /// A page token that is not of this search; the database does not answer.
    pub async fn model_search(&self, team_id: &str, search: &Search) -> Result<Page<ModelFull>> {
        let key = |r: &ModelRow, s: Sort| match s {
            Sort::Name => Key::T(r.name.clone()),
            Sort::Version => Key::I(r.last_version),
            Sort::Created => Key::I(r.created_at),
            Sort::Updated => Key::I(r.updated_at),
        };
        let (rows, next_page_token) = self.search(&MODELS, models::COLUMNS, team_id, search, key).await?;
        Ok(Page { items: self.models_full(rows).await?, next_page_token })
    }

    /// Versions of registered models of a team.
    ///
    /// # Errors
    /// A page token that is not of this search; the database does not answer.
    pub async fn version_search(&self, team_id: &str, search: &Search) -> Result<Page<VersionFull>> {
        let key = |r: &VersionRow, s: Sort| match s {
            Sort::Name => Key::T(r.model.clone()),
            Sort::Version => Key::I(r.version),
            Sort::Created => Key::I(r.created_at),
            Sort::Updated => Key::I(r.updated_at),
        };
        let (rows, next_page_token) = self.search(&VERSIONS, model_versions::COLUMNS, team_id, search, key).await?;
        Ok(Page { items: self.versions_full(rows).await?, next_page_token })
    }

    async fn search<R: Row>(
        &self,
        over: &Over,
        columns: &str,
        team_id: &str,
        search: &Search,
        key: impl Fn(&R, Sort) -> Key,
    ) -> Result<(Vec<R>, Option<String>)> {
        let sort = over.sort(search);
        let terms: Vec<Term> = sort.iter().map(|(s, up)| Term::new(over.column(*s), *up)).collect();
        let mut sql = Sql::new(self.db().is_postgres());
        let mut all = over.conditions(&mut sql, team_id, search);
        if let Some(token) = &search.page_token {
            all.push(order::after(&mut sql, &terms, token)?);
        }
        let limit = sql.bind(search.limit as i64 + 1);
        let text =
            format!("SELECT {columns}{} WHERE {} ORDER BY {} LIMIT {limit}", over.select, all.join(" AND "), order::order_by(&terms));
        let (text, args) = sql.finish(&text);
        let mut rows: Vec<R> = self.all(text, args).await?;
        let more = rows.len() > search.limit;
        rows.truncate(search.limit);
        let last = rows.last().filter(|_| more);
        let next = last.map(|r| order::token(&terms, sort.iter().map(|(s, _)| key(r, *s)).collect()));
        Ok((rows, next))
    }
}
