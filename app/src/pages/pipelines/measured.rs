//! What a classification came to, as a component says it of its metrics: the confusion matrix as a table, the ROC curve as a drawing.

use crate::{api::pipeline_runs::TaskArtifact, ui::number};
use leptos::prelude::*;
use serde_json::Value;
use std::fmt::Write;

/// Names of what is shown here and is not said again in words.
pub const SHOWN: [&str; 2] = ["confusionMatrix", "confidenceMetrics"];
/// Most classes of a matrix that is shown.
const CLASSES: usize = 40;
/// Most points of a curve that is drawn.
const POINTS: usize = 2000;
/// Side of the drawing, pixels.
const SIDE: f64 = 180.0;

/// Classes, and how often each was taken for each: a row is what it was.
#[derive(Debug, Clone, PartialEq)]
struct Matrix {
    names: Vec<String>,
    rows: Vec<Vec<f64>>,
}

/// Matrix and curve, where the artifact has them.
#[component]
pub fn Measured(
    /// The artifact.
    artifact: TaskArtifact,
) -> impl IntoView {
    let matrix = artifact.metadata.get(SHOWN[0]).and_then(matrix);
    let curve = artifact.metadata.get(SHOWN[1]).map(curve).filter(|c| c.len() > 1);
    view! { {matrix.map(|matrix| view! { <Confusion matrix/> })}{curve.map(|points| view! { <Roc points/> })} }
}

/// Whether an artifact has one of them.
pub fn any(artifact: &TaskArtifact) -> bool {
    artifact.metadata.get(SHOWN[0]).and_then(matrix).is_some() || artifact.metadata.get(SHOWN[1]).is_some_and(|c| curve(c).len() > 1)
}

fn matrix(value: &Value) -> Option<Matrix> {
    let names: Vec<String> =
        value["annotationSpecs"].as_array()?.iter().map(|s| s["displayName"].as_str().unwrap_or_default().to_owned()).collect();
    let row = |row: &Value| -> Option<Vec<f64>> {
        // Both forms are about: with and without a name around a row.
        let cells = row.as_array().or_else(|| row["row"].as_array())?;
        let cells: Vec<f64> = cells.iter().map(Value::as_f64).collect::<Option<_>>()?;
        (cells.len() == names.len()).then_some(cells)
    };
    let rows: Vec<Vec<f64>> = value["rows"].as_array()?.iter().map(row).collect::<Option<_>>()?;
    (!names.is_empty() && rows.len() == names.len() && names.len() <= CLASSES).then_some(Matrix { names, rows })
}

#[component]
fn Confusion(matrix: Matrix) -> impl IntoView {
    let Matrix { names, rows } = matrix;
    let all: f64 = rows.iter().flatten().sum();
    let right: f64 = rows.iter().enumerate().map(|(i, row)| row[i]).sum();
    let head = names.iter().map(|n| view! { <th scope="col">{n.clone()}</th> }).collect_view();
    let body = rows.into_iter().zip(&names).enumerate().map(|(at, (row, name))| {
        let sum: f64 = row.iter().sum();
        let cells = row.into_iter().enumerate().map(|(i, n)| {
            // The colour repeats the number: its share of what was this class.
            let share = if sum > 0.0 { n / sum * 100.0 } else { 0.0 };
            let class = if i == at { "right" } else { "wrong" };
            view! { <td class=class style=format!("--share:{share:.0}%")>{number::tick(n)}</td> }
        });
        view! { <tr><th scope="row">{name.clone()}</th>{cells.collect_view()}</tr> }
    });
    let body = body.collect_view();
    let words = (all > 0.0)
        .then(|| format!("{} of {} right. Rows: what it was; columns: what it was taken for.", number::tick(right), number::tick(all)));
    view! {
        <figure class="confusion">
            <div class="scroll" tabindex="0" role="region" aria-label="Confusion matrix"><table aria-label="Confusion matrix"><thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table></div>
            <figcaption class="sub">{words}</figcaption>
        </figure>
    }
}

/// False and true positive rate of each threshold, from the left to the right; what is no number is left out.
fn curve(value: &Value) -> Vec<(f64, f64)> {
    let point = |p: &Value| Some((p["falsePositiveRate"].as_f64()?, p["recall"].as_f64()?));
    let inside = |(x, y): &(f64, f64)| (0.0..=1.0).contains(x) && (0.0..=1.0).contains(y);
    let mut all: Vec<(f64, f64)> = value.as_array().into_iter().flatten().filter_map(point).filter(inside).take(POINTS).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    all
}

/// The area below a curve.
fn area(points: &[(f64, f64)]) -> f64 {
    points.windows(2).map(|w| (w[1].0 - w[0].0) * (w[0].1 + w[1].1) / 2.0).sum()
}

#[component]
fn Roc(points: Vec<(f64, f64)>) -> impl IntoView {
    let (x, y) = (|v: f64| v * SIDE, |v: f64| (1.0 - v) * SIDE);
    let mut d = String::new();
    for (i, (fpr, tpr)) in points.iter().enumerate() {
        let _ = write!(d, "{}{:.1} {:.1}", if i == 0 { "M" } else { "L" }, x(*fpr), y(*tpr));
    }
    let area = format!("{:.3}", area(&points));
    let label = format!("ROC curve, area below it {area}");
    let rows = points.iter().map(|(fpr, tpr)| view! { <tr><td>{number::tick(*fpr)}</td><td>{number::tick(*tpr)}</td></tr> }).collect_view();
    view! {
        <figure class="roc">
            <svg viewBox=format!("-4 -4 {} {}", SIDE + 8.0, SIDE + 8.0) role="img" aria-label=label>
                <rect class="frame" x="0" y="0" width=SIDE.to_string() height=SIDE.to_string()/>
                <path class="chance" d=format!("M0 {SIDE}L{SIDE} 0")/>
                <path class="curve" d=d/>
            </svg>
            <figcaption class="sub">{format!("ROC: share found (up) against false alarms (right), 0 to 1. Area below: {area}.")}</figcaption>
            <details><summary class="sub">"As a table"</summary>
                <div class="scroll" tabindex="0" role="region" aria-label="Points of the ROC curve"><table aria-label="Points of the ROC curve"><thead><tr><th scope="col">"False alarms"</th><th scope="col">"Found"</th></tr></thead><tbody>{rows}</tbody></table></div>
            </details>
        </figure>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn matrices() {
        let specs = json!([{ "displayName": "cat" }, { "displayName": "dog" }]);
        let named = matrix(&json!({ "annotationSpecs": specs, "rows": [{ "row": [9, 1] }, { "row": [2, 8] }] }));
        assert_eq!(named, Some(Matrix { names: vec!["cat".into(), "dog".into()], rows: vec![vec![9.0, 1.0], vec![2.0, 8.0]] }));
        assert_eq!(matrix(&json!({ "annotationSpecs": specs, "rows": [[9, 1], [2, 8]] })), named);
        for wrong in
            [json!({}), json!({ "annotationSpecs": specs, "rows": [[9, 1]] }), json!({ "annotationSpecs": specs, "rows": [[9], ["x", 1]] })]
        {
            assert_eq!(matrix(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn curves() {
        let point = |x: f64, y: f64| json!({ "confidenceThreshold": 0.5, "falsePositiveRate": x, "recall": y });
        let points = curve(&json!([point(1.0, 1.0), point(0.0, 0.0), point(0.0, 1.0), { "recall": 1 }, point(7.0, 1.0)]));
        assert_eq!(points, [(0.0, 0.0), (0.0, 1.0), (1.0, 1.0)]);
        assert_eq!(area(&points), 1.0);
        assert_eq!(area(&[(0.0, 0.0), (1.0, 1.0)]), 0.5);
    }
}
