//! Whether the namespaces of teams let our pods in.

use super::{Check, Fine, GRANT, Poor, Wrong, said};
use crate::{
    cluster::{
        kubernetes::{KubernetesConfig, build, client::ApiServer, spaces::Space},
        placement::Placement,
    },
    error::Kind,
};
use futures::{
    FutureExt,
    future::{BoxFuture, join_all},
};

const CHECK: &str = "admission";
/// So many namespaces are looked at.
const MOST: usize = 20;

/// Tries a pod in each of them; the API server says what it thinks and keeps nothing.
pub async fn examine(api: &ApiServer, config: &KubernetesConfig, spaces: &[Space]) -> Check {
    if spaces.is_empty() {
        let detail = "not tried: no team has a namespace yet, and only there a pod can be tried".to_owned();
        return Poor(CHECK, detail, "Make a team, and look again.".into());
    }
    let tried: Vec<BoxFuture<'_, Result<(), String>>> = spaces.iter().take(MOST).map(|space| one(api, config, space).boxed()).collect();
    let answers = join_all(tried).await;
    let refused: Vec<String> = answers.iter().filter_map(|a| a.as_ref().err().cloned()).collect();
    match refused.len() {
        0 => Fine(
            CHECK,
            format!(
                "Pod Security, limits and admission policies of {} of {} namespaces of teams let in a pod like those of workloads (dry run)",
                answers.len(),
                spaces.len()
            ),
        ),
        _ => Wrong(
            CHECK,
            refused.join("; "),
            format!("Change what refuses it, such as a LimitRange or an admission policy, or grant what is missing ({GRANT})."),
        ),
    }
}

async fn one(api: &ApiServer, config: &KubernetesConfig, space: &Space) -> Result<(), String> {
    let pod = build::trial(&config.settings, &space.name, &Placement::default(), build::LITTLE).map_err(|e| e.public)?;
    match api.try_out(&pod).await {
        // A quota that is full now is looked at last: everything else let it in.
        Err(e) if e.kind != Kind::Unavailable || !e.public.contains("exceeded quota") => Err(format!("{}: {}", space.name, said(&e))),
        _ => Ok(()),
    }
}
