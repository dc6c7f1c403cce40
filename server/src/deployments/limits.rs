//! Limits of a deployment: what may be asked for, and setting them.

use super::service::{Service, TRIES, busy};
use crate::{
    access::TeamEditor,
    error::{Error, Result},
};
use app::api::{
    FieldProblem,
    deployments::Deployment,
    limits::{LONGEST_QUEUE, LONGEST_SECONDS, Limits, MOST_AT_ONCE, SetLimits},
    resources::{bytes_words, parse_bytes},
};
use serde_json::json;

/// Whether they may be asked for; `most` is the largest body that the portal takes, in bytes. All that is wrong is said at once.
fn check(limits: &Limits, most: usize) -> Result<()> {
    let within = |field: &'static str, value: Option<i64>, least: i64, most: i64| {
        value.filter(|n| *n < least || *n > most).map(|_| (field, format!("It is {least} to {most}.")))
    };
    let nobody_waits = limits.queue.is_some_and(|n| n > 0) && limits.concurrency.is_none();
    let none = "Nobody waits where there is no limit to the requests at once: set that as well, or leave this out.";
    let wrong = [
        within("concurrency", limits.concurrency, 1, MOST_AT_ONCE),
        within("queue", limits.queue, 0, LONGEST_QUEUE).or_else(|| nobody_waits.then(|| ("queue", none.to_owned()))),
        within("timeout_seconds", limits.timeout_seconds, 1, LONGEST_SECONDS),
        limits.max_body.as_ref().and_then(|text| too_large(text, most)).map(|why| ("max_body", why)),
    ];
    let each: Vec<FieldProblem> = wrong.into_iter().flatten().map(|(field, detail)| FieldProblem { field: field.into(), detail }).collect();
    match each.as_slice() {
        [] => Ok(()),
        [one] => Err(Error::invalid(&one.field, format!("{} is not right. {}", one.field, one.detail)).each(each)),
        [first, ..] => {
            let all: Vec<_> = each.iter().map(|e| e.field.as_str()).collect();
            Err(Error::invalid(&first.field, format!("These are not right: {}.", all.join(", "))).each(each))
        }
    }
}

/// Why a body cannot be so large.
fn too_large(text: &str, most: usize) -> Option<String> {
    let bytes = match parse_bytes(text) {
        Ok(bytes) => bytes,
        Err(why) => return Some(why),
    };
    let words = bytes_words(i64::try_from(most).unwrap_or(i64::MAX));
    let fits = bytes >= 1 && usize::try_from(bytes).is_ok_and(|n| n <= most);
    (!fits).then(|| format!("It is 1 byte to {words}, the most that this portal takes; an admin raises max_body in the configuration."))
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
        let several = check(&Limits { queue: Some(-1), timeout_seconds: Some(0), ..ok }, 1 << 20).unwrap_err();
        assert_eq!(several.errors.iter().map(|e| e.field.as_str()).collect::<Vec<_>>(), ["queue", "timeout_seconds"]);
        assert_eq!((several.field.as_deref(), several.public.as_str()), (Some("queue"), "These are not right: queue, timeout_seconds."));
    }
}
