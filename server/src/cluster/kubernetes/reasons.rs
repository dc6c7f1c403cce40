//! Why a pod does not run, or ended, in a sentence with its evidence. Pure.

use super::{
    client::Event,
    names::{COURIER, PREPARE},
    podview::{Container, Pod, Terminated, Waiting},
};

/// The longest piece of somebody else's words.
const LONGEST: usize = 400;

/// What a server does that runs and does not answer.
pub const ANSWERS: &str = "Waiting until it answers";

/// Reasons of a waiting container that no waiting cures.
const HOPELESS: [&str; 2] = ["InvalidImageName", "ErrImageNeverPull"];
/// Reasons of a waiting container whose image cannot be had now.
const PULLING: [&str; 4] = ["ErrImagePull", "ImagePullBackOff", "ImageInspectError", "RegistryUnavailable"];

/// What a pod that does not run yet waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waits {
    /// In a sentence.
    pub doing: String,
    /// Whether no waiting will help.
    pub hopeless: bool,
    /// Whether it may well end by waiting, but not for ever.
    pub doubtful: bool,
    /// Whether its status does not say what it waits for.
    pub silent: bool,
}

fn waits(doing: impl Into<String>) -> Waits {
    Waits { doing: doing.into(), hopeless: false, doubtful: false, silent: false }
}

fn doubtful(doing: String) -> Waits {
    Waits { doubtful: true, ..waits(doing) }
}

/// What a pod that was made and does not run yet waits for.
pub fn pending(pod: &Pod) -> Waits {
    if let Some(unscheduled) = pod.condition("PodScheduled", "False") {
        let why = unscheduled.message.as_deref().unwrap_or_default();
        return match unscheduled.reason.as_deref() {
            Some("SchedulingGated") => waits("Waits until its pod may be given to a node."),
            _ => waits(format!("Waits for a node: {}", scheduling(why))),
        };
    }
    for container in pod.status.init_container_statuses.iter().chain(&pod.status.container_statuses) {
        if let Some(found) = container.state.waiting.as_ref().and_then(|w| of_waiting(container, w)) {
            return found;
        }
    }
    let prepare = pod.status.init_container_statuses.iter().find(|c| c.name == PREPARE);
    if let Some(prepare) = prepare {
        if prepare.state.running.is_some() {
            return waits("Fetching what it needs");
        }
        if let Some(last) = prepare.last_state.terminated.as_ref().or(prepare.state.terminated.as_ref()).filter(|t| t.exit_code != 0) {
            return waits(
                last_words(last).unwrap_or_else(|| format!("What it needs could not be fetched (exit code {}).", last.exit_code)),
            );
        }
    }
    if pod.node.is_none() { waits("Waits for a node") } else { Waits { silent: true, ..waits("Starting its pod") } }
}

/// `None`: it waits for its turn.
fn of_waiting(container: &Container, waiting: &Waiting) -> Option<Waits> {
    let reason = waiting.reason.as_deref().unwrap_or_default();
    let message = short(waiting.message.as_deref().unwrap_or_default());
    if HOPELESS.contains(&reason) || PULLING.contains(&reason) {
        let doing = format!("The image {} cannot be pulled: {message}", container.image);
        return Some(Waits { hopeless: HOPELESS.contains(&reason), ..doubtful(doing) });
    }
    if matches!(reason, "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError") {
        return Some(doubtful(format!("Its container cannot be started: {message}")));
    }
    // Of the helpers; the workload's own container is never started in vain again and again.
    (reason == "CrashLoopBackOff").then(|| {
        let last = container.last_state.terminated.as_ref();
        let words = last.and_then(last_words).unwrap_or_else(|| last.map_or_else(String::new, |t| format!("Exit code {}.", t.exit_code)));
        doubtful(format!("Its helper \"{}\" ends again and again. {words}", container.name))
    })
}

/// The scheduler's words, less its preamble about every node.
fn scheduling(message: &str) -> String {
    if message.contains("unbound immediate PersistentVolumeClaims") {
        return "its volume has no storage yet. Either nothing makes any for its StorageClass, or there is no default one: \
                `slipway doctor` says which."
            .into();
    }
    let words = message.split(" preemption:").next().unwrap_or(message);
    let words = words.split(" no new claims").next().unwrap_or(words);
    short(words.trim_end_matches(['.', ' ']))
}

/// Why the pod of a workload could not be made, from what was said about its owner. `None`: nothing was said.
pub fn not_made(events: &[Event]) -> Option<String> {
    let last = events.iter().filter(|e| e.kind == "Warning" && e.reason == "FailedCreate").max_by_key(|e| e.time())?;
    let words = last.message.as_str();
    if let Some((_, quota)) = words.split_once("exceeded quota: ") {
        return Some(format!("The namespace's quota refuses its pod: {}", short(quota)));
    }
    if let Some((_, policy)) = words.split_once("violates PodSecurity ") {
        return Some(format!("The namespace's Pod Security refuses its pod: {}", short(policy)));
    }
    if words.contains("admission webhook") {
        return Some(format!("An admission webhook of the cluster refuses its pod: {}", short(words)));
    }
    Some(format!("Its pod cannot be made: {}", short(bare(words))))
}

/// Without what is said of every refusal: its name is another one at each try.
fn bare(words: &str) -> &str {
    let said = words.strip_prefix("Error creating: ").unwrap_or(words);
    let said = said.split_once(" is forbidden: ").filter(|(who, _)| who.starts_with("pods ")).map_or(said, |(_, why)| why);
    said.strip_prefix('[').and_then(|s| s.strip_suffix(']')).unwrap_or(said)
}

/// What holds up a pod that has a node and no container yet, from what was said about it. `None`: nothing was said.
pub fn held_up(events: &[Event]) -> Option<String> {
    let last = events.iter().filter(|e| e.kind == "Warning" || e.reason == "Pulling").max_by_key(|e| e.time())?;
    Some(match last.reason.as_str() {
        "Pulling" => short(&last.message),
        "FailedMount" | "FailedAttachVolume" | "FailedMapVolume" => format!("Its volume cannot be mounted: {}", short(&last.message)),
        "Unhealthy" => format!("{ANSWERS}: {}", short(&last.message)),
        "FailedCreatePodSandBox" => format!("Its node cannot make its pod: {}", short(&last.message)),
        _ => format!("Starting its pod: {}", short(&last.message)),
    })
}

/// Why a pod that is over did not run its workload to an end that anybody could tell.
pub fn over(pod: &Pod) -> String {
    if let Some(evicted) = of_eviction(pod) {
        return evicted;
    }
    let all = pod.status.init_container_statuses.iter().chain(&pod.status.container_statuses);
    let mut failed = all.filter_map(|c| c.state.terminated.as_ref().filter(|t| t.exit_code != 0).map(|t| (c, t)));
    // The courier ends with the others: it is never why.
    if let Some((container, terminated)) = failed.find(|(c, _)| c.name != COURIER) {
        if let Some(words) = last_words(terminated) {
            return words;
        }
        let reason = terminated.reason.as_deref().unwrap_or("Error");
        let what =
            if container.name == pod.main_name() { "Its container".to_owned() } else { format!("Its helper \"{}\"", container.name) };
        return format!("{what} ended with exit code {} ({reason}).", terminated.exit_code);
    }
    match (&pod.status.reason, &pod.status.message) {
        (_, Some(message)) => short(message),
        (Some(reason), None) => format!("Its pod ended: {reason}."),
        (None, None) => "Its pod ended and nobody said why.".into(),
    }
}

/// Why the cluster took a pod's place away. `None`: it did not.
pub fn of_eviction(pod: &Pod) -> Option<String> {
    let node = pod.node.as_deref().unwrap_or("its node");
    if pod.status.reason.as_deref() == Some("Evicted") {
        let why = short(pod.status.message.as_deref().unwrap_or_default());
        return Some(format!("It was evicted from {node}: {why}"));
    }
    let disrupted = pod.condition("DisruptionTarget", "True")?;
    let why = short(disrupted.message.as_deref().unwrap_or_default());
    Some(match disrupted.reason.as_deref().unwrap_or_default() {
        "PreemptionByScheduler" => format!("A pod of higher priority took its place on {node}: {why}"),
        "DeletionByTaintManager" => format!("{node} does not answer or was drained: {why}"),
        "EvictionByEvictionAPI" => format!("It was evicted from {node}, as when a node is drained: {why}"),
        "DeletionByPodGC" => format!("{node} is gone, and its pod with it."),
        "TerminationByKubelet" => format!("{node} ended it: {why}"),
        _ => format!("The cluster ended it on {node}: {why}"),
    })
}

/// Why a pod is no longer there. `silent_since`: since when its node does not answer.
pub fn gone(node: Option<&str>, silent_since: Option<&str>) -> String {
    match (node, silent_since) {
        (Some(node), Some(since)) => format!("{node} has not answered since {since}, and its pod was given up."),
        (Some(node), None) => format!("Its pod on {node} was deleted from outside."),
        (None, _) => "Its pod was deleted from outside.".into(),
    }
}

/// What one of our own containers said last.
fn last_words(terminated: &Terminated) -> Option<String> {
    let message = terminated.message.as_deref()?.trim();
    let exit: crate::cluster::Exit = serde_json::from_str(message).ok()?;
    exit.reason
}

/// Somebody else's words, cut where they never end.
pub fn short(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{} …", &text[..cut]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::kubernetes::{names::MAIN, owner::Condition, podview::ContainerState};

    fn pod() -> Pod {
        Pod { node: Some("node-1".into()), ..Pod::default() }
    }

    fn condition(kind: &str, status: &str, reason: &str, message: &str) -> Condition {
        Condition {
            kind: kind.into(),
            status: status.into(),
            reason: Some(reason.into()),
            message: Some(message.into()),
            ..Condition::default()
        }
    }

    fn waiting(name: &str, reason: &str, message: &str) -> Container {
        let waiting = Some(Waiting { reason: Some(reason.into()), message: Some(message.into()) });
        Container {
            name: name.into(),
            image: "x/y:1".into(),
            state: ContainerState { waiting, ..ContainerState::default() },
            ..Container::default()
        }
    }

    fn ended(name: &str, exit_code: i64, reason: &str, message: Option<&str>) -> Container {
        let terminated =
            Some(Terminated { exit_code, reason: Some(reason.into()), message: message.map(Into::into), ..Terminated::default() });
        Container { name: name.into(), state: ContainerState { terminated, ..ContainerState::default() }, ..Container::default() }
    }

    #[test]
    fn no_node_has_room() {
        let mut pod = Pod::default();
        let words =
            "0/3 nodes are available: 3 Insufficient nvidia.com/gpu. preemption: 0/3 nodes are available: 3 No preemption victims found.";
        pod.status.conditions = vec![condition("PodScheduled", "False", "Unschedulable", words)];
        assert_eq!(pending(&pod).doing, "Waits for a node: 0/3 nodes are available: 3 Insufficient nvidia.com/gpu");
        let words = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found";
        pod.status.conditions = vec![condition("PodScheduled", "False", "Unschedulable", words)];
        assert!(pending(&pod).doing.starts_with("Waits for a node: its volume has no storage yet."));
    }

    #[test]
    fn an_image_that_cannot_be_had() {
        let mut pod = pod();
        pod.status.init_container_statuses = vec![waiting(PREPARE, "PodInitializing", "")];
        pod.status.container_statuses = vec![waiting(MAIN, "ImagePullBackOff", "Back-off pulling image")];
        let found = pending(&pod);
        assert_eq!(found.doing, "The image x/y:1 cannot be pulled: Back-off pulling image");
        assert!(found.doubtful && !found.hopeless);
        pod.status.container_statuses = vec![waiting(MAIN, "InvalidImageName", "no")];
        assert!(pending(&pod).hopeless);
        pod.status.container_statuses = vec![waiting(MAIN, "PodInitializing", "")];
        assert_eq!(pending(&pod).doing, "Starting its pod");
    }

    #[test]
    fn a_pod_that_cannot_be_made() {
        let event = |message: &str, time: &str| Event {
            kind: "Warning".into(),
            reason: "FailedCreate".into(),
            message: message.into(),
            last_timestamp: Some(time.into()),
            ..Event::default()
        };
        let quota =
            event("Error creating: pods \"x\" is forbidden: exceeded quota: slipway, requested: requests.cpu=2, used: 3, limited: 4", "2");
        assert_eq!(
            not_made(&[event("Error creating: old", "1"), quota]).unwrap(),
            "The namespace's quota refuses its pod: slipway, requested: requests.cpu=2, used: 3, limited: 4"
        );
        let security = event("Error creating: pods \"x\" is forbidden: violates PodSecurity \"restricted:latest\": privileged", "1");
        assert!(not_made(&[security]).unwrap().contains("Pod Security refuses its pod: \"restricted:latest\""));
        let webhook = event("Error creating: admission webhook \"p.example\" denied the request: no", "1");
        assert!(not_made(&[webhook]).unwrap().starts_with("An admission webhook"));
        let limits =
            event("Error creating: pods \"x-6xg2t\" is forbidden: [maximum memory usage per Container is 64Mi, but limit is 1Gi]", "1");
        assert_eq!(not_made(&[limits]).unwrap(), "Its pod cannot be made: maximum memory usage per Container is 64Mi, but limit is 1Gi");
        assert_eq!(not_made(&[Event { kind: "Normal".into(), reason: "FailedCreate".into(), ..Event::default() }]), None);
    }

    #[test]
    fn a_pod_that_is_held_up() {
        let event = |reason: &str, message: &str| Event {
            kind: "Warning".into(),
            reason: reason.into(),
            message: message.into(),
            ..Event::default()
        };
        let mount = event("FailedMount", "MountVolume.SetUp failed for volume \"pvc-1\"");
        assert_eq!(held_up(&[mount]).unwrap(), "Its volume cannot be mounted: MountVolume.SetUp failed for volume \"pvc-1\"");
        assert!(held_up(&[event("FailedCreatePodSandBox", "no cni")]).unwrap().contains("cannot make its pod"));
        assert_eq!(held_up(&[]), None);
        assert!(pending(&pod()).silent);
    }

    #[test]
    fn a_place_that_was_taken_away() {
        let mut pod = pod();
        (pod.status.reason, pod.status.message) = (Some("Evicted".into()), Some("The node was low on resource: memory.".into()));
        assert_eq!(over(&pod), "It was evicted from node-1: The node was low on resource: memory.");
        let mut pod = super::tests::pod();
        pod.status.conditions =
            vec![condition("DisruptionTarget", "True", "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint")];
        assert!(over(&pod).starts_with("node-1 does not answer or was drained"));
        assert_eq!(gone(Some("node-1"), Some("T")), "node-1 has not answered since T, and its pod was given up.");
        assert_eq!(gone(None, None), "Its pod was deleted from outside.");
    }

    #[test]
    fn a_helper_says_why() {
        let mut pod = pod();
        let words = "{\"code\":null,\"signal\":null,\"out_of_memory\":false,\"timed_out\":false,\"stopped\":false,\"reason\":\"No portal.\",\"ended_at\":1}";
        pod.status.init_container_statuses = vec![ended(PREPARE, 1, "Error", Some(words)), ended(COURIER, 2, "Error", None)];
        assert_eq!(over(&pod), "No portal.");
        pod.status.init_container_statuses = vec![ended(COURIER, 2, "Error", None)];
        pod.status.container_statuses = vec![ended(MAIN, 128, "StartError", Some("exec: no such file"))];
        assert_eq!(over(&pod), "Its container ended with exit code 128 (StartError).");
    }
}
