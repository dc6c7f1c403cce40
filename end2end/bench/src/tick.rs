//! Waits finer than the runtime's own timers, which are good to a millisecond.

use anyhow::Result;
use rustix::{
    io::{Errno, read},
    time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime},
};
use std::{os::fd::OwnedFd, time::Instant};
use tokio::io::unix::AsyncFd;

/// A timer of the kernel.
pub struct Tick(AsyncFd<OwnedFd>);

impl Tick {
    /// One of its own.
    ///
    /// # Errors
    /// The system has none left.
    pub fn new() -> Result<Self> {
        Ok(Self(AsyncFd::new(timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?)?))
    }

    /// Waits until `due`; not at all where that is past.
    ///
    /// # Errors
    /// As the system says.
    pub async fn until(&self, due: Instant) -> Result<()> {
        let wait = due.saturating_duration_since(Instant::now());
        if wait.is_zero() {
            return Ok(());
        }
        let never = Timespec { tv_sec: 0, tv_nsec: 0 };
        let once = Itimerspec { it_interval: never, it_value: wait.try_into()? };
        timerfd_settime(self.0.get_ref(), TimerfdTimerFlags::empty(), &once)?;
        loop {
            let mut ready = self.0.readable().await?;
            match read(self.0.get_ref(), &mut [0; 8]) {
                Ok(_) => return Ok(()),
                Err(Errno::AGAIN) => ready.clear_ready(),
                Err(error) => return Err(error.into()),
            }
        }
    }
}
