//! What we may do.

use super::{Check, Fine, GRANT, Poor, Wrong, said};
use crate::{
    cluster::kubernetes::{
        client::ApiServer,
        rights::{NEEDED, Right},
    },
    error::Result,
};
use futures::{
    FutureExt,
    future::{BoxFuture, try_join_all},
};
use serde_json::json;

const CHECK: &str = "Kubernetes rights";

/// Whether every right that is needed is granted.
pub async fn examine(api: &ApiServer) -> Vec<Check> {
    let needed = NEEDED.iter().flat_map(|(group, resource, verbs)| verbs.iter().map(move |verb| (*group, *resource, *verb)));
    match missing(api, needed.collect()).await {
        Err(error) => {
            let fix = "Let this account ask about itself (ClusterRole system:basic-user).".to_owned();
            vec![Poor(CHECK, format!("they cannot be looked at: {}", said(&error)), fix)]
        }
        Ok(missing) if missing.is_empty() => vec![Fine(CHECK, "all that are needed".into())],
        Ok(missing) => vec![Wrong(CHECK, format!("not granted: {}", missing.join(", ")), grant(api, GRANT, "slipway").await)],
    }
}

/// What gives us the rights of a role: its file is for the account of a portal within the cluster, and who else we are has to be bound to it.
pub(super) async fn grant(api: &ApiServer, file: &str, role: &str) -> String {
    let asked = json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview" });
    let answer = api.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", &asked).await.unwrap_or_default();
    match answer["status"]["userInfo"]["username"].as_str() {
        None | Some("system:serviceaccount:slipway:slipway") => file.to_owned(),
        Some(user) => {
            let whom = user
                .strip_prefix("system:serviceaccount:")
                .map_or(format!("--user={user}"), |account| format!("--serviceaccount={account}"));
            format!("{file} && kubectl create clusterrolebinding {role}-portal --clusterrole={role} {whom}")
        }
    }
}

/// Those of these rights that are not granted, in words.
pub(super) async fn missing(api: &ApiServer, rights: Vec<Right>) -> Result<Vec<String>> {
    let asked: Vec<BoxFuture<'_, Result<Option<String>>>> = rights.into_iter().map(|right| lacks(api, right).boxed()).collect();
    Ok(try_join_all(asked).await?.into_iter().flatten().collect())
}

async fn lacks(api: &ApiServer, right: Right) -> Result<Option<String>> {
    let (_, resource, verb) = right;
    Ok((!api.may(right).await?).then(|| format!("{verb} {resource}")))
}
