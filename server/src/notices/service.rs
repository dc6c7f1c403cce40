//! What one may ask about one's own notices.

use crate::{
    access::Principal,
    clock::rfc3339,
    error::Result,
    platform::home,
    store::{Store, keyset::Keyset, notices::NoticeRow},
};
use app::api::{
    ListQuery, Page,
    notices::{MarkRead, Notice, NoticeChoice, NoticeChoices, NoticeKind, SetNoticeChoices, Unread},
};

/// The channel that the portal itself is.
pub const PORTAL: &str = "portal";

/// A notice of a kind that this program knows.
fn notice(row: NoticeRow) -> Option<Notice> {
    let kind: NoticeKind = row.kind.parse().ok()?;
    Some(Notice {
        id: row.seq,
        time: rfc3339(row.created_at),
        href: home::page(&row.team, kind.object(), &row.object_id, &row.object_name),
        team: row.team,
        kind,
        title: row.title,
        detail: row.detail,
        read: row.read_at.is_some(),
    })
}

/// One's notices, newest first.
///
/// # Errors
/// A page token that is not ours.
pub async fn list(store: &Store, me: &Principal, query: &ListQuery) -> Result<Page<Notice>> {
    let keyset = Keyset::<i64>::of(query)?;
    let rows = store.notice_list(&me.user_id, keyset.after.unwrap_or(i64::MAX), keyset.limit()).await?;
    let page = keyset.page(rows, |r| r.seq, notice);
    Ok(Page { items: page.items.into_iter().flatten().collect(), next_page_token: page.next_page_token })
}

/// How many of them are unread.
///
/// # Errors
/// The database does not answer.
pub async fn unread(store: &Store, me: &Principal) -> Result<Unread> {
    Ok(Unread { unread: store.notices_unread(&me.user_id).await? })
}

/// Marks them as read.
///
/// # Errors
/// The database does not answer.
pub async fn read(store: &Store, me: &Principal, ask: &MarkRead) -> Result<Unread> {
    let (from, to) = match (ask.id, ask.up_to) {
        (Some(id), _) => (id, id),
        (None, up_to) => (0, up_to.unwrap_or(i64::MAX)),
    };
    let mut tx = store.begin().await?;
    tx.notices_read(&me.user_id, from, to).await?;
    tx.commit().await?;
    unread(store, me).await
}

/// What one wants to be told, and where.
///
/// # Errors
/// The database does not answer.
pub async fn choices(store: &Store, me: &Principal) -> Result<NoticeChoices> {
    let silent = store.notice_silences(&me.user_id, PORTAL).await?;
    let choice = |kind: NoticeKind| NoticeChoice { kind, portal: !silent.iter().any(|s| s == kind.as_str()) };
    Ok(NoticeChoices { choices: NoticeKind::ALL.map(choice).into() })
}

/// Chooses it.
///
/// # Errors
/// The database does not answer.
pub async fn choose(store: &Store, me: &Principal, ask: &SetNoticeChoices) -> Result<NoticeChoices> {
    let mut tx = store.begin().await?;
    tx.notice_silences_set(&me.user_id, PORTAL, &silences(&ask.portal)).await?;
    tx.commit().await?;
    choices(store, me).await
}

/// What is left when `wanted` is wanted.
fn silences(wanted: &[NoticeKind]) -> Vec<&'static str> {
    NoticeKind::ALL.into_iter().filter(|k| !wanted.contains(k)).map(NoticeKind::as_str).collect()
}
