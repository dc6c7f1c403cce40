//! PURE: what is wanted and what is seen become steps. Nothing here reads a clock, a database or a cluster.
//!
//! A revision on its way (`next`) is started with all its replicas, found ready, tried with its own input example, and only then takes the traffic.
//! The one before drains: it is stopped once nobody waits for an answer of it. Whatever goes wrong before the shift leaves the serving one as it was.
//!
//! One that is to take a share only joins the one that serves, as its canary; both then have all their replicas, so that any share can be set at once.
//!
//! A replica is a place: it is carried out by one workload after the other. Where there are to be fewer, those that do least drain and go.

use crate::store::deployments::Canary;
use app::api::{
    State,
    deployments::{RevisionState, Smoke},
};
use std::collections::HashSet;

/// After the shift the old replica answers at least this long, so that every router has heard of the new one; milliseconds.
pub const DRAIN_AT_LEAST: i64 = 2_000;
/// And is stopped after this long in any case; milliseconds.
pub const DRAIN_AT_MOST: i64 = 60_000;
/// Seconds in which a server that is stopped finishes what it has begun.
pub const GRACE_SECONDS: i64 = 30;
/// How often replicas of a revision on its way are started again after they were lost, all of them together.
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
    /// The revision that takes a share beside it.
    pub canary: Option<Canary>,
    /// Number of the revision on its way.
    pub next: Option<i64>,
    /// The share it is to take, in percent; nothing: all of it.
    pub next_share: Option<i64>,
    /// How many replicas each of them is to have.
    pub wanted: usize,
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
    /// Since when it does not serve any more, where it did.
    pub drains_since: Option<i64>,
    /// How far its smoke test is.
    pub smoke: SmokeTest,
    /// Its replicas, by number.
    pub replicas: Vec<Replica>,
    /// Its workloads that carry out no replica and are not done with.
    pub loose: Vec<Workload>,
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

/// A replica.
#[derive(Debug, Clone, PartialEq)]
pub struct Replica {
    /// From 1, the lowest that is free.
    pub number: i64,
    /// Crashes in a row.
    pub crashes: i64,
    /// What happened last.
    pub reason: Option<String>,
    /// When it is started again.
    pub retry_at: Option<i64>,
    /// Since when it gets no requests any more, because there are to be fewer.
    pub drains_since: Option<i64>,
    /// What carries it out; nothing while it waits to be started again.
    pub workload: Option<Workload>,
}

/// A workload of a replica, not done with.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload {
    /// Id.
    pub id: String,
    /// How far it is; stopping, once it was asked to end.
    pub state: State,
    /// Why it waits.
    pub reason: Option<String>,
    /// When it became ready.
    pub running_at: Option<i64>,
    /// Requests that wait for an answer of it.
    pub in_flight: usize,
    /// How it ended.
    pub end: Option<End>,
}

/// How a workload ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// In a sentence.
    pub sentence: String,
    /// By no fault of its own that can be seen: worth another try before it ever was ready.
    pub lost: bool,
    /// It was asked to.
    pub asked: bool,
    /// When.
    pub at: i64,
}

/// Something to do. All steps of a plan are done in one transaction. The first number is the revision's, the second the replica's.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Start a replica.
    Start(i64, i64),
    /// Try this revision's own input example, with this workload.
    Smoke(i64, String),
    /// This revision is this far.
    Progress(i64, RevisionState, Option<String>),
    /// This revision takes the traffic.
    Shift(i64, Smoke),
    /// This revision takes so many percent of the traffic, beside the one that serves.
    Join(i64, i64, Smoke),
    /// This revision takes the traffic again, after the deployment was stopped.
    Resume(i64),
    /// This revision did not become ready, or did not pass.
    Fail(i64, String, Option<Smoke>),
    /// This revision does not serve any more.
    Retire(i64),
    /// A replica ended by itself; it is started again at that time.
    Crashed {
        /// Revision.
        number: i64,
        /// Which of its replicas.
        replica: i64,
        /// What happened.
        reason: String,
        /// In a row, this one counted.
        crashes: i64,
        /// Milliseconds since 1970.
        retry_at: i64,
    },
    /// A replica gets no requests any more: there are to be fewer.
    Drain(i64, i64),
    /// A replica that drained is wanted again.
    Keep(i64, i64),
    /// Nothing is left of a replica.
    Drop(i64, i64),
    /// Ask a workload to end.
    Stop(String, i64),
    /// The end of a workload was taken note of.
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
    /// Who takes a share of it.
    pub canary: Option<Canary>,
    /// Who is to take over.
    pub next: Option<i64>,
    /// Look again at this time, milliseconds since 1970.
    pub again_at: Option<i64>,
    /// Replicas that stay: revision and number.
    kept: HashSet<(i64, i64)>,
}

/// Decides.
pub fn plan(seen: &Seen) -> Plan {
    let mut plan = Plan {
        steps: Vec::new(),
        state: State::Starting,
        reason: None,
        serving: seen.serving,
        canary: seen.canary,
        next: seen.next,
        again_at: None,
        kept: HashSet::new(),
    };
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
        on_its_way(seen, revision, plan);
    }
    let shifted = plan.serving != seen.serving;
    for number in [plan.serving, plan.canary.map(|c| c.number)] {
        // Who took over just now was looked at.
        if let Some(revision) = seen.revision(number.filter(|n| seen.next != Some(*n))) {
            keep_up(seen, revision, plan);
        }
    }
    leftovers(seen, plan);
    (plan.state, plan.reason) = if shifted { (State::Running, None) } else { told(seen, plan) };
}

/// The revision that is to take over.
fn on_its_way(seen: &Seen, revision: &SeenRevision, plan: &mut Plan) {
    let number = revision.number;
    let fail = |plan: &mut Plan, reason: String, smoke: Option<Smoke>| {
        plan.steps.push(Step::Fail(number, reason, smoke));
        plan.next = None;
        plan.kept.retain(|(revision, _)| *revision != number);
    };
    let stay = stay(seen.wanted, revision, plan);
    let mut crashes: i64 = revision.replicas.iter().map(|r| r.crashes).sum();
    for replica in &stay {
        let Some((workload, end)) = replica.ended() else { continue };
        if !end.lost || crashes >= LOST_AT_MOST {
            let times = if crashes > 1 { format!(" {crashes} replicas were lost before.") } else { String::new() };
            return fail(plan, format!("{}{times}", end.sentence), None);
        }
        crashes += 1;
        crashed(seen.now, revision, replica, (workload, end), plan);
    }
    fill(seen, revision, &stay, plan);
    let ready: Vec<&Replica> = stay.iter().copied().filter(|r| r.runs()).collect();
    // As long as something answers it waits for all of them; where nothing does, one is better than none.
    let answers = seen.revision(plan.serving).is_some_and(|r| r.state == RevisionState::Serving && r.replicas.iter().any(Replica::runs));
    let needed = if answers { seen.wanted } else { 1 };
    let reason = short(seen.wanted, revision, &stay, plan);
    match (&revision.smoke, ready.first().and_then(|r| r.workload.as_ref())) {
        (SmokeTest::Failed(reason, smoke), Some(_)) => fail(plan, reason.clone(), smoke.clone()),
        (SmokeTest::NotYet, Some(workload)) => {
            plan.steps.push(Step::Smoke(number, workload.id.clone()));
            progress(revision, RevisionState::Smoking, reason, plan);
        }
        (SmokeTest::Runs, Some(_)) => progress(revision, RevisionState::Smoking, reason, plan),
        (SmokeTest::Passed(smoke), Some(_)) if ready.len() >= needed => {
            let canary = plan.canary.take().map(|c| c.number);
            let serves = seen.revision(plan.serving).is_some_and(|r| r.state == RevisionState::Serving && r.number != number);
            if let Some(percent) = seen.next_share.filter(|_| serves) {
                plan.steps.extend(canary.map(Step::Retire));
                plan.steps.push(Step::Join(number, percent, smoke.clone()));
                plan.canary = Some(Canary { number, percent });
            } else {
                let old = [plan.serving, canary].into_iter().flatten().filter(|old| *old != number);
                plan.steps.extend(old.map(Step::Retire));
                plan.steps.push(Step::Shift(number, smoke.clone()));
                plan.serving = Some(number);
            }
            plan.next = None;
        }
        _ => {
            let state = match queued(&stay) {
                None => revision.state,
                Some(true) => RevisionState::Queued,
                Some(false) => RevisionState::Starting,
            };
            progress(revision, state, reason, plan);
        }
    }
}

/// A revision that serves: what ended by itself is started again.
fn keep_up(seen: &Seen, revision: &SeenRevision, plan: &mut Plan) {
    let stay = stay(seen.wanted, revision, plan);
    for replica in &stay {
        if let Some(ended) = replica.ended() {
            crashed(seen.now, revision, replica, ended, plan);
        }
    }
    fill(seen, revision, &stay, plan);
    if revision.state == RevisionState::Serving {
        let reason = short(seen.wanted, revision, &stay, plan);
        progress(revision, RevisionState::Serving, reason, plan);
    } else if stay.iter().any(|r| r.runs()) {
        plan.steps.push(Step::Resume(revision.number));
    }
}

/// The replicas that stay: not those that drain or were asked to end, and where there are more than wanted, not those that do least.
fn stay<'a>(wanted: usize, revision: &'a SeenRevision, plan: &mut Plan) -> Vec<&'a Replica> {
    let mut stay: Vec<&Replica> = revision.replicas.iter().filter(|r| r.drains_since.is_none() && !r.leaves()).collect();
    stay.sort_by_key(|r| (!r.runs(), r.number));
    stay.truncate(wanted);
    // What still drains and answers is taken back before another is started.
    let back = revision.replicas.iter().filter(|r| r.drains_since.is_some() && r.runs()).take(wanted - stay.len());
    for replica in back {
        plan.steps.push(Step::Keep(revision.number, replica.number));
        stay.push(replica);
    }
    stay.sort_by_key(|r| r.number);
    plan.kept.extend(stay.iter().map(|r| (revision.number, r.number)));
    stay
}

/// Starts what is missing, and what has waited long enough.
fn fill(seen: &Seen, revision: &SeenRevision, stay: &[&Replica], plan: &mut Plan) {
    for replica in stay.iter().filter(|r| r.workload.is_none()) {
        match replica.retry_at {
            Some(at) if at > seen.now => plan.look_again(at),
            _ => plan.steps.push(Step::Start(revision.number, replica.number)),
        }
    }
    let free = (1..).filter(|n| revision.replicas.iter().all(|r| r.number != *n));
    for number in free.take(seen.wanted - stay.len()) {
        plan.steps.push(Step::Start(revision.number, number));
    }
}

fn crashed(now: i64, revision: &SeenRevision, replica: &Replica, (workload, end): (&Workload, &End), plan: &mut Plan) {
    let steady = workload.running_at.is_some_and(|since| end.at - since >= STEADY);
    let crashes = if steady { 1 } else { replica.crashes + 1 };
    let wait = back_off(crashes);
    let again = if crashes == 1 { String::new() } else { format!(", after {crashes} ends in a row") };
    plan.steps.push(Step::Crashed {
        number: revision.number,
        replica: replica.number,
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

/// Whether all that was asked for waits for room; nothing where nothing was asked for.
fn queued(stay: &[&Replica]) -> Option<bool> {
    let mut asked = stay.iter().filter_map(|r| r.workload.as_ref()).filter(|w| w.end.is_none()).peekable();
    asked.peek()?;
    Some(asked.all(|w| w.state == State::Queued))
}

/// What keeps replicas from being ready, in words; nothing where all are.
fn short(wanted: usize, revision: &SeenRevision, stay: &[&Replica], plan: &Plan) -> Option<String> {
    let why = stay.iter().filter(|r| !r.runs()).find_map(|r| {
        let now = plan.steps.iter().find_map(|s| match s {
            Step::Crashed { number, replica, reason, .. } if (*number, *replica) == (revision.number, r.number) => Some(reason.clone()),
            _ => None,
        });
        now.or_else(|| r.workload.as_ref().and_then(|w| w.reason.clone())).or_else(|| r.reason.clone())
    });
    if wanted == 1 {
        return why;
    }
    let ready = stay.iter().filter(|r| r.runs()).count();
    let counted = format!("{ready} of {wanted} replicas {} ready.", if ready == 1 { "is" } else { "are" });
    (ready < wanted).then(|| why.map_or(counted.clone(), |why| format!("{counted} {why}")))
}

/// Replicas of revisions that neither serve nor are on their way, and those of which there are too many.
fn leftovers(seen: &Seen, plan: &mut Plan) {
    for revision in &seen.revisions {
        let at_work = [plan.serving, plan.canary.map(|c| c.number), plan.next].contains(&Some(revision.number));
        for replica in &revision.replicas {
            let (number, place) = (revision.number, replica.number);
            let kept = plan.kept.contains(&(number, place));
            match &replica.workload {
                None if kept => {}
                None => plan.steps.push(Step::Drop(number, place)),
                Some(workload) if workload.end.is_some() => {
                    plan.steps.push(Step::Settle(workload.id.clone()));
                    if !kept {
                        plan.steps.push(Step::Drop(number, place));
                    }
                }
                Some(workload) if !kept && workload.state != State::Stopping => {
                    if at_work && replica.drains_since.is_none() {
                        plan.steps.push(Step::Drain(number, place));
                    }
                    let since = if at_work {
                        Some(replica.drains_since.unwrap_or(seen.now))
                    } else {
                        // Who just handed over has served until now.
                        revision.drains_since.or_else(|| seen.served(revision.number).then_some(seen.now))
                    };
                    let answers = workload.state == State::Running;
                    match since.filter(|_| answers) {
                        Some(since) if !drained(seen.now, since, workload.in_flight) => {
                            plan.look_again((since + DRAIN_AT_LEAST).max(seen.now + 250));
                        }
                        Some(_) => plan.steps.push(Step::Stop(workload.id.clone(), GRACE_SECONDS)),
                        None => plan.steps.push(Step::Stop(workload.id.clone(), 5)),
                    }
                }
                Some(_) => {}
            }
        }
        loose(revision, 5, plan);
    }
}

/// Workloads that carry out no replica.
fn loose(revision: &SeenRevision, grace: i64, plan: &mut Plan) {
    for workload in &revision.loose {
        if workload.end.is_some() {
            plan.steps.push(Step::Settle(workload.id.clone()));
        } else if workload.state != State::Stopping {
            plan.steps.push(Step::Stop(workload.id.clone(), grace));
        }
    }
}

fn drained(now: i64, since: i64, in_flight: usize) -> bool {
    let waited = now - since;
    waited >= DRAIN_AT_MOST || (waited >= DRAIN_AT_LEAST && in_flight == 0)
}

/// State and reason of a deployment that is wanted running.
fn told(seen: &Seen, plan: &Plan) -> (State, Option<String>) {
    let failed = plan.steps.iter().find_map(|s| match s {
        Step::Fail(number, reason, _) => Some((*number, reason)),
        _ => None,
    });
    let of = |revision: &SeenRevision| {
        let stay: Vec<&Replica> = revision.replicas.iter().filter(|r| plan.kept.contains(&(revision.number, r.number))).collect();
        let short = short(seen.wanted, revision, &stay, plan);
        (stay.iter().any(|r| r.runs()), queued(&stay), short, stay.iter().any(|r| r.retry_at.is_some()))
    };
    if let Some(revision) = seen.revision(plan.serving) {
        let (runs, queued, short, _) = of(revision);
        if runs {
            let news = failed.map(|(number, reason)| format!("Revision {number} did not take over: {reason}"));
            let old = seen.reason.clone().filter(|r| plan.next.is_none() && r.starts_with("Revision "));
            return (State::Running, news.or(old).or(short));
        }
        return (if queued == Some(true) { State::Queued } else { State::Starting }, short);
    }
    if let Some(revision) = seen.revision(plan.next) {
        let (_, queued, short, waits) = of(revision);
        return (if queued.unwrap_or(!waits) && !waits { State::Queued } else { State::Starting }, short);
    }
    (State::Failed, failed.map(|(_, reason)| reason.clone()).or_else(|| seen.reason.clone()))
}

/// Stopped or to be removed.
fn off(seen: &Seen, plan: &mut Plan) {
    (plan.canary, plan.next) = (None, None);
    let grace = if seen.desired == Desired::Deleted { 5 } else { GRACE_SECONDS };
    for revision in &seen.revisions {
        if !matches!(revision.state, RevisionState::Retired | RevisionState::Failed) {
            plan.steps.push(Step::Retire(revision.number));
        }
        for replica in &revision.replicas {
            match &replica.workload {
                Some(workload) if workload.end.is_none() => {
                    // It gets no requests any more by now, and finishes those that it has.
                    let until = revision.drains_since.unwrap_or(seen.now) + GRACE_SECONDS * 1000;
                    if workload.in_flight > 0 && seen.desired == Desired::Stopped && seen.now < until {
                        plan.look_again(seen.now + 250);
                    } else if workload.state != State::Stopping {
                        plan.steps.push(Step::Stop(workload.id.clone(), grace));
                    }
                }
                workload => {
                    plan.steps.extend(workload.iter().map(|w| Step::Settle(w.id.clone())));
                    plan.steps.push(Step::Drop(revision.number, replica.number));
                }
            }
        }
        loose(revision, grace, plan);
    }
    let workloads = seen.revisions.iter().flat_map(|r| r.replicas.iter().filter_map(|r| r.workload.as_ref()).chain(&r.loose));
    let live = workloads.into_iter().any(|w| w.end.is_none());
    plan.state = if live { State::Stopping } else { State::Stopped };
    if !live && seen.desired == Desired::Deleted {
        plan.steps.push(Step::Remove);
    }
}

impl Replica {
    /// Whether it answers.
    fn runs(&self) -> bool {
        self.workload.as_ref().is_some_and(|w| w.state == State::Running && w.end.is_none())
    }

    /// Whether its workload was asked to end.
    fn leaves(&self) -> bool {
        self.workload.as_ref().is_some_and(|w| w.end.as_ref().map_or(w.state == State::Stopping, |e| e.asked))
    }

    fn ended(&self) -> Option<(&Workload, &End)> {
        self.workload.as_ref().and_then(|w| Some((w, w.end.as_ref()?)))
    }
}

impl Seen {
    fn served(&self, number: i64) -> bool {
        self.serving == Some(number) || self.canary.is_some_and(|c| c.number == number)
    }

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
