//! Fetches the uploaded archive and the folders, as long as it takes.

use super::portal::{Portal, Trouble};
use crate::cluster::{
    kubernetes::places::{ARCHIVE, FOLDERS},
    local::shim::{Beneath, unpack},
};
use std::{fs, path::Path, sync::atomic::AtomicBool, time::Duration};

/// How long to wait before the portal is asked again: at first, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(300), Duration::from_secs(10));
/// How often a portal may say that it does not know the workload: its view may lag behind for a moment.
const UNKNOWN: u32 = 10;

/// Asks again and again until the portal answers.
///
/// # Errors
/// It refuses.
pub async fn until_answered<T>(mut ask: impl AsyncFnMut() -> Result<T, Trouble>) -> Result<T, Trouble> {
    let (mut pause, mut unknown) = (PAUSES.0, 0);
    loop {
        match ask().await {
            Err(Trouble::Away { why }) => eprintln!("The portal cannot be asked now: {why}"),
            Err(Trouble::Unknown) if unknown < UNKNOWN => unknown += 1,
            other => return other,
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// Fetches all that the orders name.
///
/// # Errors
/// A sentence: it cannot be had.
pub async fn all(portal: &Portal) -> Result<(), String> {
    let orders = portal.orders();
    if let Some(ticket) = &orders.archive {
        one(portal, ticket, Path::new(ARCHIVE)).await?;
    }
    for (name, ticket) in &orders.folders {
        let folder = Path::new(FOLDERS).join(name);
        let whole = Path::new(FOLDERS).join(format!(".{name}.whole"));
        if whole.exists() {
            continue;
        }
        let packed = Path::new(FOLDERS).join(format!(".{name}.tgz"));
        one(portal, ticket, &packed).await?;
        unpacked(&packed, &folder, orders.upload_bytes).await?;
        fs::write(&whole, "").map_err(|e| format!("The folder \"{name}\" could not be kept: {e}."))?;
    }
    Ok(())
}

/// A container that is started again fetches nothing twice.
async fn one(portal: &Portal, ticket: &str, to: &Path) -> Result<(), String> {
    if to.exists() {
        return Ok(());
    }
    let part = to.with_extension("part");
    let fetched = until_answered(async || portal.fetch(ticket, &part).await).await;
    fetched.map_err(|trouble| match trouble {
        Trouble::Refused { why } | Trouble::Away { why } => format!("What it needs could not be fetched: {why}"),
        Trouble::Unknown => "What it needs is no longer there.".into(),
    })?;
    fs::rename(&part, to).map_err(|e| format!("What it needs could not be kept: {e}."))
}

async fn unpacked(packed: &Path, folder: &Path, limit: u64) -> Result<(), String> {
    let (packed, folder) = (packed.to_owned(), folder.to_owned());
    let work = move || {
        fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
        let into = Beneath::open(&folder).map_err(|e| e.to_string())?;
        unpack(&packed, &into, limit, &AtomicBool::new(false))?;
        // Its room is wanted: a model may be large.
        fs::remove_file(&packed).map_err(|e| e.to_string())
    };
    tokio::task::spawn_blocking(work).await.map_err(|e| e.to_string())?
}
