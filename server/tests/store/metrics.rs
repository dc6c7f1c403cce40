use crate::engines::{World, each};
use server::store::{run_metrics::NewPoint, runs::RunRow};

fn point(run: &RunRow, key: &str, step: i64, time: i64, value: f64) -> NewPoint {
    NewPoint { run_key: run.key, experiment_key: run.experiment_key, key: key.into(), time, step, value }
}

async fn log(w: &World, points: &[NewPoint]) {
    let mut tx = w.store.begin().await.unwrap();
    tx.metrics_insert(points).await.unwrap();
    tx.commit().await.unwrap();
}

async fn latest(w: &World, run: &RunRow) -> Vec<(String, f64, i64)> {
    w.store.metrics_latest(&[run.key]).await.unwrap().into_iter().map(|m| (m.key.clone(), m.logged(), m.step)).collect()
}

#[tokio::test]
async fn the_latest_is_that_of_the_greatest_step_then_time_then_value() {
    each(async |w| {
        let run = w.run("r1").await;
        log(w, &[point(&run, "loss", 1, 10, 0.5), point(&run, "loss", 3, 5, 0.3), point(&run, "loss", 2, 20, 0.9)]).await;
        assert_eq!(latest(w, &run).await, [("loss".to_owned(), 0.3, 3)], "{}", w.engine);
        log(w, &[point(&run, "loss", 3, 4, 9.0)]).await;
        assert_eq!(latest(w, &run).await[0].1, 0.3, "an earlier time of the same step");
        log(w, &[point(&run, "loss", 3, 5, 0.4), point(&run, "acc", 0, 0, -1.0)]).await;
        assert_eq!(latest(w, &run).await, [("acc".to_owned(), -1.0, 0), ("loss".to_owned(), 0.4, 3)]);
    })
    .await;
}

#[tokio::test]
async fn a_repeated_request_changes_nothing() {
    each(async |w| {
        let run = w.run("r1").await;
        let points: Vec<NewPoint> = (0..700).map(|i| point(&run, "loss", i, i, 1.0 / (i + 1) as f64)).collect();
        log(w, &points).await;
        log(w, &points).await;
        let series = w.store.series(run.key, "loss").await.unwrap().unwrap();
        assert_eq!(w.store.series_extent(series).await.unwrap().total, 700, "{}", w.engine);
    })
    .await;
}

#[tokio::test]
async fn what_is_not_a_number_and_the_extremes_come_back_as_they_went() {
    each(async |w| {
        let run = w.run("r1").await;
        let values = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN_POSITIVE, 0.1 + 0.2, -0.0];
        let points: Vec<_> = values.iter().enumerate().map(|(i, v)| point(&run, &format!("m{i}"), i64::MAX - 1, 0, *v)).collect();
        log(w, &points).await;
        for (logged, (_, read, _)) in values.iter().zip(latest(w, &run).await) {
            assert!(logged == &read || (logged.is_nan() && read.is_nan()), "{}: {logged} is {read}", w.engine);
        }
    })
    .await;
}

#[tokio::test]
async fn histories_come_in_pages_and_curves_keep_their_extremes() {
    each(async |w| {
        let run = w.run("r1").await;
        let mut points: Vec<NewPoint> = (0..5000).map(|i| point(&run, "loss", i, i, (i as f64 / 300.0).sin())).collect();
        points[2345].value = 77.0;
        points[1234].value = -55.0;
        log(w, &points).await;
        let series = w.store.series(run.key, "loss").await.unwrap().unwrap();

        let (mut read, mut after) = (0, None);
        loop {
            let page = w.store.series_history(series, after, 999).await.unwrap();
            let Some(last) = page.last() else { break };
            assert!(page.iter().enumerate().all(|(i, p)| p.step == read + i as i64));
            read += page.len() as i64;
            after = Some(last.place());
        }
        assert_eq!(read, 5000, "{}", w.engine);

        let extent = w.store.series_extent(series).await.unwrap();
        let thin = w.store.series_thinned(series, extent, 50).await.unwrap();
        assert!((50..=200).contains(&thin.len()), "{}: {}", w.engine, thin.len());
        assert_eq!((thin[0].step, thin.last().unwrap().step), (0, 4999));
        assert!(thin.iter().any(|p| p.value == 77.0 && p.step == 2345) && thin.iter().any(|p| p.value == -55.0));
        assert!(thin.is_sorted_by_key(|p| p.step));
    })
    .await;
}

#[tokio::test]
async fn curves_over_the_widest_span_of_steps() {
    each(async |w| {
        let run = w.run("r1").await;
        let steps = [i64::MIN, -5, 0, 5, i64::MAX];
        log(w, &steps.map(|s| point(&run, "loss", s, 0, 1.0))).await;
        let series = w.store.series(run.key, "loss").await.unwrap().unwrap();
        let extent = w.store.series_extent(series).await.unwrap();
        let thin = w.store.series_thinned(series, extent, 10).await.unwrap();
        assert_eq!((thin[0].step, thin.last().unwrap().step), (i64::MIN, i64::MAX), "{}", w.engine);
    })
    .await;
}
