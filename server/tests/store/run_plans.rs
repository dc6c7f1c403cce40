//! Searches walk indexes: what they cost follows from the page, not from the table.

use crate::{
    engines::{OURS, each},
    many_runs::{ORDINARY, fill},
};
use server::{
    records::search::View,
    runs::search::runs as grammar,
    store::run_search::{RunSearch, Scope},
};

#[tokio::test]
async fn no_ordinary_search_scans_a_table() {
    each(async |w| {
        if w.engine != "sqlite" {
            // With few rows PostgreSQL rightly scans; `make bench ONLY=plans` shows what it does with many.
            return;
        }
        fill(&w.store, w.default(OURS).await.key, 100).await.unwrap();
        for (filter, order) in ORDINARY {
            let (conditions, order) = (grammar::filter(filter).unwrap(), grammar::order(order).unwrap());
            let scope = Scope::Experiments(vec![w.default(OURS).await.key]);
            let search = RunSearch { team_id: OURS, scope, conditions: &conditions, order: &order, view: View::Active };
            let plan = w.store.run_search_plan(&search, 51).await.unwrap();
            // The page itself is scanned: `u`, and the members it is made of.
            let scans = plan.iter().filter(|l| l.starts_with("SCAN ") && !l.starts_with("SCAN u") && !l.starts_with("SCAN m0"));
            assert_eq!(scans.count(), 0, "{filter} by {order:?}: {plan:#?}");
        }
    })
    .await;
}
