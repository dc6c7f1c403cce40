//! What counts as made before.

use crate::{
    pipelines::{begin_two, ends_well, task},
    world::World,
};
use app::api::pipeline_runs::TaskState;
use server::store::pipeline_images::PipelineImageRow;

#[tokio::test]
async fn what_was_made_in_another_environment_is_made_again() {
    let w = World::new().await;
    let stands = async |seen: i64, environment: &str| {
        let mut tx = w.store.begin().await.unwrap();
        let row = PipelineImageRow { image: "python:3.11".into(), environment: environment.into() };
        assert!(tx.pipeline_images_set(seen, &[row]).await.unwrap());
        tx.commit().await.unwrap();
    };
    let first = async || {
        let run = begin_two(&w).await;
        w.settle().await;
        task(&w, &run, "first").await
    };
    let made = first().await;
    ends_well(&w, &made, "kept").await;
    assert_eq!(first().await.state, TaskState::Cached);
    stands(0, "train").await;
    let other = first().await;
    assert!(matches!(other.state, TaskState::Starting | TaskState::Queued), "{other:?}");
    stands(1, "").await;
    assert_eq!(first().await.state, TaskState::Cached, "the machine's own interpreter again");
}
