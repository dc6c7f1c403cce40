//! What is sealed at rest: AES-256-GCM, with the key from the configuration or from `{data}/key` (mode 0600, made at first start).

pub mod key;

use crate::error::{Error, Result};
use aes_gcm::{
    Aes256Gcm, Key, Nonce,
    aead::{Aead, KeyInit, Payload},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};
use std::sync::Arc;

const VERSION: &str = "v1:";
const NONCE_BYTES: usize = 12;

/// Seals and opens. Cheap to clone; never printed.
#[derive(Clone)]
pub struct Sealer(Arc<Inner>);

struct Inner {
    cipher: Aes256Gcm,
    key: [u8; 32],
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer")
    }
}

impl Sealer {
    /// With this key.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(Arc::new(Inner { cipher: Aes256Gcm::new(Key::<Aes256Gcm>::from_slice(key)), key: *key }))
    }

    /// A key for something else than sealing, which tells nothing about ours.
    pub fn key_for(&self, purpose: &str) -> [u8; 32] {
        Sha256::new().chain_update(purpose).chain_update([0]).chain_update(self.0.key).finalize().into()
    }

    /// Seals `plain` for `place` (such as `secret:{team}:{name}`): it opens nowhere else.
    ///
    /// # Errors
    /// The cipher failed.
    pub fn seal(&self, place: &str, plain: &[u8]) -> Result<String> {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let sealed = self
            .0
            .cipher
            .encrypt(Nonce::from_slice(&nonce), Payload { msg: plain, aad: place.as_bytes() })
            .map_err(|_| Error::internal("seal"))?;
        Ok(format!("{VERSION}{}", STANDARD.encode([nonce.as_slice(), &sealed].concat())))
    }

    /// Opens what was sealed for `place`.
    ///
    /// # Errors
    /// Another key, another place, or not sealed by us.
    pub fn open(&self, place: &str, sealed: &str) -> Result<Vec<u8>> {
        let wrong = || Error::internal(format!("cannot open {place}: sealed with another key?"));
        let bytes = sealed.strip_prefix(VERSION).and_then(|s| STANDARD.decode(s).ok()).ok_or_else(wrong)?;
        let (nonce, body) = bytes.split_at_checked(NONCE_BYTES).ok_or_else(wrong)?;
        self.0.cipher.decrypt(Nonce::from_slice(nonce), Payload { msg: body, aad: place.as_bytes() }).map_err(|_| wrong())
    }
}

#[cfg(test)]
mod tests {
    use super::Sealer;

    #[test]
    fn opens_only_in_its_place_and_with_its_key() {
        let sealer = Sealer::new(&[7; 32]);
        let sealed = sealer.seal("secret:a:x", b"value").unwrap();
        assert_eq!(sealer.open("secret:a:x", &sealed).unwrap(), b"value");
        assert!(sealer.open("secret:b:x", &sealed).is_err());
        assert!(Sealer::new(&[8; 32]).open("secret:a:x", &sealed).is_err());
        assert!(sealer.open("secret:a:x", "v1:AA").is_err());
        assert_ne!(sealed, sealer.seal("secret:a:x", b"value").unwrap());
        assert_ne!(sealer.key_for("a"), sealer.key_for("b"));
    }
}
