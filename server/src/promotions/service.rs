//! What one may ask of promotions. Requests write down what is wanted; the reconciler brings it about.

use super::{moving, of_run, plan, policy, promote, view};
use crate::{
    access::{TeamEditor, TeamMaintainer, TeamMember},
    artifacts::ArtifactStore,
    error::{Error, Kind, Result},
    ids,
    logs::LogStore,
    models::{names, registered, versions},
    store::{
        Store, Tx,
        events::NewEvent,
        keyset::Keyset,
        promotions::{PromotionFilter, PromotionRow},
    },
};
use app::api::{
    Page,
    changes::kinds,
    logs::{LogPage, LogQuery},
    members::Role,
    promotions::{NewPromotion, Promotion, PromotionQuery, PromotionState, Say},
};
use serde_json::{Value, json};

/// Longest comment, in characters.
const MAX_COMMENT: usize = 10_000;
/// Longest name of a model that is looked for, in characters.
const MAX_NAME: usize = 256;
/// Most open promotions that are looked through for those that wait for somebody.
const MOST_WAITING: i64 = 100;

/// Promotions of a team, newest first.
///
/// # Errors
/// A page token that is not ours.
pub async fn list(store: &Store, by: &TeamMember, query: &PromotionQuery) -> Result<Page<Promotion>> {
    names::text("model", query.model.as_deref().unwrap_or_default(), MAX_NAME)?;
    let keyset = Keyset::<String>::new(query.page_size, query.page_token.as_deref())?;
    let filter = PromotionFilter {
        model: query.model.as_deref().filter(|m| !m.is_empty()),
        version: query.version,
        open: query.open.unwrap_or_default(),
    };
    let rows = store.promotion_list(&by.team.id, &filter, keyset.after.as_deref(), keyset.limit()).await?;
    let page = keyset.page(rows, |r| r.id.clone(), |r| r);
    Ok(Page { items: view::many(store, page.items).await?, next_page_token: page.next_page_token })
}

/// Promotions that wait for an approval which this member can give, newest first.
///
/// # Errors
/// The database does not answer.
pub async fn waiting(store: &Store, by: &TeamMember) -> Result<Vec<Promotion>> {
    let mut out = Vec::new();
    if by.role < Role::Maintainer {
        return Ok(out);
    }
    let filter = PromotionFilter { open: true, ..PromotionFilter::default() };
    for row in store.promotion_list(&by.team.id, &filter, None, MOST_WAITING).await? {
        if row.state() == PromotionState::WaitingForApproval {
            out.push(view::one(store, row).await?);
        }
    }
    out.retain(|p| p.approvers.contains(&by.principal.user));
    Ok(out)
}

/// A promotion.
///
/// # Errors
/// Not there.
pub async fn get(store: &Store, by: &TeamMember, id: &str) -> Result<Promotion> {
    let row = store.promotion(&by.team.id, id).await?.ok_or_else(|| Error::not_found("promotion"))?;
    view::one(store, row).await
}

/// What the workload of a gate printed, the last one where it was tried again.
///
/// # Errors
/// Not there, or no workload looked at that gate; the query makes no sense.
pub async fn log(store: &Store, logs: &LogStore, by: &TeamMember, id: &str, position: i64, query: &LogQuery) -> Result<LogPage> {
    let row = store.promotion(&by.team.id, id).await?.ok_or_else(|| Error::not_found("promotion"))?;
    let gates = store.promotion_gates(&row.id).await?;
    let gate = gates.into_iter().find(|g| g.position == position).ok_or_else(|| Error::not_found("gate"))?;
    let workload = match &gate.workload_id {
        Some(id) => store.workload(id).await?,
        None => None,
    };
    let Some(workload) = workload else { return Ok(LogPage { complete: gate.ended_at.is_some(), ..LogPage::default() }) };
    if query.attempt.is_some_and(|n| n != workload.attempt) {
        return Err(Error::invalid("attempt", format!("Only the log of attempt {}, the last one, is kept.", workload.attempt)));
    }
    let page = logs.page(&workload.id, &LogQuery { attempt: Some(workload.attempt), ..query.clone() }).await?;
    // What never started has no log, and will have none.
    let complete = page.complete || (workload.ended() && workload.ensured_at.is_none());
    Ok(LogPage { complete, attempt: workload.attempt, attempts: workload.attempt, ..page })
}

/// Asks for a version to be promoted. An open request for another version of the model to the same stage is superseded.
///
/// # Errors
/// There is no such version or stage; it has the stage already; it was asked for already; the token of a run that it did not come from.
pub async fn request(store: &Store, by: &TeamEditor, ask: &NewPromotion) -> Result<Promotion> {
    names::model("model", &ask.model)?;
    let stage = policy::stage(&ask.stage)?;
    let comment = comment(&ask.comment)?;
    if by.principal.run().is_some() {
        of_run::may_ask(store, by, &versions::get(store, by, &ask.model, ask.version).await?.row).await?;
    }
    let mut tx = store.begin().await?;
    let model = registered::lock(&mut tx, by, &ask.model, false).await?;
    let version = tx.version(&by.team.id, &model.name, ask.version).await?.ok_or_else(|| versions::not_found(&model.name, ask.version))?;
    let policy = policy::one_in(&mut tx, &by.team.id, stage).await?;
    let current = tx.alias(&model.id, &policy.alias).await?;
    let name = format!("{} v{}", model.name, version.version);
    // One that went on to a later stage keeps the alias of this one, too.
    if current == Some(version.version) && policy::rank(&version.stage) >= policy::rank(stage) {
        return Err(Error::conflict(format!("{name} has {stage} already.")));
    }
    if let Some(open) = tx.promotion_open(&model.id, stage).await? {
        if open.version_id == version.id {
            return Err(Error::conflict(format!("{} asked for {name} to go to {stage} already.", open.requested_by))
                .hint(format!("See the promotion {}.", open.id)));
        }
        let reason = format!("{} asked for v{} to go to {stage}.", by.principal.user, version.version);
        moving::to(&mut tx, &open, PromotionState::Superseded, Some(&reason)).await?;
        event(&mut tx, by, "supersede", &open, Some(json!({ "reason": reason }))).await?;
    }
    let row = PromotionRow {
        id: ids::new_id(&**store.clock()),
        team_id: by.team.id.clone(),
        model_id: model.id.clone(),
        model: model.name.clone(),
        version_id: version.id.clone(),
        version: version.version,
        stage: stage.into(),
        alias: policy.alias.clone(),
        current_version: current,
        policy_revision: policy.revision,
        state_text: PromotionState::Checking.as_str().into(),
        reason: None,
        requested_by: by.principal.user.clone(),
        requested_by_id: by.principal.user_id.clone(),
        revision: 1,
        created_at: tx.now(),
        state_since: tx.now(),
        needed: None,
    };
    tx.promotion_insert(&row).await?;
    tx.promotion_gates_make(&row.id, 1, &policy.gates).await?;
    if !comment.is_empty() {
        tx.promotion_comment(&ids::new_id(&**store.clock()), &row.id, &by.principal.user, comment).await?;
    }
    let after = json!({ "model": row.model, "version": row.version, "stage": stage, "current": current });
    event(&mut tx, by, "request", &row, Some(after)).await?;
    tx.commit().await?;
    get(store, by, &row.id).await
}

/// A maintainer says yes. Who asked cannot. The approval that was missing promotes the version at once, where all gates are still green.
///
/// # Errors
/// Not there, or no longer open; the asker's own request.
pub async fn approve(store: &Store, artifacts: &ArtifactStore, by: &TeamMaintainer, id: &str, say: &Say) -> Result<Promotion> {
    let comment = comment(&say.comment)?;
    let green_at = still_green(store, artifacts, by, id).await?;
    let (mut tx, row) = open(store, by, id).await?;
    if row.requested_by_id == by.principal.user_id {
        return Err(Error::forbidden("This is your own request: another maintainer of the team approves it.")
            .hint("A team of one sets the stage's approvals to 0."));
    }
    tx.promotion_vote(id, &by.principal.user_id, &by.principal.user, true).await?;
    let waits = waits(&mut tx, &row).await?;
    moved(&mut tx, by, &row, row.state(), waits.as_deref().or(row.reason.as_deref()), "approve", comment).await?;
    // Of what changed since that look the reconciler makes what is to be made.
    if green_at == Some(row.revision)
        && let Some(row) = tx.promotion(id).await?
    {
        promote::promote(&mut tx, &row).await?;
    }
    finish(store, tx, by, id, comment).await
}

/// The revision at which a promotion waits for nothing but approvals: its gates are green, looked at a last time.
async fn still_green(store: &Store, artifacts: &ArtifactStore, by: &TeamMember, id: &str) -> Result<Option<i64>> {
    let waits = |r: &PromotionRow| r.state() == PromotionState::WaitingForApproval;
    let Some(row) = store.promotion(&by.team.id, id).await?.filter(waits) else { return Ok(None) };
    let gates = store.promotion_gates(id).await?;
    match promote::turned_red(store, artifacts, &row, &gates).await {
        // Said all the same: it is promoted by the next look that can be had.
        Err(error) if matches!(error.kind, Kind::Unavailable | Kind::Upstream) => Ok(None),
        red => Ok(red?.is_empty().then_some(row.revision)),
    }
}

/// What one that waits for approvals says of those that it misses.
async fn waits(tx: &mut Tx, row: &PromotionRow) -> Result<Option<String>> {
    if row.state() != PromotionState::WaitingForApproval {
        return Ok(None);
    }
    let policy = policy::one_in(tx, &row.team_id, &row.stage).await?;
    let maintainers = tx.maintainers_of(&row.team_id).await?;
    let votes = tx.promotion_votes(&row.team_id, &row.id).await?;
    let missing = policy.needed(maintainers.len()) - view::approvals(row, &votes).count() as i64;
    Ok(Some(plan::waits(missing, &view::approvers(row, &maintainers, &votes))))
}

/// A maintainer says no: it ends.
///
/// # Errors
/// Not there, or no longer open.
pub async fn refuse(store: &Store, by: &TeamMaintainer, id: &str, say: &Say) -> Result<Promotion> {
    let comment = comment(&say.comment)?;
    let (mut tx, row) = open(store, by, id).await?;
    tx.promotion_vote(id, &by.principal.user_id, &by.principal.user, false).await?;
    let reason = match comment {
        "" => format!("Refused by {}.", by.principal.user),
        why => format!("Refused by {}: {why}", by.principal.user),
    };
    moved(&mut tx, by, &row, PromotionState::Refused, Some(&reason), "refuse", comment).await?;
    finish(store, tx, by, id, comment).await
}

/// Who asked, or a maintainer, takes it back.
///
/// # Errors
/// Not there, or no longer open; somebody else's.
pub async fn withdraw(store: &Store, by: &TeamEditor, id: &str, say: &Say) -> Result<Promotion> {
    let comment = comment(&say.comment)?;
    let (mut tx, row) = open(store, by, id).await?;
    if row.requested_by_id != by.principal.user_id && by.role < Role::Maintainer {
        return Err(Error::forbidden(format!("{} asked for it: they, or a maintainer, can withdraw it.", row.requested_by)));
    }
    let reason = format!("Withdrawn by {}.", by.principal.user);
    moved(&mut tx, by, &row, PromotionState::Withdrawn, Some(&reason), "withdraw", comment).await?;
    finish(store, tx, by, id, comment).await
}

/// All gates are looked at again; what was refused is open once more, and approvals are asked anew.
///
/// # Errors
/// Not there, promoted, withdrawn or superseded; its version is gone; another request is open.
pub async fn recheck(store: &Store, by: &TeamEditor, id: &str) -> Result<Promotion> {
    let mut tx = store.begin().await?;
    let row = locked(&mut tx, by, id).await?;
    if !row.state().is_open() && row.state() != PromotionState::Refused {
        return Err(over(&row).hint("Ask for a new one."));
    }
    let version = tx.version(&by.team.id, &row.model, row.version).await?.filter(|v| v.id == row.version_id);
    if version.is_none() {
        return Err(Error::conflict(format!("{} v{} was deleted.", row.model, row.version)));
    }
    if row.state() == PromotionState::Refused {
        if let Some(other) = tx.promotion_open(&row.model_id, &row.stage).await? {
            return Err(Error::conflict(format!("v{} was asked for meanwhile by {}.", other.version, other.requested_by)));
        }
        tx.promotion_votes_clear(id).await?;
    }
    let policy = policy::one_in(&mut tx, &by.team.id, &row.stage).await?;
    let current = tx.alias(&row.model_id, &policy.alias).await?;
    tx.promotion_ground(id, &policy.alias, policy.revision, current).await?;
    tx.promotion_gates_make(id, row.revision + 1, &policy.gates).await?;
    moved(&mut tx, by, &row, PromotionState::Checking, None, "recheck", "").await?;
    tx.commit().await?;
    get(store, by, id).await
}

/// Says something about it.
///
/// # Errors
/// Not there; nothing said.
pub async fn say(store: &Store, by: &TeamEditor, id: &str, say: &Say) -> Result<Promotion> {
    let text = comment(&say.comment)?;
    if text.is_empty() {
        return Err(Error::invalid("comment", "Write something."));
    }
    let mut tx = store.begin().await?;
    let row = locked(&mut tx, by, id).await?;
    event(&mut tx, by, "comment", &row, None).await?;
    finish(store, tx, by, id, text).await
}

/// A transaction that holds the lock of the model, and the promotion, which is open.
async fn open(store: &Store, by: &TeamMember, id: &str) -> Result<(Tx, PromotionRow)> {
    let mut tx = store.begin().await?;
    let row = locked(&mut tx, by, id).await?;
    if row.state().is_open() { Ok((tx, row)) } else { Err(over(&row)) }
}

async fn locked(tx: &mut Tx, by: &TeamMember, id: &str) -> Result<PromotionRow> {
    let not_there = || Error::not_found("promotion");
    let row = tx.promotion(id).await?.filter(|r| r.team_id == by.team.id).ok_or_else(not_there)?;
    tx.model_lock(&by.team.id, &row.model, false).await?;
    // As it is now that nobody else changes it.
    tx.promotion(id).await?.ok_or_else(not_there)
}

fn over(row: &PromotionRow) -> Error {
    let label = || format!("This promotion is {}.", row.state().label().to_lowercase());
    let said = row.reason.as_deref().map_or_else(label, |why| format!("This promotion is over: {why}"));
    Error::new(Kind::Conflict, said)
}

async fn moved(
    tx: &mut Tx,
    by: &TeamMember,
    row: &PromotionRow,
    state: PromotionState,
    reason: Option<&str>,
    action: &str,
    comment: &str,
) -> Result<()> {
    if !moving::to(tx, row, state, reason).await? {
        return Err(Error::stale("The promotion"));
    }
    let said = (!comment.is_empty()).then(|| json!({ "comment": comment }));
    event(tx, by, action, row, said).await
}

async fn finish(store: &Store, mut tx: Tx, by: &TeamMember, id: &str, comment: &str) -> Result<Promotion> {
    if !comment.is_empty() {
        tx.promotion_comment(&ids::new_id(&**store.clock()), id, &by.principal.user, comment).await?;
    }
    tx.commit().await?;
    get(store, by, id).await
}

fn comment(text: &str) -> Result<&str> {
    names::text("comment", text, MAX_COMMENT)?;
    Ok(text.trim())
}

async fn event(tx: &mut Tx, by: &TeamMember, action: &str, row: &PromotionRow, after: Option<Value>) -> Result<()> {
    tx.event(NewEvent {
        team_id: Some(&by.team.id),
        actor: &by.actor(),
        action,
        kind: kinds::PROMOTION,
        object_id: &row.id,
        object_name: &name(row),
        revision: row.revision + 1,
        before: None,
        after,
    })
    .await
    .map(drop)
}

/// `churn v14 to Production`.
pub fn name(row: &PromotionRow) -> String {
    format!("{} v{} to {}", row.model, row.version, row.stage)
}
