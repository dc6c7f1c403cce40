//! What a task made: `runs/{run}/nodes/{node}/artifacts/{name}:read`.

use super::{
    asker::{Asker, At, verb},
    error::Reply,
};
use crate::{
    error::{Error, Kind},
    http::state::Web,
    pipelines::open,
};
use axum::{Json, extract::State};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures::TryStreamExt;
use serde::Serialize;

/// Largest file that is answered this way, in bytes: all of it is held here.
const LARGEST: u64 = 32 << 20;

/// The bytes of a file.
#[derive(Debug, Serialize)]
pub struct Data {
    data: String,
}

pub async fn read(State(web): State<Web>, asker: Asker, At([run, node, last]): At<3>) -> Reply<Data> {
    let by = asker.viewer(&web, None).await?;
    let (name, verb) = verb(&last)?;
    if verb != "read" {
        return Err(Error::new(Kind::NotFound, "Artifacts know :read.").into());
    }
    let file = open::open(&web.store, &web.artifacts, &by, &run, &node, name).await?;
    if file.size > LARGEST {
        return Err(Error::new(Kind::TooLarge, format!("The file has {} bytes; {LARGEST} are answered this way.", file.size))
            .hint("Fetch it with mlflow.artifacts.download_artifacts and the id of the artifact.")
            .into());
    }
    let bytes: Vec<u8> = file
        .body
        .try_fold(Vec::new(), |mut all, piece| async move {
            all.extend_from_slice(&piece);
            Ok(all)
        })
        .await
        .map_err(Error::from)?;
    Ok(Json(Data { data: STANDARD.encode(bytes) }))
}
