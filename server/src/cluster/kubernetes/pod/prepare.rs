//! Before the workload: our program is put where the other containers find it, the workload is claimed, and what it needs is fetched.

use super::{
    block_on, copy, failed, fetch, orders,
    portal::{Portal, Trouble},
    rank,
};
use crate::cluster::kubernetes::{
    build::{NODE_NAME, POD_UID},
    places::BIN,
    plans::Claim,
};
use std::{path::Path, process::ExitCode};

/// Runs `slipway shim pod-prepare`.
pub fn main() -> ExitCode {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o027));
    match prepare() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => failed(why),
    }
}

fn prepare() -> Result<(), String> {
    copy::ourselves(Path::new(BIN)).map_err(|e| format!("Slipway's program could not be put into the pod: {e}."))?;
    copy::roots(Path::new(BIN)).map_err(|e| format!("Whom Slipway trusts could not be written down: {e}."))?;
    let rank = rank();
    let portal = Portal::new(orders()?, rank)?;
    #[expect(clippy::disallowed_methods, reason = "a pod has no configuration: Kubernetes tells it who it is")]
    let variable = |name: &str| std::env::var(name).map_err(|_| format!("The pod does not say its {name}."));
    let claim = Claim { pod: variable(POD_UID)?, node: variable(NODE_NAME)?, rank };
    block_on(async {
        // Whatever came in between, only this pod may go on from here.
        let refused = |trouble| match trouble {
            Trouble::Refused { why } | Trouble::Away { why } => why,
            Trouble::Unknown => "The portal does not know this workload any more.".into(),
        };
        while !fetch::until_answered(async || portal.claim(&claim).await).await.map_err(refused)? {
            // The portal keeps the question open for a while; nodes that are not there yet may take long.
        }
        fetch::all(&portal).await
    })?
}
