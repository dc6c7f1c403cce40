//! Placements: the size's before the environment's, and no change that was not seen.

use crate::engines::each;
use server::store::placements::PlacementRow;

fn row(kind: &str, object_id: &str, revision: i64) -> PlacementRow {
    let text = format!("{kind} {object_id}");
    PlacementRow {
        kind: kind.into(),
        object_id: object_id.into(),
        tolerations: text,
        node_selector: String::new(),
        patch: String::new(),
        cpu: String::new(),
        memory: "8Gi".into(),
        gpu: String::new(),
        revision,
    }
}

#[tokio::test]
async fn the_sizes_counts_first_and_a_stale_one_is_not_kept() {
    each(async |w| {
        let mut tx = w.store.begin().await.unwrap();
        tx.exec(
            "INSERT INTO environments (id, team_id, name, description, latest_version, created_at) VALUES ('e', NULL, 'train', '', 1, 0)",
            vec![],
        )
        .await
        .unwrap();
        tx.exec(
            "INSERT INTO environment_versions (id, environment_id, version, requirements, digest, build, progress, packages, created_at)
             VALUES ('v', 'e', 1, '', 'd', 'ready', 1, '[]', 0)",
            vec![],
        )
        .await
        .unwrap();
        for new in [row("environment", "e", 0), row("environment", "other", 0), row("size", "gpu", 0), row("size", "small", 0)] {
            assert!(tx.placement_set(&new).await.unwrap());
        }
        assert!(!tx.placement_set(&row("size", "gpu", 0)).await.unwrap() && !tx.placement_set(&row("size", "gpu", 5)).await.unwrap());
        assert!(tx.placement_set(&row("size", "gpu", 1)).await.unwrap());
        tx.commit().await.unwrap();
        let all = w.store.placements_for("gpu", "v").await.unwrap();
        let found: Vec<_> = all.iter().map(|p| (p.kind.as_str(), p.object_id.as_str(), p.revision)).collect();
        assert_eq!(found, [("size", "gpu", 2), ("environment", "e", 1)], "{}", w.engine);
        assert_eq!(w.store.placements_for("large", "none").await.unwrap(), []);
        assert_eq!(w.store.placed_environment(None, "train").await.unwrap().unwrap().tolerations, "environment e");
        assert_eq!(w.store.placed_environments("", 10).await.unwrap().len(), 1);
        assert_eq!((w.store.placements().await.unwrap().len(), w.store.placements_of_sizes().await.unwrap().len()), (4, 2));
    })
    .await;
}
