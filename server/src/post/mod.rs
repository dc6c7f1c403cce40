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
    // What the other side said goes on in one line.
    let said = last.to_string().split(|c: char| c.is_control()).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    let said = said.trim_end_matches(['.', ' ']);
    if said.contains("InvalidContentType") {
        return "it does not speak TLS at this port".into();
    }
    said.strip_prefix("invalid peer certificate: ").map_or_else(|| said.to_owned(), certificate)
}

/// What is wrong with a certificate, from the words of the library.
fn certificate(why: &str) -> String {
    let has = |words: &[&str]| words.iter().any(|word| why.contains(word));
    if has(&["CaUsedAsEndEntity"]) {
        return "its certificate is that of an authority, which a server may not show as its own: it has to have one made with basicConstraints=CA:FALSE, or one that an authority signed".into();
    }
    if has(&["UnknownIssuer", "BadSignature"]) {
        let what = "its certificate is of nobody whom this machine trusts";
        return match std::env::var_os("SSL_CERT_FILE").filter(|file| !file.is_empty()) {
            None => format!("{what}: add its authority's to the machine's, or name a file with it in SSL_CERT_FILE"),
            Some(file) => {
                let (file, is_one) = (file.to_string_lossy(), std::fs::read(&file).map(|f| has_certificate(&f)));
                match is_one {
                    Err(e) => format!("{what}, and SSL_CERT_FILE names {file}, which cannot be read: {e}"),
                    Ok(false) => format!("{what}, and SSL_CERT_FILE names {file}, in which no certificate is"),
                    Ok(true) => format!("{what}: that of its authority is not in {file}, which SSL_CERT_FILE names"),
                }
            }
        };
    }
    if has(&["expired", "Expired"]) {
        return format!("its certificate has expired; if it has not, this machine's clock is wrong ({why})");
    }
    if has(&["not valid yet", "NotValidYet"]) {
        return format!("its certificate is not valid yet; if it is, this machine's clock is wrong ({why})");
    }
    if has(&["not valid for", "NotValidForName"]) {
        return format!("its certificate is for another name: address it by one that is in it ({why})");
    }
    format!("its certificate is not good ({why})")
}

fn has_certificate(file: &[u8]) -> bool {
    let begin = b"-----BEGIN CERTIFICATE-----";
    file.windows(begin.len()).any(|part| part == begin)
}

#[cfg(test)]
mod tests {
    use super::{certificate, innermost};
    use std::io;

    #[test]
    fn what_is_said_is_one_line_that_says_what_to_do() {
        assert_eq!(innermost(&io::Error::other("error Tag at: HTTP/1.1 400\r\n")), "error Tag at: HTTP/1.1 400");
        for (why, says) in [
            ("UnknownIssuer", "whom this machine trusts"),
            ("Other(OtherError(CaUsedAsEndEntity))", "CA:FALSE"),
            ("certificate expired: verification time 1796074155 (UNIX)", "has expired"),
            ("certificate not valid for name \"127.0.0.1\"", "for another name"),
            ("certificate not valid yet: verification time 1", "not valid yet"),
            ("Revoked", "is not good (Revoked)"),
        ] {
            assert!(certificate(why).contains(says), "{why}: {}", certificate(why));
        }
    }
}
