//! The Kubernetes cluster, where workloads run on one.

use super::{error, ok, warning};
use crate::{
    clock::SystemClock,
    cluster::{
        knock::Knocks,
        kubernetes::doctor::{Check, examine},
    },
    config::Config,
    platform::cluster,
};
use app::api::platform::Finding;
use std::sync::Arc;

/// All of it.
pub async fn all(config: &Config) -> Vec<Finding> {
    // No pod is spoken to, so no knock is needed.
    let told = cluster::kubernetes(config, Knocks::new([0; 32]), Arc::new(SystemClock));
    let finding = |check: Check| match check {
        Check::Fine(check, detail) => ok(check, detail),
        Check::Poor(check, detail, fix) => warning(check, detail, fix),
        Check::Wrong(check, detail, fix) => error(check, detail, fix),
    };
    examine(&told).await.into_iter().map(finding).collect()
}
