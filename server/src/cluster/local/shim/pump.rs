//! Brings what the workload writes into its log, while it runs.

use super::lines::Lines;
use crate::{
    clock::{Clock, SystemClock},
    logs::{LogWriter, Stream},
};
use std::{
    os::fd::OwnedFd,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{io::AsyncReadExt, net::unix::pipe, task::JoinHandle, time::Instant};

/// How long text without a line end waits before it is shown as a line.
const PARTIAL_AFTER: Duration = Duration::from_millis(500);

/// The one writer of the log, shared by both pumps and by what we say.
#[derive(Clone)]
pub struct SharedLog(Arc<Mutex<LogWriter>>);

impl SharedLog {
    /// Shares it.
    pub fn new(writer: LogWriter) -> Self {
        Self(Arc::new(Mutex::new(writer)))
    }

    /// Uses it.
    pub fn with<T>(&self, work: impl FnOnce(&mut LogWriter) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes what we say about the workload.
    pub fn say(&self, text: &str) {
        self.with(|log| log.say(SystemClock.now(), text));
    }

    fn lines(&self, stream: Stream, lines: &[Vec<u8>]) {
        if !lines.is_empty() {
            self.with(|log| log.lines(SystemClock.now(), stream, lines.iter().map(Vec::as_slice)));
        }
    }
}

/// Reads a pipe to its end, in the background.
///
/// # Errors
/// The pipe cannot be read without blocking.
pub fn pump(pipe: OwnedFd, stream: Stream, log: SharedLog) -> std::io::Result<JoinHandle<()>> {
    let mut pipe = pipe::Receiver::from_owned_fd(pipe)?;
    Ok(tokio::spawn(async move {
        let mut lines = Lines::default();
        let mut buffer = vec![0; 32 * 1024];
        let mut shown_at: Option<Instant> = None;
        loop {
            let at = shown_at.unwrap_or_else(|| Instant::now() + PARTIAL_AFTER);
            tokio::select! {
                read = pipe.read(&mut buffer) => match read {
                    Ok(0) | Err(_) => break,
                    Ok(n) => log.lines(stream, &lines.push(&buffer[..n])),
                },
                () = tokio::time::sleep_until(at), if shown_at.is_some() => {
                    log.lines(stream, &lines.take(false).into_iter().collect::<Vec<_>>());
                    shown_at = None;
                    continue;
                }
            }
            shown_at = if lines.is_waiting() { shown_at.or(Some(Instant::now() + PARTIAL_AFTER)) } else { None };
        }
        log.lines(stream, &lines.take(true).into_iter().collect::<Vec<_>>());
    }))
}
