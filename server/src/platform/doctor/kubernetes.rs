//! The Kubernetes cluster, where workloads run on one.

use super::{error, ok, warning};
use crate::{
    clock::SystemClock,
    cluster::{
        knock::Knocks,
        kubernetes::doctor::{Asked, Check, examine},
    },
    config::Config,
    environments::{images::Images, shipped::SHIPPED},
    platform::cluster,
};
use app::api::platform::Finding;
use std::sync::Arc;

/// All of it. `pull`: each image that is known is pulled once, by a pod.
pub async fn all(config: &Config, pull: bool) -> Vec<Finding> {
    // No pod is spoken to, so no knock is needed.
    let told = cluster::kubernetes(config, Knocks::new([0; 32]), Arc::new(SystemClock));
    let finding = |check: Check| match check {
        Check::Fine(check, detail) => ok(check, detail),
        Check::Poor(check, detail, fix) => warning(check, detail, fix),
        Check::Wrong(check, detail, fix) => error(check, detail, fix),
    };
    let images = Images { shipped: config.kubernetes.environment_image.clone() };
    let images = SHIPPED.iter().filter_map(|e| images.of(e.name, true, None).ok()).collect();
    examine(&told, &Asked { images, pull }).await.into_iter().map(finding).collect()
}
