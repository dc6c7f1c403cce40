//! What the cluster says of a workload, for whoever asks why it is as it is: its owner, its pods, and what was said about them lately.

use super::{
    Inner,
    client::{Event, Name},
    made::conditions,
    names::{COURIER, ID, MANAGED_BY, MANAGER, PORTAL, PREPARE},
    owner::{Condition, Owner, OwnerKind},
    podview::{Container, Pod, Terminated, time},
    reasons::short,
};
use crate::{cluster::Clue, error::Result};
use kube::api::DynamicObject;

impl Inner {
    /// Its owner and pods as they are now, and the events of both.
    pub(super) async fn clues(&self, id: &str) -> Result<Vec<Clue>> {
        let (pods, silent) = {
            let tables = self.index.whole().await?;
            let pods: Vec<Pod> = tables.pods_of(id).cloned().collect();
            let nodes = pods.iter().filter_map(|p| tables.nodes.get(p.node.as_deref()?));
            let silent: Vec<Clue> = nodes.filter_map(|n| Some(of_silence(&n.name, n.silent_since.as_deref()?))).collect();
            (pods, silent)
        };
        let Some(owner) = self.owner_once(id) else { return Ok(Vec::new()) };
        let mut out = of_owner(&owner);
        if let Some(maker) = &owner.maker {
            let kind = maker.kind.as_str();
            match self.find_made(&owner, maker).await? {
                Some(raw) => {
                    out.push(Clue::now(kind, format!("{} makes its pod.", maker.name)));
                    out.extend(conditions(&raw).iter().filter_map(|c| of_condition(kind, c)));
                }
                None => out.push(Clue::now(kind, format!("{} is not there.", maker.name))),
            }
            let events = self.events_of_made(&owner, maker).await?;
            out.extend(events.iter().filter(|e| e.involved_object.kind != "Pod").map(|e| of_event(&e.involved_object.kind, e)));
        }
        out.extend(pods.iter().flat_map(of_pod));
        out.extend(self.of_unlabelled(&owner, &pods).await?);
        out.extend(self.of_claims(&pods).await?);
        out.extend(silent);
        let about = [(kind_of(&owner), &owner.uid)].into_iter().chain(pods.iter().map(|p| ("Pod", &p.uid)));
        for (kind, uid) in about {
            out.extend(self.api.events(&owner.namespace, &format!("involvedObject.uid={uid}")).await?.iter().map(|e| of_event(kind, e)));
        }
        Ok(out)
    }

    /// Claims that somebody deletes while they are in use: they go with the pod, and their files with them.
    async fn of_claims(&self, pods: &[Pod]) -> Result<Vec<Clue>> {
        let mut out = Vec::new();
        for pod in pods.iter().filter(|p| !p.is_over()) {
            for claim in &pod.claims {
                let name = Name { kind: Clue::CLAIM, namespace: &pod.namespace, name: claim };
                let found: Option<DynamicObject> = self.api.get(name).await?;
                if found.is_some_and(|f| f.metadata.deletion_timestamp.is_some()) {
                    let what =
                        format!("{claim} was deleted from outside: its files are lost once this ends. Copy away what is to be kept.");
                    out.push(Clue::now(Clue::CLAIM, what));
                }
            }
        }
        Ok(out)
    }

    /// A pod that somebody took our labels from. We may not change pods.
    async fn of_unlabelled(&self, owner: &Owner, pods: &[Pod]) -> Result<Option<Clue>> {
        let lost = owner.ranks().map(|rank| owner.seen_as(rank)).find(|o| {
            let unseen = |uid: &String| pods.iter().all(|p| p.uid != *uid);
            o.exit.is_none() && o.pod.as_ref().is_some_and(unseen)
        });
        let Some(lost) = lost else { return Ok(None) };
        let Some(pod) = self.find_pod(&lost).await? else { return Ok(None) };
        let labels = format!("{MANAGED_BY}={MANAGER} {PORTAL}={} {ID}={}", self.settings.name, owner.id);
        let fix = format!("kubectl label --overwrite -n {} pod {} {labels}", pod.namespace, pod.name);
        let what = format!("The labels of {} were changed from outside, so its use is not seen. `{fix}` puts them back.", pod.name);
        Ok(Some(Clue::now("Pod", what)))
    }
}

const fn kind_of(owner: &Owner) -> &'static str {
    match owner.kind {
        OwnerKind::Job => "Job",
        OwnerKind::StatefulSet => "StatefulSet",
    }
}

fn of_owner(owner: &Owner) -> Vec<Clue> {
    let kind = kind_of(owner);
    let place = format!("{} in the namespace {}.", owner.name, owner.namespace);
    let mut out = vec![Clue::then(kind, owner.created_at, place)];
    if let Some(stop) = owner.stop {
        out.push(Clue::then(kind, stop.at, "It was asked to end."));
    }
    if let Some(put_back) = &owner.put_back {
        out.push(Clue::then(kind, put_back.at, put_back.what.clone()));
    }
    if owner.deleting {
        out.push(Clue::now(kind, "It is being deleted."));
    }
    if let Some(failed) = owner.failed.as_ref().and_then(|f| f.message.as_deref()) {
        out.push(Clue::now(kind, short(failed)));
    }
    out
}

/// What stands against whatever runs there, even where it goes on.
fn of_silence(node: &str, since: &str) -> Clue {
    Clue::now(Clue::NODE, format!("{node} has not answered since {since}: whether what runs there goes on is not known."))
}

fn of_pod(pod: &Pod) -> Vec<Clue> {
    const KIND: &str = "Pod";
    let node = pod.node.as_ref().map_or_else(|| ", which no node has taken yet".to_owned(), |n| format!(" on {n}"));
    let mut out = vec![Clue::then(KIND, pod.created_at, format!("{}{node}.", pod.name))];
    let telling = pod.status.conditions.iter().filter(|c| c.status == "False" || c.kind == "DisruptionTarget");
    out.extend(telling.filter_map(|c| of_condition(KIND, c)));
    for container in pod.status.init_container_statuses.iter().chain(&pod.status.container_statuses) {
        out.extend(of_container(container));
    }
    if let Some(message) = pod.status.message.as_deref() {
        out.push(Clue::now(KIND, short(message)));
    }
    out
}

/// `None`: it says nothing.
fn of_condition(kind: &str, condition: &Condition) -> Option<Clue> {
    let message = condition.message.as_deref().filter(|m| !m.is_empty())?;
    let text = format!("{}: {}", condition.kind, short(message));
    Some(Clue { at: time(condition.last_transition_time.as_ref()), source: kind.into(), text })
}

fn of_container(container: &Container) -> Vec<Clue> {
    const KIND: &str = Clue::CONTAINER;
    let name = &container.name;
    let mut out = Vec::new();
    if let Some(waiting) = &container.state.waiting {
        let [reason, message] = [&waiting.reason, &waiting.message].map(|t| t.as_deref().unwrap_or_default());
        // Waiting for its turn is how every container begins.
        if reason != "PodInitializing" && reason != "ContainerCreating" {
            out.push(Clue::now(KIND, short(&format!("{name} waits: {reason} {message}"))));
        }
    }
    // Helpers that did what they were to do are how every pod begins and ends.
    let telling = |ended: &&Terminated| ended.exit_code != 0 || (name != PREPARE && name != COURIER);
    for ended in [&container.last_state.terminated, &container.state.terminated].into_iter().flatten().filter(telling) {
        let reason = ended.reason.as_deref().unwrap_or("Ended");
        let text = format!("{name} ended with exit code {} ({reason}).", ended.exit_code);
        out.push(Clue { at: time(ended.finished_at.as_ref()), source: KIND.into(), text });
    }
    out
}

fn of_event(kind: &str, event: &Event) -> Clue {
    let at = time(event.last_timestamp.as_ref()).or_else(|| time(event.event_time.as_ref()));
    Clue { at, source: kind.into(), text: format!("{}: {}", event.reason, short(&event.message)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::kubernetes::podview::{ContainerState, Waiting};

    #[test]
    fn a_pod_tells_where_it_is_and_what_is_in_its_way() {
        let mut pod = Pod { name: "run-x".into(), created_at: 5, ..Pod::default() };
        assert_eq!(of_pod(&pod), [Clue::then("Pod", 5, "run-x, which no node has taken yet.")]);
        pod.node = Some("node-1".into());
        let not = |kind: &str, message: Option<&str>| Condition {
            kind: kind.into(),
            status: "False".into(),
            message: message.map(Into::into),
            last_transition_time: Some("1970-01-01T00:00:01Z".into()),
            ..Condition::default()
        };
        pod.status.conditions = vec![not("Ready", Some("containers with unready status")), not("Initialized", None)];
        let waiting = Waiting { reason: Some("ImagePullBackOff".into()), message: Some("no such image".into()) };
        let ended = Terminated { exit_code: 137, reason: Some("OOMKilled".into()), ..Terminated::default() };
        let state = |waiting, terminated| ContainerState { waiting, terminated, ..ContainerState::default() };
        let beginning = Waiting { reason: Some("PodInitializing".into()), message: None };
        pod.status.container_statuses = [state(Some(waiting), None), state(None, Some(ended)), state(Some(beginning), None)]
            .map(|state| Container { name: "workload".into(), state, ..Container::default() })
            .into();
        let well = Terminated { exit_code: 0, reason: Some("Completed".into()), ..Terminated::default() };
        pod.status.init_container_statuses =
            vec![Container { name: PREPARE.into(), state: state(None, Some(well)), ..Container::default() }];
        assert_eq!(
            of_pod(&pod)[1..],
            [
                Clue::then("Pod", 1000, "Ready: containers with unready status"),
                Clue::now("Container", "workload waits: ImagePullBackOff no such image"),
                Clue::now("Container", "workload ended with exit code 137 (OOMKilled)."),
            ]
        );
    }
}
