//! Named sizes. An admin may set what is in them.

use crate::{
    error::{Error, Result},
    store::Store,
};
use app::api::resources::{Resources, ResourcesAsked};

const GIB: i64 = 1 << 30;

/// Every size as it ships, smallest first.
const ALL: [(&str, Resources); 4] = [
    ("small", Resources { cpu_millis: 500, memory_bytes: GIB, gpus: 0 }),
    ("medium", Resources { cpu_millis: 1000, memory_bytes: 4 * GIB, gpus: 0 }),
    ("large", Resources { cpu_millis: 4000, memory_bytes: 16 * GIB, gpus: 0 }),
    (GPU, Resources { cpu_millis: 4000, memory_bytes: 16 * GIB, gpus: 1 }),
];

/// The size that has GPUs.
pub const GPU: &str = "gpu";

/// Their names.
pub const NAMES: [&str; 4] = [ALL[0].0, ALL[1].0, ALL[2].0, ALL[3].0];

/// The sizes: as they ship, or as an admin set them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sizes([(&'static str, Resources); 4]);

impl Sizes {
    /// As they ship.
    pub const SHIPPED: Self = Self(ALL);

    /// Those in force.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn in_force(store: &Store) -> Result<Self> {
        let mut all = ALL;
        for row in store.placements_of_sizes().await? {
            if let Some((_, holds)) = all.iter_mut().find(|(name, _)| *name == row.object_id) {
                *holds = row.asked().resolve(*holds).map_err(|(field, sentence)| Error::invalid(field, sentence))?;
            }
        }
        Ok(Self(all))
    }

    /// The size that a workload counts as, whatever was chosen: that with GPUs if it asks for any, else the smallest that it fits into, or the
    /// largest.
    pub fn name_of(&self, resources: Resources) -> &'static str {
        let same = |r: &Resources| (r.gpus > 0) == (resources.gpus > 0);
        let fits = |r: &Resources| resources.cpu_millis <= r.cpu_millis && resources.memory_bytes <= r.memory_bytes;
        let mut alike = self.0.iter().filter(|(_, r)| same(r));
        alike.clone().find(|(_, r)| fits(r)).or_else(|| alike.next_back()).map_or(NAMES[0], |(name, _)| *name)
    }

    /// What is in a size of this name, or in the smallest where there is none.
    pub fn amount(&self, name: &str) -> Resources {
        self.0.iter().find(|(n, _)| *n == name).map_or(self.0[0].1, |(_, r)| *r)
    }

    /// Those on offer for a cluster of this capacity, smallest first. A size that is larger than everything is not offered, but there is always
    /// one.
    pub fn offered(&self, total: Resources) -> Vec<(&'static str, Resources)> {
        let mut out: Vec<_> = self.0.iter().copied().filter(|(_, r)| r.fits(total)).collect();
        if out.is_empty() {
            out.push(self.0[0]);
        }
        out
    }

    /// What a request asks for: amounts outrank the size, the size outranks `default`.
    ///
    /// # Errors
    /// A size nobody offers, or an amount that is none; the field is named.
    pub fn resolve(&self, total: Resources, size: Option<&str>, amount: &ResourcesAsked, default: Option<Resources>) -> Result<Resources> {
        let offered = self.offered(total);
        let base = match size.filter(|s| !s.is_empty()) {
            Some(name) => {
                let names = || offered.iter().map(|(n, _)| *n).collect::<Vec<_>>().join(", ");
                offered
                    .iter()
                    .find(|(n, _)| *n == name)
                    .map(|(_, r)| *r)
                    .ok_or_else(|| Error::invalid("size", format!("There is no size \"{name}\": choose one of {}.", names())))?
            }
            None => default.unwrap_or(offered[0].1),
        };
        amount.resolve(base).map_err(|(field, sentence)| Error::invalid(field, sentence))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workload_counts_as_the_size_that_it_fits_into() {
        let of = |cpu_millis, gib, gpus| Sizes::SHIPPED.name_of(Resources { cpu_millis, memory_bytes: gib * GIB, gpus });
        assert_eq!((of(100, 1, 0), of(500, 2, 0), of(1001, 1, 0)), ("small", "medium", "large"));
        assert_eq!((of(64_000, 500, 0), of(100, 1, 1), of(64_000, 500, 8)), ("large", "gpu", "gpu"));
        assert_eq!(Sizes::SHIPPED.amount("medium").cpu_millis, 1000);
    }

    #[test]
    fn amounts_outrank_the_size() {
        let total = Resources { cpu_millis: 8000, memory_bytes: 64 * GIB, gpus: 0 };
        let asked = ResourcesAsked { cpu: Some("2".into()), ..ResourcesAsked::default() };
        let got = Sizes::SHIPPED.resolve(total, Some("medium"), &asked, None).unwrap();
        assert_eq!((got.cpu_millis, got.memory_bytes), (2000, 4 * GIB));
        assert_eq!(Sizes::SHIPPED.resolve(total, Some("gpu"), &asked, None).unwrap_err().field.as_deref(), Some("size"));
        assert_eq!(Sizes::SHIPPED.resolve(total, None, &ResourcesAsked::default(), None).unwrap().cpu_millis, 500);
    }
}
