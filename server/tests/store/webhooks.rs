//! Webhooks: what is due, what came of it, and that none holds up another.

use crate::engines::{OURS, THEIRS, World, each};
use app::api::webhooks::DeliveryState;
use server::{
    error::Kind,
    store::{Tx, deliveries::AttemptRow, webhooks::NewWebhookRow},
};

async fn insert(tx: &mut Tx, id: &str, team_id: &str, name: &str) -> server::error::Result<()> {
    let row = NewWebhookRow { id, team_id, name, url: "http://x", kinds_json: "[]", sealed: "s", created_by: "mia" };
    tx.webhook_insert(&row).await
}

fn attempt(delivery_id: &str, number: i64, status: Option<i64>) -> AttemptRow {
    let problem = status.is_none().then(|| "Nobody there.".to_owned());
    AttemptRow { delivery_id: delivery_id.into(), number, at: 5, millis: 7, status, problem, answer: None }
}

#[tokio::test]
async fn what_is_due_is_sent_once_more_until_it_ends() {
    each(async |w: &World| {
        let mut tx = w.store.begin().await.unwrap();
        insert(&mut tx, "w1", OURS, "chat").await.unwrap();
        insert(&mut tx, "w2", THEIRS, "chat").await.unwrap();
        for n in 0..6 {
            tx.delivery_insert(&format!("a{n}"), "w1", Some(n), ("run_failed", "{}"), 3).await.unwrap();
        }
        tx.delivery_insert("b0", "w2", None, ("test", "{}"), 1).await.unwrap();
        let now = tx.now();
        tx.commit().await.unwrap();
        let mut tx = w.store.begin().await.unwrap();
        assert_eq!(insert(&mut tx, "w3", OURS, "chat").await.unwrap_err().kind, Kind::Taken, "{}", w.engine);
        drop(tx);
        let mut tx = w.store.begin().await.unwrap();
        let again = tx.delivery_insert("a9", "w1", Some(0), ("run_failed", "{}"), 3).await;
        assert!(again.is_err(), "{}: of an event a webhook is told once", w.engine);
        drop(tx);

        let due = async |at| {
            let rows = w.store.deliveries_due(at, 4, 64).await.unwrap();
            rows.into_iter().map(|d| (d.id, d.attempts, d.tries_left)).collect::<Vec<_>>()
        };
        let first = ["a0", "a1", "a2", "a3"].map(|id| (id.to_owned(), 0, 3));
        assert_eq!(due(now).await, [first.as_slice(), &[("b0".to_owned(), 0, 1)]].concat());
        assert_eq!(due(now - 1).await, []);

        let mut tx = w.store.begin().await.unwrap();
        assert!(tx.delivery_attempted(&attempt("a0", 1, None), DeliveryState::Waiting, Some(now + 5)).await.unwrap());
        assert!(!tx.delivery_attempted(&attempt("a0", 1, Some(200)), DeliveryState::Delivered, None).await.unwrap());
        assert!(tx.delivery_attempted(&attempt("b0", 1, Some(204)), DeliveryState::Delivered, None).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(due(now).await.iter().map(|d| d.0.as_str()).collect::<Vec<_>>(), ["a1", "a2", "a3", "a4"]);
        assert_eq!(w.store.delivery_attempts(&["a0", "b0"]).await.unwrap(), [attempt("a0", 1, None), attempt("b0", 1, Some(204))]);
        assert_eq!(w.store.deliveries_last(THEIRS).await.unwrap(), [("w2".to_owned(), DeliveryState::Delivered)]);
        assert_eq!(w.store.delivery("w1", "b0").await.unwrap(), None, "{}: another's", w.engine);

        let mut tx = w.store.begin().await.unwrap();
        assert!(!tx.delivery_again("w1", "b0", 7).await.unwrap() && tx.delivery_again("w2", "b0", 7).await.unwrap());
        assert_eq!((tx.deliveries_give_up("w1").await.unwrap(), tx.deliveries_prune(now + 1).await.unwrap()), (6, 6));
        assert!(tx.webhook_rotate(("w2", 1), "t").await.unwrap() && !tx.webhook_update(("w2", 1), "u", "[]", false).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(due(now).await, [("b0".to_owned(), 1, 7)]);
        let row = w.store.webhook(THEIRS, "chat").await.unwrap().unwrap();
        assert_eq!((row.sealed.as_str(), row.sealed_before.as_deref(), row.rotated_at, row.revision), ("t", Some("s"), Some(now), 2));
        let mut tx = w.store.begin().await.unwrap();
        tx.webhook_remove("w2").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!((due(now).await, w.store.delivery_attempts(&["a0", "b0"]).await.unwrap()), (vec![], vec![]));
    })
    .await;
}
