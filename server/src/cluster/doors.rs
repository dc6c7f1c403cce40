//! One at a time for each workload.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

/// So many doors are kept before those that nobody stands at are dropped.
const KEPT: usize = 1024;

/// The doors.
#[derive(Debug, Default)]
pub struct Doors(Mutex<HashMap<String, Arc<AsyncMutex<()>>>>);

impl Doors {
    /// Waits until nobody else changes this workload.
    pub async fn door(&self, id: &str) -> OwnedMutexGuard<()> {
        let door = {
            let mut doors = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if doors.len() > KEPT {
                doors.retain(|_, door| Arc::strong_count(door) > 1);
            }
            doors.entry(id.to_owned()).or_default().clone()
        };
        door.lock_owned().await
    }
}
