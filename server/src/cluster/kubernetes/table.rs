//! Objects of one kind as they were seen last.
//!
//! A watch lists everything, then tells changes; after a break it lists again. What we have written ourselves is put in at once, and must
//! neither be overwritten by an older state that is still on its way nor be lost to a listing that was begun before.

use std::collections::HashMap;

/// An object that can be told from its earlier states and from others of its key.
pub trait Seen: Clone + PartialEq {
    /// What it is looked up by.
    fn key(&self) -> &str;
    /// Says whether it is still the same one.
    fn uid(&self) -> &str;
    /// Counts up with each change.
    fn version(&self) -> &str;
}

/// What the watch says.
#[derive(Debug, Clone)]
pub enum News<T> {
    /// A listing begins.
    Begin,
    /// There is this one, in this state.
    Is(T),
    /// This one is gone.
    Gone(T),
    /// The listing is whole.
    Whole,
}

#[derive(Debug)]
struct Entry<T> {
    object: T,
    /// The listing during or after which it was seen.
    listing: u64,
}

/// The table.
#[derive(Debug)]
pub struct Table<T> {
    entries: HashMap<String, Entry<T>>,
    listing: u64,
    whole: bool,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { entries: HashMap::new(), listing: 0, whole: false }
    }
}

impl<T: Seen> Table<T> {
    /// Takes news; whether anything is different now.
    pub fn take(&mut self, news: News<T>) -> bool {
        match news {
            News::Begin => {
                self.listing += 1;
                false
            }
            News::Is(object) => self.put(object),
            News::Gone(object) => {
                let same = self.entries.get(object.key()).is_some_and(|e| e.object.uid() == object.uid());
                same && self.entries.remove(object.key()).is_some()
            }
            News::Whole => {
                let before = self.entries.len();
                let listing = self.listing;
                self.entries.retain(|_, e| e.listing == listing);
                let first = !std::mem::replace(&mut self.whole, true);
                first || self.entries.len() != before
            }
        }
    }

    /// Puts in what was seen or written; whether anything is different now.
    pub fn put(&mut self, object: T) -> bool {
        let listing = self.listing;
        match self.entries.get_mut(object.key()) {
            Some(entry) if entry.object.uid() == object.uid() && is_older(object.version(), entry.object.version()) => {
                entry.listing = listing;
                false
            }
            Some(entry) => {
                entry.listing = listing;
                let differs = entry.object != object;
                entry.object = object;
                differs
            }
            None => {
                self.entries.insert(object.key().to_owned(), Entry { object, listing });
                true
            }
        }
    }

    /// Drops what is known to be gone.
    pub fn drop_one(&mut self, key: &str, uid: &str) {
        if self.entries.get(key).is_some_and(|e| e.object.uid() == uid) {
            self.entries.remove(key);
        }
    }

    /// Whether everything was listed at least once.
    pub const fn is_whole(&self) -> bool {
        self.whole
    }

    /// The object of this key.
    pub fn get(&self, key: &str) -> Option<&T> {
        self.entries.get(key).map(|e| &e.object)
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &T> {
        self.entries.values().map(|e| &e.object)
    }
}

/// Versions count up. What does not look like a number cannot be compared, and then what comes later counts.
fn is_older(a: &str, b: &str) -> bool {
    matches!((a.parse::<u64>(), b.parse::<u64>()), (Ok(a), Ok(b)) if a < b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, PartialEq)]
    struct One(&'static str, &'static str, &'static str);

    impl Seen for One {
        fn key(&self) -> &str {
            self.0
        }
        fn uid(&self) -> &str {
            self.1
        }
        fn version(&self) -> &str {
            self.2
        }
    }

    fn listed(table: &mut Table<One>, all: &[One]) {
        table.take(News::Begin);
        for one in all {
            table.take(News::Is(one.clone()));
        }
        table.take(News::Whole);
    }

    #[test]
    fn a_listing_drops_what_it_does_not_name() {
        let mut table = Table::default();
        assert!(!table.is_whole());
        listed(&mut table, &[One("a", "1", "1"), One("b", "2", "1")]);
        assert!(table.is_whole());
        listed(&mut table, &[One("b", "2", "5")]);
        assert_eq!(table.all().collect::<Vec<_>>(), [&One("b", "2", "5")]);
    }

    #[test]
    fn what_we_wrote_survives_older_news() {
        let mut table = Table::default();
        listed(&mut table, &[One("a", "1", "3")]);
        assert!(table.put(One("a", "1", "9")));
        assert!(!table.take(News::Is(One("a", "1", "4"))));
        assert_eq!(table.get("a"), Some(&One("a", "1", "9")));
        // Written while a listing was on its way that does not have it yet.
        table.take(News::Begin);
        table.put(One("new", "2", "10"));
        table.take(News::Is(One("a", "1", "4")));
        table.take(News::Whole);
        assert_eq!((table.get("a"), table.get("new").is_some()), (Some(&One("a", "1", "9")), true));
    }

    #[test]
    fn an_old_object_of_the_same_key_is_another() {
        let mut table = Table::default();
        listed(&mut table, &[One("a", "new", "9")]);
        assert!(!table.take(News::Gone(One("a", "old", "10"))));
        assert!(table.get("a").is_some());
        assert!(table.take(News::Gone(One("a", "new", "11"))));
        assert!(table.get("a").is_none());
    }

    #[test]
    fn the_same_again_is_no_news() {
        let mut table = Table::default();
        listed(&mut table, &[One("a", "1", "3")]);
        assert!(!table.take(News::Is(One("a", "1", "3"))));
        assert!(table.take(News::Is(One("a", "1", "x"))));
    }
}
