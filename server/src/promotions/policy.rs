//! What a stage asks of a version before it may have it.

use crate::{
    access::{TeamMaintainer, TeamMember},
    error::{Error, Result},
    models::names,
    quota::sizes,
    store::{Store, Tx, events::NewEvent, stage_policies::StagePolicyRow},
};
use app::api::promotions::{Gate, SetStagePolicy, StagePolicy};
use serde_json::json;

/// The stages that versions are promoted to, in order.
pub const STAGES: [&str; 2] = ["Staging", "Production"];
/// Most gates of a stage.
const MOST_GATES: usize = 50;
/// Most approvals that can be asked for.
const MOST_APPROVALS: i64 = 10;
/// Most models that are named in a refusal.
const MOST_NAMED: i64 = 3;
/// Longest command of a gate, in characters.
const MAX_COMMAND: usize = 10_000;
/// Longest a gate's command may take, in seconds.
const MAX_SECONDS: i64 = 24 * 3600;

/// The policy of a stage, as it is in force.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// `Staging` or `Production`.
    pub stage: &'static str,
    /// The alias that goes with it.
    pub alias: String,
    /// What is checked.
    pub gates: Vec<Gate>,
    /// Approvals; none is one as soon as the team has two maintainers.
    pub approvals: Option<i64>,
    /// Whether alias and stage are set by promotions only.
    pub protect: bool,
    /// Counts up with each change; 0 where nobody has set it.
    pub revision: i64,
}

impl Policy {
    /// What a stage asks that nobody has said anything of: nothing.
    fn open(stage: &'static str) -> Self {
        Self { stage, alias: stage.to_ascii_lowercase(), gates: Vec::new(), approvals: Some(0), protect: false, revision: 0 }
    }

    fn of(row: &StagePolicyRow, stage: &'static str) -> Result<Self> {
        Ok(Self {
            stage,
            alias: row.alias.clone(),
            gates: serde_json::from_str(&row.gates_json)?,
            approvals: row.approvals,
            protect: row.protect != 0,
            revision: row.revision,
        })
    }

    /// Approvals that a request needs in a team with so many maintainers.
    pub fn needed(&self, maintainers: usize) -> i64 {
        self.approvals.unwrap_or(i64::from(maintainers >= 2))
    }

    /// As the API tells it.
    pub fn view(self, maintainers: usize) -> StagePolicy {
        StagePolicy {
            approvals_needed: self.needed(maintainers),
            stage: self.stage.to_owned(),
            alias: self.alias,
            gates: self.gates,
            approvals: self.approvals,
            protect: self.protect,
            revision: self.revision,
        }
    }
}

/// The stage that is meant, whatever the case of its letters.
///
/// # Errors
/// No version is promoted to it.
pub fn stage(stage: &str) -> Result<&'static str> {
    STAGES
        .into_iter()
        .find(|s| s.eq_ignore_ascii_case(stage.trim()))
        .ok_or_else(|| Error::invalid("stage", format!("A version is promoted to {}, not to '{stage}'.", STAGES.join(" or "))))
}

/// How far a stage is, from 0; none for where no version is promoted to.
pub fn rank(stage: &str) -> Option<usize> {
    STAGES.iter().position(|s| *s == stage)
}

/// All stages of a team.
///
/// # Errors
/// The database does not answer.
pub async fn all(store: &Store, team_id: &str) -> Result<Vec<Policy>> {
    read(&store.stage_policies(team_id).await?)
}

/// As [`all`], in a transaction.
///
/// # Errors
/// The database does not answer.
pub async fn all_in(tx: &mut Tx, team_id: &str) -> Result<Vec<Policy>> {
    read(&tx.stage_policies(team_id).await?)
}

/// The policy of one stage, in a transaction.
///
/// # Errors
/// No version is promoted to it.
pub async fn one_in(tx: &mut Tx, team_id: &str, name: &str) -> Result<Policy> {
    let name = stage(name)?;
    let all = all_in(tx, team_id).await?;
    all.into_iter().find(|p| p.stage == name).ok_or_else(|| Error::internal(format!("no stage {name}")))
}

fn read(rows: &[StagePolicyRow]) -> Result<Vec<Policy>> {
    STAGES
        .into_iter()
        .map(|stage| rows.iter().find(|r| r.stage == stage).map_or_else(|| Ok(Policy::open(stage)), |row| Policy::of(row, stage)))
        .collect()
}

/// Stages of a team for the API.
///
/// # Errors
/// The database does not answer.
pub async fn list(store: &Store, by: &TeamMember) -> Result<Vec<StagePolicy>> {
    let maintainers = store.maintainers_of(&by.team.id).await?.len();
    Ok(all(store, &by.team.id).await?.into_iter().map(|p| p.view(maintainers)).collect())
}

/// What a new team begins with: Production is protected, with a smoke test, a signature, and an approval once there are two who can give one.
///
/// # Errors
/// The database does not answer.
pub async fn begin(tx: &mut Tx, team_id: &str) -> Result<()> {
    let gates = [Gate::Signature, Gate::Smoke { within_ms: None, size: None }];
    let row = StagePolicyRow {
        stage: "Production".into(),
        alias: "production".into(),
        gates_json: serde_json::to_string(&gates)?,
        approvals: None,
        protect: 1,
        revision: 1,
    };
    tx.stage_policy_set(team_id, &row).await
}

/// Replaces the policy of a stage. Open promotions to it are looked at anew.
///
/// # Errors
/// A field that is wrong; another stage has the alias; a stale revision.
pub async fn set(store: &Store, by: &TeamMaintainer, name: &str, ask: &SetStagePolicy) -> Result<StagePolicy> {
    let name = stage(name)?;
    let alias = ask.alias.as_deref().map(crate::models::aliases::typed).filter(|a| !a.is_empty());
    let alias = alias.map_or_else(|| name.to_ascii_lowercase(), str::to_owned);
    names::new_alias(&alias)?;
    check(&ask.gates)?;
    if ask.approvals.is_some_and(|n| !(0..=MOST_APPROVALS).contains(&n)) {
        return Err(Error::invalid("approvals", format!("Approvals are 0 to {MOST_APPROVALS}.")));
    }
    let mut tx = store.begin().await?;
    let all = all_in(&mut tx, &by.team.id).await?;
    let Some(before) = all.iter().find(|p| p.stage == name) else { return Err(Error::internal(format!("no stage {name}"))) };
    Error::unless_stale(ask.revision, before.revision, format!("The policy of {name}"))?;
    if let Some(other) = all.iter().find(|p| p.stage != name && p.alias.eq_ignore_ascii_case(&alias)) {
        return Err(Error::invalid("alias", format!("@{alias} goes with {} already.", other.stage)).hint("Name another alias."));
    }
    // The name alone would go on, and the protection with it: what has the alias now could be changed, and the alias set by anybody.
    if before.protect && ask.protect && before.alias != alias {
        let have = tx.models_with_alias(&by.team.id, &before.alias, MOST_NAMED).await?;
        if !have.is_empty() {
            let said = format!("{name} is protected, and programs find what it has by @{}, as of {}.", before.alias, have.join(", "));
            return Err(Error::conflict(said).hint(
                "Lift the protection and name the other alias in one change, set it on the versions that are to have it, then protect it again.",
            ));
        }
    }
    for gate in &ask.gates {
        if let Gate::Script { environment, .. } = gate
            && store.environment_usable(&by.team.id, environment).await?.is_none()
        {
            return Err(Error::invalid("gates", format!("There is no environment {environment} that is ready, or being made.")));
        }
    }
    let row = StagePolicyRow {
        stage: name.into(),
        alias,
        gates_json: serde_json::to_string(&ask.gates)?,
        approvals: ask.approvals,
        protect: i64::from(ask.protect),
        revision: before.revision + 1,
    };
    tx.stage_policy_set(&by.team.id, &row).await?;
    let told = |p: &Policy| json!({ "alias": p.alias, "gates": p.gates, "approvals": p.approvals, "protect": p.protect });
    let after = Policy::of(&row, name)?;
    tx.event(NewEvent {
        team_id: Some(&by.team.id),
        actor: &by.actor(),
        action: "update",
        kind: "stage",
        object_id: &format!("{}:{name}", by.team.id),
        object_name: name,
        revision: row.revision,
        before: Some(told(before)),
        after: Some(told(&after)),
    })
    .await?;
    let maintainers = tx.maintainers_of(&by.team.id).await?.len();
    tx.commit().await?;
    Ok(after.view(maintainers))
}

fn check(gates: &[Gate]) -> Result<()> {
    if gates.len() > MOST_GATES {
        return Err(Error::invalid("gates", format!("A stage has at most {MOST_GATES} gates.")));
    }
    let wrong = |i: usize, why: &str| Error::invalid("gates", format!("Gate {}: {why}", i + 1));
    for (i, gate) in gates.iter().enumerate() {
        if gate.size().is_some_and(|size| !sizes::NAMES.contains(&size)) {
            return Err(wrong(i, &format!("A size is one of {}.", sizes::NAMES.join(", "))));
        }
        match gate {
            Gate::Metric { name, min, max } => {
                names::key(name).map_err(|e| wrong(i, &e.public))?;
                if [min, max].into_iter().flatten().any(|v| !v.is_finite()) {
                    return Err(wrong(i, "A bound is a number."));
                }
                if min.is_none() && max.is_none() {
                    return Err(wrong(i, "Give min, or max, or both."));
                }
                if let (Some(min), Some(max)) = (min, max)
                    && min > max
                {
                    return Err(wrong(i, "min is above max: nothing could pass."));
                }
            }
            Gate::NoWorse { name, tolerance, .. } => {
                names::key(name).map_err(|e| wrong(i, &e.public))?;
                if !tolerance.is_finite() || *tolerance < 0.0 {
                    return Err(wrong(i, "The tolerance is 0 or more."));
                }
            }
            Gate::Signature => {}
            Gate::Smoke { within_ms, .. } => {
                if within_ms.is_some_and(|ms| !(1..=120_000).contains(&ms)) {
                    return Err(wrong(i, "within_ms is 1 to 120000."));
                }
            }
            Gate::Script { name, environment, command, timeout_seconds, .. } => {
                names::text("environment", environment, 100).map_err(|e| wrong(i, &e.public))?;
                names::text("name", name, 100).map_err(|e| wrong(i, &e.public))?;
                names::text("command", command, MAX_COMMAND).map_err(|e| wrong(i, &e.public))?;
                if name.trim().is_empty() || command.trim().is_empty() {
                    return Err(wrong(i, "A script has a name and a command."));
                }
                if name.contains(" within ") {
                    return Err(wrong(i, "In words a script is: script NAME in ENVIRONMENT within N s: COMMAND."));
                }
                if !(1..=MAX_SECONDS).contains(timeout_seconds) {
                    return Err(wrong(i, &format!("timeout_seconds is 1 to {MAX_SECONDS}.")));
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_that_nothing_could_pass_are_refused() {
        let metric = |min, max| Gate::Metric { name: "auc".into(), min, max };
        let smoke = |within_ms, size: Option<&str>| Gate::Smoke { within_ms, size: size.map(str::to_owned) };
        assert!(check(&[metric(Some(0.9), None), metric(Some(0.1), Some(0.2)), Gate::Signature, smoke(Some(9), Some("large"))]).is_ok());
        for bad in [
            metric(None, None),
            metric(Some(2.0), Some(1.0)),
            metric(Some(f64::NAN), None),
            smoke(Some(0), None),
            smoke(None, Some("huge")),
        ] {
            let error = check(&[Gate::Signature, bad]).expect_err("refused");
            assert!(error.field.as_deref() == Some("gates") && error.public.starts_with("Gate 2: "), "{error:?}");
        }
    }

    #[test]
    fn one_approval_as_soon_as_there_are_two_maintainers() {
        let policy = Policy { approvals: None, ..Policy::open("Production") };
        assert_eq!((policy.needed(1), policy.needed(2), policy.needed(9)), (0, 1, 1));
        assert_eq!(Policy { approvals: Some(2), ..policy }.needed(1), 2);
    }
}
