//! Which replica gets a request: the one of which the fewest wait for an answer, among those that answer.

use super::replica::Replica;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// Replicas of a revision, of which one is chosen for each request.
#[derive(Default)]
pub struct Choice {
    /// Those that are ready.
    pub replicas: Vec<Arc<Replica>>,
    turn: AtomicUsize,
}

impl Choice {
    /// Among these.
    pub fn among(replicas: Vec<Arc<Replica>>) -> Self {
        Self { replicas, turn: AtomicUsize::new(0) }
    }

    /// The least busy one that is not among `tried`; where several are, they take turns. Where all of the rest were ejected they are asked all the
    /// same: a health check may be wrong, and an answer that may come is better than none.
    pub fn least_busy(&self, tried: &[Arc<Replica>]) -> Option<&Arc<Replica>> {
        let turn = if self.replicas.len() > 1 { self.turn.fetch_add(1, Ordering::Relaxed) } else { 0 };
        let rest = || self.replicas.iter().filter(|r| !tried.iter().any(|t| Arc::ptr_eq(t, r)));
        let load = |r: &&Arc<Replica>| (r.is_out(), r.in_flight());
        let least = rest().map(|r| load(&r)).min()?;
        let alike = || rest().filter(|r| load(r) <= least);
        // Others get requests meanwhile, so that none may be as idle any more.
        alike().nth(turn % alike().count().max(1)).or_else(|| rest().min_by_key(load))
    }
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

    fn replica(id: &str) -> Arc<Replica> {
        let endpoint = Endpoint::Tcp { address: "127.0.0.1:1".into() };
        Arc::new(Replica::new(id, 1, endpoint, Book::default().of("d", 1), Meters::of("t", "d", 1), Manner::of(None)))
    }

    fn chosen(of: &Choice, tried: &[Arc<Replica>]) -> Option<String> {
        of.least_busy(tried).map(|r| r.workload_id.clone())
    }

    #[test]
    fn the_least_busy_gets_it_and_those_alike_take_turns() {
        let of = Choice::among(["a", "b", "c"].map(replica).into());
        let turns: Vec<_> = (0..6).filter_map(|_| chosen(&of, &[])).collect();
        assert_eq!(turns, ["a", "b", "c", "a", "b", "c"]);
        let (_one, _two) = (of.replicas[0].waits(), of.replicas[1].waits());
        assert!((0..5).all(|_| chosen(&of, &[]).as_deref() == Some("c")));
        let _three = [of.replicas[2].waits(), of.replicas[2].waits()];
        assert!((0..5).all(|_| chosen(&of, &[]).is_some_and(|r| r != "c")));
        assert_eq!(chosen(&Choice::default(), &[]), None);
    }

    #[test]
    fn an_ejected_one_gets_nothing_until_it_answers_and_all_ejected_are_asked_all_the_same() {
        let of = Choice::among(["a", "b"].map(replica).into());
        let (a, b) = (of.replicas[0].clone(), of.replicas[1].clone());
        a.eject("nobody listens");
        let _busy = [b.waits(), b.waits()];
        assert!((0..4).all(|_| chosen(&of, &[]).as_deref() == Some("b")), "however busy the other is");
        assert_eq!(chosen(&of, std::slice::from_ref(&b)).as_deref(), Some("a"), "rather than nobody");
        assert_eq!(chosen(&of, &[a.clone(), b.clone()]), None);
        b.eject("nobody listens");
        assert!(chosen(&of, &[]).is_some());
        a.answered();
        assert!((0..4).all(|_| chosen(&of, &[]).as_deref() == Some("a")));
    }

    #[test]
    fn the_turn_of_an_ejected_one_goes_to_all_others() {
        let of = Choice::among(["a", "b", "c"].map(replica).into());
        of.replicas[0].eject("nobody listens");
        let turns: Vec<_> = (0..6).filter_map(|_| chosen(&of, &[])).collect();
        assert_eq!(turns, ["b", "c", "b", "c", "b", "c"]);
    }

    #[test]
    fn one_that_says_it_is_not_well_is_out_until_it_says_that_it_is() {
        let a = replica("a");
        for _ in 0..3 {
            a.is_unwell("500 at /healthz");
            a.answered();
        }
        a.answered();
        assert!(a.is_out(), "whatever it answers to requests");
        a.is_well();
        assert!(!a.is_out());
        (0..2).for_each(|_| a.is_unwell("500 at /healthz"));
        a.is_well();
        a.is_unwell("500 at /healthz");
        assert!(!a.is_out(), "not in a row");
    }

    #[test]
    fn what_breaks_off_now_and_then_stays() {
        let a = replica("a");
        for _ in 0..5 {
            a.broke("reset");
            a.broke("reset");
            a.answered();
        }
        assert!(!a.is_out());
        (0..3).for_each(|_| a.broke("reset"));
        assert!(a.is_out());
    }
}
