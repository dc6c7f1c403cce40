//! PURE: what is seen of an open promotion becomes the next step. Nothing here reads a clock or a database.

use app::api::promotions::{GateState, PromotionState};

/// How often a gate whose workload was lost is tried.
pub const ATTEMPTS: i64 = 3;

/// What is seen of an open promotion.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// What its row says.
    pub state: PromotionState,
    /// Why.
    pub reason: Option<String>,
    /// `churn v14`.
    pub name: String,
    /// Whether the version is still there.
    pub there: bool,
    /// Whether the policy is the one by which the gates were made.
    pub same_policy: bool,
    /// Whether the alias is where it was when the gates were looked at.
    pub same_current: bool,
    /// Gates in order: title and how far.
    pub gates: Vec<(String, GateState)>,
    /// Approvals that count.
    pub approvals: i64,
    /// Approvals that it needs.
    pub needed: i64,
    /// Maintainers who could give one, by name, without the one who asked.
    pub approvers: Vec<String>,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nothing changed.
    Nothing,
    /// Look at all gates anew, by the policy in force.
    Anew(String),
    /// Say how far it is.
    Follow(PromotionState, Option<String>),
    /// Point alias and stage at the version.
    Promote,
    /// It ends without the version being promoted.
    End(PromotionState, String),
}

/// The next step.
pub fn plan(seen: &Seen) -> Step {
    if !seen.there {
        return Step::End(PromotionState::Refused, format!("{} was deleted.", seen.name));
    }
    if !seen.same_policy {
        return Step::Anew("The stage's policy was changed.".into());
    }
    if !seen.same_current {
        return Step::Anew("Another version has the alias by now.".into());
    }
    if seen.gates.iter().any(|(_, state)| matches!(state, GateState::Open | GateState::Running)) {
        return follow(seen, PromotionState::Checking, None);
    }
    let red: Vec<&str> = seen.gates.iter().filter(|(_, s)| *s != GateState::Passed).map(|(title, _)| title.as_str()).collect();
    if !red.is_empty() {
        let gates = if seen.gates.len() == 1 {
            "The gate is red".to_owned()
        } else {
            format!("{} of {} gates are red", red.len(), seen.gates.len())
        };
        return Step::End(PromotionState::Refused, format!("{gates}: {}.", red.join("; ")));
    }
    if seen.approvals >= seen.needed {
        return Step::Promote;
    }
    follow(seen, PromotionState::WaitingForApproval, Some(waits(seen.needed - seen.approvals, &seen.approvers)))
}

/// What is said of a promotion that misses so many approvals, where these could still give one.
pub fn waits(missing: i64, approvers: &[String]) -> String {
    let what = match missing {
        ..=0 => return "It is approved: its gates are looked at a last time.".into(),
        1 => "one approval".to_owned(),
        more => format!("{more} approvals"),
    };
    let waits = match approvers {
        [] => {
            return format!(
                "Waits for {what}, which nobody is left to give: the team needs another maintainer, or the stage fewer approvals."
            );
        }
        [one] => format!("Waits for {what}: {one} can approve."),
        // Not all of them are needed, or all of them are.
        [most @ .., last] if (approvers.len() as i64) > missing => format!("Waits for {what}: {} or {last} can approve.", most.join(", ")),
        [most @ .., last] => format!("Waits for {what}: {} and {last} can approve.", most.join(", ")),
    };
    match missing - approvers.len() as i64 {
        ..=0 => waits,
        _ => format!("{waits} The team needs another maintainer besides, or the stage fewer approvals."),
    }
}

fn follow(seen: &Seen, state: PromotionState, reason: Option<String>) -> Step {
    if state == seen.state && reason == seen.reason { Step::Nothing } else { Step::Follow(state, reason) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use GateState::{Broken, Failed, Open, Passed, Running};

    fn seen(gates: &[GateState]) -> Seen {
        Seen {
            state: PromotionState::Checking,
            reason: None,
            name: "churn v14".into(),
            there: true,
            same_policy: true,
            same_current: true,
            gates: gates.iter().enumerate().map(|(i, g)| (format!("g{i}"), *g)).collect(),
            approvals: 0,
            needed: 0,
            approvers: vec!["Ada".into(), "Chi".into()],
        }
    }

    #[test]
    fn gates_first_then_approvals_then_promoted() {
        assert_eq!(plan(&seen(&[Passed, Running])), Step::Nothing);
        assert_eq!(plan(&seen(&[])), Step::Promote);
        assert_eq!(plan(&seen(&[Passed, Passed])), Step::Promote);
        let asks = Seen { needed: 1, ..seen(&[Passed]) };
        let wanted = Step::Follow(PromotionState::WaitingForApproval, Some("Waits for one approval: Ada or Chi can approve.".into()));
        assert_eq!(plan(&asks), wanted);
        assert_eq!(plan(&Seen { approvals: 1, ..asks }), Step::Promote);
    }

    #[test]
    fn it_says_who_can_approve_and_where_they_are_too_few() {
        let people = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        for (missing, approvers, says) in [
            (1, people(&["Ada"]), "Waits for one approval: Ada can approve."),
            (1, people(&["Ada", "Bob", "Chi"]), "Waits for one approval: Ada, Bob or Chi can approve."),
            (2, people(&["Ada", "Chi"]), "Waits for 2 approvals: Ada and Chi can approve."),
            (
                2,
                people(&["Ada"]),
                "Waits for 2 approvals: Ada can approve. The team needs another maintainer besides, or the stage fewer approvals.",
            ),
        ] {
            assert_eq!(waits(missing, &approvers), says);
        }
        assert!(waits(1, &[]).contains("nobody is left to give"));
    }

    #[test]
    fn a_red_gate_waits_for_the_others_and_then_refuses() {
        assert_eq!(plan(&seen(&[Failed, Open])), Step::Nothing);
        let wanted = Step::End(PromotionState::Refused, "2 of 3 gates are red: g0; g2.".into());
        assert_eq!(plan(&Seen { approvals: 5, ..seen(&[Failed, Passed, Broken]) }), wanted);
    }

    #[test]
    fn what_changed_meanwhile_is_looked_at_again_even_where_all_is_green() {
        let green = Seen { approvals: 1, needed: 1, ..seen(&[Passed]) };
        assert!(matches!(plan(&Seen { same_policy: false, ..green.clone() }), Step::Anew(_)));
        assert!(matches!(plan(&Seen { same_current: false, ..green.clone() }), Step::Anew(_)));
        assert!(matches!(plan(&Seen { there: false, ..green }), Step::End(PromotionState::Refused, _)));
    }
}
