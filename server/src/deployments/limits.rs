//! Limits of a deployment: what may be asked for, and setting them.

use super::service::{Service, TRIES, busy};
use crate::{
    access::TeamEditor,
    error::{Error, Result},
};
use app::api::{
    deployments::Deployment,
    limits::{LONGEST_QUEUE, LONGEST_SECONDS, Limits, MOST_AT_ONCE, SetLimits},
    resources::{bytes_words, parse_bytes},
};
use serde_json::json;

/// Whether they may be asked for; `most` is the largest body that the portal takes, in bytes.
fn check(limits: &Limits, most: usize) -> Result<()> {
    let within = |field: &str, value: Option<i64>, least: i64, most: i64| match value {
        Some(n) if n < least || n > most => Err(Error::invalid(field, format!("{field} is {least} to {most}."))),
        _ => Ok(()),
    };
    within("concurrency", limits.concurrency, 1, MOST_AT_ONCE)?;
    within("queue", limits.queue, 0, LONGEST_QUEUE)?;
    within("timeout_seconds", limits.timeout_seconds, 1, LONGEST_SECONDS)?;
    if limits.queue.is_some_and(|n| n > 0) && limits.concurrency.is_none() {
        return Err(Error::invalid("queue", "Nobody waits where there is no limit to the requests at once.")
            .hint("Set concurrency as well, or leave queue out."));
    }
    let Some(text) = &limits.max_body else { return Ok(()) };
    let bytes = parse_bytes(text).map_err(|e| Error::invalid("max_body", e))?;
    if bytes < 1 || usize::try_from(bytes).is_ok_and(|n| n > most) {
        let words = bytes_words(i64::try_from(most).unwrap_or(i64::MAX));
        return Err(Error::invalid("max_body", format!("max_body is 1 byte to {words}, the most that this portal takes."))
            .hint("An admin raises max_body in the configuration."));
    }
    Ok(())
}

impl Service {
    /// Sets the limits of a deployment; they hold from the next request on, whatever revision answers.
    ///
    /// # Errors
    /// Not there, or being removed; a limit that is none; a stale revision.
    pub async fn set_limits(&self, by: &TeamEditor, name: &str, ask: &SetLimits, most: usize) -> Result<Deployment> {
        let limits = ask.limits();
        check(&limits, most)?;
        for _ in 0..TRIES {
            let row = self.seen(by, name, ask.revision).await?;
            let before = row.limits();
            if before == limits {
                return self.get(by, name).await;
            }
            let mut tx = self.store.begin().await?;
            if tx.deployment_limits(&row.id, row.revision, &limits).await? {
                return self.keep(tx, by, &row, "limit", json!(before), json!(limits)).await;
            }
        }
        Err(busy())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_asked_for() {
        let ok = Limits { concurrency: Some(8), queue: Some(100), timeout_seconds: Some(5), max_body: Some("1Mi".into()) };
        assert!(check(&ok, 1 << 20).is_ok() && check(&Limits::default(), 1).is_ok());
        let field = |limits: Limits| check(&limits, 1 << 20).unwrap_err().field.unwrap();
        assert_eq!(field(Limits { concurrency: Some(0), ..ok.clone() }), "concurrency");
        assert_eq!(field(Limits { concurrency: None, ..ok.clone() }), "queue");
        assert_eq!(field(Limits { queue: Some(-1), ..ok.clone() }), "queue");
        assert_eq!(field(Limits { timeout_seconds: Some(601), ..ok.clone() }), "timeout_seconds");
        for wrong in ["2Mi", "0", "lots", "-1"] {
            assert_eq!(field(Limits { max_body: Some(wrong.into()), ..ok.clone() }), "max_body", "{wrong}");
        }
    }
}
