//! Mails: handed to the server that the configuration names.

use super::innermost;
use crate::config::Mail;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp::{Error, extension::ClientId},
};
use std::{num::NonZeroU32, sync::Arc, time::Duration};

/// The longest that a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// And all of a mail with it: the library itself waits for ever for what the server says.
const WHOLE: Duration = Duration::from_secs(30);
/// Tests that one person may send in an hour.
const TESTS: NonZeroU32 = NonZeroU32::new(10).unwrap();

/// Hands mails over. Cheap to clone.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    /// Whether TLS begins with the connection.
    at_once: bool,
    /// Host and port of the server.
    server: String,
    /// What no answer may repeat: a server may say again what it was told.
    secrets: Arc<Vec<String>>,
    from: Mailbox,
    tests: Arc<DefaultKeyedRateLimiter<String>>,
}

impl Mailer {
    /// To the server that is configured.
    ///
    /// # Errors
    /// A URL that is none; the configuration has checked it.
    pub fn new(mail: &Mail) -> Result<Self, String> {
        // The library leaves the choice to us; a second call changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(&mail.smtp_url).map_err(|e| innermost(&e))?;
        let name = ClientId::Domain(mail.from.email.domain().to_owned());
        let transport = builder.timeout(Some(CONNECT)).hello_name(name).build();
        Ok(Self {
            transport,
            at_once: mail.smtp_url.starts_with("smtps:"),
            server: mail.server(),
            secrets: Arc::new(secrets(&mail.smtp_url)),
            from: mail.from.clone(),
            tests: Arc::new(RateLimiter::keyed(Quota::per_hour(TESTS))),
        })
    }

    /// Whether the server answers, and lets us in.
    ///
    /// # Errors
    /// It does not; why.
    pub async fn test(&self) -> Result<(), String> {
        match self.in_time(self.transport.test_connection()).await? {
            true => Ok(()),
            false => Err("it does not answer as a mail server does".into()),
        }
    }

    /// Whether somebody may send themselves a test now: an address is whatever they say it is.
    pub fn may_test(&self, user_id: &str) -> bool {
        self.tests.check_key(&user_id.to_owned()).is_ok()
    }

    /// Hands over one mail. `id` tells it from others: the same mail, handed over twice, has the same.
    ///
    /// # Errors
    /// It was not taken; why.
    pub async fn send(&self, id: &str, to: &str, subject: &str, text: &str) -> Result<(), String> {
        let to: Address = to.parse().map_err(|_| format!("{to} is no mail address"))?;
        let message = Message::builder()
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(subject)
            .header(ContentType::TEXT_PLAIN)
            .body(text.to_owned())
            .map_err(|e| innermost(&e))?;
        self.in_time(self.transport.send(message)).await.map(drop)
    }

    /// What the server says, where it says it before patience ends.
    async fn in_time<T>(&self, said: impl Future<Output = Result<T, Error>>) -> Result<T, String> {
        Err(match tokio::time::timeout(WHOLE, said).await {
            Ok(Ok(said)) => return Ok(said),
            Ok(Err(error)) => self.words(&error),
            Err(_) if self.at_once => format!("{} did not answer within {} seconds", self.server, WHOLE.as_secs()),
            Err(_) => format!(
                "{} did not answer within {} seconds: where TLS begins with the connection, as at port 465, smtp_url begins with smtps://",
                self.server,
                WHOLE.as_secs()
            ),
        })
    }

    fn words(&self, error: &Error) -> String {
        // Only in what comes from outside: our own words may have a password's letters in them.
        let said = self.secrets.iter().fold(innermost(error), |said, secret| said.replace(secret.as_str(), "…"));
        match error.status() {
            // Less says nothing of whether it is for good.
            Some(code) if error.is_transient() => format!("{code} {said} (this may pass)"),
            Some(code) => match to_do(&code.to_string(), &said) {
                Some(todo) => format!("{code} {said}: {todo}"),
                None => format!("{code} {said}"),
            },
            None if self.at_once && said.contains("does not speak TLS") => {
                format!("{said}: where TLS begins later, as at port 587, smtp_url is smtp://HOST:PORT?tls=required")
            }
            None if said.contains("STARTTLS is not supported") => {
                format!("{said}: give smtp_url as smtps:// with the port where TLS begins at once, if it has one")
            }
            None if said.contains("No compatible authentication mechanism") => {
                "it takes no login as smtp_url gives it: where it takes one only after STARTTLS, add ?tls=required".into()
            }
            None if error.is_response() => {
                format!("what answers at {} is no mail server ({said}): check the port in smtp_url", self.server)
            }
            None if is_of_network(error) => format!("{} cannot be reached ({said}): check host and port in smtp_url", self.server),
            None => said,
        }
    }
}

/// What to do about a refusal for good, where its code says.
fn to_do(code: &str, said: &str) -> Option<&'static str> {
    match code {
        "530" if said.to_ascii_uppercase().contains("STARTTLS") => Some("add ?tls=required to smtp_url"),
        "530" => Some("give user and password in smtp_url, as in smtps://USER:PASSWORD@HOST"),
        "535" => Some("check user and password in smtp_url; what is no letter or digit in them is written as %40 is for @"),
        "538" => Some("it wants TLS before a login: add ?tls=required to smtp_url"),
        _ => None,
    }
}

/// Whether the connection itself failed, and not what was said over it.
fn is_of_network(error: &Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            // TLS wraps its own into one.
            return io.get_ref().is_none_or(|inner| !inner.is::<rustls::Error>());
        }
        source = cause.source();
    }
    false
}

/// The password of a URL, and how it goes over the wire.
fn secrets(url: &str) -> Vec<String> {
    let user_info = url.split_once("://").map_or(url, |(_, rest)| rest).split(['/', '?']).next().and_then(|a| a.rsplit_once('@'));
    let Some((user, password)) = user_info.and_then(|(info, _)| info.split_once(':')).filter(|(_, password)| !password.is_empty()) else {
        return Vec::new();
    };
    let plain = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let (user, decoded) = (plain(user), plain(password));
    let all = [STANDARD.encode(format!("\0{user}\0{decoded}")), STANDARD.encode(&decoded), password.to_owned(), decoded];
    // What is shorter is no secret, and stands in every other word.
    all.into_iter().filter(|secret| secret.len() > 2).collect()
}

/// Whether a text is a mail address.
pub fn is_address(text: &str) -> bool {
    text.len() <= 254 && !text.contains(|c: char| c.is_control() || c.is_whitespace()) && text.parse::<Address>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::{is_address, secrets, to_do};

    #[test]
    fn a_refusal_says_what_to_do() {
        assert_eq!(to_do("530", "5.7.0 Must issue a STARTTLS command first"), Some("add ?tls=required to smtp_url"));
        assert!(to_do("530", "5.7.0 Authentication required").is_some_and(|t| t.contains("give user and password")));
        assert!(to_do("535", "5.7.8 no").is_some_and(|t| t.contains("check user and password")));
        assert_eq!(to_do("550", "no such user"), None);
    }

    #[test]
    fn no_answer_repeats_a_password() {
        assert_eq!(secrets("smtp://slipway:p%40ss@mail:587?tls=required"), ["AHNsaXB3YXkAcEBzcw==", "cEBzcw==", "p%40ss", "p@ss"]);
        assert!(secrets("smtp://mail:587").is_empty() && secrets("smtp://slipway@mail").is_empty());
    }

    #[test]
    fn addresses() {
        assert!(is_address("ada@example.org") && is_address("ada+ml@ml.example.org"));
        for wrong in [
            "",
            "ada",
            "ada@",
            "Ada <ada@example.org>",
            "ada@example.org\r\nBcc: eve@example.org",
            "a b@example.org",
            "\"a b\"@example.org",
            "\"a\u{85}b\"@example.org",
        ] {
            assert!(!is_address(wrong), "{wrong}");
        }
    }
}
