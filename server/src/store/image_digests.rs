//! What images were when they ran: a name may be moved to other content.
//!
//! Names are of no team, and are only asked for by who has them already: no list of them leaves this file.

use super::{Arg, Store, Tx, list, run_tags::chunk};
use crate::{args, error::Result};
use std::collections::{BTreeMap, HashMap};

/// The image that a workload ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ran<'a> {
    /// Id of the workload.
    pub workload_id: &'a str,
    /// Name of the image, as the workload was told it.
    pub image: &'a str,
    /// What it was.
    pub digest: &'a str,
}

impl Store {
    /// What those of these images that ever ran were last, by name.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn image_digests(&self, images: &[&str]) -> Result<HashMap<String, String>> {
        let sql = "SELECT image, digest FROM image_digests WHERE image IN (@TEXTS($1))";
        let rows: Vec<(String, String)> = self.all(list::sql(self.db(), sql), args![list::texts(images)]).await?;
        Ok(rows.into_iter().collect())
    }
}

impl Tx {
    /// Takes note of what workloads ran, oldest first: of the last of an image it is known what that image is now. What was noted of a workload stands.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn workloads_ran(&mut self, all: &[Ran<'_>]) -> Result<()> {
        let mut rest = all;
        while !rest.is_empty() {
            let (some, later) = rest.split_at(chunk(rest.len()));
            let args: Vec<Arg> = some.iter().flat_map(|ran| args![ran.workload_id, ran.digest]).collect();
            let sql = self.values_sql(
                "WITH ran (id, digest) AS (",
                2,
                some.len(),
                ") UPDATE workloads SET revision = revision + 1, image_digest = ran.digest
                 FROM ran WHERE workloads.id = ran.id AND workloads.image_digest IS NULL",
            );
            self.exec(sql, args).await?;
            rest = later;
        }
        // A name with a digest in it is never moved.
        let newest: BTreeMap<&str, &str> = all.iter().filter(|ran| !ran.image.contains('@')).map(|ran| (ran.image, ran.digest)).collect();
        let (newest, now): (Vec<_>, i64) = (newest.into_iter().collect(), self.now());
        let mut rest = newest.as_slice();
        while !rest.is_empty() {
            let (some, later) = rest.split_at(chunk(rest.len()));
            let args: Vec<Arg> = some.iter().flat_map(|(image, digest)| args![*image, *digest, now]).collect();
            let sql = self.values_sql(
                "INSERT INTO image_digests (image, digest, seen_at)",
                3,
                some.len(),
                "ON CONFLICT (image) DO UPDATE SET digest = excluded.digest, seen_at = excluded.seen_at",
            );
            self.exec(sql, args).await?;
            rest = later;
        }
        Ok(())
    }
}
