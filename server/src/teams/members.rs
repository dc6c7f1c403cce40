//! Members of a team.

use crate::{
    access::{TeamMaintainer, TeamViewer},
    clock::rfc3339,
    error::{Error, Kind, Result},
    store::{Store, events::NewEvent, keyset::Keyset},
};
use app::api::{
    ListQuery, Page,
    members::{Member, Role, SetMember},
};

/// Members by name.
///
/// # Errors
/// A page token that is not ours.
pub async fn list(store: &Store, by: &TeamViewer, query: &ListQuery) -> Result<Page<Member>> {
    let keyset = Keyset::<String>::of(query)?;
    let rows = store.member_list(&by.team.id, keyset.after.as_deref().unwrap_or_default(), keyset.limit()).await?;
    Ok(keyset.page(
        rows,
        |r| r.user.clone(),
        |r| Member {
            role: r.role.parse().unwrap_or(Role::Viewer),
            user: r.user,
            display_name: r.display_name,
            since: rfc3339(r.created_at),
            revision: r.revision,
        },
    ))
}

/// Gives a user a role, as a new member or in place of the old role.
///
/// # Errors
/// No such user, a stale revision; the last maintainer cannot step down.
pub async fn set(store: &Store, by: &TeamMaintainer, user: &str, to: &SetMember) -> Result<Member> {
    let role = to.role;
    let row = store.user_by_name(user).await?.ok_or_else(|| {
        let mut error = Error::new(Kind::NotFound, format!("There is no user {user}.")).hint("A platform admin makes users.");
        error.field = Some("user".into());
        error
    })?;
    let mut tx = store.begin().await?;
    let (before, seen) = tx.member_role(&by.team.id, &row.id).await?.unzip();
    // Who is no member has no revision: 0 says that this was seen.
    let seen = seen.unwrap_or(0);
    Error::unless_stale(to.revision, seen, format!("The role of {user}"))?;
    if before == Some(Role::Maintainer) && role != Role::Maintainer && tx.maintainers(&by.team.id).await? == 1 {
        return Err(last());
    }
    tx.member_set(&by.team.id, &row.id, role).await?;
    let now = tx.now();
    tx.event(NewEvent {
        team_id: Some(&by.team.id),
        actor: &by.actor(),
        action: if before.is_some() { "update" } else { "create" },
        kind: "member",
        object_id: &row.id,
        object_name: &row.name,
        revision: seen + 1,
        before: before.map(|r| serde_json::json!({ "role": r })),
        after: Some(serde_json::json!({ "role": role })),
    })
    .await?;
    tx.commit().await?;
    Ok(Member { user: row.name, display_name: row.display_name, role, since: rfc3339(now), revision: seen + 1 })
}

/// Takes a user out of the team.
///
/// # Errors
/// Not a member; the last maintainer cannot leave.
pub async fn remove(store: &Store, by: &TeamMaintainer, user: &str) -> Result<()> {
    let row = store.user_by_name(user).await?.ok_or_else(|| Error::not_found("member"))?;
    let mut tx = store.begin().await?;
    let (before, revision) = tx.member_role(&by.team.id, &row.id).await?.ok_or_else(|| Error::not_found("member"))?;
    if before == Role::Maintainer && tx.maintainers(&by.team.id).await? == 1 {
        return Err(last());
    }
    tx.member_remove(&by.team.id, &row.id).await?;
    // Whoever comes back makes new ones.
    tx.tokens_revoke_in(&by.team.id, &row.id).await?;
    tx.event(NewEvent {
        team_id: Some(&by.team.id),
        actor: &by.actor(),
        action: "delete",
        kind: "member",
        object_id: &row.id,
        object_name: &row.name,
        revision,
        before: Some(serde_json::json!({ "role": before })),
        after: None,
    })
    .await?;
    tx.commit().await
}

fn last() -> Error {
    Error::conflict("A team keeps at least one maintainer.").hint("Make somebody else a maintainer first.")
}
