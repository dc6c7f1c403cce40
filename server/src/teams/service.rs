//! What one may ask of teams.

use crate::{
    access::{Principal, TeamMaintainer},
    clock::rfc3339,
    error::{Error, Result},
    ids,
    promotions::policy,
    store::{Store, events::NewEvent, keyset::Keyset, teams::TeamRow},
};
use app::api::{
    ListQuery, Page,
    members::Role,
    name,
    teams::{NewTeam, Team, TeamChange},
};

/// A team as the API answers it.
pub fn team(row: TeamRow) -> Team {
    Team {
        id: row.id,
        name: row.name,
        display_name: row.display_name,
        members: row.members,
        revision: row.revision,
        created_at: rfc3339(row.created_at),
    }
}

/// One's own teams; for the platform admin all.
///
/// # Errors
/// A page token that is not ours.
pub async fn list(store: &Store, principal: &Principal, query: &ListQuery) -> Result<Page<Team>> {
    if let Some(only) = principal.token_team() {
        let items = store.team(only).await?.map(team).into_iter().collect();
        return Ok(Page { items, next_page_token: None });
    }
    let keyset = Keyset::<String>::of(query)?;
    let user = (!principal.admin).then_some(principal.user_id.as_str());
    let rows = store.team_list(user, keyset.after.as_deref().unwrap_or_default(), keyset.limit()).await?;
    Ok(keyset.page(rows, |r| r.name.clone(), team))
}

/// Makes a team; its maker is its first maintainer.
///
/// # Errors
/// A name that is wrong or taken.
pub async fn create(store: &Store, principal: &Principal, new: &NewTeam) -> Result<Team> {
    name::check(&new.name).map_err(|e| Error::invalid("name", e))?;
    let display_name = display_name(new.display_name.as_deref().unwrap_or(&new.name))?;
    let id = ids::new_id(&**store.clock());
    let mut tx = store.begin().await?;
    tx.team_insert(&id, &new.name, &display_name).await?;
    tx.member_set(&id, &principal.user_id, Role::Maintainer).await?;
    policy::begin(&mut tx, &id).await?;
    tx.event(NewEvent {
        team_id: Some(&id),
        actor: &principal.actor(),
        action: "create",
        kind: "team",
        object_id: &id,
        object_name: &new.name,
        revision: 1,
        before: None,
        after: Some(serde_json::json!({ "name": new.name, "display_name": display_name, "maintainer": principal.user })),
    })
    .await?;
    let now = tx.now();
    tx.commit().await?;
    Ok(Team { id, name: new.name.clone(), display_name, members: 1, revision: 1, created_at: rfc3339(now) })
}

/// Changes the display name.
///
/// # Errors
/// A stale revision: conflict.
pub async fn update(store: &Store, by: &TeamMaintainer, change: &TeamChange) -> Result<Team> {
    let display_name = display_name(&change.display_name)?;
    let mut tx = store.begin().await?;
    if !tx.team_update(&by.team.id, &display_name, change.revision).await? {
        return Err(Error::stale("The team"));
    }
    tx.event(NewEvent {
        team_id: Some(&by.team.id),
        actor: &by.actor(),
        action: "update",
        kind: "team",
        object_id: &by.team.id,
        object_name: &by.team.name,
        revision: change.revision + 1,
        before: Some(serde_json::json!({ "display_name": by.team.display_name })),
        after: Some(serde_json::json!({ "display_name": display_name })),
    })
    .await?;
    tx.commit().await?;
    Ok(Team { display_name, revision: change.revision + 1, ..team(by.team.clone()) })
}

fn display_name(text: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 100 {
        return Err(Error::invalid("display_name", "A display name has 1 to 100 characters."));
    }
    Ok(text.to_owned())
}
