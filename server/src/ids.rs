//! Ids and secrets that are made here.

use crate::clock::Clock;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use std::sync::Mutex;
use uuid::{ContextV7, Timestamp, Uuid};

/// Counts within a millisecond.
static CONTEXT: Mutex<ContextV7> = Mutex::new(ContextV7::new());

/// A new UUIDv7 as 32 hex digits, MLflow's form. Greater than any made before in this process, so that what came
/// first stands first (in the queue, on pages) also where two came in one millisecond.
pub fn new_id(clock: &dyn Clock) -> String {
    let ms = clock.now().max(0) as u64;
    Uuid::new_v7(Timestamp::from_unix(&CONTEXT, ms / 1000, (ms % 1000) as u32 * 1_000_000)).simple().to_string()
}

/// 32 random bytes, for tokens, tickets and links.
pub fn random_secret() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// SHA-256 as hex. Good for secrets of [`random_secret`], which cannot be guessed; never for passwords.
pub fn sha256(data: impl AsRef<[u8]>) -> String {
    hex(&Sha256::digest(data))
}

/// Small hex digits.
pub fn hex(bytes: &[u8]) -> String {
    // Without the machinery of formatting: this is on the way of every request.
    let digit = |n: u8| char::from(if n < 10 { b'0' + n } else { b'a' + n - 10 });
    bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::TestClock;

    #[test]
    fn ids_of_one_millisecond_are_in_the_order_they_were_made_in() {
        let clock = TestClock::at(1_764_000_000_000);
        let ids: Vec<_> = (0..1000).map(|_| new_id(&clock)).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
        assert!(ids.iter().all(|id| id.len() == 32));
    }
}
