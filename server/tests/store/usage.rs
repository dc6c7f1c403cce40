//! Use over time: the newest is what is shown.

use crate::engines::each;
use server::store::usage::{SampleRow, Span};

const MINUTE: i64 = 60_000;

#[tokio::test]
async fn a_long_life_shows_its_newest_spans() {
    each(async |w| {
        let mut tx = w.store.begin().await.unwrap();
        tx.exec(
            "INSERT INTO usage_rollups (workload_key, seconds, time, samples, cpu_millis_sum, memory_bytes_max)
             WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 5999)
             SELECT 7, 60, i * 60000, 2, i * 2, i FROM n",
            vec![],
        )
        .await
        .unwrap();
        for (key, time) in [(7, 0), (7, 5_000), (8, 5_000), (9, 5_000)] {
            tx.usage_insert(&SampleRow { workload_key: key, time, cpu_millis: time, memory_bytes: 1 }).await.unwrap();
        }
        tx.commit().await.unwrap();
        let minutes = w.store.usage_rolled(7, Span::Minute).await.unwrap();
        let ends = (minutes.first().unwrap().time, minutes.last().unwrap().time);
        assert_eq!((minutes.len(), ends), (5000, (1000 * MINUTE, 5999 * MINUTE)), "{}", w.engine);
        let hours = w.store.usage_rolled(7, Span::Hour).await.unwrap();
        assert_eq!(hours, [SampleRow { workload_key: 7, time: 0, cpu_millis: 2_500, memory_bytes: 1 }]);
        let several = w.store.usage_of(&[7, 8], 1).await.unwrap();
        assert_eq!(several.iter().map(|s| (s.workload_key, s.time)).collect::<Vec<_>>(), [(7, 5_000), (8, 5_000)]);
        assert_eq!(w.store.usage_newest(7).await.unwrap().len(), 2);
    })
    .await;
}
