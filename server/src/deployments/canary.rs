//! Two revisions at once: the share of the traffic that the newer one takes, set by hand, and which requests stay together.

use super::{
    ledger,
    plan::Desired,
    service::{Service, TRIES, busy, change_of, told},
};
use crate::{
    access::TeamEditor,
    error::{Error, Result},
    store::{
        deployments::{Canary, DeploymentChange, DeploymentRow},
        revisions::RevisionRow,
    },
};
use app::api::{
    State,
    canary::{SetCanary, Sticky},
    deployments::{Deployment, RevisionState},
};
use http::{HeaderName, header};
use serde_json::json;

/// Whether a revision may be deployed as a canary with this share.
///
/// # Errors
/// A share that is none; nothing serves that it could stand beside.
pub(super) fn check_canary(row: &DeploymentRow, percent: Option<i64>) -> Result<()> {
    let Some(percent) = percent else { return Ok(()) };
    if !(1..=99).contains(&percent) {
        return Err(Error::invalid("canary", "canary is 1 to 99 percent.").hint("Leave it out to replace what serves."));
    }
    if row.serving.is_none() || Desired::of(&row.desired) != Desired::Running {
        return Err(Error::invalid("canary", format!("{} serves nothing that a canary could stand beside.", row.name))
            .hint("Leave canary out: the version takes all of the traffic."));
    }
    Ok(())
}

impl Service {
    /// Sets the share of the canary; 100 lets it take over, 0 takes it back. Both revisions have all their replicas, so it holds at once. Of one
    /// that is still on its way it is the share that it will take.
    ///
    /// # Errors
    /// Not there, or being removed; a share that is none; no canary; it has no replica that is ready; a stale revision.
    pub async fn set_canary(&self, by: &TeamEditor, name: &str, ask: &SetCanary) -> Result<Deployment> {
        if !(0..=100).contains(&ask.percent) {
            return Err(Error::invalid("percent", "percent is 0 to 100."));
        }
        for _ in 0..TRIES {
            let row = self.seen(by, name, ask.revision).await?;
            let done = match (row.canary(), row.next, row.next_share) {
                (Some(canary), ..) if canary.percent == ask.percent => true,
                (Some(canary), ..) => self.share(by, &row, canary, ask.percent).await?,
                (None, Some(next), Some(_)) => self.share_of_next(by, &row, next, ask.percent).await?,
                _ => {
                    return Err(Error::conflict(format!("{name} has no canary."))
                        .hint("Deploy a version with a share first: slipway deployment redeploy NAME --canary 10, with the version or the program"));
                }
            };
            if done {
                return self.get(by, name).await;
            }
        }
        Err(busy())
    }

    /// In one transaction who takes how much, and what the ledger says of it.
    async fn share(&self, by: &TeamEditor, row: &DeploymentRow, canary: Canary, percent: i64) -> Result<bool> {
        let (Some(serving), Some(newer)) = (self.numbered(row, row.serving).await?, self.numbered(row, Some(canary.number)).await?) else {
            return Err(Error::internal(format!("deployment {} has a canary and no revision", row.id)));
        };
        let replicas = if percent > canary.percent { self.store.replicas_of(&row.id).await? } else { Vec::new() };
        let ready = replicas.iter().any(|r| r.revision == newer.number && r.state() == State::Running && r.drains_since.is_none());
        if percent > canary.percent && !ready {
            return Err(Error::conflict(format!("Revision {} has no replica that is ready.", newer.number))
                .hint("Wait until it is, or take the canary back: its page says why."));
        }
        let shares = [(&serving, 100 - percent), (&newer, percent)];
        let mut notes = Vec::new();
        for (revision, percent) in shares.iter().filter(|(_, percent)| *percent > 0) {
            notes.push((ledger::note(&self.store, revision).await?, *percent));
        }
        let change = DeploymentChange {
            serving: Some(if percent == 100 { newer.number } else { serving.number }),
            canary: (1..100).contains(&percent).then_some(Canary { percent, ..canary }),
            ..as_it_is(row)
        };
        let mut tx = self.store.begin().await?;
        if !tx.deployment_update(&row.id, row.revision, &change).await? {
            return Ok(false);
        }
        for (revision, _) in shares.iter().filter(|(_, percent)| *percent == 0) {
            tx.revision_update(&revision.id, &change_of(revision, RevisionState::Retired, None)).await?;
        }
        if percent == 0 && newer.alias.is_some() {
            // As with a roll-back: it would lead there again.
            tx.deployment_follow(&row.id, None).await?;
        }
        ledger::turn(&mut tx, row, &by.actor(), &by.actor(), notes).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn share_of_next(&self, by: &TeamEditor, row: &DeploymentRow, next: i64, percent: i64) -> Result<bool> {
        let Some(revision) = self.numbered(row, Some(next)).await? else { return Ok(false) };
        let change = DeploymentChange {
            next: (percent > 0).then_some(next),
            next_share: (1..100).contains(&percent).then_some(percent),
            ..as_it_is(row)
        };
        let mut tx = self.store.begin().await?;
        if !tx.deployment_update(&row.id, row.revision, &change).await? {
            return Ok(false);
        }
        if percent == 0 {
            let reason = Some("It was taken back before it took any traffic.");
            tx.revision_update(&revision.id, &change_of(&revision, RevisionState::Retired, reason)).await?;
            if revision.alias.is_some() {
                tx.deployment_follow(&row.id, None).await?;
            }
        }
        told(&mut tx, by, row, "canary", (None, Some(json!({ "revision": next, "percent": percent })))).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn numbered(&self, row: &DeploymentRow, number: Option<i64>) -> Result<Option<RevisionRow>> {
        match number {
            Some(number) => self.store.revision_numbered(&row.id, number).await,
            None => Ok(None),
        }
    }

    /// Sets the header by which requests stay with a revision while two share the traffic; none ends that.
    ///
    /// # Errors
    /// Not there, or being removed; no name of a header, or of one that proves who somebody is; a stale revision.
    pub async fn set_sticky(&self, by: &TeamEditor, name: &str, ask: &Sticky) -> Result<Deployment> {
        let header = ask.header.as_deref().map(str::trim).filter(|h| !h.is_empty()).map(header_name).transpose()?;
        for _ in 0..TRIES {
            let row = self.seen(by, name, ask.revision).await?;
            if row.sticky_header == header {
                return self.get(by, name).await;
            }
            let mut tx = self.store.begin().await?;
            if tx.deployment_sticky(&row.id, row.revision, header.as_deref()).await? {
                let (was, is) = (json!({ "header": row.sticky_header }), json!({ "header": header }));
                return self.keep(tx, by, &row, "stick", was, is).await;
            }
        }
        Err(busy())
    }
}

fn header_name(text: &str) -> Result<String> {
    let name: HeaderName = text.parse().map_err(|_| Error::invalid("header", format!("\"{text}\" is not the name of a header.")))?;
    if [header::AUTHORIZATION, header::COOKIE, header::PROXY_AUTHORIZATION].contains(&name) {
        return Err(Error::invalid("header", format!("{name} proves who somebody is, and changes when that does."))
            .hint("Name one that says whose request it is, like x-user."));
    }
    Ok(name.as_str().to_owned())
}

/// A change of nothing.
fn as_it_is(row: &DeploymentRow) -> DeploymentChange<'_> {
    DeploymentChange {
        desired: &row.desired,
        state: row.state(),
        reason: row.reason.as_deref(),
        latest: row.latest,
        serving: row.serving,
        canary: row.canary(),
        next: row.next,
        next_share: row.next_share,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_headers() {
        assert_eq!(header_name("X-User").unwrap(), "x-user");
        for wrong in ["Authorization", "cookie", "two words", "a:b"] {
            assert_eq!(header_name(wrong).unwrap_err().field.as_deref(), Some("header"), "{wrong}");
        }
    }
}
