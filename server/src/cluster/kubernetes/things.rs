//! What is kept in teams' namespaces, as far as it is looked at: whether somebody else has changed it since we applied it.

use super::{names::MANAGER, table::Seen};
use crate::ids;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::DynamicObject;

/// The kinds, each with a table of its own.
pub const KINDS: [&str; 5] = ["ServiceAccount", "Service", "NetworkPolicy", "LimitRange", "ResourceQuota"];

/// Who has written which of an object's fields when, as the API server keeps it. What controllers tell in its status does not count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    /// Everybody.
    pub all: String,
    /// Digest of the fields that are ours. Who takes one away or overwrites it takes it from them, and may leave no other trace.
    pub fields: String,
    /// Ourselves: another time says that something had to be written again.
    pub own: String,
}

impl Marks {
    /// Reads them.
    pub fn of(meta: &ObjectMeta) -> Self {
        let mut marks = Self::default();
        for entry in meta.managed_fields.iter().flatten().filter(|e| e.subresource.as_deref().unwrap_or_default().is_empty()) {
            let [manager, operation] = [&entry.manager, &entry.operation].map(|w| w.as_deref().unwrap_or_default());
            let time = entry.time.as_ref().map_or(0, |t| t.0.as_millisecond());
            marks.all += &format!("{manager} {operation} {time};");
            if manager == MANAGER && operation == "Apply" {
                marks.fields = entry.fields_v1.as_ref().map(|f| ids::sha256(f.0.to_string())).unwrap_or_default();
                marks.own = format!("{} {time}", meta.uid.as_deref().unwrap_or_default());
            }
        }
        marks
    }
}

/// What is kept of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thing {
    /// `{namespace}/{name}`
    pub key: String,
    /// Says whether it is still the same one.
    pub uid: String,
    /// Who has written it.
    pub marks: Marks,
}

impl Thing {
    /// Reads an object.
    pub fn read(raw: &DynamicObject) -> Option<Self> {
        let meta = &raw.metadata;
        let key = format!("{}/{}", meta.namespace.as_ref()?, meta.name.as_ref()?);
        Some(Self { key, uid: meta.uid.clone()?, marks: Marks::of(meta) })
    }
}

impl Seen for Thing {
    fn key(&self) -> &str {
        &self.key
    }
    fn uid(&self) -> &str {
        &self.uid
    }
    // Compared by its marks.
    fn version(&self) -> &str {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn marks(fields: serde_json::Value) -> Marks {
        let raw = json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "slipway", "namespace": "ada", "uid": "u", "managedFields": fields } });
        Thing::read(&serde_json::from_value(raw).unwrap()).unwrap().marks
    }

    #[test]
    fn another_hand_is_seen_and_a_controllers_status_is_not() {
        let ours = json!({ "manager": "slipway", "operation": "Apply", "time": "2026-11-23T14:02:00Z" });
        let status =
            json!({ "manager": "kube-controller-manager", "operation": "Update", "subresource": "status", "time": "2026-11-23T14:03:00Z" });
        let edited = json!({ "manager": "kubectl-edit", "operation": "Update", "time": "2026-11-23T14:04:00Z" });
        let before = marks(json!([ours]));
        assert_eq!(before, marks(json!([ours, status])));
        let after = marks(json!([ours, edited]));
        assert_ne!(before.all, after.all);
        assert_eq!(before.own, after.own);
        let mut whole = ours.clone();
        whole["fieldsV1"] = json!({ "f:metadata": { "f:labels": { "f:a": {}, "f:b": {} } } });
        let mut less = whole.clone();
        less["fieldsV1"]["f:metadata"]["f:labels"].as_object_mut().unwrap().remove("f:a");
        let [before, after] = [whole, less].map(|fields| marks(json!([fields])));
        assert_ne!(before.fields, after.fields);
        assert_eq!((before.all, before.own), (after.all, after.own));
    }
}
