//! The server that mails are handed to.

use super::load::Values;
use lettre::{
    AsyncSmtpTransport, Tokio1Executor,
    message::Mailbox,
    transport::smtp::{SMTP_PORT, SUBMISSION_PORT, SUBMISSIONS_PORT},
};
use reqwest::Url;

/// How mails leave.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// `smtp://…` or `smtps://…`, with user and password where the server asks for them.
    pub smtp_url: String,
    /// Whom mails are from.
    pub from: Mailbox,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mail(from {})", self.from)
    }
}

impl Mail {
    /// Host and port of the server, for people.
    pub fn server(&self) -> String {
        let Ok(url) = Url::parse(&self.smtp_url) else { return "the mail server".into() };
        let usual = match (url.scheme(), self.smtp_url.contains("tls=")) {
            ("smtps", _) => SUBMISSIONS_PORT,
            (_, true) => SUBMISSION_PORT,
            _ => SMTP_PORT,
        };
        format!("{}:{}", url.host_str().unwrap_or_default(), url.port().unwrap_or(usual))
    }

    /// Typed values; nothing where no server is given.
    ///
    /// # Errors
    /// The first value that is wrong, with what it should look like.
    pub fn of(values: &Values) -> Result<Option<Self>, String> {
        let from = values.optional("mail_from");
        let from = from
            .map(|text| {
                text.parse::<Mailbox>().map_err(|_| format!("mail_from: \"{text}\" is not a sender such as Slipway <slipway@example.org>"))
            })
            .transpose()?;
        match (values.optional("smtp_url"), from) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err("smtp_url: give the server that mails from mail_from are handed to".into()),
            (Some(_), None) => Err("mail_from: give whom mails are from, such as Slipway <slipway@example.org>".into()),
            (Some(smtp_url), Some(_)) if has_loose_end(&smtp_url) => {
                Err("smtp_url: nothing but ?tls= may follow the host; in user and password # is written %23, / %2F, ? %3F, @ %40, % %25".into())
            }
            (Some(smtp_url), Some(from)) => match AsyncSmtpTransport::<Tokio1Executor>::from_url(&smtp_url) {
                Ok(_) => Ok(Some(Self { smtp_url, from })),
                // It may hold a password, so it is not told.
                Err(_) => Err("smtp_url: give smtps://USER:PASSWORD@HOST, or smtp://HOST:PORT?tls=required (STARTTLS), or smtp://HOST:PORT without encryption".into()),
            },
        }
    }
}

/// Whether something follows the host that means nothing, as part of a password does that was not written as a URL needs it.
fn has_loose_end(url: &str) -> bool {
    Url::parse(url)
        .is_ok_and(|url| url.fragment().is_some() || !matches!(url.path(), "" | "/") || url.query_pairs().any(|(k, _)| k != "tls"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load::gather;

    fn of(pairs: &[(&str, &str)]) -> Result<Option<Mail>, String> {
        let environment = pairs.iter().map(|(k, v)| (format!("SLIPWAY_{}", k.to_uppercase()), (*v).to_owned())).collect();
        Mail::of(&gather(&Default::default(), &environment, None)?)
    }

    #[test]
    fn a_server_and_a_sender_or_neither() {
        assert_eq!(of(&[]).unwrap(), None);
        for url in ["smtps://me:hidden@mail.example.org", "smtp://mail.example.org:587?tls=required", "smtp://127.0.0.1:25"] {
            let mail = of(&[("smtp_url", url), ("mail_from", "Slipway <slipway@example.org>")]).unwrap().unwrap();
            assert_eq!(mail.from.email.to_string(), "slipway@example.org");
            assert!(!format!("{mail:?}").contains("hidden"));
        }
        let from = ("mail_from", "slipway@example.org");
        for (pairs, key) in [
            (vec![("smtp_url", "mail.example.org"), from], "smtp_url"),
            (vec![("smtp_url", "http://mail.example.org"), from], "smtp_url"),
            (vec![("smtp_url", "smtp://slipway:p@ss#w/x@mail.example.org"), from], "smtp_url: nothing but"),
            (vec![("smtp_url", "smtp://slipway:pa/ss@mail.example.org"), from], "smtp_url"),
            (vec![("smtp_url", "smtp://slipway:pa?ss@mail.example.org"), from], "smtp_url"),
            (vec![("smtp_url", "smtp://mail.example.org"), ("mail_from", "nobody")], "mail_from"),
            (vec![("smtp_url", "smtp://mail.example.org")], "mail_from"),
            (vec![from], "smtp_url"),
        ] {
            let told = of(&pairs).unwrap_err();
            assert!(told.starts_with(key), "{told}");
        }
    }
}
