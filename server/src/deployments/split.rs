//! Which revision a request goes to, where two share the traffic: the one it names, the one that others like it went to, or whose turn it is.

use super::{choice::Choice, replica::Replica};
use crate::ids;
use http::{HeaderMap, HeaderName};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// A request that carries the number of a revision under this name goes to that one; an answer says which one it came from.
pub const REVISION: HeaderName = HeaderName::from_static("x-slipway-revision");

/// The golden ratio in 64 bits: multiples of it spread evenly over all that there is, at any stride, so that no rhythm of the callers favours a
/// revision.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// A revision that takes a share.
pub struct Part {
    /// Its number.
    pub revision: i64,
    /// Its share, in percent.
    pub percent: i64,
    /// Its replicas.
    pub choice: Choice,
}

/// The revisions of a deployment that take its traffic: one, or two.
#[derive(Default)]
pub struct Split {
    /// In the order of their numbers, the canary last.
    pub parts: Vec<Part>,
    /// Requests with the same value of this header go to the same revision.
    pub sticky: Option<HeaderName>,
    turn: AtomicU64,
}

/// Which revision a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// This one and no other.
    Only(i64),
    /// This one; another where none of its replicas answers.
    First(i64),
    /// None serves.
    Nobody,
}

impl Split {
    /// Of these parts.
    pub fn new(parts: Vec<Part>, sticky: Option<HeaderName>) -> Self {
        Self { parts, sticky, turn: AtomicU64::new(u64::MAX / 2) }
    }

    /// Turns go on where those of `before` were.
    pub fn after(self, before: Option<&Self>) -> Self {
        if let Some(before) = before {
            self.turn.store(before.turn.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        self
    }

    /// Which revision a request with these headers is for.
    ///
    /// # Errors
    /// It names one, in these words, that takes no traffic.
    pub fn of(&self, headers: &HeaderMap) -> Result<For, String> {
        if let Some(named) = headers.get(&REVISION) {
            let number = named.to_str().ok().and_then(|t| t.trim().parse::<i64>().ok());
            let found = self.parts.iter().find(|p| Some(p.revision) == number);
            return found.map(|p| For::Only(p.revision)).ok_or_else(|| String::from_utf8_lossy(named.as_bytes()).into_owned());
        }
        let (Some(first), Some(canary)) = (self.parts.first(), self.parts.last()) else { return Ok(For::Nobody) };
        if self.parts.len() == 1 {
            return Ok(For::First(first.revision));
        }
        let place = match self.sticky.as_ref().and_then(|name| headers.get(name)) {
            Some(value) => place(canary.revision, value.as_bytes()),
            None => self.turn.fetch_add(GOLDEN, Ordering::Relaxed),
        };
        let takes = u128::from(place) * 100 < u128::from(canary.percent.unsigned_abs()) << 64;
        Ok(For::First(if takes { canary.revision } else { first.revision }))
    }

    /// The replica for a request that is for `whom` and was not answered by those `tried`.
    pub fn replica(&self, whom: For, tried: &[Arc<Replica>]) -> Option<&Arc<Replica>> {
        let (number, others) = match whom {
            For::Only(number) => (number, false),
            For::First(number) => (number, true),
            For::Nobody => return None,
        };
        let of = |this: bool| self.parts.iter().filter(move |p| (p.revision == number) == this).find_map(|p| p.choice.least_busy(tried));
        let own = of(true);
        match own {
            Some(replica) if !replica.is_out() => own,
            _ if others => of(false).filter(|r| !r.is_out() || own.is_none()).or(own),
            _ => own,
        }
    }

    /// Any replica.
    pub fn any(&self) -> Option<&Arc<Replica>> {
        self.parts.first().and_then(|p| self.replica(For::First(p.revision), &[]))
    }

    /// Every replica.
    pub fn replicas(&self) -> impl Iterator<Item = &Arc<Replica>> {
        self.parts.iter().flat_map(|p| &p.choice.replicas)
    }

    /// Whether it is the same as `other`, replicas and all.
    pub fn same(&self, other: &Self) -> bool {
        let parts = |s: &Self| s.parts.iter().map(|p| (p.revision, p.percent)).collect::<Vec<_>>();
        let alike =
            self.replicas().count() == other.replicas().count() && self.replicas().zip(other.replicas()).all(|(a, b)| Arc::ptr_eq(a, b));
        alike && self.sticky == other.sticky && parts(self) == parts(other)
    }
}

/// Where a value stands among all that there are. It goes by the canary, so that it is not always the same callers who try what is new; and the
/// larger its share, the more of them come to it, and none leaves it.
fn place(canary: i64, value: &[u8]) -> u64 {
    let digest = ids::sha256([canary.to_be_bytes().as_slice(), value].concat());
    u64::from_str_radix(&digest[..16], 16).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cluster::Endpoint,
        deployments::{
            replica::Manner,
            traffic::{Book, Meters},
        },
    };
    use http::HeaderValue;

    fn replica(revision: i64) -> Arc<Replica> {
        let endpoint = Endpoint::Tcp { address: "127.0.0.1:1".into() };
        Arc::new(Replica::new(
            &revision.to_string(),
            revision,
            endpoint,
            Book::default().of("d", revision),
            Meters::of("t", "d", revision),
            Manner::of(None),
        ))
    }

    fn split(percent: i64, sticky: bool) -> Split {
        let part = |revision, percent| Part { revision, percent, choice: Choice::among(vec![replica(revision)]) };
        Split::new(vec![part(3, 100 - percent), part(4, percent)], sticky.then_some(HeaderName::from_static("x-user")))
    }

    fn with(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn shares_are_kept_at_any_rhythm() {
        for percent in [1, 10, 33, 50, 99] {
            for stride in [1, 2, 3, 7] {
                let split = split(percent, false);
                let asked = 3000;
                let mut canary = 0;
                for n in 0..asked * stride {
                    let whom = split.of(&HeaderMap::new());
                    canary += i64::from(n % stride == 0 && whom == Ok(For::First(4)));
                }
                assert!((canary * 100 - percent * asked).abs() <= asked, "{canary} of {asked} at {percent} %, every {stride}th");
            }
        }
    }

    #[test]
    fn the_same_value_goes_to_the_same_revision_and_stays_as_the_share_grows() {
        let at = |percent: i64, user: i64| split(percent, true).of(&with("x-user", &user.to_string())).unwrap() == For::First(4);
        let users = |percent: i64| (0..2000).filter(|u| at(percent, *u)).collect::<Vec<_>>();
        let (few, more) = (users(10), users(40));
        assert!((120..280).contains(&few.len()) && (650..950).contains(&more.len()), "{} {}", few.len(), more.len());
        assert!(few.iter().all(|u| more.contains(u)), "none leaves it");
        assert_eq!(few, users(10));
        assert_eq!((users(1).len() < 60, users(99).len() > 1940), (true, true));
        let turns = split(50, true);
        let by_turns: Vec<_> = (0..4).map(|_| turns.of(&HeaderMap::new()).unwrap()).collect();
        assert!([3, 4].iter().all(|n| by_turns.contains(&For::First(*n))), "without a value they take turns: {by_turns:?}");
    }

    #[test]
    fn the_one_that_is_named_or_none() {
        let split = split(1, false);
        assert_eq!(split.of(&with("x-slipway-revision", "4")), Ok(For::Only(4)));
        for wrong in ["5", "x", ""] {
            assert_eq!(split.of(&with("x-slipway-revision", wrong)), Err(wrong.to_owned()));
        }
        assert_eq!(Split::default().of(&HeaderMap::new()), Ok(For::Nobody));
    }

    #[test]
    fn another_answers_where_none_of_the_chosen_revision_does() {
        let split = split(10, false);
        let found = |whom, tried: &[Arc<Replica>]| split.replica(whom, tried).map(|r| r.revision);
        let canary = split.parts[1].choice.replicas[0].clone();
        assert_eq!(found(For::First(4), &[]), Some(4));
        let tried = std::slice::from_ref(&canary);
        assert_eq!((found(For::First(4), tried), found(For::Only(4), tried)), (Some(3), None));
        canary.eject("nobody listens");
        assert_eq!((found(For::First(4), &[]), found(For::Only(4), &[])), (Some(3), Some(4)));
        split.parts[0].choice.replicas[0].eject("nobody listens");
        assert_eq!(found(For::First(4), &[]), Some(4), "all are out: the chosen one is asked");
    }
}
