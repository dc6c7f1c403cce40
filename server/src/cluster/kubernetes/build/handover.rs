//! The Secret with what the containers are handed.

use super::labels;
use crate::{
    cluster::{
        WorkloadSpec,
        knock::{Knocks, same},
        kubernetes::{
            Settings,
            maker::MakerKind,
            names::{first_node, owner},
            owner::{Owner, OwnerKind},
            places::{ARCHIVE, FOLDERS, HANDOVER_FILE, ORDERS_FILE},
            plans::{Handover, Orders},
        },
    },
    error::{Error, Result},
    ids,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    path::{Component, Path, PathBuf},
};

/// A Secret may have a mebibyte with everything around it.
const LARGEST: usize = 900_000;

/// The Secret of a workload, which goes with its owner.
///
/// # Errors
/// It is too large, or refers to something outside of the data folder.
pub fn secret(spec: &WorkloadSpec, settings: &Settings, of: &Owner) -> Result<Value> {
    let ticket = |path: &Path| Ticket::of(settings, &spec.id, path).map(|t| t.0);
    let orders = Orders {
        portal: settings.portal.clone(),
        id: spec.id.clone(),
        attempt: spec.attempt,
        token: token(&settings.knocks, &spec.id),
        archive: spec.archive.as_deref().map(ticket).transpose()?,
        folders: spec.folders.iter().map(|(name, path)| Ok((name.clone(), ticket(path)?))).collect::<Result<BTreeMap<_, _>>>()?,
        upload_bytes: settings.upload_bytes,
        beside: of.maker.as_ref().filter(|m| m.kind == MakerKind::Notebook).map(|_| spec.grace_seconds),
    };
    let mut inside = spec.clone();
    inside.archive = spec.archive.as_ref().map(|_| PathBuf::from(ARCHIVE));
    inside.folders = spec.folders.keys().map(|name| (name.clone(), Path::new(FOLDERS).join(name))).collect();
    let handover = Handover {
        spec: inside,
        knock: settings.knocks.line(&spec.id),
        lingers: OwnerKind::of(spec) == OwnerKind::StatefulSet,
        log_bytes: settings.log_bytes,
        upload_bytes: settings.upload_bytes,
        master: (spec.nodes > 1).then(|| first_node(&owner(spec), &of.namespace)),
    };
    let (handover, orders) = (serde_json::to_vec(&handover)?, serde_json::to_vec(&orders)?);
    if handover.len() > LARGEST {
        return Err(Error::invalid("files", "Its files, variables and command are larger than 900 kB together.")
            .hint("Put large files into the code."));
    }
    Ok(json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "slipway.dev/handover",
        "metadata": {
            "name": owner(spec),
            "namespace": of.namespace,
            "labels": labels(spec, settings),
            "ownerReferences": [of.reference()],
        },
        "data": { HANDOVER_FILE: STANDARD.encode(handover), ORDERS_FILE: STANDARD.encode(orders) },
    }))
}

/// Opens what the portal has for a workload's pod.
pub fn token(knocks: &Knocks, id: &str) -> String {
    knocks.derive("pod", id)
}

/// Lets a pod fetch one file or folder of the data folder: its path, and a proof that we gave it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket(pub String);

impl Ticket {
    fn of(settings: &Settings, id: &str, path: &Path) -> Result<Self> {
        let below = path
            .strip_prefix(&settings.data)
            .map_err(|_| Error::internal(format!("{} lies outside of the data folder", path.display())))?;
        let text = below.to_str().ok_or_else(|| Error::internal("a path that is no text"))?;
        Ok(Self(format!("{}.{}", ids::hex(text.as_bytes()), proof(&settings.knocks, id, text))))
    }

    /// What it opens for this workload. `None`: it is not one of ours.
    pub fn opens(&self, settings: &Settings, id: &str) -> Option<PathBuf> {
        let (hex, given) = self.0.split_once('.')?;
        let pairs = hex.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        let text = String::from_utf8(pairs.collect::<Option<Vec<u8>>>()?).ok()?;
        let below = Path::new(&text);
        let fine = same(given, &proof(&settings.knocks, id, &text)) && below.components().all(|c| matches!(c, Component::Normal(_)));
        fine.then(|| settings.data.join(below))
    }
}

fn proof(knocks: &Knocks, id: &str, path: &str) -> String {
    knocks.derive("file", &format!("{id}\0{path}"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{settings, spec};
    use super::*;

    fn read<T: serde::de::DeserializeOwned>(secret: &Value, file: &str) -> T {
        serde_json::from_slice(&STANDARD.decode(secret["data"][file].as_str().unwrap()).unwrap()).unwrap()
    }

    #[test]
    fn a_pod_is_handed_its_own_paths() {
        let mut spec = spec();
        spec.archive = Some("/data/code/t/d.tar.gz".into());
        spec.folders.insert("model".into(), "/data/models/m".into());
        let made = secret(&spec, &settings(), &Owner::for_tests(&spec.id)).unwrap();
        let handover: Handover = read(&made, HANDOVER_FILE);
        assert_eq!(handover.spec.archive.unwrap().to_str(), Some(ARCHIVE));
        assert_eq!(handover.spec.folders["model"].to_str(), Some("/slipway/folders/model"));
        assert_eq!(handover.spec.secrets["PASSWORD"], "geheim");
        let orders: Orders = read(&made, ORDERS_FILE);
        let opened = Ticket(orders.archive.unwrap()).opens(&settings(), &spec.id).unwrap();
        assert_eq!(opened.to_str(), Some("/data/code/t/d.tar.gz"));
        assert_eq!(made["metadata"]["ownerReferences"][0]["uid"], "uid");
    }

    #[test]
    fn a_ticket_opens_for_one_workload_only_what_it_was_given_for() {
        let settings = settings();
        let ticket = Ticket::of(&settings, "a", Path::new("/data/code/x")).unwrap();
        assert!(ticket.opens(&settings, "a").is_some());
        assert_eq!(ticket.opens(&settings, "b"), None);
        let (_, proof) = ticket.0.split_once('.').unwrap();
        assert_eq!(Ticket(format!("{}.{proof}", ids::hex(b"key"))).opens(&settings, "a"), None);
        for odd in ["", ".", "x.y", "zz.00"] {
            assert_eq!(Ticket(odd.into()).opens(&settings, "a"), None);
        }
        assert!(Ticket::of(&settings, "a", Path::new("/etc/passwd")).is_err());
    }

    #[test]
    fn what_is_too_large_is_told() {
        let mut spec = spec();
        spec.files.insert("big".into(), "x".repeat(1 << 20));
        assert!(secret(&spec, &settings(), &Owner::for_tests(&spec.id)).is_err());
    }
}
