//! What the server is and can, for clients that ask before they act.

use axum::{Json, Router, routing::get};
use serde_json::{Value, json};

/// The release of MLflow whose API is spoken here.
pub const VERSION: &str = "3.17.2";

/// `/health`, `/version`: MLflow has them at the root, without authentication.
pub fn router() -> Router {
    Router::new().route("/health", get(|| async { "OK" })).route("/version", get(|| async { VERSION }))
}

/// `GET /api/3.0/mlflow/server-info`
pub async fn info() -> Json<Value> {
    Json(json!({
        "store_type": "SqlStore",
        // X-MLFLOW-WORKSPACE names a team
        "workspaces_enabled": true,
        "trace_archival_enabled": false,
        "multipart_uploads_enabled": false,
        "multipart_downloads_enabled": false,
        "presigned_upload_run_id_supported": false,
        "presigned_upload_model_id_supported": false,
        "features_enabled": []
    }))
}
