//! What to do about one run that has not ended. Pure.

use app::api::State;

/// What is known of a run.
#[derive(Debug, Clone)]
pub struct Seen {
    /// State that its row says.
    pub state: State,
    /// Reason that its row says.
    pub reason: Option<String>,
    /// The attempt under way, or the last one.
    pub attempt: i64,
    /// How often it is tried.
    pub max_attempts: i64,
    /// When the next attempt may begin, milliseconds since 1970.
    pub retry_at: Option<i64>,
    /// Seconds an attempt may take.
    pub timeout_seconds: Option<i64>,
    /// Who asked it to end.
    pub cancelled_by: Option<String>,
    /// Whether its start fetches code from git.
    pub fetches: bool,
    /// The workload of the attempt; none between attempts.
    pub workload: Option<Attempt>,
}

/// The workload of an attempt.
#[derive(Debug, Clone, Default)]
pub struct Attempt {
    /// Its state.
    pub state: Option<State>,
    /// Why it waits or ended.
    pub reason: Option<String>,
    /// Exit code.
    pub exit_code: Option<i64>,
    /// Signal that ended it.
    pub signal: Option<i64>,
    /// Ended for want of memory.
    pub out_of_memory: bool,
    /// Its time was up.
    pub timed_out: bool,
    /// When it began to run, milliseconds since 1970.
    pub running_at: Option<i64>,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nothing changed.
    Nothing,
    /// Put an attempt into the queue.
    Begin {
        /// Which.
        attempt: i64,
    },
    /// Say how far the attempt is.
    Follow {
        /// State.
        state: State,
        /// Why.
        reason: Option<String>,
        /// When it began to run.
        running_at: Option<i64>,
    },
    /// Note the end of an attempt; another one follows.
    Again {
        /// When, milliseconds since 1970.
        at: i64,
        /// Why the attempt ended.
        reason: String,
        /// Its exit code.
        exit_code: Option<i64>,
    },
    /// Note the end of the run.
    Over {
        /// Succeeded, failed or cancelled.
        state: State,
        /// Why.
        reason: Option<String>,
        /// Exit code of the last attempt.
        exit_code: Option<i64>,
    },
}

/// The pause after the first attempt, doubled with each one, in milliseconds.
const PAUSE: i64 = 5_000;
const PAUSE_MAX: i64 = 300_000;
/// As the starter says that the code could not be had.
const NO_CODE: i64 = super::git::NO_CODE;

/// Decides; `now` is milliseconds since 1970.
pub fn plan(seen: &Seen, now: i64) -> Step {
    let Some(workload) = &seen.workload else {
        if let Some(who) = &seen.cancelled_by {
            return Step::Over { state: State::Cancelled, reason: Some(cancelled(who)), exit_code: None };
        }
        return if seen.retry_at.is_none_or(|at| at <= now) { Step::Begin { attempt: seen.attempt + 1 } } else { Step::Nothing };
    };
    match workload.state.unwrap_or(State::Queued) {
        state if state.is_final() => ended(seen, workload, state, now),
        state => {
            let reason = match (&seen.cancelled_by, state) {
                (Some(who), State::Stopping) => Some(cancelled(who)),
                (_, State::Queued | State::Starting) => waiting(seen, workload),
                _ => None,
            };
            if state == seen.state && reason == seen.reason {
                return Step::Nothing;
            }
            Step::Follow { state, reason, running_at: workload.running_at }
        }
    }
}

fn waiting(seen: &Seen, workload: &Attempt) -> Option<String> {
    let reason = workload.reason.as_deref();
    if seen.attempt > 1 {
        return Some(format!("Attempt {} of {}. {}", seen.attempt, seen.max_attempts, reason.unwrap_or_default()).trim_end().to_owned());
    }
    reason.map(Into::into)
}

fn ended(seen: &Seen, workload: &Attempt, state: State, now: i64) -> Step {
    let exit_code = workload.exit_code;
    if state == State::Succeeded {
        return Step::Over { state, reason: None, exit_code };
    }
    if let Some(who) = &seen.cancelled_by {
        return Step::Over { state: State::Cancelled, reason: Some(cancelled(who)), exit_code };
    }
    if state == State::Cancelled {
        return Step::Over { state, reason: workload.reason.clone(), exit_code };
    }
    // What could not be started at all will not start the next time either.
    let ran = workload.running_at.is_some() || exit_code.is_some() || workload.signal.is_some();
    let why = sentence(seen, workload, ran && seen.max_attempts > 1);
    if ran && seen.attempt < seen.max_attempts {
        let pause = PAUSE.saturating_mul(1 << (seen.attempt - 1).clamp(0, 16)).min(PAUSE_MAX);
        let reason = format!("{why} The next attempt begins after {} s.", pause / 1000);
        return Step::Again { at: now + pause, reason, exit_code };
    }
    Step::Over { state: State::Failed, reason: Some(why), exit_code }
}

/// Why an attempt failed: `Out of memory at 1 GiB, attempt 2 of 3.`
fn sentence(seen: &Seen, workload: &Attempt, counts: bool) -> String {
    let why = if workload.timed_out {
        let limit = seen.timeout_seconds.map(|s| format!(": an attempt may take {s} s")).unwrap_or_default();
        format!("Its time was up{limit}")
    } else if seen.fetches && workload.exit_code == Some(NO_CODE) {
        "Its code could not be fetched; the log says why".to_owned()
    } else {
        workload.reason.clone().unwrap_or_else(|| "It ended for an unknown reason".to_owned())
    };
    let why = why.trim_end().trim_end_matches('.');
    if counts { format!("{why}, attempt {} of {}.", seen.attempt, seen.max_attempts) } else { format!("{why}.") }
}

/// `Cancelled by ada.`
pub fn cancelled(who: &str) -> String {
    format!("Cancelled by {who}.")
}
