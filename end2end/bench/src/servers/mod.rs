//! How each server is started. One file per server.

pub mod digits;
pub mod fasttrackml;
pub mod mlflow;
pub mod nginx;
pub mod played;
pub mod postgres;
pub mod slipway;
pub mod sqlite;
