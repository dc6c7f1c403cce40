//! On which nodes a workload may run and what more its pod has, as admins set it for a size or an environment.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::collections::BTreeMap;

/// Longest text of one of the three.
const LONGEST: usize = 16 << 10;

/// What of a node's taint is tolerated: Kubernetes' words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Toleration {
    /// Of the taint; absent for every one, with `Exists`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// `Equal`, also where absent, or `Exists`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// Of the taint, where it has to be equal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`; absent for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<String>,
    /// How long a pod stays where it is not tolerated any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub toleration_seconds: Option<i64>,
}

impl Toleration {
    /// Whether this taint is tolerated.
    pub fn covers(&self, key: &str, value: &str, effect: &str) -> bool {
        let exists = self.operator.as_deref() == Some("Exists");
        let same_key = self.key.as_deref().map_or(exists, |k| k == key || (k.is_empty() && exists));
        let same_effect = self.effect.as_deref().is_none_or(|e| e.is_empty() || e == effect);
        same_key && same_effect && (exists || self.value.as_deref().unwrap_or_default() == value)
    }
}

/// The whole of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    /// Taints of nodes that do not keep it away.
    pub tolerations: Vec<Toleration>,
    /// Labels that a node has to have.
    pub node_selector: BTreeMap<String, String>,
    /// What is laid over the template of its pod, in this order.
    pub patches: Vec<Value>,
}

impl Placement {
    /// From what an admin wrote, YAML or JSON; what is empty is none. Whether Kubernetes would take it is another question.
    ///
    /// # Errors
    /// The field that cannot be read, with what it should look like.
    pub fn parse(tolerations: &str, node_selector: &str, patch: &str) -> Result<Self> {
        let patch: Option<Value> = read("patch", patch, "an object, such as {metadata: {annotations: {a: b}}}")?;
        if patch.as_ref().is_some_and(|p| !p.is_object()) {
            return Err(Error::invalid("patch", "A patch is an object, such as {metadata: {annotations: {a: b}}}."));
        }
        Ok(Self {
            tolerations: read("tolerations", tolerations, "a list, such as [{key: gpu, operator: Exists}]")?.unwrap_or_default(),
            node_selector: read("node_selector", node_selector, "labels with their values, such as gpu: a100")?.unwrap_or_default(),
            patches: patch.into_iter().collect(),
        })
    }

    /// Both: every toleration, every label (`other`'s outranks), every patch.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        let new = other.tolerations.into_iter().filter(|t| !self.tolerations.contains(t)).collect::<Vec<_>>();
        self.tolerations.extend(new);
        self.node_selector.extend(other.node_selector);
        self.patches.extend(other.patches);
        self
    }

    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn read<T: DeserializeOwned>(field: &str, text: &str, like: &str) -> Result<Option<T>> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if text.len() > LONGEST {
        return Err(Error::invalid(field, format!("This is longer than {} KiB.", LONGEST >> 10)));
    }
    // The first line of the parser's words: it shows the place in the text over several more.
    let wrong = |e: serde_saphyr::Error| {
        let words = e.to_string();
        let words = words.lines().next().unwrap_or_default().to_owned();
        Error::invalid(field, format!("This cannot be read: {words}.")).hint(format!("Write YAML or JSON: {like}."))
    };
    // As Kubernetes' own tools: `y` and `no` are texts.
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_str_with_options(text, options).map(Some).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_and_json_are_read_and_anything_else_is_told() {
        let read = Placement::parse(
            "- key: gpu\n  operator: Exists\n- {key: team, value: ada, effect: NoSchedule, tolerationSeconds: 5}",
            "kubernetes.io/arch: amd64\nfast: \"true\"",
            r#"{"metadata": {"annotations": {"a": "b"}}}"#,
        )
        .unwrap();
        assert_eq!((read.tolerations.len(), read.node_selector["fast"].as_str()), (2, "true"));
        assert_eq!(read.patches[0]["metadata"]["annotations"]["a"], "b");
        assert_eq!(Placement::parse("", "", "{a: [y, no, true]}").unwrap().patches[0]["a"], serde_json::json!(["y", "no", true]));
        assert!(Placement::parse(" ", "", "\n").unwrap().is_empty());
        let field = |a: &str, b: &str, c: &str| Placement::parse(a, b, c).unwrap_err().field.unwrap();
        assert_eq!(field("{key: gpu}", "", ""), "tolerations");
        assert_eq!(field("[{keys: gpu}]", "", ""), "tolerations");
        assert_eq!(field("", "gpu", ""), "node_selector");
        assert_eq!(field("", "", "[1]"), "patch");
        assert_eq!(field("", "", "{a: "), "patch");
        assert_eq!(field("", "", &"x".repeat(20_000)), "patch");
    }

    #[test]
    fn taints_are_covered_as_kubernetes_does() {
        let of = |text: &str| Placement::parse(text, "", "").unwrap().tolerations.remove(0);
        assert!(of("[{key: gpu, operator: Exists}]").covers("gpu", "a100", "NoSchedule"));
        assert!(of("[{operator: Exists}]").covers("any", "", "NoExecute"));
        assert!(of("[{key: gpu, value: a100}]").covers("gpu", "a100", "NoSchedule"));
        assert!(!of("[{key: gpu, value: a100}]").covers("gpu", "t4", "NoSchedule"));
        assert!(!of("[{key: gpu, operator: Exists, effect: NoExecute}]").covers("gpu", "", "NoSchedule"));
        assert!(!of("[{value: a100}]").covers("gpu", "a100", "NoSchedule"));
    }

    #[test]
    fn both_count() {
        let size = Placement::parse("[{key: gpu, operator: Exists}]", "{a: x, b: x}", "{metadata: {}}").unwrap();
        let environment = Placement::parse("[{key: gpu, operator: Exists}, {key: b, operator: Exists}]", "{b: y}", "{spec: {}}").unwrap();
        let both = size.and(environment);
        assert_eq!((both.tolerations.len(), both.patches.len()), (2, 2));
        assert_eq!(both.node_selector, [("a".to_owned(), "x".to_owned()), ("b".to_owned(), "y".to_owned())].into());
    }
}
