//! Registered models, versions and logged models in MLflow's JSON.

use super::wire::Float;
use crate::runs::experiments::shown_id;
use crate::store::{logged_models::LoggedModelFull, model_versions::VersionFull, models::ModelFull};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Names and values as MLflow lists them.
fn list(map: &BTreeMap<String, String>) -> Value {
    map.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect()
}

/// What is empty is left out, as protobuf does.
fn put(object: &mut Map<String, Value>, key: &str, text: Option<&str>) {
    if let Some(text) = text.filter(|t| !t.is_empty()) {
        object.insert(key.into(), text.into());
    }
}

fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(map) = value { map } else { Map::new() }
}

/// `RegisteredModel`, with the newest version of each stage.
pub fn model(model: &ModelFull, latest: &[VersionFull]) -> Value {
    let row = &model.row;
    let mut out = object(json!({
        "name": row.name,
        "creation_timestamp": row.created_at,
        "last_updated_timestamp": row.updated_at,
        "tags": list(&model.tags),
        "aliases": model.aliases.iter().map(|(alias, v)| json!({ "alias": alias, "version": v.to_string() })).collect::<Value>(),
        "latest_versions": latest.iter().filter(|v| v.row.model_id == row.id).map(version).collect::<Value>(),
    }));
    put(&mut out, "description", Some(&row.description));
    Value::Object(out)
}

/// `ModelVersion`.
pub fn version(version: &VersionFull) -> Value {
    let row = &version.row;
    let mut out = object(json!({
        "name": row.model,
        "version": row.version.to_string(),
        "creation_timestamp": row.created_at,
        "last_updated_timestamp": row.updated_at,
        "current_stage": row.stage,
        "source": row.source,
        "status": row.status,
        "tags": list(&version.tags),
        "aliases": version.aliases,
    }));
    put(&mut out, "description", Some(&row.description));
    put(&mut out, "user_id", Some(&row.user_name));
    put(&mut out, "run_id", row.run_id.as_deref());
    put(&mut out, "run_link", row.run_link.as_deref());
    put(&mut out, "status_message", row.status_message.as_deref());
    put(&mut out, "model_id", row.logged_model_id.as_deref());
    Value::Object(out)
}

/// `LoggedModel` of a team.
pub fn logged(team_id: &str, model: &LoggedModelFull) -> Value {
    let row = &model.row;
    let mut info = object(json!({
        "model_id": row.id,
        "experiment_id": shown_id(team_id, &row.experiment_id),
        "name": row.name,
        "artifact_uri": row.artifact_uri,
        "creation_timestamp_ms": row.created_at,
        "last_updated_timestamp_ms": row.updated_at,
        "status": if row.status == "UPLOAD_FAILED" { "LOGGED_MODEL_UPLOAD_FAILED".into() } else { format!("LOGGED_MODEL_{}", row.status) },
        "tags": list(&model.tags),
    }));
    put(&mut info, "model_type", row.model_type.as_deref());
    put(&mut info, "source_run_id", row.source_run_id.as_deref());
    put(&mut info, "status_message", row.status_message.as_deref());
    let metrics: Vec<Value> = model
        .metrics
        .iter()
        .map(|m| {
            let value = Float(if m.is_nan != 0 { f64::NAN } else { m.value });
            let mut metric = object(json!({
                "key": m.key, "value": value, "timestamp": m.time, "step": m.step, "run_id": m.run_id, "model_id": m.model_id,
            }));
            put(&mut metric, "dataset_name", m.dataset_name.as_deref());
            put(&mut metric, "dataset_digest", m.dataset_digest.as_deref());
            Value::Object(metric)
        })
        .collect();
    json!({ "info": info, "data": { "params": list(&model.params), "metrics": metrics } })
}

/// A list with the token of the next page, where there is one.
pub fn page(name: &str, items: Vec<Value>, next: Option<String>) -> Value {
    let mut out = Map::new();
    out.insert(name.into(), items.into());
    put(&mut out, "next_page_token", next.as_deref());
    Value::Object(out)
}
