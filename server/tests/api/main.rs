//! The REST API through the real router, a real database and real people.

mod access;
mod canary;
mod changes;
mod contract;
mod deployments;
mod explain;
mod find;
mod follow;
mod forms;
mod ledger;
mod limits;
mod malformed;
mod mlflow;
mod notebook_origin;
mod notebooks;
mod openapi;
mod origin;
mod permissions;
mod placements;
mod promotions;
mod replicas;
mod runs;
mod teams;
mod tokens;
mod world;
