//! How often the cache of a pipeline was cleared.

use crate::engines::{OURS, THEIRS, each};
use server::store::pipelines::NewPipelineRow;

#[tokio::test]
async fn clearing_a_cache_counts_up() {
    each(async |w| {
        let mut tx = w.store.begin().await.unwrap();
        for id in ["p1", "p2"] {
            tx.pipeline_insert(&NewPipelineRow { id, team_id: OURS, name: id, display_name: id, description: "", created_by: "ada" })
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();
        let epoch = async |id: &str| w.store.pipeline_cache_epoch(id).await.unwrap();
        assert_eq!((epoch("p1").await, epoch("none").await), (0, 0), "{}", w.engine);
        let clear = async |team: &str, id: &str| {
            let mut tx = w.store.begin().await.unwrap();
            let cleared = tx.pipeline_cache_clear(team, id).await.unwrap();
            tx.commit().await.unwrap();
            cleared
        };
        assert_eq!((clear(OURS, "p1").await, clear(OURS, "p1").await), (Some((2, 1)), Some((3, 2))), "{}", w.engine);
        assert_eq!((clear(THEIRS, "p1").await, clear(OURS, "none").await), (None, None));
        assert_eq!((epoch("p1").await, epoch("p2").await), (2, 0), "{}", w.engine);
        let mut tx = w.store.begin().await.unwrap();
        assert!(tx.pipeline_delete(OURS, "p1").await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(epoch("p1").await, 0, "{}", w.engine);
    })
    .await;
}
