//! What our objects are called and what is written upon them.

use crate::{
    cluster::WorkloadSpec,
    error::{Error, Result},
    ids,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use std::collections::BTreeMap;

/// The one field manager of everything that we apply.
pub const MANAGER: &str = "slipway";

/// Says that an object is ours.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// Which of several portals an object belongs to.
pub const PORTAL: &str = "slipway.dev/portal";
/// The team of a workload, or of a namespace.
pub const TEAM: &str = "slipway.dev/team";
/// Kind of the workload.
pub const KIND: &str = "slipway.dev/kind";
/// Id of the workload.
pub const ID: &str = "slipway.dev/id";
/// Id of the notebook, run, deployment or environment version.
pub const OWNER: &str = "slipway.dev/owner";
/// Which of several executions of it.
pub const GENERATION: &str = "slipway.dev/generation";

/// Name for people, as they wrote it.
pub const NAME: &str = "slipway.dev/name";
/// When the start was complete, milliseconds since 1970. What does not have it was not started.
pub const STARTED: &str = "slipway.dev/started";
/// Uid of the one pod that may run the workload.
pub const POD: &str = "slipway.dev/pod";
/// Node of that pod.
pub const NODE: &str = "slipway.dev/node";
/// What was asked: [`super::owner::Stop`].
pub const STOP: &str = "slipway.dev/stop";
/// How it ended: [`crate::cluster::Exit`].
pub const EXIT: &str = "slipway.dev/exit";
/// On how many nodes it runs, where these are several.
pub const NODES: &str = "slipway.dev/nodes";
/// Milliseconds between SIGTERM and SIGKILL of the others when one of several nodes fails.
pub const GRACE: &str = "slipway.dev/grace";
/// How one of several nodes ended, with the node behind it.
pub const END: &str = "slipway.dev/end";
/// What makes the pods in its stead: [`super::maker::Maker`].
pub const MAKER: &str = "slipway.dev/maker";
/// Upon a pod: its container that runs the workload, where that is not called [`MAIN`].
pub const CONTAINER: &str = "slipway.dev/container";
/// Upon a pod: the image that its workload was to run in, whatever somebody else made of that name on its way.
pub const IMAGE: &str = "slipway.dev/image";
/// The label that an owner selects by which makes no pods itself. No pod has it.
pub const RECORD: &str = "slipway.dev/record";

/// The labels that an owner, or a namespace that we made, shall have, as JSON: what they are is known though somebody takes all of them away.
pub const LABELS: &str = "slipway.dev/labels";

/// What was put back because somebody had changed it by hand: [`super::owner::PutBack`].
pub const PUT_BACK: &str = "slipway.dev/put-back";

/// The queue of Kueue that a Job waits in: who runs the cluster says so, for a namespace by a LocalQueue called `default`.
pub const QUEUE: &str = "kueue.x-k8s.io/queue-name";

/// The headless service of a team, in front of its servers.
pub const SERVICE: &str = "slipway";
/// The account of workloads, whose token no pod gets.
pub const ACCOUNT: &str = "slipway-workload";
/// The port at which a pod's supervisor listens.
pub const PORT: u16 = 7070;
/// The container that runs the workload.
pub const MAIN: &str = "workload";
/// The init container that fetches what the workload needs.
pub const PREPARE: &str = "prepare";
/// The sidecar that brings log and end to the portal.
pub const COURIER: &str = "courier";

/// Longest name of a StatefulSet: its pods carry it, with a hash, as the value of a label.
const OWNER_MAX: usize = 52;
const LABEL_MAX: usize = 63;
/// So much of a hash of the workload's id makes a short name unique.
const MARK: usize = 12;

/// A mark of one node; the first has that of any workload.
pub fn of_node(mark: &str, rank: u32) -> String {
    if rank == 0 { mark.to_owned() } else { format!("{mark}-{rank}") }
}

/// The mark with the end of one of several nodes.
pub fn end_of(rank: u32) -> String {
    format!("{END}-{rank}")
}

/// Host name of the first of several nodes, as the others see it.
pub fn first_node(owner: &str, namespace: &str) -> String {
    format!("{owner}-0.{SERVICE}.{namespace}.svc")
}

/// Selects everything that belongs to this portal.
pub fn ours(portal: &str) -> String {
    format!("{MANAGED_BY}={MANAGER},{PORTAL}={portal}")
}

/// Ids become names, so only what may stand there.
///
/// # Errors
/// The id has other characters, is empty or too long.
pub fn check_id(id: &str) -> Result<()> {
    let fine = !id.is_empty() && id.len() <= 32 && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if fine { Ok(()) } else { Err(Error::invalid("id", "The id of a workload has small letters and digits only, 32 at most.")) }
}

/// Name of what owns a workload's pods. Unique, as ids are never used twice; readable in front.
pub fn owner(spec: &WorkloadSpec) -> String {
    let kind = spec.kind.as_str();
    let room = OWNER_MAX.saturating_sub(kind.len() + spec.id.len() + 2);
    match slug(&spec.name, room) {
        name if name.is_empty() => format!("{kind}-{}", spec.id),
        name => format!("{kind}-{name}-{}", spec.id),
    }
}

/// Whether an owner of this name is that of the workload with this id.
pub fn is_of(name: &str, id: &str) -> bool {
    name.strip_suffix(id).is_some_and(|front| front.ends_with('-'))
}

/// The labels that an object of ours shall have, as its [`LABELS`] say; none where it has no such note.
pub fn labels_of(meta: &ObjectMeta) -> BTreeMap<String, String> {
    let text = meta.annotations.as_ref().and_then(|a| a.get(LABELS));
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// Name of what makes a workload's pods in its owner's stead: with a part of a hash of the id, as the whole id leaves too little room. Begins
/// with a letter.
pub fn made(spec: &WorkloadSpec, room: usize) -> String {
    let room = room.saturating_sub(MARK + 1).max(1);
    let name = match slug(&spec.name, room) {
        name if name.starts_with(|c: char| c.is_ascii_lowercase()) => name,
        _ => slug(&format!("{}-{}", spec.kind.as_str(), spec.name), room),
    };
    format!("{name}-{}", &ids::sha256(&spec.id)[..MARK])
}

/// Name of the claim of a volume of the seam (`{team}/{name}`, or `volumes/{team}/{name}`), with the volume's team.
///
/// # Errors
/// It is not the name of a volume.
pub fn volume(volume: &str) -> Result<(String, String)> {
    let wrong = || Error::invalid("volume", format!("\"{volume}\" is not the name of a volume."));
    let (team, name) = volume.strip_prefix("volumes/").unwrap_or(volume).split_once('/').ok_or_else(wrong)?;
    if team.is_empty() || name.is_empty() || [team, name].iter().any(|p| p.split('/').any(|s| matches!(s, "" | "." | ".."))) {
        return Err(wrong());
    }
    let short = slug(name, 40);
    // What does not read the same as it is written gets a mark of its own.
    let claim = if short == name { format!("volume-{name}") } else { format!("volume-{short}-{}", &ids::sha256(name)[..8]) };
    Ok((team.to_owned(), claim))
}

/// The value of a label as near to a text as one may be.
pub fn label(text: &str) -> String {
    slug(text, LABEL_MAX)
}

/// Small letters, digits and single dashes, none at the ends.
fn slug(text: &str, room: usize) -> String {
    let mut out = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
        if out.len() >= room {
            break;
        }
    }
    out.truncate(room);
    out.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::WorkloadKind;

    #[test]
    fn names_are_short_readable_and_unique() {
        let id = "0197f3b2c4d57a8e9f0a1b2c3d4e5f60";
        let mut spec = super::super::build::tests::spec();
        (spec.id, spec.kind, spec.name) = (id.into(), WorkloadKind::Notebook, "My Lab: größer & better".into());
        assert_eq!(owner(&spec), format!("notebook-my-lab-gr-{id}"));
        assert!(owner(&spec).len() <= OWNER_MAX && is_of(&owner(&spec), id));
        assert!(made(&spec, 40).starts_with("my-lab-gr-er-better-") && made(&spec, 40).len() <= 40, "{}", made(&spec, 40));
        spec.name = "…".into();
        assert_eq!(owner(&spec), format!("notebook-{id}"));
        assert!(made(&spec, 40).starts_with("notebook-"));
        spec.name = "3 mice".into();
        assert!(made(&spec, 14).starts_with("n-") && made(&spec, 0).starts_with("n-"), "{}", made(&spec, 14));
        assert!(check_id(id).is_ok());
        for bad in ["", "A", "a/b", "a-b", &"a".repeat(33)] {
            assert!(check_id(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn volumes() {
        assert_eq!(volume("ada/lab").unwrap(), ("ada".into(), "volume-lab".into()));
        assert_eq!(volume("volumes/ada/lab").unwrap(), ("ada".into(), "volume-lab".into()));
        let odd = volume("ada/Lab 1").unwrap().1;
        assert!(odd.starts_with("volume-lab-1-") && odd != volume("ada/lab-1").unwrap().1);
        for bad in ["lab", "ada/", "/lab", "ada/../x", "../lab"] {
            assert!(volume(bad).is_err(), "{bad}");
        }
    }
}
