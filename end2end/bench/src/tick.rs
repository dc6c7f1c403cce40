//! Waits finer than the runtime's own timers, which are good to a millisecond: a thread of their own sleeps.

use anyhow::Result;
use std::{thread, time::Instant};

/// Waits until `due`; not at all where that is past.
///
/// # Errors
/// The runtime ends.
#[expect(clippy::disallowed_methods, reason = "it blocks a thread that is for that, and no worker")]
pub async fn until(due: Instant) -> Result<()> {
    let wait = due.saturating_duration_since(Instant::now());
    if !wait.is_zero() {
        tokio::task::spawn_blocking(move || thread::sleep(wait)).await?;
    }
    Ok(())
}
