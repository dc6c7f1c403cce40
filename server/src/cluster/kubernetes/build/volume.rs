//! The claim of a volume.

use crate::{
    cluster::kubernetes::{
        Settings,
        build::team_labels,
        names::{NAME, volume},
    },
    error::Result,
};
use serde_json::{Value, json};

/// The claim of a volume of the seam (`{team}/{name}`).
///
/// # Errors
/// It is not the name of a volume.
pub fn claim(name: &str, settings: &Settings, namespace: &str) -> Result<Value> {
    let (team, claim) = volume(name)?;
    let mut spec = json!({
        "accessModes": ["ReadWriteOnce"],
        "resources": { "requests": { "storage": settings.volume_bytes.to_string() } },
    });
    if let Some(class) = &settings.storage_class {
        spec["storageClassName"] = json!(class);
    }
    Ok(json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": claim,
            "namespace": namespace,
            "labels": team_labels(&team, settings),
            "annotations": { NAME: name },
        },
        "spec": spec,
    }))
}
