//! What one may ask about one's own notices.

use crate::{
    access::Principal,
    clock::rfc3339,
    error::{Error, Kind, Result},
    ids,
    platform::home,
    post::{Mailer, mail},
    store::{Store, keyset::Keyset, notices::NoticeRow},
};
use app::api::{
    ListQuery, Page,
    notices::{MailAddress, MarkRead, Notice, NoticeChoice, NoticeChoices, NoticeKind, SetNoticeChoices, Unread},
};

/// The channel that the portal itself is.
pub const PORTAL: &str = "portal";
/// And mail.
pub const MAIL: &str = "mail";

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

/// One's notices, newest first; with a token those of its team.
///
/// # Errors
/// A page token that is not ours.
pub async fn list(store: &Store, me: &Principal, query: &ListQuery) -> Result<Page<Notice>> {
    let keyset = Keyset::<i64>::of(query)?;
    let rows = store.notice_list(&me.user_id, me.token_team(), keyset.after.unwrap_or(i64::MAX), keyset.limit()).await?;
    let page = keyset.page(rows, |r| r.seq, notice);
    Ok(Page { items: page.items.into_iter().flatten().collect(), next_page_token: page.next_page_token })
}

/// How many of them are unread.
///
/// # Errors
/// The database does not answer.
pub async fn unread(store: &Store, me: &Principal) -> Result<Unread> {
    Ok(Unread { unread: store.notices_unread(&me.user_id, me.token_team()).await? })
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
    tx.notices_read(&me.user_id, me.token_team(), from, to).await?;
    tx.commit().await?;
    unread(store, me).await
}

/// What one wants to be told, and where. `mails`: whether the portal sends any.
///
/// # Errors
/// The database does not answer.
pub async fn choices(store: &Store, me: &Principal, mails: bool) -> Result<NoticeChoices> {
    let (portal, mail) = (store.notice_silences(&me.user_id, PORTAL).await?, store.notice_silences(&me.user_id, MAIL).await?);
    let wanted = |silent: &[String], kind: NoticeKind| !silent.iter().any(|s| s == kind.as_str());
    let choice = |kind| NoticeChoice { kind, portal: wanted(&portal, kind), mail: wanted(&mail, kind) };
    let address = if mails { Some(store.mail_address(&me.user_id).await?) } else { None };
    let address = address.map(|known| known.map_or_else(MailAddress::default, |(a, problem)| MailAddress { address: Some(a), problem }));
    Ok(NoticeChoices { choices: NoticeKind::ALL.map(choice).into(), mail: address })
}

/// Chooses it.
///
/// # Errors
/// An address that is none; anything about mail where the portal sends none.
pub async fn choose(store: &Store, me: &Principal, ask: &SetNoticeChoices, mails: bool) -> Result<NoticeChoices> {
    let address = ask.address.as_deref().map(str::trim).filter(|a| !a.is_empty());
    if !mails && (address.is_some() || !ask.mail.is_empty()) {
        return Err(no_mail());
    }
    if address.is_some_and(|a| !mail::is_address(a)) {
        return Err(Error::invalid("address", "This is not a mail address such as ada@example.org."));
    }
    let mut tx = store.begin().await?;
    tx.notice_silences_set(&me.user_id, PORTAL, &silences(&ask.portal)).await?;
    // Where no mail is sent nobody was asked, and what was chosen before stays.
    if mails {
        tx.notice_silences_set(&me.user_id, MAIL, &silences(&ask.mail)).await?;
        tx.mail_address_set(&me.user_id, address).await?;
    }
    tx.commit().await?;
    choices(store, me, mails).await
}

/// Mails a test to oneself, at once.
///
/// # Errors
/// The portal sends no mail; one gave no address, or tests too often; the mail server does not take it.
pub async fn test(store: &Store, mailer: Option<&Mailer>, me: &Principal, portal: &str) -> Result<()> {
    let mailer = mailer.ok_or_else(no_mail)?;
    let (address, _) = store
        .mail_address(&me.user_id)
        .await?
        .ok_or_else(|| Error::conflict("You gave no mail address.").hint("Give one on the Account page, under Notices."))?;
    if !mailer.may_test(&me.user_id) {
        let told = Error::new(Kind::TooMany, "You sent yourself many tests in the last hour.");
        return Err(told.hint("Each person may send ten in an hour."));
    }
    let text = format!("This is a test: mails of Slipway reach you here.\n\n{portal}/account\n");
    let sent = mailer.send(&ids::new_id(&**store.clock()), &address, "A test from Slipway", &text).await;
    let mut tx = store.begin().await?;
    tx.mail_problem(&me.user_id, &address, sent.as_ref().err().map(String::as_str)).await?;
    tx.commit().await?;
    sent.map_err(|why| Error::new(Kind::Upstream, format!("The mail server did not take it: {why}.")))
}

fn no_mail() -> Error {
    Error::conflict("This portal sends no mail.").hint("The platform's admin gives it a mail server with smtp_url and mail_from.")
}

/// What is left when `wanted` is wanted.
fn silences(wanted: &[NoticeKind]) -> Vec<&'static str> {
    NoticeKind::ALL.into_iter().filter(|k| !wanted.contains(k)).map(NoticeKind::as_str).collect()
}
