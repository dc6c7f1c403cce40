//! Runs the tasks: at the bell or the timer, each never twice at once, and keeps what they reported.

use super::pace::Pace;
use crate::{
    clock::SharedClock,
    error::{Kind, Result},
    reports::{Report, Reports},
    wake::Bell,
};
use async_trait::async_trait;
use std::time::Duration;
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

/// A background task.
#[async_trait]
pub trait Task: Send + Sync {
    /// Name, for the admin page.
    fn name(&self) -> &'static str;

    /// Time between two ticks when the bell does not ring; asked after each tick.
    fn every(&self) -> Duration {
        Duration::from_secs(5)
    }

    /// Whether the bell wakes it.
    fn listens(&self) -> bool {
        true
    }

    /// Whether it looks at once when the bell rings, as long as its looks took little of the time lately: somebody waits for each of its steps. The
    /// others wait a moment for what comes with the ring.
    fn eager(&self) -> bool {
        false
    }

    /// Looks at everything and does what is due; the same every time.
    ///
    /// # Errors
    /// Nothing could be looked at. What fails for one object is counted, not an error.
    async fn tick(&self) -> Result<Report>;
}

/// Runs tasks until the server drains.
pub struct Driver {
    bell: Bell,
    clock: SharedClock,
    reports: Reports,
    drain: watch::Receiver<bool>,
}

/// Ticks closer together than this are joined.
const BREATH: Duration = Duration::from_millis(30);
/// And where there was nothing to look at, again and again, than this: others have much to do.
const DEEP_BREATH: Duration = Duration::from_millis(240);

impl Driver {
    /// A driver that ends with `drain`.
    pub const fn new(bell: Bell, clock: SharedClock, reports: Reports, drain: watch::Receiver<bool>) -> Self {
        Self { bell, clock, reports, drain }
    }

    /// Begins to run a task.
    pub fn run(&self, task: impl Task + 'static) -> tokio::task::JoinHandle<()> {
        let (clock, reports, mut drain, mut work) = (self.clock.clone(), self.reports.clone(), self.drain.clone(), self.bell.work());
        tokio::spawn(async move {
            let (mut pace, mut breath) = (Pace::new(Instant::now()), BREATH);
            loop {
                work.mark_unchanged();
                let begun = Instant::now();
                let result = task.tick().await;
                match &result {
                    Err(error) if error.kind == Kind::Internal => tracing::error!(task = task.name(), error = %error, "tick failed"),
                    // Another system is away, or not itself yet: the next tick tries again.
                    Err(error) => tracing::warn!(task = task.name(), error = %error, "tick failed"),
                    Ok(_) => {}
                }
                reports.keep(task.name(), clock.now(), begun.elapsed(), &result);
                metrics::histogram!("slipway_task_seconds", "task" => task.name()).record(begun.elapsed().as_secs_f64());
                let ended = Instant::now();
                let ready = ended + pace.rest(begun, ended);
                let idle = result.is_ok_and(|report| report.values().all(|n| *n == 0));
                tokio::select! {
                    () = drained(&mut drain) => return,
                    () = sleep(task.every()) => {}
                    _ = work.changed(), if task.listens() => match task.eager() {
                        true => sleep_until(ready).await,
                        false => {
                            breath = next_breath(breath, idle, ended.elapsed());
                            sleep(breath).await;
                        }
                    },
                }
            }
        })
    }
}

/// How long a task that is not eager waits after a ring. `idle`: there was nothing to look at; `quiet`: how long no bell rang.
fn next_breath(last: Duration, idle: bool, quiet: Duration) -> Duration {
    if idle && quiet < DEEP_BREATH { (last * 2).min(DEEP_BREATH) } else { BREATH }
}

async fn drained(drain: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone: the server ends as well.
    drop(drain.wait_for(|d| *d).await);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_finds_nothing_again_and_again_looks_less_often() {
        let (busy, quiet) = (Duration::from_millis(1), Duration::from_secs(1));
        let mut breath = BREATH;
        for wanted in [60, 120, 240, 240] {
            breath = next_breath(breath, true, busy);
            assert_eq!(breath, Duration::from_millis(wanted));
        }
        assert_eq!(next_breath(breath, false, busy), BREATH);
        assert_eq!(next_breath(breath, true, quiet), BREATH);
    }
}
