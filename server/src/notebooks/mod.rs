//! Notebooks: interactive servers of one person, with files that outlive them.

pub mod activity;
pub mod moves;
pub mod plan;
pub mod service;
pub mod spec;
pub mod surroundings;
pub mod tickets;
pub mod view;

use crate::{
    error::{Error, Result},
    ids,
    secrets::Sealer,
};

/// The path of a notebook on its origin.
pub fn prefix(team: &str, name: &str) -> String {
    format!("/notebook/{team}/{name}/")
}

/// Tokens of Jupyter servers: random for each start, sealed at rest, known to nobody but us.
#[derive(Debug, Clone)]
pub struct NotebookKeys(Sealer);

impl NotebookKeys {
    /// With the sealer of this installation.
    pub const fn new(sealer: Sealer) -> Self {
        Self(sealer)
    }

    /// A new token for the server of a workload, sealed.
    ///
    /// # Errors
    /// The cipher failed.
    pub fn fresh(&self, workload_id: &str) -> Result<String> {
        self.0.seal(&place(workload_id), ids::random_secret().as_bytes())
    }

    /// The token of the server of a workload.
    ///
    /// # Errors
    /// Sealed with another key.
    pub fn open(&self, workload_id: &str, sealed: &str) -> Result<String> {
        String::from_utf8(self.0.open(&place(workload_id), sealed)?).map_err(Error::internal)
    }
}

fn place(workload_id: &str) -> String {
    format!("notebook:{workload_id}")
}
