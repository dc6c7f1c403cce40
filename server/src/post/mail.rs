//! Mails: handed to the server that the configuration names.

use crate::config::Mail;
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp::extension::ClientId,
};
use std::{error::Error, time::Duration};

/// The longest that the server may take for one thing.
const PATIENCE: Duration = Duration::from_secs(15);

/// Hands mails over. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
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
        Ok(Self { transport: builder.timeout(Some(PATIENCE)).hello_name(name).build(), from: mail.from.clone() })
    }

    /// Whether the server answers, and lets us in.
    ///
    /// # Errors
    /// It does not; why.
    pub async fn test(&self) -> Result<(), String> {
        match self.transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err("it does not answer as a mail server does".into()),
            Err(e) => Err(innermost(&e)),
        }
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
        self.transport.send(message).await.map(drop).map_err(|e| innermost(&e))
    }
}

/// Whether a text is a mail address.
pub fn is_address(text: &str) -> bool {
    text.len() <= 254 && text.parse::<Address>().is_ok()
}

/// The innermost cause, which is what the server or the network said.
fn innermost(error: &dyn Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string().trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::is_address;

    #[test]
    fn addresses() {
        assert!(is_address("ada@example.org") && is_address("ada+ml@ml.example.org"));
        for wrong in ["", "ada", "ada@", "Ada <ada@example.org>", "ada@example.org\r\nBcc: eve@example.org", "a b@example.org"] {
            assert!(!is_address(wrong), "{wrong}");
        }
    }
}
