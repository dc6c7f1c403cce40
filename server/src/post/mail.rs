//! Mails: handed to the server that the configuration names.

use super::innermost;
use crate::config::Mail;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp::extension::ClientId,
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
        Ok(Self { transport, from: mail.from.clone(), tests: Arc::new(RateLimiter::keyed(Quota::per_hour(TESTS))) })
    }

    /// Whether the server answers, and lets us in.
    ///
    /// # Errors
    /// It does not; why.
    pub async fn test(&self) -> Result<(), String> {
        match in_time(self.transport.test_connection()).await? {
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
        in_time(self.transport.send(message)).await.map(drop)
    }
}

/// Whether a text is a mail address.
pub fn is_address(text: &str) -> bool {
    text.len() <= 254 && !text.contains(|c: char| c.is_control() || c.is_whitespace()) && text.parse::<Address>().is_ok()
}

/// What the server says, where it says it before patience ends.
async fn in_time<T>(said: impl Future<Output = Result<T, lettre::transport::smtp::Error>>) -> Result<T, String> {
    match tokio::time::timeout(WHOLE, said).await {
        Ok(said) => said.map_err(|e| innermost(&e)),
        Err(_) => Err(format!("it did not answer within {} seconds", WHOLE.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    use super::is_address;

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
