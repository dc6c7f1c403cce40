//! Where the volumes of notebooks come from.

use super::{Check, Fine, GRANT, Wrong, said};
use crate::{
    cluster::kubernetes::{
        KubernetesConfig,
        client::{ApiServer, resource},
    },
    error::Result,
};
use kube::api::DynamicObject;

const CHECK: &str = "volumes";
const DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";

/// Whether the class that is set is there, or a default one.
pub async fn examine(api: &ApiServer, config: &KubernetesConfig) -> Check {
    let all: Result<Vec<DynamicObject>> = api.all_of(&resource("storage.k8s.io", "v1", "StorageClass", "storageclasses")).await;
    match all {
        Ok(all) => of(&all, config.settings.storage_class.as_deref()),
        Err(e) => Wrong(CHECK, said(&e), GRANT.into()),
    }
}

fn of(all: &[DynamicObject], set: Option<&str>) -> Check {
    let is_default = |class: &&DynamicObject| class.metadata.annotations.as_ref().and_then(|a| a.get(DEFAULT)).is_some_and(|v| v == "true");
    let name = |class: &DynamicObject| class.metadata.name.clone().unwrap_or_default();
    let names = || match all.is_empty() {
        true => "there is no StorageClass".to_owned(),
        false => format!("there are {}", all.iter().map(name).collect::<Vec<_>>().join(", ")),
    };
    match set {
        Some(set) if all.iter().any(|class| name(class) == set) => Fine(CHECK, format!("of StorageClass {set}, as set")),
        Some(set) => Wrong(
            CHECK,
            format!("StorageClass {set} is not there; {}", names()),
            "Set kubernetes_storage_class to one that is, or make it.".into(),
        ),
        None => match all.iter().find(is_default) {
            Some(class) => Fine(CHECK, format!("of StorageClass {}, the default", name(class))),
            None => Wrong(
                CHECK,
                format!("no StorageClass is the default; {}", names()),
                "Set kubernetes_storage_class, or annotate one with storageclass.kubernetes.io/is-default-class=true: notebooks wait for their volume until then.".into(),
            ),
        },
    }
}
