//! What the portal says first to a pod's port, so that the supervisor there knows who connects.
//!
//! Any pod of a cluster can reach any other where nothing enforces its network policies, and a model server asks nobody for a password. So a
//! connection begins with one line that only the portal can know, derived from its key and the workload's id: nothing is kept, nothing is sent
//! through the database, and what one pod was told opens no other.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What the key of knocks is derived for.
pub const PODS: &str = "pods 1";
/// Longest line of a knock.
pub const LONGEST: usize = 128;
const WORD: &str = "slipway";
const BLOCK: usize = 64;

/// Secrets derived from a key, one for each purpose and workload. Cheap to clone; never printed.
#[derive(Clone)]
pub struct Knocks([u8; 32]);

impl std::fmt::Debug for Knocks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Knocks")
    }
}

impl Knocks {
    /// From this key, which is used for nothing else.
    pub const fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// What a connection to this workload's port begins with, less the line end.
    pub fn line(&self, id: &str) -> String {
        format!("{WORD} {}", self.derive("knock", id))
    }

    /// A secret for this purpose and subject: HMAC-SHA-256 in hex.
    pub fn derive(&self, purpose: &str, subject: &str) -> String {
        let pad = |byte: u8| {
            let mut block = [byte; BLOCK];
            block.iter_mut().zip(self.0).for_each(|(b, k)| *b ^= k);
            block
        };
        let inner = Sha256::new().chain_update(pad(0x36)).chain_update(purpose).chain_update([0]).chain_update(subject).finalize();
        crate::ids::hex(&Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize())
    }
}

/// Whether two secrets are the same, in a time that tells nothing of them.
pub fn same(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_hmac() {
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        let knocks = Knocks::new(key);
        // As Python's hmac has it for the message "a\0b".
        assert_eq!(knocks.derive("a", "b"), "abe96d286949754c65051de08d3f8b1b5d35c314af100829f50c13954d98b7ea");
        assert_ne!(knocks.derive("a", "b"), knocks.derive("ab", ""));
        assert_ne!(knocks.derive("a", "b"), Knocks::new([1; 32]).derive("a", "b"));
        assert!(knocks.line("x").len() < LONGEST && same(&knocks.line("x"), &knocks.line("x")) && !same("a", "b") && !same("a", "ab"));
    }
}
