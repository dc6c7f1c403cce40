//! Local users, in the hands of the platform admin.

use super::{PlatformAdmin, password};
use crate::{
    clock::rfc3339,
    error::{Error, Result},
    ids,
    store::{
        Store,
        events::NewEvent,
        keyset::Keyset,
        users::{NewUserRow, UserRow},
    },
};
use app::api::{
    ListQuery, Page, name,
    users::{NewUser, User, UserChange},
};

fn user(row: UserRow) -> User {
    User {
        admin: row.admin(),
        disabled: row.disabled(),
        revision: row.revision,
        id: row.id,
        name: row.name,
        display_name: row.display_name,
        created_at: rfc3339(row.created_at),
        last_sign_in_at: row.last_sign_in_at.map(rfc3339),
    }
}

/// Users by name.
///
/// # Errors
/// A page token that is not ours.
pub async fn list(store: &Store, _: &PlatformAdmin, query: &ListQuery) -> Result<Page<User>> {
    let keyset = Keyset::<String>::of(query)?;
    let rows = store.user_list(keyset.after.as_deref().unwrap_or_default(), keyset.limit()).await?;
    Ok(keyset.page(rows, |r| r.name.clone(), user))
}

/// Makes a user.
///
/// # Errors
/// A name that is wrong or taken, a password not good enough.
pub async fn create(store: &Store, admin: &PlatformAdmin, new: NewUser) -> Result<User> {
    name::check(&new.name).map_err(|e| Error::invalid("name", e))?;
    password::check_new("password", &new.password)?;
    let display_name = new.display_name.filter(|d| !d.trim().is_empty()).unwrap_or_else(|| new.name.clone());
    if display_name.chars().count() > 100 {
        return Err(Error::invalid("display_name", "A display name has at most 100 characters."));
    }
    let hash = password::hash(new.password).await?;
    let id = ids::new_id(&**store.clock());
    let mut tx = store.begin().await?;
    tx.user_insert(&NewUserRow { id: &id, name: &new.name, display_name: &display_name, password_hash: Some(&hash), admin: new.admin })
        .await?;
    tx.event(event(admin, &admin.actor(), "create", (&id, &new.name, 1), None, Some(serde_json::json!({ "admin": new.admin })))).await?;
    let now = tx.now();
    tx.commit().await?;
    Ok(User {
        id,
        name: new.name,
        display_name,
        admin: new.admin,
        disabled: false,
        revision: 1,
        created_at: rfc3339(now),
        last_sign_in_at: None,
    })
}

/// Changes a user. A new password, or being disabled, ends every session.
///
/// # Errors
/// No such user, a stale revision; an admin cannot disable or demote themselves.
pub async fn update(store: &Store, admin: &PlatformAdmin, who: &str, change: UserChange) -> Result<User> {
    let row = store.user_by_name(who).await?.ok_or_else(|| Error::not_found("user"))?;
    let stale = || Error::stale(format!("The user {}", row.name));
    if change.revision.is_some_and(|seen| seen != row.revision) {
        return Err(stale());
    }
    if row.id == admin.user_id && (change.disabled == Some(true) || change.admin == Some(false)) {
        return Err(Error::conflict("You cannot disable or demote yourself.").hint("Ask another platform admin."));
    }
    let hash = match change.password {
        Some(secret) => {
            password::check_new("password", &secret)?;
            Some(password::hash(secret).await?)
        }
        None => None,
    };
    let (was_admin, was_disabled) = (row.admin(), row.disabled());
    let (is_admin, disabled) = (change.admin.unwrap_or(was_admin), change.disabled.unwrap_or(was_disabled));
    let display_name = change.display_name.unwrap_or_else(|| row.display_name.clone());
    let ends = hash.is_some() || disabled;
    let mut tx = store.begin().await?;
    let password_hash = hash.as_deref().or(row.password_hash.as_deref());
    if !tx.user_update((&row.id, row.revision), &display_name, password_hash, is_admin, disabled).await? {
        return Err(stale());
    }
    if ends {
        tx.sessions_end_of(&row.id).await?;
    }
    let before = serde_json::json!({ "admin": was_admin, "disabled": was_disabled, "display_name": row.display_name });
    let after =
        serde_json::json!({ "admin": is_admin, "disabled": disabled, "display_name": display_name, "new_password": hash.is_some() });
    tx.event(event(admin, &admin.actor(), "update", (&row.id, &row.name, row.revision + 1), Some(before), Some(after))).await?;
    tx.commit().await?;
    let row = store.user(&row.id).await?.ok_or_else(|| Error::not_found("user"))?;
    Ok(user(row))
}

fn event<'a>(
    _: &PlatformAdmin,
    actor: &'a str,
    action: &'a str,
    (object_id, object_name, revision): (&'a str, &'a str, i64),
    before: Option<serde_json::Value>,
    after: Option<serde_json::Value>,
) -> NewEvent<'a> {
    NewEvent { team_id: None, actor, action, kind: "user", object_id, object_name, revision, before, after }
}
