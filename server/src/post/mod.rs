//! What leaves the portal by itself: posts to addresses that teams give, and mails.

pub mod address;
pub mod mail;
pub mod retry;
pub mod web;

pub use mail::Mailer;
pub use web::{Answered, WebPost};

use std::error::Error;

/// The innermost cause, which is what the other side or the network said; of certificates in words that say what to do.
fn innermost(error: &dyn Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    let said = last.to_string();
    let said = said.trim_end_matches('.');
    if said.contains("InvalidContentType") {
        return "it does not speak TLS at this port".into();
    }
    match said.strip_prefix("invalid peer certificate: ") {
        Some(why) if ["UnknownIssuer", "BadSignature", "CaUsedAsEndEntity"].iter().any(|word| why.contains(word)) => {
            format!(
                "its certificate is of nobody whom this machine trusts ({why}): add its authority's to the machine's, or name a file with it in SSL_CERT_FILE"
            )
        }
        Some(why) => format!("its certificate is not good ({why})"),
        None => said.to_owned(),
    }
}
