//! A database that a newer program has migrated.

use crate::engines::each;
use server::{args, store::Store, wake::Bell};

#[tokio::test]
async fn a_newer_database_is_left_alone_and_told() {
    each(async |w| {
        let mut tx = w.store.begin().await.unwrap();
        let newest = "UPDATE _sqlx_migrations SET version = 9999 WHERE version = (SELECT MAX(version) FROM _sqlx_migrations)";
        tx.exec(newest, args![]).await.unwrap();
        tx.commit().await.unwrap();
        let told = Store::open(&w.url, w.clock.clone(), Bell::default()).await.err().expect(w.engine);
        assert!(told.public.contains("newer Slipway") && told.public.contains("9999"), "{}: {told}", w.engine);
        assert!(told.hint.is_some_and(|h| h.contains("newer program")));
    })
    .await;
}
