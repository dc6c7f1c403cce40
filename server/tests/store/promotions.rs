//! Promotions: one open of a model to a stage, votes that count, gates of a round.

use crate::{
    engines::{OURS, THEIRS, World, each},
    models::{model, version},
};
use app::api::{
    members::Role,
    promotions::{Gate, GateState, PromotionState},
};
use server::{
    error::Kind,
    store::{
        ledger::From,
        promotion_gates::GateEnd,
        promotions::{PromotionFilter, PromotionRow},
        stage_policies::StagePolicyRow,
    },
};

const ALL: PromotionFilter<'_> = PromotionFilter { model: None, version: None, open: false };

fn row(id: &str, version: i64) -> PromotionRow {
    PromotionRow {
        id: id.into(),
        team_id: OURS.into(),
        model_id: format!("{OURS}-iris"),
        model: "iris".into(),
        version_id: format!("v{version}"),
        version,
        stage: "Production".into(),
        alias: "production".into(),
        current_version: None,
        policy_revision: 1,
        state_text: "checking".into(),
        reason: None,
        requested_by: "ada".into(),
        requested_by_id: "u1".into(),
        revision: 1,
        created_at: 5,
        state_since: 5,
        needed: None,
    }
}

async fn insert(w: &World, id: &str, version: i64) -> PromotionRow {
    let mut tx = w.store.begin().await.unwrap();
    tx.promotion_insert(&row(id, version)).await.unwrap();
    tx.promotion_gates_make(id, 1, &[Gate::Signature, Gate::Smoke { within_ms: Some(9), size: None }]).await.unwrap();
    tx.commit().await.unwrap();
    w.store.promotion(OURS, id).await.unwrap().unwrap()
}

#[tokio::test]
async fn what_is_asked_for_and_what_a_protected_stage_has_is_held() {
    each(async |w| {
        model(w, OURS, "iris").await;
        version(w, OURS, "iris", "s", Some("r1")).await;
        let id = w.store.version(OURS, "iris", 1).await.unwrap().unwrap().row.id;
        let held = async |team: &str, run: &str| {
            let some = w.store.versions_held_from(team, From::Run(run)).await.unwrap();
            assert_eq!(
                w.store.versions_held(OURS).await.unwrap().len(),
                w.store.versions_held_from(OURS, From::Run("r1")).await.unwrap().len()
            );
            some.into_iter().map(|h| (h.stage, h.alias, h.model, h.version)).collect::<Vec<_>>()
        };
        let is = |alias: &str| [("Production".to_owned(), alias.to_owned(), "iris".to_owned(), 1)];
        assert_eq!(held(OURS, "r1").await, [], "{}", w.engine);
        let mut tx = w.store.begin().await.unwrap();
        let asked = PromotionRow { version_id: id, ..row("01", 1) };
        tx.promotion_insert(&asked).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(held(OURS, "r1").await, is(""), "{}", w.engine);
        assert_eq!((held(OURS, "r2").await, held(THEIRS, "r1").await), (vec![], vec![]), "{}", w.engine);
        let mut tx = w.store.begin().await.unwrap();
        assert!(tx.promotion_move(&asked, PromotionState::Promoted, None).await.unwrap());
        tx.alias_set(&asked.model_id, "production", 1).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(held(OURS, "r1").await, [], "{}: not protected", w.engine);
        let mut tx = w.store.begin().await.unwrap();
        let policy = StagePolicyRow {
            stage: "Production".into(),
            alias: "production".into(),
            gates_json: "[]".into(),
            approvals: None,
            protect: 1,
            revision: 1,
        };
        tx.stage_policy_set(OURS, &policy).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(held(OURS, "r1").await, is("production"), "{}", w.engine);
    })
    .await;
}

#[tokio::test]
async fn one_is_open_and_a_stale_move_moves_nothing() {
    each(async |w| {
        model(w, OURS, "iris").await;
        version(w, OURS, "iris", "s", None).await;
        let one = insert(w, "01", 1).await;
        assert_eq!(one, row("01", 1), "{}", w.engine);
        let mut tx = w.store.begin().await.unwrap();
        assert_eq!(tx.promotion_insert(&row("02", 2)).await.unwrap_err().kind, Kind::Taken);
        drop(tx);
        let mut tx = w.store.begin().await.unwrap();
        assert!(tx.promotion_move(&one, PromotionState::Superseded, Some("Another.")).await.unwrap());
        assert!(!tx.promotion_move(&one, PromotionState::Promoted, None).await.unwrap());
        tx.promotions_rename(&one.model_id, "leavers").await.unwrap();
        tx.commit().await.unwrap();
        let two = insert(w, "02", 2).await;
        let open = w.store.promotions_open().await.unwrap();
        assert_eq!(open, [two], "{}", w.engine);
        let ids = |rows: Vec<PromotionRow>| rows.into_iter().map(|r| r.id).collect::<Vec<_>>();
        assert_eq!(ids(w.store.promotion_list(OURS, &ALL, None, 10).await.unwrap()), ["02", "01"], "{}", w.engine);
        assert_eq!(ids(w.store.promotion_list(OURS, &ALL, Some("02"), 10).await.unwrap()), ["01"], "{}", w.engine);
        let of = PromotionFilter { model: Some("leavers"), version: Some(1), open: false };
        assert_eq!(ids(w.store.promotion_list(OURS, &of, None, 10).await.unwrap()), ["01"], "{}", w.engine);
        assert_eq!(w.store.promotion_list(THEIRS, &ALL, None, 10).await.unwrap(), []);
        assert!(w.store.promotion(THEIRS, "01").await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn gates_are_answered_in_their_round_only() {
    each(async |w| {
        model(w, OURS, "iris").await;
        insert(w, "01", 1).await;
        let end = |state| GateEnd { state, detail: "seen", evidence: Some("{}".into()) };
        let mut tx = w.store.begin().await.unwrap();
        assert!(tx.promotion_gate_begin("01", 1, 1, "w").await.unwrap());
        assert!(!tx.promotion_gate_begin("01", 1, 1, "w2").await.unwrap() && !tx.promotion_gate_begin("01", 0, 2, "w2").await.unwrap());
        tx.promotion_gate_end("01", 0, 1, &end(GateState::Passed)).await.unwrap();
        tx.promotion_gate_end("01", 1, 2, &end(GateState::Passed)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(w.store.promotion_gate_counts(&["01", "02"]).await.unwrap(), [("01".to_owned(), 2, 1)], "{}", w.engine);
        let gates = w.store.promotion_gates("01").await.unwrap();
        let told: Vec<_> = gates.iter().map(|g| (g.state(), g.attempts, g.workload_id.as_deref())).collect();
        assert_eq!(told, [(GateState::Passed, 0, None), (GateState::Running, 1, Some("w"))], "{}", w.engine);
        assert_eq!(gates[1].gate(), Some(Gate::Smoke { within_ms: Some(9), size: None }));
    })
    .await;
}

#[tokio::test]
async fn a_vote_counts_while_its_giver_may_give_it() {
    each(async |w| {
        model(w, OURS, "iris").await;
        insert(w, "01", 1).await;
        let mut tx = w.store.begin().await.unwrap();
        for (id, admin, disabled, role) in [
            ("m", 0, 0, Some(Role::Maintainer)),
            ("e", 0, 0, Some(Role::Editor)),
            ("a", 1, 0, None),
            ("d", 0, 1, Some(Role::Maintainer)),
            ("n", 0, 0, Some(Role::Maintainer)),
        ] {
            let user = "INSERT INTO users (id, name, display_name, admin, disabled, created_at) VALUES ($1, $1, $1, $2, $3, 0)";
            tx.exec(user, server::args![id, admin, disabled]).await.unwrap();
            if let Some(role) = role {
                tx.member_set(OURS, id, role).await.unwrap();
            }
            tx.promotion_vote("01", id, id, id != "n").await.unwrap();
        }
        tx.promotion_vote("01", "m", "m", true).await.unwrap();
        tx.promotion_comment("c", "01", "ada", "Look.").await.unwrap();
        let maintainers: Vec<String> = tx.maintainers_of(OURS).await.unwrap().into_iter().map(|m| m.0).collect();
        assert_eq!(maintainers, ["m", "n"], "{}", w.engine);
        tx.commit().await.unwrap();
        let votes = w.store.promotion_votes(OURS, "01").await.unwrap();
        let counts = |id: &str| votes.iter().find(|v| v.user_id == id).map(|v| (v.approves, v.counts));
        let all = ["m", "e", "a", "d", "n"].map(counts);
        assert_eq!(all, [Some((1, 1)), Some((1, 0)), Some((1, 1)), Some((1, 0)), Some((0, 1))], "{}", w.engine);
        assert_eq!(w.store.promotion_comments("01").await.unwrap()[0].text, "Look.");
        // Whatever becomes of them, what was so when it was over stays.
        let mut tx = w.store.begin().await.unwrap();
        let row = tx.promotion("01").await.unwrap().unwrap();
        tx.promotion_over(&row, 2).await.unwrap();
        tx.exec("UPDATE users SET disabled = 1", server::args![]).await.unwrap();
        tx.commit().await.unwrap();
        let over = w.store.promotion_votes(OURS, "01").await.unwrap();
        let counted: Vec<_> = over.iter().map(|v| v.counted).collect();
        assert_eq!(counted, votes.iter().map(|v| Some(v.counts)).collect::<Vec<_>>(), "{}", w.engine);
        assert!(over.iter().all(|v| v.counts == 0));
        assert_eq!(w.store.promotion(OURS, "01").await.unwrap().unwrap().needed, Some(2));
        let mut tx = w.store.begin().await.unwrap();
        tx.promotion_votes_clear("01").await.unwrap();
        assert!(tx.promotion_votes(OURS, "01").await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn an_alias_goes_with_one_stage() {
    each(async |w| {
        let policy = |stage: &str, alias: &str, approvals| StagePolicyRow {
            stage: stage.into(),
            alias: alias.into(),
            gates_json: "[]".into(),
            approvals,
            protect: 1,
            revision: 1,
        };
        let mut tx = w.store.begin().await.unwrap();
        tx.stage_policy_set(OURS, &policy("Production", "live", None)).await.unwrap();
        tx.stage_policy_set(OURS, &policy("Staging", "staging", Some(2))).await.unwrap();
        tx.stage_policy_set(OURS, &policy("Production", "production", Some(0))).await.unwrap();
        tx.commit().await.unwrap();
        let all = w.store.stage_policies(OURS).await.unwrap();
        assert_eq!(all, [policy("Staging", "staging", Some(2)), policy("Production", "production", Some(0))], "{}", w.engine);
        let mut tx = w.store.begin().await.unwrap();
        assert_eq!(tx.stage_policy_set(OURS, &policy("Staging", "production", None)).await.unwrap_err().kind, Kind::Taken);
    })
    .await;
}
