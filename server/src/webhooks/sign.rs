//! Secrets and signatures, by the Standard Webhooks specification.

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::hmac::{HMAC_SHA256, Key, sign};

/// What a secret begins with.
pub const PREFIX: &str = "whsec_";

/// A new secret: 32 random bytes.
pub fn make() -> String {
    format!("{PREFIX}{}", STANDARD.encode(rand::random::<[u8; 32]>()))
}

/// The bytes of a secret; nothing where it is none: `whsec_` and 24 to 64 bytes in base64.
pub fn key(secret: &str) -> Option<Vec<u8>> {
    let bytes = STANDARD.decode(secret.strip_prefix(PREFIX)?).ok()?;
    (24..=64).contains(&bytes.len()).then_some(bytes)
}

/// The header `webhook-signature` of a message: one signature for each key.
pub fn signature(keys: &[Vec<u8>], id: &str, timestamp: i64, body: &str) -> String {
    let message = format!("{id}.{timestamp}.{body}");
    let one = |key: &Vec<u8>| format!("v1,{}", STANDARD.encode(sign(&Key::new(HMAC_SHA256, key), message.as_bytes())));
    keys.iter().map(one).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_as_the_specification_s_own_example() {
        let key = key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", "{\"test\": 2432232314}");
        let signed = signature(std::slice::from_ref(&key), id, 1_614_265_330, body);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let both = signature(&[key, vec![7; 32]], id, 1_614_265_330, body);
        assert!(both.starts_with(&format!("{signed} v1,")) && both.split(' ').count() == 2);
    }

    #[test]
    fn a_secret_is_long_enough_and_says_what_it_is() {
        assert_eq!(key(&make()).map(|k| k.len()), Some(32));
        assert_ne!(make(), make());
        for wrong in ["whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_not base64 at all, is it, no"] {
            assert_eq!(key(wrong), None, "{wrong}");
        }
    }
}
