//! Brings log and end to the portal, and the portal's wishes to the supervisor.
//!
//! It ends only when the kubelet asks it to, which it does once the workload's container has ended, and not before the portal has everything, as long as
//! the pod's grace lasts. Where it can only stand beside that container, both are asked at once, and it waits for the workload's end first.

use super::{
    block_on, failed, orders,
    portal::{Portal, Trouble},
    rank,
    spool::Spool,
};
use crate::cluster::kubernetes::{
    places::RUN,
    plans::{LogEnd, Report, Wishes},
};
use std::{path::Path, process::ExitCode, time::Duration};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
    time::{sleep, timeout},
};

/// How often a log that does not grow is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// How much longer than its grace a workload may take, for a courier that is asked to go together with it.
const MORE: Duration = Duration::from_secs(10);
/// How long to wait before the portal is asked again: at first, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(300), Duration::from_secs(5));
/// How often a portal may say that it does not know the workload before it is believed.
const UNKNOWN: u32 = 20;
/// The same once the pod is asked to end, when nobody waits for anything but us.
const UNKNOWN_AT_THE_END: u32 = 5;

/// Runs `slipway shim pod-courier`.
pub fn main() -> ExitCode {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o027));
    let portal = orders().and_then(|orders| Portal::new(orders, rank()));
    let done = portal.and_then(|portal| block_on(courier(portal))?);
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => failed(why),
    }
}

async fn courier(portal: Portal) -> Result<(), String> {
    let spool = Spool::new(Path::new(RUN), portal.orders());
    let mut asked = signal(SignalKind::terminate()).map_err(|e| e.to_string())?;
    let (over, is_over) = watch::channel(false);
    let bring = async {
        let mut is_over = is_over.clone();
        bring(&portal, &spool, &mut is_over).await;
        // Without an error: the sender is here.
        let _ = is_over.wait_for(|o| *o).await;
    };
    let beside = portal.orders().beside;
    let listen = async {
        asked.recv().await;
        if let Some(seconds) = beside {
            // The workload was asked at the same moment, and is not over yet.
            let ended = async {
                while spool.exit().is_none() {
                    sleep(LOOK).await;
                }
            };
            let _ = timeout(Duration::from_secs(seconds) + MORE, ended).await;
        }
        over.send_replace(true);
        std::future::pending::<()>().await
    };
    tokio::select! {
        () = bring => {}
        () = listen => {}
        () = obey(&portal, &spool) => {}
    }
    Ok(())
}

/// Brings all there is, and the end at last.
async fn bring(portal: &Portal, spool: &Spool, is_over: &mut watch::Receiver<bool>) {
    let mut end = None;
    let mut patience = Patience::default();
    loop {
        // Looked at first: what was written before the end is found behind this.
        let (exit, over) = (spool.exit(), *is_over.borrow());
        let step = async {
            let from = match end {
                Some(end) => end,
                None => portal.log_end().await?,
            };
            // One that is closed takes nothing more: the workload was given up, and what it wrote since is nobody's.
            let piece = if from.closed { Ok(None) } else { spool.next(from.end) };
            let piece = piece.map_err(|e| Trouble::Away { why: format!("the log cannot be read: {e}") })?;
            match piece {
                Some(piece) => portal.log(piece.part, piece.offset, piece.bytes).await.map(Step::Brought),
                None if exit.is_some() || over => portal.report(&Report { exit }).await.map(|()| Step::Done),
                None => Ok(Step::Nothing(from)),
            }
        };
        match step.await {
            Ok(Step::Brought(now)) => {
                patience = Patience::default();
                end = Some(now);
            }
            Ok(Step::Nothing(now)) => {
                patience = Patience::default();
                end = Some(now);
                tokio::select! {
                    () = sleep(LOOK) => {}
                    _ = is_over.changed() => {}
                }
            }
            Ok(Step::Done) => return,
            Err(trouble) => {
                // The portal that answers next may be another one, which has less.
                end = None;
                if !patience.wait(&trouble, if over { UNKNOWN_AT_THE_END } else { UNKNOWN }).await {
                    return;
                }
            }
        }
    }
}

enum Step {
    Brought(LogEnd),
    Nothing(LogEnd),
    Done,
}

/// Hears the portal's wishes for ever.
async fn obey(portal: &Portal, spool: &Spool) {
    let mut seen = Wishes::default();
    let mut patience = Patience::default();
    loop {
        let heard = portal.wishes(seen).await;
        let trouble = match heard {
            Ok(wishes) => {
                let written = match wishes.stop.filter(|_| wishes != seen) {
                    Some(grace_ms) => spool.ask_to_end(grace_ms),
                    None => Ok(()),
                };
                match written {
                    Ok(()) => {
                        (seen, patience) = (wishes, Patience::default());
                        continue;
                    }
                    Err(e) => Trouble::Away { why: format!("a request to stop cannot be written: {e}") },
                }
            }
            Err(trouble) => trouble,
        };
        if !patience.wait(&trouble, UNKNOWN).await {
            // Nothing is wished any more.
            std::future::pending::<()>().await;
        }
    }
}

/// How long to wait after trouble.
struct Patience {
    pause: Duration,
    unknown: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self { pause: PAUSES.0, unknown: 0 }
    }
}

impl Patience {
    /// Waits; `false` where asking again is of no use.
    async fn wait(&mut self, trouble: &Trouble, unknown: u32) -> bool {
        match trouble {
            Trouble::Away { why } => eprintln!("The portal cannot be reached now: {why}"),
            Trouble::Unknown => self.unknown += 1,
            Trouble::Refused { why } => eprintln!("The portal refuses: {why}"),
        }
        if self.unknown > unknown {
            return false;
        }
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(PAUSES.1);
        true
    }
}
