//! Searches over registered models and versions.

use crate::{
    engines::{OURS, THEIRS, World, each},
    models::{model, version},
};
use server::{
    records::search::{Condition, Op, Operand},
    store::model_search::{ModelField, Search, Sort},
};

fn clause(field: ModelField, op: Op, value: &str) -> Condition<ModelField> {
    Condition { field, op, operand: Operand::Text(value.into()) }
}

async fn tag(world: &World, name: &str, key: &str, value: &str) {
    let mut tx = world.store.begin().await.unwrap();
    let row = tx.model_lock(OURS, name, false).await.unwrap().unwrap();
    tx.model_tag_set(&row.id, key, value).await.unwrap();
    tx.commit().await.unwrap();
}

async fn names(world: &World, search: Search) -> Vec<String> {
    let page = world.store.model_search(OURS, &Search { limit: 100, ..search }).await.unwrap();
    page.items.into_iter().map(|m| m.row.name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn models_by_name_and_tag() {
    each(async |world| {
        for name in ["iris", "Iris_big", "wine", "a[1]*", "prompt"] {
            model(world, OURS, name).await;
            world.clock.advance(1000);
        }
        model(world, THEIRS, "iris").await;
        tag(world, "iris", "owner", "ada").await;
        tag(world, "wine", "owner", "bob").await;
        tag(world, "prompt", "mlflow.prompt.is_prompt", "true").await;

        let by = |c: Vec<Condition<ModelField>>| Search { conditions: c, ..Search::default() };
        let e = world.engine;
        assert_eq!(names(world, by(vec![clause(ModelField::Name, Op::Eq, "iris")])).await, ["iris"], "{e}");
        assert_eq!(names(world, by(vec![clause(ModelField::Name, Op::Like, "Iris%")])).await, ["Iris_big"], "{e}");
        assert_eq!(names(world, by(vec![clause(ModelField::Name, Op::ILike, "iris%")])).await.len(), 2, "{e}");
        assert_eq!(names(world, by(vec![clause(ModelField::Name, Op::Like, "%[1]*")])).await, ["a[1]*"], "{e}");
        assert_eq!(names(world, by(vec![clause(ModelField::Name, Op::Like, "%\\%")])).await.len(), 0, "{e}");
        let list = Condition { field: ModelField::Name, op: Op::In, operand: Operand::List(vec!["iris".into(), "wine".into()]) };
        assert_eq!(names(world, by(vec![list])).await, ["iris", "wine"], "{e}");
        assert_eq!(names(world, by(vec![clause(ModelField::Tag("owner".into()), Op::Ne, "bob")])).await, ["iris"], "{e}");
        let both = vec![clause(ModelField::Tag("owner".into()), Op::Like, "b%"), clause(ModelField::Name, Op::Ne, "x")];
        assert_eq!(names(world, by(both)).await, ["wine"], "{e}");
        let without = Search { without: Some("mlflow.prompt.is_prompt"), ..Search::default() };
        assert_eq!(names(world, without).await.len(), 4, "{e}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_lose_nothing() {
    each(async |world| {
        model(world, OURS, "a").await;
        model(world, OURS, "b").await;
        for i in 0..7 {
            if i % 3 == 0 {
                world.clock.advance(1000);
            }
            version(world, OURS, if i % 2 == 0 { "a" } else { "b" }, &format!("src{i}"), None).await;
        }
        for sort in [vec![], vec![(Sort::Updated, false)], vec![(Sort::Version, true), (Sort::Name, false)]] {
            let mut search = Search { sort, limit: 2, ..Search::default() };
            let mut seen = Vec::new();
            loop {
                let page = world.store.version_search(OURS, &search).await.unwrap();
                assert!(page.items.len() <= 2);
                seen.extend(page.items.into_iter().map(|v| (v.row.model, v.row.version)));
                let Some(next) = page.next_page_token else { break };
                search.page_token = Some(next);
            }
            let all = world.store.version_search(OURS, &Search { limit: 100, page_token: None, ..search }).await.unwrap();
            let all: Vec<_> = all.items.into_iter().map(|v| (v.row.model, v.row.version)).collect();
            assert_eq!(seen, all, "{}", world.engine);
            assert_eq!(all.len(), 7);
        }
        let by_number = Condition { field: ModelField::Version, op: Op::Ge, operand: Operand::Int(3) };
        let search = Search { conditions: vec![by_number], limit: 100, ..Search::default() };
        assert_eq!(world.store.version_search(OURS, &search).await.unwrap().items.len(), 3);
        assert_eq!(world.store.version_search(THEIRS, &search).await.unwrap().items.len(), 0);
        let foreign = Search { page_token: Some("bm9uc2Vuc2U".into()), limit: 2, ..Search::default() };
        assert!(world.store.version_search(OURS, &foreign).await.is_err());
    })
    .await;
}
