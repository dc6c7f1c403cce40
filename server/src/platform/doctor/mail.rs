//! Whether the mail server answers.

use super::{error, ok, warning};
use crate::{
    config::{Config, Mail},
    post::Mailer,
};
use app::api::platform::Finding;
use std::net::IpAddr;

const CHECK: &str = "mail server";

/// Nothing where none is configured.
pub async fn all(config: &Config) -> Vec<Finding> {
    let Some(mail) = &config.mail else { return Vec::new() };
    let tested = match Mailer::new(mail) {
        Ok(mailer) => mailer.test().await,
        Err(why) => Err(why),
    };
    let mut out = vec![match tested {
        Ok(()) => ok(CHECK, format!("answers; mails are from {}", mail.from.email)),
        Err(why) => error(CHECK, format!("mails cannot be handed over: {why}"), "Mend smtp_url, or the server, as it says."),
    }];
    if is_open(mail) {
        out.push(warning(
            CHECK,
            "mails, and the password for them, cross a network in the clear",
            "Give smtp_url as smtps://, or with ?tls=required.",
        ));
    }
    out
}

/// Whether nothing is encrypted, and the server is not this machine.
fn is_open(mail: &Mail) -> bool {
    let Some(rest) = mail.smtp_url.strip_prefix("smtp://").filter(|rest| !rest.contains("tls=required")) else { return false };
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host).trim_matches(['[', ']']);
    host != "localhost" && !host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_leaves_the_machine_has_to_be_encrypted() {
        let open = |url: &str| is_open(&Mail { smtp_url: url.into(), from: "slipway@example.org".parse().unwrap() });
        for fine in [
            "smtps://mail.example.org",
            "smtp://mail.example.org:587?tls=required",
            "smtp://127.0.0.1:25",
            "smtp://me:pw@localhost",
            "smtp://[::1]:25",
        ] {
            assert!(!open(fine), "{fine}");
        }
        assert!(open("smtp://mail.example.org") && open("smtp://me:pw@10.0.0.9:25"));
    }
}
