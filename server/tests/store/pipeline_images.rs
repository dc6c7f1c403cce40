//! Which environment stands for which image: nobody replaces a table that they have not seen.

use crate::engines::{World, each};
use server::store::pipeline_images::PipelineImageRow;

async fn set(w: &World, seen: i64, image: &str) -> bool {
    let mut tx = w.store.begin().await.unwrap();
    let rows = [PipelineImageRow { image: image.into(), environment: "train".into() }];
    let done = tx.pipeline_images_set(seen, &rows).await.unwrap();
    tx.commit().await.unwrap();
    done
}

#[tokio::test]
async fn a_table_that_was_not_seen_is_not_replaced() {
    each(async |w| {
        assert_eq!((w.store.pipeline_images_revision().await.unwrap(), w.store.pipeline_images().await.unwrap().len()), (0, 0));
        assert!(!set(w, 1, "early").await && set(w, 0, "a").await, "{}", w.engine);
        assert!(!set(w, 0, "b").await && !set(w, 2, "b").await && set(w, 1, "c").await, "{}", w.engine);
        assert_eq!(w.store.pipeline_images_revision().await.unwrap(), 2);
        assert_eq!(w.store.pipeline_images().await.unwrap()[0].image, "c");
    })
    .await;
}
