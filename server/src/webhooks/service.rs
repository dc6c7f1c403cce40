//! What one may ask about the webhooks of a team. All of it takes a maintainer: a URL often is a secret itself.

use super::{body, sign};
use crate::{
    access::TeamMaintainer,
    clock::rfc3339,
    error::{Error, Result},
    ids,
    post::{address::Allowed, retry},
    secrets::Sealer,
    store::{
        Store, Tx,
        deliveries::{AttemptRow, DeliveryRow},
        events::NewEvent,
        keyset::Keyset,
        webhooks::{NewWebhookRow, WebhookRow},
    },
};
use app::api::{
    ListQuery, Page, name,
    notices::NoticeKind,
    webhooks::{CreatedWebhook, Delivery, DeliveryAttempt, DeliveryState, NewWebhook, RotatedWebhook, SetWebhook, Webhook},
};
use reqwest::Url;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};

/// So many a team may have.
const MOST: i64 = 20;
const LONGEST_URL: usize = 2000;
/// A secret that was replaced signs along for so long, milliseconds.
const ALONG_MS: i64 = 24 * 3600 * 1000;

/// What one may ask about webhooks, with what that takes.
#[derive(Clone)]
pub struct Webhooks {
    /// The database.
    pub store: Store,
    /// Seals what signs.
    pub sealer: Sealer,
    /// Where posts may go beside public addresses.
    pub allowed: Allowed,
    /// URL under which browsers reach the portal.
    pub portal: String,
}

fn place(team_id: &str, id: &str) -> String {
    format!("webhook:{team_id}:{id}")
}

/// The keys that sign what is sent to a webhook at `now`.
///
/// # Errors
/// Sealed with another key.
pub fn keys(
    sealer: &Sealer,
    (team_id, id): (&str, &str),
    sealed: (&str, Option<&str>),
    rotated_at: Option<i64>,
    now: i64,
) -> Result<Vec<Vec<u8>>> {
    let open = |sealed: &str| {
        let text = String::from_utf8(sealer.open(&place(team_id, id), sealed)?).map_err(Error::internal)?;
        sign::key(&text).ok_or_else(|| Error::internal(format!("the secret of the webhook {id} is none")))
    };
    let before = sealed.1.filter(|_| rotated_at.is_some_and(|at| now - at < ALONG_MS));
    std::iter::once(sealed.0).chain(before).map(open).collect()
}

/// The kinds a webhook is told of.
pub fn kinds(row: &WebhookRow) -> Vec<NoticeKind> {
    let words: Vec<String> = serde_json::from_str(&row.kinds_json).unwrap_or_default();
    words.iter().filter_map(|w| w.parse().ok()).collect()
}

fn webhook(row: WebhookRow, last: Option<DeliveryState>) -> Webhook {
    Webhook {
        kinds: kinds(&row),
        enabled: row.enabled(),
        name: row.name,
        url: row.url,
        created_by: row.created_by,
        created_at: rfc3339(row.created_at),
        revision: row.revision,
        last,
    }
}

fn delivery(row: DeliveryRow, attempts: Vec<AttemptRow>) -> Delivery {
    let attempt = |a: AttemptRow| DeliveryAttempt {
        number: a.number,
        at: rfc3339(a.at),
        seconds: a.millis as f64 / 1000.0,
        status: a.status,
        problem: a.problem,
        answer: a.answer,
    };
    Delivery {
        state: row.state(),
        id: row.id,
        kind: row.kind,
        created_at: rfc3339(row.created_at),
        next_at: row.next_at.map(rfc3339),
        body: row.body,
        attempts: attempts.into_iter().map(attempt).collect(),
    }
}

impl Webhooks {
    /// Webhooks by name.
    ///
    /// # Errors
    /// A page token that is not ours.
    pub async fn list(&self, by: &TeamMaintainer, query: &ListQuery) -> Result<Page<Webhook>> {
        let keyset = Keyset::<String>::of(query)?;
        let rows = self.store.webhook_list(&by.team.id, keyset.after.as_deref().unwrap_or_default(), keyset.limit()).await?;
        let last: HashMap<String, DeliveryState> = self.store.deliveries_last(&by.team.id).await?.into_iter().collect();
        Ok(keyset.page(
            rows,
            |r| r.name.clone(),
            |r| {
                let state = last.get(&r.id).copied();
                webhook(r, state)
            },
        ))
    }

    /// A webhook.
    ///
    /// # Errors
    /// Not there.
    pub async fn get(&self, by: &TeamMaintainer, name: &str) -> Result<Webhook> {
        let row = self.row(by, name).await?;
        let last = self.store.delivery_list(&row.id, LAST, 1).await?.first().map(DeliveryRow::state);
        Ok(webhook(row, last))
    }

    async fn row(&self, by: &TeamMaintainer, name: &str) -> Result<WebhookRow> {
        self.store.webhook(&by.team.id, name).await?.ok_or_else(|| Error::not_found("webhook"))
    }

    /// Makes a webhook; its secret is answered this once.
    ///
    /// # Errors
    /// A name that is wrong or taken, a URL that is none or leads where nothing may be posted, no kind, a secret that is none; too many.
    pub async fn create(&self, by: &TeamMaintainer, ask: &NewWebhook) -> Result<CreatedWebhook> {
        name::check(&ask.name).map_err(|e| Error::invalid("name", e))?;
        let (url, kinds_json) = (self.url(&ask.url)?, kinds_of(&ask.kinds)?);
        let secret = match ask.secret.as_deref().map(str::trim).filter(|s| !s.is_empty()) {
            None => sign::make(),
            Some(given) if sign::key(given).is_some() => given.to_owned(),
            Some(_) => {
                return Err(
                    Error::invalid("secret", "A secret is whsec_ and 24 to 64 bytes in base64.").hint("Leave it out to have one made.")
                );
            }
        };
        let id = ids::new_id(&**self.store.clock());
        let sealed = self.sealer.seal(&place(&by.team.id, &id), secret.as_bytes())?;
        let actor = by.actor();
        let mut tx = self.store.begin().await?;
        if tx.webhook_count(&by.team.id).await? >= MOST {
            return Err(Error::conflict(format!("A team has at most {MOST} webhooks.")).hint("Remove one that nobody needs."));
        }
        let row = NewWebhookRow {
            id: &id,
            team_id: &by.team.id,
            name: &ask.name,
            url: &url,
            kinds_json: &kinds_json,
            sealed: &sealed,
            created_by: &actor,
        };
        tx.webhook_insert(&row).await?;
        event(&mut tx, by, "create", (&id, &ask.name, 1), Some(told(&url, &ask.kinds, true))).await?;
        tx.commit().await?;
        Ok(CreatedWebhook { secret, about: self.get(by, &ask.name).await? })
    }

    /// Replaces what a webhook is, but for its secret.
    ///
    /// # Errors
    /// Not there, a stale revision; as when it is made.
    pub async fn set(&self, by: &TeamMaintainer, name: &str, ask: &SetWebhook) -> Result<Webhook> {
        let (url, kinds_json) = (self.url(&ask.url)?, kinds_of(&ask.kinds)?);
        let row = self.row(by, name).await?;
        Error::unless_stale(ask.revision, row.revision, format!("The webhook {name}"))?;
        let mut tx = self.store.begin().await?;
        if !tx.webhook_update((&row.id, row.revision), &url, &kinds_json, ask.enabled).await? {
            return Err(Error::stale(format!("The webhook {name}")));
        }
        if !ask.enabled {
            tx.deliveries_give_up(&row.id).await?;
        }
        event(&mut tx, by, "update", (&row.id, name, row.revision + 1), Some(told(&url, &ask.kinds, ask.enabled))).await?;
        tx.commit().await?;
        self.get(by, name).await
    }

    /// Has another secret sign from now on; the one before signs along for a day.
    ///
    /// # Errors
    /// Not there; changed in the meantime.
    pub async fn rotate(&self, by: &TeamMaintainer, name: &str) -> Result<RotatedWebhook> {
        let row = self.row(by, name).await?;
        let secret = sign::make();
        let sealed = self.sealer.seal(&place(&by.team.id, &row.id), secret.as_bytes())?;
        let mut tx = self.store.begin().await?;
        if !tx.webhook_rotate((&row.id, row.revision), &sealed).await? {
            return Err(Error::stale(format!("The webhook {name}")));
        }
        event(&mut tx, by, "rotate", (&row.id, name, row.revision + 1), None).await?;
        tx.commit().await?;
        Ok(RotatedWebhook { secret })
    }

    /// Removes a webhook and the log of its deliveries.
    ///
    /// # Errors
    /// Not there.
    pub async fn remove(&self, by: &TeamMaintainer, name: &str) -> Result<()> {
        let row = self.row(by, name).await?;
        let mut tx = self.store.begin().await?;
        tx.webhook_remove(&row.id).await?;
        event(&mut tx, by, "delete", (&row.id, name, row.revision), None).await?;
        tx.commit().await
    }

    /// Sends a test, once.
    ///
    /// # Errors
    /// Not there; switched off.
    pub async fn test(&self, by: &TeamMaintainer, name: &str) -> Result<Delivery> {
        let row = self.enabled(by, name).await?;
        let id = ids::new_id(&**self.store.clock());
        let mut tx = self.store.begin().await?;
        let body = body::of_test(&self.portal, &by.team.name, name, tx.now());
        tx.delivery_insert(&id, &row.id, None, ("test", &body), 1).await?;
        self.queued(tx, by, &row, &id).await
    }

    /// Sends a delivery once more, at once, and again with pauses where it is not taken.
    ///
    /// # Errors
    /// Not there; the webhook is switched off.
    pub async fn redeliver(&self, by: &TeamMaintainer, name: &str, id: &str) -> Result<Delivery> {
        let row = self.enabled(by, name).await?;
        let mut tx = self.store.begin().await?;
        if !tx.delivery_again(&row.id, id, retry::TRIES).await? {
            return Err(Error::not_found("delivery"));
        }
        self.queued(tx, by, &row, id).await
    }

    async fn enabled(&self, by: &TeamMaintainer, name: &str) -> Result<WebhookRow> {
        let row = self.row(by, name).await?;
        if row.enabled() { Ok(row) } else { Err(Error::conflict(format!("The webhook {name} is off.")).hint("Switch it on first.")) }
    }

    async fn queued(&self, mut tx: Tx, by: &TeamMaintainer, row: &WebhookRow, id: &str) -> Result<Delivery> {
        tx.changed(Some(&by.team.id), "webhook", &row.id, row.revision);
        tx.wakes();
        tx.commit().await?;
        let made = self.store.delivery(&row.id, id).await?.ok_or_else(|| Error::not_found("delivery"))?;
        let attempts = self.store.delivery_attempts(&[id]).await?;
        Ok(delivery(made, attempts))
    }

    /// What was and is delivered, newest first.
    ///
    /// # Errors
    /// Not there; a page token that is not ours.
    pub async fn deliveries(&self, by: &TeamMaintainer, name: &str, query: &ListQuery) -> Result<Page<Delivery>> {
        let keyset = Keyset::<String>::of(query)?;
        let row = self.row(by, name).await?;
        let rows = self.store.delivery_list(&row.id, keyset.after.as_deref().unwrap_or(LAST), keyset.limit()).await?;
        let ids: Vec<&str> = rows.iter().map(|r| r.id.as_str()).collect();
        let mut attempts: HashMap<String, Vec<AttemptRow>> = HashMap::new();
        for attempt in self.store.delivery_attempts(&ids).await? {
            attempts.entry(attempt.delivery_id.clone()).or_default().push(attempt);
        }
        Ok(keyset.page(
            rows,
            |r| r.id.clone(),
            |r| {
                let of = attempts.get(&r.id).cloned().unwrap_or_default();
                delivery(r, of)
            },
        ))
    }

    /// A URL as it is kept.
    fn url(&self, text: &str) -> Result<String> {
        let wrong = |sentence: &str| Error::invalid("url", sentence);
        let text = text.trim();
        let url: Url = text.parse().map_err(|_| wrong("This is not a URL such as https://hooks.example.org/slipway."))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() || text.len() > LONGEST_URL {
            return Err(wrong("A webhook has an http or https URL of at most 2000 characters."));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("The URL of a webhook has no user and no password in it.").hint("What is sent is signed: check that."));
        }
        self.allowed.check_host(url.host_str().unwrap_or_default()).map_err(|refused| wrong(&refused.to_string()))?;
        Ok(url.to_string())
    }
}

/// After every id.
const LAST: &str = "~";

/// Kinds as they are kept.
fn kinds_of(kinds: &[NoticeKind]) -> Result<String> {
    if kinds.is_empty() {
        return Err(Error::invalid("kinds", "Name at least one kind of notice."));
    }
    let once: BTreeSet<NoticeKind> = kinds.iter().copied().collect();
    Ok(serde_json::to_string(&once)?)
}

/// What events tell of a webhook: where it goes, but not with what in its URL.
fn told(url: &str, kinds: &[NoticeKind], enabled: bool) -> Value {
    let host = url.parse::<Url>().ok().and_then(|u| u.host_str().map(str::to_owned));
    json!({ "host": host, "kinds": kinds, "enabled": enabled })
}

async fn event(
    tx: &mut Tx,
    by: &TeamMaintainer,
    action: &str,
    (object_id, object_name, revision): (&str, &str, i64),
    after: Option<Value>,
) -> Result<()> {
    tx.event(NewEvent {
        team_id: Some(&by.team.id),
        actor: &by.actor(),
        action,
        kind: "webhook",
        object_id,
        object_name,
        revision,
        before: None,
        after,
    })
    .await
    .map(drop)
}
