//! The token of an attempt of a task.
//!
//! It is derived from our key and the id of the attempt's workload: its hash is written in the transaction that asks for the workload, for many
//! tasks at once, and it is derived again when the cluster is told of that one, be it after a crash. It is kept nowhere.

use crate::{
    access::{Subject, tokens},
    cluster::knock::Knocks,
    error::{Error, Result},
    ids,
    secrets::Sealer,
    store::{Store, Tx, pipeline_runs::PipelineRunRow, tokens::NewTokenRow},
};
use app::api::members::Role;
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// What their key is derived for.
const TASKS: &str = "tokens of tasks 1";
const TOKEN: &str = "token";
/// So many are remembered.
const MOST: usize = 20_000;

/// Makes them. Cheap to clone; never printed.
#[derive(Debug, Clone)]
pub struct TaskTokens {
    key: Knocks,
    /// Ids of workloads of which this server wrote the token, until the cluster is told of them: nobody has to look whether it is there.
    written: Arc<Mutex<HashSet<String>>>,
}

impl TaskTokens {
    /// From the key of what is sealed.
    pub fn new(sealer: &Sealer) -> Self {
        Self { key: Knocks::new(sealer.key_for(TASKS)), written: Arc::default() }
    }

    /// Takes note that these were written, and that this is committed.
    pub fn wrote(&self, workload_ids: impl IntoIterator<Item = String>) {
        let mut written = self.written();
        // What never comes to be built is not kept for good.
        if written.len() > MOST {
            written.clear();
        }
        written.extend(workload_ids);
    }

    fn written(&self) -> MutexGuard<'_, HashSet<String>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token itself.
    pub fn secret(&self, workload_id: &str) -> String {
        format!("{}{}", tokens::PREFIX, self.key.derive(TOKEN, workload_id))
    }

    /// What is written of it. `run_id`: the task's run of MLflow, for which it is. `name`: the workload's.
    pub fn of(&self, store: &Store, workload_id: &str, run_id: &str, name: &str) -> NewTaskToken {
        let secret = self.secret(workload_id);
        NewTaskToken {
            id: ids::new_id(&**store.clock()),
            hash: ids::sha256(&secret),
            name: format!("task {name}"),
            prefix: tokens::beginning(&secret).to_owned(),
            subject: Subject::Run(run_id.to_owned()),
        }
    }

    /// The token of an attempt that the cluster is to be told of. It is there already, unless the key is another one than when the workload was
    /// asked for, or that was an older Slipway: then it is written now, and those of attempts before are dead.
    ///
    /// # Errors
    /// The database does not answer; the task no longer waits for this workload.
    pub async fn ready(&self, store: &Store, run: &PipelineRunRow, run_id: &str, workload: (&str, &str)) -> Result<String> {
        let (id, name) = workload;
        let secret = self.secret(id);
        let hash = ids::sha256(&secret);
        if self.written().remove(id) || store.token_is_good(&hash).await? {
            return Ok(secret);
        }
        let new = self.of(store, id, run_id, name);
        let mut tx: Tx = store.begin().await?;
        if !tx.task_waits_for(run_id, id).await? {
            return Err(Error::conflict("Its task does not wait for it any more."));
        }
        tx.tokens_revoke_of("run", run_id).await?;
        // Written once, revoked since by a server that did not know it.
        if !tx.token_restore(&hash).await? {
            tx.token_insert(&new.row(run)).await?;
        }
        tx.commit().await?;
        Ok(secret)
    }
}

/// A token to insert.
#[derive(Debug)]
pub struct NewTaskToken {
    id: String,
    hash: String,
    name: String,
    prefix: String,
    subject: Subject,
}

impl NewTaskToken {
    /// Its row, for a task of this pipeline run.
    pub fn row<'a>(&'a self, run: &'a PipelineRunRow) -> NewTokenRow<'a> {
        NewTokenRow {
            id: &self.id,
            hash: &self.hash,
            name: &self.name,
            prefix: &self.prefix,
            user_id: &run.user_id,
            team_id: &run.team_id,
            role: Role::Editor,
            scope: None,
            subject: Some(&self.subject),
            rate: None,
            expires_at: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_attempt_has_its_own_and_has_it_again() {
        let tokens = TaskTokens::new(&Sealer::new(&[1; 32]));
        let secret = tokens.secret("a");
        assert!(secret.starts_with(tokens::PREFIX) && secret.len() == tokens::PREFIX.len() + 64, "{secret}");
        assert_eq!(secret, TaskTokens::new(&Sealer::new(&[1; 32])).secret("a"));
        assert_ne!(secret, tokens.secret("b"));
        assert_ne!(secret, TaskTokens::new(&Sealer::new(&[2; 32])).secret("a"));
    }
}
