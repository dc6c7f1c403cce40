//! Notices: how far was looked, who may be told, what is read.

use crate::engines::{OURS, THEIRS, World, each};
use app::api::members::Role;
use server::store::{events::NewEvent, notices::NewNotice};

async fn event(w: &World, team: &str, kind: &str) -> i64 {
    let mut tx = w.store.begin().await.unwrap();
    let event = NewEvent {
        team_id: Some(team),
        actor: "slipway",
        action: "fail",
        kind,
        object_id: "o",
        object_name: "x",
        revision: 0,
        before: None,
        after: None,
    };
    let seq = tx.event(event).await.unwrap();
    tx.commit().await.unwrap();
    seq
}

#[tokio::test]
async fn looked_at_once_and_told_to_those_who_may_see_it() {
    each(async |w| {
        let mut tx = w.store.begin().await.unwrap();
        for (id, admin, disabled) in [("ada", 0, 0), ("mia", 0, 0), ("eve", 0, 0), ("bob", 1, 0), ("gone", 0, 1)] {
            tx.exec(
                "INSERT INTO users (id, name, display_name, admin, disabled, created_at) VALUES ($1, $1, $1, $2, $3, 0)",
                server::args![id, admin, disabled],
            )
            .await
            .unwrap();
        }
        for (team, user) in [(OURS, "ada"), (OURS, "mia"), (OURS, "gone"), (THEIRS, "eve")] {
            tx.member_set(team, user, Role::Editor).await.unwrap();
        }
        tx.notice_silences_set("mia", "portal", &["run_failed"]).await.unwrap();
        tx.commit().await.unwrap();

        let (from, top) = w.store.notices_span().await.unwrap();
        assert_eq!(from, top, "{}: what was before is not told", w.engine);
        let (seq, _) = (event(w, OURS, "run").await, event(w, THEIRS, "secret").await);
        let (from, top) = w.store.notices_span().await.unwrap();
        assert_eq!((seq, top), (from + 1, from + 2));
        let seen: Vec<(i64, String)> = w.store.events_told(from, top, 9).await.unwrap().into_iter().map(|e| (e.seq, e.team)).collect();
        assert_eq!(seen, [(seq, "ours".to_owned())]);

        let all = ["ada", "mia", "eve", "bob", "gone"].map(str::to_owned);
        let mut tx = w.store.begin().await.unwrap();
        assert!(tx.notices_advance(from, top).await.unwrap());
        assert!(!tx.notices_advance(from, top).await.unwrap(), "{}: another look was faster", w.engine);
        let readers = async |tx: &mut server::store::Tx, kind, actor| tx.notice_readers(&all, OURS, (kind, "portal"), actor).await.unwrap();
        assert_eq!(readers(&mut tx, "run_failed", "slipway").await, ["ada", "bob"]);
        assert_eq!(readers(&mut tx, "notebook_stopped", "bob").await, ["ada", "mia"]);
        let notice =
            NewNotice { seq, team_id: OURS, kind: "run_failed", object_id: "o", object_name: "x", title: "The run x failed", detail: None };
        tx.notice_insert("ada", &notice).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = w.store.begin().await.unwrap();
        assert!(tx.notice_insert("ada", &notice).await.is_err(), "{}: of an event somebody is told once", w.engine);
        drop(tx);

        assert_eq!((w.store.notices_unread("ada", None).await.unwrap(), w.store.notices_unread("mia", None).await.unwrap()), (1, 0));
        assert_eq!(w.store.notice_list("ada", None, seq, 9).await.unwrap(), []);
        let of = async |team| {
            (
                w.store.notices_unread("ada", Some(team)).await.unwrap(),
                w.store.notice_list("ada", Some(team), i64::MAX, 9).await.unwrap().len(),
            )
        };
        assert_eq!((of(OURS).await, of(THEIRS).await), ((1, 1), (0, 0)), "{}", w.engine);
        let mut tx = w.store.begin().await.unwrap();
        assert_eq!(tx.notices_read("ada", Some(THEIRS), 0, seq).await.unwrap(), 0, "{}", w.engine);
        assert_eq!((tx.notices_read("mia", None, 0, i64::MAX).await.unwrap(), tx.notices_read("ada", None, 0, seq).await.unwrap()), (0, 1));
        tx.commit().await.unwrap();
        let row = w.store.notice_list("ada", None, i64::MAX, 9).await.unwrap().remove(0);
        assert_eq!((row.team.as_str(), row.read_at.is_some()), ("ours", true));
        let mut tx = w.store.begin().await.unwrap();
        assert_eq!(tx.notices_prune(row.created_at + 1).await.unwrap(), 1);
        assert!(tx.member_remove(OURS, "ada").await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(w.store.notices_span().await.unwrap(), (top, top));
    })
    .await;
}
