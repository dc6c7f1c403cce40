//! What one may ask of clean-up.

use super::needs;
use crate::{
    access::{TeamMaintainer, TeamViewer},
    artifacts::ArtifactStore,
    clock::rfc3339,
    environments::{digest, free},
    error::{Error, Result},
    models::location,
    store::{
        Store, Tx,
        clean_up::{After, DeletedRow, FIRST, OldEnvironmentRow},
        events::NewEvent,
        keyset::{self, Keyset},
    },
};
use app::api::{
    ListQuery, Page,
    clean_up::{CleanUpItem, CleanUpKind, CleanUpRef, Free, Freed, KeptItem, MOST},
};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Files of one item that are counted.
const FILES: usize = 2_000;
/// Files of an environment that are counted.
const ENVIRONMENT_FILES: usize = 60_000;
/// Rows that are read at once, looked at at once, and looked at for one page: most deleted runs may have no files.
const STEP: i64 = 64;
const AT_ONCE: usize = 8;
const LOOKED_AT: usize = 1_000;

/// What the service works with.
#[derive(Clone)]
pub struct Service {
    /// The database.
    pub store: Store,
    /// Files of runs and models.
    pub artifacts: ArtifactStore,
    /// Where environments lie, if they lie on this machine.
    pub cache: Option<PathBuf>,
}

/// A row that takes room, perhaps.
enum Found {
    Deleted(CleanUpKind, DeletedRow),
    Environment(OldEnvironmentRow),
}

impl Found {
    fn place(&self) -> (i64, &str) {
        match self {
            Self::Deleted(_, row) => (row.deleted_at, &row.id),
            Self::Environment(row) => (row.made_at, &row.id),
        }
    }
}

/// Where a page ended: which kind, and the last row of it.
type Place = (usize, i64, String);

fn beginning(kind: usize) -> Place {
    (kind, FIRST.0, FIRST.1.into())
}

impl Service {
    /// What takes room: environments, then logged models, then runs.
    ///
    /// # Errors
    /// A page token that is not ours; the store of artifacts does not answer.
    pub async fn list(&self, by: &TeamViewer, query: &ListQuery) -> Result<Page<CleanUpItem>> {
        let keyset = Keyset::<Place>::of(query)?;
        let (size, mut at) = (keyset.size, keyset.after.unwrap_or_else(|| beginning(0)));
        let (mut page, mut looked) = (Page::default(), 0);
        while let Some(kind) = CleanUpKind::ALL.get(at.0) {
            let found = self.found(&by.team.id, *kind, After(at.1, &at.2)).await?;
            if found.is_empty() {
                at = beginning(at.0 + 1);
                continue;
            }
            let places: Vec<Place> = found.iter().map(Found::place).map(|(time, id)| (at.0, time, id.to_owned())).collect();
            let items: Vec<_> = found.into_iter().map(|f| self.item(&by.team.id, f)).collect();
            let mut items = stream::iter(items).buffered(AT_ONCE);
            for place in places {
                // There is one more: the next page has it.
                if page.items.len() == size || looked == LOOKED_AT {
                    page.next_page_token = Some(keyset::encode(&at));
                    return Ok(page);
                }
                page.items.extend(items.try_next().await?.flatten());
                (at, looked) = (place, looked + 1);
            }
        }
        Ok(page)
    }

    async fn found(&self, team_id: &str, kind: CleanUpKind, after: After<'_>) -> Result<Vec<Found>> {
        if kind != CleanUpKind::Environment {
            let rows = self.store.deleted(team_id, kind, after, STEP).await?;
            return Ok(rows.into_iter().map(|row| Found::Deleted(kind, row)).collect());
        }
        if self.cache.is_none() {
            return Ok(Vec::new());
        }
        let rows = self.store.old_environments(team_id, after.1, STEP).await?;
        Ok(rows.into_iter().map(Found::Environment).collect())
    }

    /// How much room it takes, and why it is kept; nothing where it takes none.
    async fn item(&self, team_id: &str, found: Found) -> Result<Option<CleanUpItem>> {
        match found {
            Found::Deleted(kind, row) => self.files(team_id, kind, row).await,
            Found::Environment(row) => self.environment(team_id, row).await,
        }
    }

    async fn files(&self, team_id: &str, kind: CleanUpKind, row: DeletedRow) -> Result<Option<CleanUpItem>> {
        let logged = if kind == CleanUpKind::Run { self.store.logged_by(team_id, &row.id).await? } else { Vec::new() };
        let (mut files, mut bytes, mut at_least) = (0, 0, false);
        for uri in std::iter::once(&row.artifact_uri).chain(logged.iter().map(|m| &m.artifact_uri)) {
            let Some(folder) = location::path_of(uri)? else { continue };
            if files >= FILES {
                at_least = true;
                break;
            }
            let measured = self.artifacts.measure(team_id, &folder, FILES - files).await?;
            files += measured.files;
            bytes += measured.bytes;
            at_least |= !measured.whole;
        }
        if files == 0 {
            return Ok(None);
        }
        let (run, models) = whose(kind, &row, &logged);
        let registered = self.store.registered_from(team_id, run, &models).await?;
        let shown_by = self.store.shown_by(team_id, run).await?;
        Ok(Some(CleanUpItem {
            item: CleanUpRef { kind, id: row.id.clone() }.to_string(),
            kind,
            kept: needs::of_files(&registered, shown_by.as_deref()),
            since: rfc3339(row.deleted_at),
            models: logged.into_iter().map(|m| m.name).collect(),
            name: row.name,
            files: files as i64,
            bytes: i64::try_from(bytes).unwrap_or(i64::MAX),
            at_least,
        }))
    }

    async fn environment(&self, team_id: &str, row: OldEnvironmentRow) -> Result<Option<CleanUpItem>> {
        let Some(folder) = self.cache.as_ref().map(|cache| digest::folder(cache, &row.digest)) else { return Ok(None) };
        let measured = tokio::task::spawn_blocking(move || free::measure(&folder, ENVIRONMENT_FILES)).await.map_err(Error::internal)??;
        if measured.files == 0 {
            return Ok(None);
        }
        let used = self.store.environment_use(team_id, &row.digest).await?;
        let kind = CleanUpKind::Environment;
        Ok(Some(CleanUpItem {
            item: CleanUpRef { kind, id: row.id.clone() }.to_string(),
            kind,
            kept: used.map(|used| needs::of_environment(team_id, &used)),
            since: rfc3339(row.made_at),
            models: Vec::new(),
            name: named(&row),
            files: measured.files as i64,
            bytes: i64::try_from(measured.bytes).unwrap_or(i64::MAX),
            at_least: !measured.whole,
        }))
    }

    /// Frees what is named, each in a transaction of its own. What is needed, or is not there, is told.
    ///
    /// # Errors
    /// A name that is none; nothing could be freed: why.
    pub async fn free(&self, by: &TeamMaintainer, asked: &Free) -> Result<Freed> {
        let parse = |text: &String| text.parse::<CleanUpRef>().map_err(|e| Error::invalid("items", e));
        let items = asked.items.iter().map(parse).collect::<Result<Vec<_>>>()?;
        if items.is_empty() || items.len() > MOST {
            return Err(Error::invalid("items", format!("Name 1 to {MOST} things to free.")));
        }
        let mut done = Freed::default();
        for item in items {
            let freed = match item.kind {
                CleanUpKind::Run | CleanUpKind::LoggedModel => self.free_files(by, &item).await?,
                CleanUpKind::Environment => self.free_environment(by, &item).await?,
            };
            match freed {
                None => done.freed.push(item.to_string()),
                Some(reason) => done.kept.push(KeptItem { item: item.to_string(), reason }),
            }
        }
        done.said = said(&done);
        match done.kept.first() {
            Some(kept) if done.freed.is_empty() => Err(Error::conflict(format!("Nothing was freed. {}", kept.reason))),
            _ => Ok(done),
        }
    }

    /// Why it is kept; nothing where it is freed.
    async fn free_files(&self, by: &TeamMaintainer, item: &CleanUpRef) -> Result<Option<String>> {
        let team_id = &by.team.id;
        let mut tx = self.store.begin().await?;
        let (row, logged) = if item.kind == CleanUpKind::Run {
            (tx.run_free(team_id, &item.id).await?, tx.logged_by_free(team_id, &item.id).await?)
        } else {
            (tx.logged_model_free(team_id, &item.id).await?, Vec::new())
        };
        // Dropped without a commit, nothing was done.
        let Some(row) = row else { return Ok(Some(nothing(item))) };
        let (run, models) = whose(item.kind, &row, &logged);
        let registered = tx.registered_from(team_id, run, &models).await?;
        let shown_by = tx.shown_by(team_id, run).await?;
        if let Some(reason) = needs::of_files(&registered, shown_by.as_deref()) {
            return Ok(Some(reason));
        }
        for of in std::iter::once(&row).chain(&logged) {
            if let Some(folder) = location::path_of(&of.artifact_uri)?.filter(|f| !f.is_root()) {
                tx.artifacts_free(team_id, folder.as_str()).await?;
            }
        }
        let models: Vec<&str> = logged.iter().map(|m| m.name.as_str()).collect();
        event(&mut tx, by, item.kind, (&row.id, &row.name), json!({ "files": row.artifact_uri, "models": models })).await?;
        tx.commit().await.map(|()| None)
    }

    async fn free_environment(&self, by: &TeamMaintainer, item: &CleanUpRef) -> Result<Option<String>> {
        if self.cache.is_none() {
            return Ok(Some("Environments are container images here: there is nothing of them to free.".into()));
        }
        let team_id = &by.team.id;
        let mut tx = self.store.begin().await?;
        let Some(row) = tx.old_environment(team_id, &item.id).await? else { return Ok(Some(nothing(item))) };
        if let Some(used) = tx.environment_use(team_id, &row.digest).await? {
            return Ok(Some(needs::of_environment(team_id, &used)));
        }
        tx.environment_free(team_id, &row.digest).await?;
        let after = json!({ "version": row.version, "digest": row.digest });
        event(&mut tx, by, item.kind, (&row.environment_id, &row.name), after).await?;
        tx.commit().await.map(|()| None)
    }
}

/// The run and the logged models that somebody may have registered a version from.
fn whose<'a>(kind: CleanUpKind, row: &'a DeletedRow, logged: &'a [DeletedRow]) -> (&'a str, Vec<&'a str>) {
    match kind {
        CleanUpKind::Run => (&row.id, logged.iter().map(|m| m.id.as_str()).collect()),
        // No run has an empty id.
        _ => ("", vec![&row.id]),
    }
}

fn named(row: &OldEnvironmentRow) -> String {
    format!("{} v{}", row.name, row.version)
}

fn nothing(item: &CleanUpRef) -> String {
    format!("There is nothing to free of {item}: it is not deleted, is in use, or was freed before.")
}

/// `2 freed. 1 is kept: …`
fn said(done: &Freed) -> String {
    let freed = format!("{} freed.", done.freed.len());
    match done.kept.as_slice() {
        [] => freed,
        [one] => format!("{freed} 1 is kept: {}", one.reason),
        [first, ..] => format!("{freed} {} are kept, the first of them as: {}", done.kept.len(), first.reason),
    }
}

async fn event(tx: &mut Tx, by: &TeamMaintainer, kind: CleanUpKind, (object_id, object_name): (&str, &str), after: Value) -> Result<()> {
    tx.event(NewEvent {
        team_id: Some(&by.team.id),
        actor: &by.actor(),
        action: "free",
        kind: kind.as_str(),
        object_id,
        object_name,
        revision: 0,
        before: None,
        after: Some(after),
    })
    .await
    .map(drop)
}
