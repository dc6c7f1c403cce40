//! What the supervisor is asked from outside: a signal or a ring says that there is something to read, the file says what.

use super::super::record::{self, StopRequest};
use std::{fs, io, path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::Notify,
};

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// The server asks to end the workload.
    Stop {
        /// Time between SIGTERM and SIGKILL.
        grace: Duration,
    },
    /// A signal without a request: the machine shuts down, or a person sent it.
    Signal,
}

/// Listens for requests.
pub struct StopRequests {
    signals: Signal,
    news: Arc<Notify>,
    file: PathBuf,
}

impl StopRequests {
    /// Listens from now on. Has to be called before the start is recorded: before that nobody may ask.
    ///
    /// # Errors
    /// What the system says.
    pub fn listen(file: PathBuf, news: Arc<Notify>) -> io::Result<Self> {
        Ok(Self { signals: signal(SignalKind::terminate())?, news, file })
    }

    /// Waits for the next request.
    pub async fn next(&mut self) -> Asked {
        loop {
            let signalled = tokio::select! {
                one = self.signals.recv() => {
                    if one.is_none() {
                        // The runtime ends; nothing is asked any more.
                        std::future::pending::<()>().await;
                    }
                    true
                }
                () = self.news.notified() => false,
            };
            // Taken by renaming, so that a request written at this very moment is not thrown away with this one.
            let taken = self.file.with_extension("taken");
            let request = match fs::rename(&self.file, &taken) {
                Ok(()) => record::read::<StopRequest>(&taken).ok().flatten(),
                Err(_) => None,
            };
            let _ = fs::remove_file(&taken);
            match request {
                Some(r) => return Asked::Stop { grace: Duration::from_millis(r.grace_ms) },
                None if signalled => return Asked::Signal,
                None => {}
            }
        }
    }
}
