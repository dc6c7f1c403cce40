//! PURE: what is wanted and what is seen become steps. Nothing here reads a clock, a database or a cluster.
//!
//! A revision on its way (`next`) is started, found ready, tried with its own input example, and only then takes the traffic. The one before
//! drains: it is stopped once nobody waits for an answer of it. Whatever goes wrong before the shift leaves the serving one as it was.

use app::api::{
    State,
    deployments::{RevisionState, Smoke},
};

/// After the shift the old replica answers at least this long, so that every router has heard of the new one; milliseconds.
pub const DRAIN_AT_LEAST: i64 = 2_000;
/// And is stopped after this long in any case; milliseconds.
pub const DRAIN_AT_MOST: i64 = 60_000;
/// Seconds in which a server that is stopped finishes what it has begun.
pub const GRACE_SECONDS: i64 = 30;
/// How often a replica that was lost before it was ready is started again.
pub const LOST_AT_MOST: i64 = 3;
/// A replica that ran this long had not crashed in a row; milliseconds.
pub const STEADY: i64 = 600_000;

const BACK_OFF: [i64; 7] = [1, 2, 5, 15, 30, 60, 300];

/// What is wanted of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Desired {
    /// Answers requests.
    Running,
    /// Off, can start again.
    Stopped,
    /// To be removed.
    Deleted,
}

impl Desired {
    /// The word of the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Deleted => "deleted",
        }
    }

    /// From the word of the database; what cannot be read is left alone, as if stopped.
    pub fn of(word: &str) -> Self {
        [Self::Running, Self::Deleted].into_iter().find(|d| d.as_str() == word).unwrap_or(Self::Stopped)
    }
}

/// What is seen of a deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// What is wanted.
    pub desired: Desired,
    /// Number of the revision that takes the traffic, or took it last.
    pub serving: Option<i64>,
    /// Number of the revision on its way.
    pub next: Option<i64>,
    /// What is said of it now.
    pub reason: Option<String>,
    /// Its revisions at work, and those with a replica that is not done with.
    pub revisions: Vec<SeenRevision>,
    /// Milliseconds since 1970.
    pub now: i64,
}

/// What is seen of a revision.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenRevision {
    /// Number.
    pub number: i64,
    /// How far it is.
    pub state: RevisionState,
    /// Why it waits or failed.
    pub reason: Option<String>,
    /// Crashes in a row.
    pub crashes: i64,
    /// When the next replica is started.
    pub retry_at: Option<i64>,
    /// Since when it does not serve any more, where it did.
    pub drains_since: Option<i64>,
    /// Requests that wait for an answer of it.
    pub in_flight: usize,
    /// How far its smoke test is.
    pub smoke: SmokeTest,
    /// Its replicas that are not done with, newest first.
    pub replicas: Vec<Replica>,
}

/// How far a smoke test is.
#[derive(Debug, Clone, PartialEq)]
pub enum SmokeTest {
    /// Not begun.
    NotYet,
    /// Under way.
    Runs,
    /// Answered.
    Passed(Smoke),
    /// Not answered as it should be.
    Failed(String, Option<Smoke>),
}

/// A replica that is not done with.
#[derive(Debug, Clone, PartialEq)]
pub struct Replica {
    /// Id of its workload.
    pub id: String,
    /// How far it is.
    pub state: State,
    /// Why it waits.
    pub reason: Option<String>,
    /// When it became ready.
    pub running_at: Option<i64>,
    /// How it ended.
    pub end: Option<End>,
}

/// How a replica ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// In a sentence.
    pub sentence: String,
    /// By no fault of its own that can be seen: worth another try before it ever was ready.
    pub lost: bool,
    /// When.
    pub at: i64,
}

/// Something to do. All steps of a plan are done in one transaction.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Start a replica of this revision.
    Start(i64),
    /// Try this revision's own input example.
    Smoke(i64),
    /// This revision is this far.
    Progress(i64, RevisionState, Option<String>),
    /// This revision takes the traffic.
    Shift(i64, Smoke),
    /// This revision takes the traffic again, after the deployment was stopped.
    Resume(i64),
    /// This revision did not become ready, or did not pass.
    Fail(i64, String, Option<Smoke>),
    /// This revision does not serve any more.
    Retire(i64),
    /// A replica of this revision ended by itself; the next one starts at that time.
    Crashed {
        /// Revision.
        number: i64,
        /// What happened.
        reason: String,
        /// In a row, this one counted.
        crashes: i64,
        /// Milliseconds since 1970.
        retry_at: i64,
    },
    /// Ask a replica to end.
    Stop(String, i64),
    /// The end of a replica was taken note of.
    Settle(String),
    /// Nothing is left of the deployment: drop its rows.
    Remove,
}

/// What to do and what there is then.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Steps in order.
    pub steps: Vec<Step>,
    /// State of the deployment.
    pub state: State,
    /// Why.
    pub reason: Option<String>,
    /// Who takes the traffic.
    pub serving: Option<i64>,
    /// Who is to take over.
    pub next: Option<i64>,
    /// Look again at this time, milliseconds since 1970.
    pub again_at: Option<i64>,
}

/// Decides.
pub fn plan(seen: &Seen) -> Plan {
    let mut plan = Plan { steps: Vec::new(), state: State::Starting, reason: None, serving: seen.serving, next: seen.next, again_at: None };
    match seen.desired {
        Desired::Running => running(seen, &mut plan),
        Desired::Stopped | Desired::Deleted => off(seen, &mut plan),
    }
    plan
}

/// Seconds to wait before the start after this many crashes in a row.
pub fn back_off(crashes: i64) -> i64 {
    let at = usize::try_from(crashes - 1).unwrap_or(0).min(BACK_OFF.len() - 1);
    BACK_OFF[at]
}

fn running(seen: &Seen, plan: &mut Plan) {
    if let Some(revision) = seen.revision(seen.next) {
        on_its_way(seen.now, revision, plan);
    }
    let shifted = plan.serving != seen.serving;
    if !shifted && let Some(revision) = seen.revision(seen.serving) {
        keep_up(seen.now, revision, plan);
    }
    leftovers(seen, plan);
    (plan.state, plan.reason) = if shifted { (State::Running, None) } else { told(seen, plan) };
}

/// The revision that is to take over.
fn on_its_way(now: i64, revision: &SeenRevision, plan: &mut Plan) {
    let number = revision.number;
    let fail = |plan: &mut Plan, reason: String, smoke: Option<Smoke>| {
        plan.steps.push(Step::Fail(number, reason, smoke));
        plan.next = None;
    };
    let Some(replica) = revision.replicas.first() else { return start(now, revision, plan) };
    if let Some(end) = &replica.end {
        if end.lost && revision.crashes < LOST_AT_MOST {
            crashed(now, revision, replica, end, plan);
        } else {
            fail(plan, end.sentence.clone(), None);
        }
        return;
    }
    match (replica.state, &revision.smoke) {
        (State::Running, SmokeTest::NotYet | SmokeTest::Runs) => {
            if revision.smoke == SmokeTest::NotYet {
                plan.steps.push(Step::Smoke(number));
            }
            progress(revision, RevisionState::Smoking, None, plan);
        }
        (State::Running, SmokeTest::Passed(smoke)) => {
            if let Some(old) = plan.serving.filter(|old| *old != number) {
                plan.steps.push(Step::Retire(old));
            }
            plan.steps.push(Step::Shift(number, smoke.clone()));
            (plan.serving, plan.next) = (Some(number), None);
        }
        (State::Running, SmokeTest::Failed(reason, smoke)) => fail(plan, reason.clone(), smoke.clone()),
        (State::Queued, _) => progress(revision, RevisionState::Queued, replica.reason.clone(), plan),
        _ => progress(revision, RevisionState::Starting, replica.reason.clone().or_else(|| revision.reason.clone()), plan),
    }
}

/// The revision that serves: what ended by itself is started again.
fn keep_up(now: i64, revision: &SeenRevision, plan: &mut Plan) {
    match revision.replicas.first() {
        None => start(now, revision, plan),
        Some(replica) => match &replica.end {
            Some(end) => crashed(now, revision, replica, end, plan),
            None if replica.state != State::Running => {}
            None if revision.state == RevisionState::Serving => progress(revision, RevisionState::Serving, None, plan),
            None => plan.steps.push(Step::Resume(revision.number)),
        },
    }
}

fn start(now: i64, revision: &SeenRevision, plan: &mut Plan) {
    match revision.retry_at {
        Some(at) if at > now => plan.look_again(at),
        _ => plan.steps.push(Step::Start(revision.number)),
    }
}

fn crashed(now: i64, revision: &SeenRevision, replica: &Replica, end: &End, plan: &mut Plan) {
    let steady = replica.running_at.is_some_and(|since| end.at - since >= STEADY);
    let crashes = if steady { 1 } else { revision.crashes + 1 };
    let wait = back_off(crashes);
    let again = if crashes == 1 { String::new() } else { format!(", after {crashes} ends in a row") };
    plan.steps.push(Step::Crashed {
        number: revision.number,
        reason: format!("{} It is started again {wait} s later{again}.", end.sentence),
        crashes,
        retry_at: now + wait * 1000,
    });
    plan.look_again(now + wait * 1000);
}

fn progress(revision: &SeenRevision, state: RevisionState, reason: Option<String>, plan: &mut Plan) {
    if revision.state != state || revision.reason != reason {
        plan.steps.push(Step::Progress(revision.number, state, reason));
    }
}

/// Replicas of revisions that are neither serving nor on their way, and older ones of those that are.
fn leftovers(seen: &Seen, plan: &mut Plan) {
    for revision in &seen.revisions {
        let at_work = [plan.serving, plan.next].contains(&Some(revision.number));
        for (place, replica) in revision.replicas.iter().enumerate() {
            if replica.end.is_some() {
                plan.steps.push(Step::Settle(replica.id.clone()));
            } else if (!at_work || place > 0) && replica.state != State::Stopping {
                // Who just handed over has served until now.
                let drains = revision.drains_since.or_else(|| (seen.serving == Some(revision.number)).then_some(seen.now));
                match drains {
                    Some(since) if !drained(seen.now, since, revision.in_flight) => {
                        plan.look_again((since + DRAIN_AT_LEAST).max(seen.now + 250));
                    }
                    Some(_) => plan.steps.push(Step::Stop(replica.id.clone(), GRACE_SECONDS)),
                    None => plan.steps.push(Step::Stop(replica.id.clone(), 5)),
                }
            }
        }
    }
}

fn drained(now: i64, since: i64, in_flight: usize) -> bool {
    let waited = now - since;
    waited >= DRAIN_AT_MOST || (waited >= DRAIN_AT_LEAST && in_flight == 0)
}

/// State and reason of a deployment that is wanted running.
fn told(seen: &Seen, plan: &Plan) -> (State, Option<String>) {
    let said_of = |number: i64, otherwise: Option<&String>| {
        plan.steps
            .iter()
            .find_map(|s| match s {
                Step::Progress(n, _, reason) if *n == number => Some(reason.clone()),
                Step::Crashed { number: n, reason, .. } if *n == number => Some(Some(reason.clone())),
                _ => None,
            })
            .unwrap_or_else(|| otherwise.cloned())
    };
    let failed = plan.steps.iter().find_map(|s| match s {
        Step::Fail(number, reason, _) => Some((*number, reason)),
        _ => None,
    });
    if let Some(revision) = seen.revision(plan.serving) {
        let replica = revision.replicas.first();
        return match replica.filter(|r| r.end.is_none()).map(|r| r.state) {
            Some(State::Running) => {
                let news = failed.map(|(number, reason)| format!("Revision {number} did not take over: {reason}"));
                let old = seen.reason.clone().filter(|r| plan.next.is_none() && r.starts_with("Revision "));
                (State::Running, news.or(old))
            }
            Some(State::Queued) => (State::Queued, replica.and_then(|r| r.reason.clone())),
            _ => (State::Starting, said_of(revision.number, revision.reason.as_ref())),
        };
    }
    if let Some(revision) = seen.revision(plan.next) {
        let queued = revision.replicas.first().is_none_or(|r| r.state == State::Queued) && revision.retry_at.is_none();
        let state = if queued { State::Queued } else { State::Starting };
        return (state, said_of(revision.number, revision.reason.as_ref()));
    }
    (State::Failed, failed.map(|(_, reason)| reason.clone()).or_else(|| seen.reason.clone()))
}

/// Stopped or to be removed.
fn off(seen: &Seen, plan: &mut Plan) {
    plan.next = None;
    for revision in &seen.revisions {
        if !matches!(revision.state, RevisionState::Retired | RevisionState::Failed) {
            plan.steps.push(Step::Retire(revision.number));
        }
        for replica in &revision.replicas {
            if replica.end.is_some() {
                plan.steps.push(Step::Settle(replica.id.clone()));
            } else if replica.state != State::Stopping {
                let grace = if seen.desired == Desired::Deleted { 5 } else { GRACE_SECONDS };
                plan.steps.push(Step::Stop(replica.id.clone(), grace));
            }
        }
    }
    let live = seen.revisions.iter().flat_map(|r| &r.replicas).any(|r| r.end.is_none());
    plan.state = if live { State::Stopping } else { State::Stopped };
    if !live && seen.desired == Desired::Deleted {
        plan.steps.push(Step::Remove);
    }
}

impl Seen {
    fn revision(&self, number: Option<i64>) -> Option<&SeenRevision> {
        self.revisions.iter().find(|r| Some(r.number) == number)
    }
}

impl Plan {
    fn look_again(&mut self, at: i64) {
        self.again_at = Some(self.again_at.map_or(at, |earlier| earlier.min(at)));
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
