//! What is there: from the records, whoever started it.

use super::{
    Inner, blocking, process,
    record::{self, RecordedPhase, State},
};
use crate::{
    cluster::{Exit, Observed, Phase},
    error::{Context, Result},
};
use std::{io, sync::Arc};

/// What the records say of one workload.
pub(super) enum Seen {
    /// There is no such workload.
    Nothing,
    /// It is known how far it is.
    Known(Observed),
    /// Its supervisor is gone without having recorded an end.
    Lost(State),
}

impl Inner {
    /// Ids of everything that was started and not forgotten.
    pub(super) fn started(&self) -> io::Result<Vec<String>> {
        let mut ids = Vec::new();
        for entry in std::fs::read_dir(self.paths.records())? {
            let name = entry?.file_name();
            // Temporary files begin with a dot.
            if let Some(id) = name.to_str().and_then(|n| n.strip_suffix(".state.json")).filter(|id| !id.starts_with('.')) {
                ids.push(id.to_owned());
            }
        }
        ids.sort_unstable();
        Ok(ids)
    }

    /// Looks at one workload. The order matters: a supervisor writes the end before it goes.
    pub(super) fn look(&self, id: &str, boot: &str) -> io::Result<Seen> {
        let state = match record::read::<State>(&self.paths.state(id)) {
            Ok(Some(state)) => state,
            Ok(None) => return Ok(Seen::Nothing),
            // One damaged record must not hide all others.
            Err(e) if e.kind() == io::ErrorKind::InvalidData => State::damaged(boot),
            Err(e) => return Err(e),
        };
        let known = |phase| Ok(Seen::Known(Observed { id: id.to_owned(), phase, started_at: state.started_at, image: None }));
        if let Some(exit) = record::read::<Exit>(&self.paths.exit(id))? {
            return known(Phase::Ended(exit));
        }
        if state.boot == boot && state.shim.alive() {
            return known(match state.phase.clone() {
                RecordedPhase::Starting { doing } => Phase::Starting { doing },
                RecordedPhase::Running { endpoint } => Phase::Running { endpoint },
                RecordedPhase::Stopping => Phase::Stopping,
            });
        }
        match record::read::<Exit>(&self.paths.exit(id))? {
            Some(exit) => known(Phase::Ended(exit)),
            None => Ok(Seen::Lost(state)),
        }
    }

    /// Looks at everything; what lost its supervisor is ended first.
    pub(super) async fn observe_all(self: Arc<Self>) -> Result<Vec<Observed>> {
        let inner = self.clone();
        let seen = blocking(move || {
            let boot = process::boot();
            let ids = inner.started().context("reading the folder of records")?;
            ids.into_iter().map(|id| inner.look(&id, &boot).map(|seen| (id, seen)).context("reading a record")).collect::<Result<Vec<_>>>()
        })
        .await?;
        let mut all = Vec::new();
        for (id, seen) in seen {
            match seen {
                Seen::Nothing => {}
                Seen::Known(observed) => all.push(observed),
                Seen::Lost(_) => all.extend(self.settle(&id).await?),
            }
        }
        Ok(all)
    }
}
