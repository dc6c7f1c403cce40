//! Which environment stands for a container image where there are no containers.

use super::{Client, client::Reply};
use http::Method;
use serde::{Deserialize, Serialize};

/// The table.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct PipelineImages {
    /// By image. One that is named with its tag goes before one without.
    pub images: Vec<PipelineImage>,
    /// Counts up with each change; 0 where it was never set.
    pub revision: i64,
}

/// The table that is to be.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SetPipelineImages {
    /// All of it. Each image is there once.
    pub images: Vec<PipelineImage>,
    /// The revision that was seen; where it is no longer the one in force, nothing is changed (409).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
}

/// A line of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct PipelineImage {
    /// As in `registry.example.org/team/image:tag`, or without the tag for all of them.
    pub image: String,
    /// Name of an environment that comes with Slipway; empty is the interpreter of the machine alone.
    #[serde(default)]
    pub environment: String,
}

impl Client {
    /// `GET /api/v1/pipeline-images`
    pub fn pipeline_images(&self) -> Reply<PipelineImages> {
        self.get("/api/v1/pipeline-images")
    }
    /// `PUT /api/v1/pipeline-images`: replaces the table.
    pub fn pipeline_images_set(&self, body: &SetPipelineImages) -> Reply<PipelineImages> {
        self.call(Method::PUT, "/api/v1/pipeline-images", body)
    }
}
