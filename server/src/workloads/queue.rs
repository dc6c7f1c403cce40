//! The queue: who starts next. Pure.
//!
//! First come, first served. Who waits for the own team's quota, or because enough of its pipeline are at work, lets others pass; who waits for room does not, so that a large workload is
//! not passed forever. What asks for more than there is at all waits too, and blocks nobody. The making of environments needs no room of
//! its own, because others wait for it; only so many are made at once.

use app::api::resources::Resources;
use std::collections::HashMap;

/// How many workloads that need no room of their own go on at once: as many as environments are shipped, and a hundred new ones leave the
/// machine usable.
const FREE_AT_ONCE: usize = 3;

/// So many places are told one by one, and those behind them in steps: one that starts would change what is written of a thousand others.
const EXACT: usize = 20;
/// How large a step is.
const STEP: usize = 50;

/// A workload as the queue sees it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Id.
    pub id: String,
    /// Id of the team; none for the platform.
    pub team_id: Option<String>,
    /// What it asks for, or holds.
    pub resources: Resources,
    /// Whether it waits.
    pub queued: bool,
    /// Whether it starts without room of its own.
    pub free: bool,
    /// Of what it is one of few at once.
    pub caps: Vec<Cap>,
}

/// Something of which only so many are at work at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cap {
    /// Id of it, unlike any other's.
    pub id: String,
    /// What tasks it has, as in `of the pipeline churn`.
    pub of: String,
    /// How many.
    pub most: i64,
}

/// Limits of a team; an absent amount means everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limit {
    /// CPU in thousandths of a core.
    pub cpu_millis: Option<i64>,
    /// Memory in bytes.
    pub memory_bytes: Option<i64>,
    /// Whole GPUs.
    pub gpus: Option<i64>,
}

impl Limit {
    /// As an amount: what is not limited is all there is.
    pub fn within(self, total: Resources) -> Resources {
        Resources {
            cpu_millis: self.cpu_millis.map_or(total.cpu_millis, |c| c.min(total.cpu_millis)),
            memory_bytes: self.memory_bytes.map_or(total.memory_bytes, |m| m.min(total.memory_bytes)),
            gpus: self.gpus.map_or(total.gpus, |g| g.min(total.gpus)),
        }
    }
}

/// What the queue decided about one waiting workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It starts.
    Grant,
    /// It waits.
    Wait(String),
}

/// Decides about everything that waits. `entries` are all live workloads, in the order of their queueing.
pub fn plan(total: Resources, limits: &HashMap<String, Limit>, entries: &[Entry]) -> Vec<(String, Decision)> {
    let mut held = Resources::NONE;
    let mut by_team: HashMap<&str, Resources> = HashMap::new();
    for e in entries.iter().filter(|e| !e.queued && !e.free) {
        held = held.plus(e.resources);
        if let Some(team) = &e.team_id {
            let t = by_team.entry(team).or_insert(Resources::NONE);
            *t = t.plus(e.resources);
        }
    }
    let mut at_work: HashMap<&str, i64> = HashMap::new();
    for cap in entries.iter().filter(|e| !e.queued).flat_map(|e| &e.caps) {
        *at_work.entry(&cap.id).or_default() += 1;
    }
    let (mut out, mut position, mut blocked) = (Vec::new(), 0, false);
    let mut making = entries.iter().filter(|e| !e.queued && e.free).count();
    let mut behind = 0;
    for e in entries.iter().filter(|e| e.queued) {
        if e.free {
            if making < FREE_AT_ONCE {
                making += 1;
                out.push((e.id.clone(), Decision::Grant));
            } else {
                behind += 1;
                out.push((e.id.clone(), Decision::Wait(format!("{} in the queue: {making} environments are being made.", place(behind)))));
            }
            continue;
        }
        let team = e.team_id.as_deref().unwrap_or_default();
        let limit = limits.get(team).map(|l| l.within(total));
        let team_holds = by_team.get(team).copied().unwrap_or(Resources::NONE);
        let needs = e.resources.words();
        let wait = if total == Resources::NONE {
            Some(format!("asks for {needs}, and no node of the cluster takes workloads now"))
        } else if !e.resources.fits(total) {
            Some(format!("asks for {needs}, but there are {} in all", total.words()))
        } else if let Some(limit) = limit.filter(|l| !e.resources.fits(*l)) {
            Some(format!("asks for {needs}, but the team's quota is {} in all", limit.words()))
        } else if let Some(limit) = limit.filter(|l| !team_holds.plus(e.resources).fits(*l)) {
            Some(format!("needs {needs}; {} of the team's quota of {} are held", team_holds.words(), limit.words()))
        } else if let Some(cap) = e.caps.iter().find(|c| at_work.get(c.id.as_str()).is_some_and(|n| *n >= c.most)) {
            let (tasks, are) = if cap.most == 1 { ("task", "is") } else { ("tasks", "are") };
            Some(format!("{} {tasks} {} {are} at work, and no more may be at once", cap.most, cap.of))
        } else if !held.plus(e.resources).fits(total) {
            blocked = true;
            Some(format!("needs {needs}; {} are free", free(total, held).words()))
        } else if blocked {
            Some(format!("needs {needs}, which are free, but others wait longer for more"))
        } else {
            None
        };
        match wait {
            None => {
                held = held.plus(e.resources);
                by_team.insert(team, team_holds.plus(e.resources));
                for cap in &e.caps {
                    *at_work.entry(&cap.id).or_default() += 1;
                }
                out.push((e.id.clone(), Decision::Grant));
            }
            Some(why) => {
                position += 1;
                out.push((e.id.clone(), Decision::Wait(format!("{} in the queue: {why}.", place(position)))));
            }
        }
    }
    out
}

/// What nobody holds, never below zero.
pub fn free(total: Resources, held: Resources) -> Resources {
    let left = total.minus(held);
    Resources { cpu_millis: left.cpu_millis.max(0), memory_bytes: left.memory_bytes.max(0), gpus: left.gpus.max(0) }
}

/// `3rd`, `After the 100th`
fn place(n: usize) -> String {
    match n {
        ..=EXACT => ordinal(n),
        n => format!("After the {}", ordinal(((n - 1) / STEP * STEP).max(EXACT))),
    }
}

fn ordinal(n: usize) -> String {
    let end = match (n % 10, n % 100) {
        (1, 11) | (2, 12) | (3, 13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{n}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn cpu(millis: i64) -> Resources {
        Resources { cpu_millis: millis, memory_bytes: 1, gpus: 0 }
    }
    const TOTAL: Resources = Resources { cpu_millis: 4000, memory_bytes: 1 << 40, gpus: 0 };

    fn entry(id: &str, team: &str, millis: i64, queued: bool) -> Entry {
        Entry { id: id.into(), team_id: Some(team.into()), resources: cpu(millis), queued, free: false, caps: Vec::new() }
    }

    fn granted(out: &[(String, Decision)]) -> Vec<&str> {
        out.iter().filter(|(_, d)| *d == Decision::Grant).map(|(id, _)| id.as_str()).collect()
    }

    #[test]
    fn first_come_first_served_until_it_is_full() {
        let out = plan(TOTAL, &HashMap::new(), &[entry("a", "t", 3000, false), entry("b", "t", 1000, true), entry("c", "t", 1000, true)]);
        assert_eq!(granted(&out), ["b"]);
        assert!(matches!(&out[1].1, Decision::Wait(why) if why.starts_with("1st in the queue: needs 1 CPU")));
    }

    #[test]
    fn who_waits_for_room_is_not_passed() {
        let out =
            plan(TOTAL, &HashMap::new(), &[entry("a", "t", 2000, false), entry("big", "t", 3000, true), entry("small", "u", 500, true)]);
        assert!(granted(&out).is_empty());
        assert!(matches!(&out[1].1, Decision::Wait(why) if why.ends_with("which are free, but others wait longer for more.")), "{out:?}");
    }

    #[test]
    fn what_the_quota_never_allows_is_told() {
        let limits = HashMap::from([("t".to_owned(), Limit { cpu_millis: Some(1000), ..Limit::default() })]);
        let out = plan(TOTAL, &limits, &[entry("a", "t", 500, false), entry("b", "t", 1500, true), entry("c", "t", 500, true)]);
        assert_eq!(granted(&out), ["c"]);
        assert!(matches!(&out[0].1, Decision::Wait(why) if why.contains("asks for 1.5 CPU") && why.contains("quota is 1 CPU")), "{out:?}");
    }

    #[test]
    fn who_waits_for_quota_lets_others_pass() {
        let limits = HashMap::from([("t".to_owned(), Limit { cpu_millis: Some(1000), ..Limit::default() })]);
        let out = plan(TOTAL, &limits, &[entry("a", "t", 1000, false), entry("b", "t", 500, true), entry("c", "u", 500, true)]);
        assert_eq!(granted(&out), ["c"]);
        assert!(matches!(&out[0].1, Decision::Wait(why) if why.contains("quota")));
    }

    #[test]
    fn no_more_of_a_pipeline_than_may_be_at_once() {
        let cap = |id: &str, most| Cap { id: id.into(), of: format!("of the pipeline {id}"), most };
        let task = |id: &str, caps: Vec<Cap>, queued| Entry { caps, ..entry(id, "t", 100, queued) };
        let both = || vec![cap("churn", 2), cap("t", 3)];
        let out = plan(
            TOTAL,
            &HashMap::new(),
            &[
                task("1", both(), false),
                task("2", both(), true),
                task("3", both(), true),
                task("4", vec![cap("t", 3)], true),
                task("5", vec![cap("t", 3)], true),
                entry("6", "t", 100, true),
            ],
        );
        assert_eq!(granted(&out), ["2", "4", "6"]);
        let why = |id: &str| out.iter().find(|(i, _)| i == id).map(|(_, d)| d.clone());
        let wait = |text: &str| Some(Decision::Wait(text.into()));
        assert_eq!(why("3"), wait("1st in the queue: 2 tasks of the pipeline churn are at work, and no more may be at once."));
        assert_eq!(why("5"), wait("2nd in the queue: 3 tasks of the pipeline t are at work, and no more may be at once."));
    }

    #[test]
    fn what_never_fits_blocks_nobody() {
        let out = plan(TOTAL, &HashMap::new(), &[entry("huge", "t", 9000, true), entry("b", "t", 500, true)]);
        assert_eq!(granted(&out), ["b"]);
        assert!(matches!(&out[0].1, Decision::Wait(why) if why.contains("in all")));
        let out = plan(Resources::NONE, &HashMap::new(), &[entry("a", "t", 500, true)]);
        assert_eq!(
            out[0].1,
            Decision::Wait("1st in the queue: asks for 0.5 CPU, 1 B, and no node of the cluster takes workloads now.".into())
        );
    }

    #[test]
    fn environments_need_no_room_but_are_made_a_few_at_once() {
        let env = |id, queued| Entry { free: true, ..entry(id, "t", 500, queued) };
        let full = entry("a", "t", 4000, false);
        let out = plan(TOTAL, &HashMap::new(), &[full.clone(), env("1", true), env("2", true), env("3", true), env("4", true)]);
        assert_eq!(granted(&out), ["1", "2", "3"]);
        assert_eq!(out[3].1, Decision::Wait("1st in the queue: 3 environments are being made.".into()));
        let out = plan(TOTAL, &HashMap::new(), &[full, env("1", false), env("2", false), env("3", true), env("4", true)]);
        assert_eq!(granted(&out), ["3"]);
    }

    #[test]
    fn one_that_starts_moves_few_words() {
        assert_eq!(
            [1, 20, 21, 50, 51, 100, 101, 1000].map(place).join(", "),
            "1st, 20th, After the 20th, After the 20th, After the 50th, After the 50th, After the 100th, After the 950th"
        );
        let all: Vec<_> = (0..1000).map(|i| entry(&format!("{i:04}"), "t", 4000, i > 0)).collect();
        let words = |entries: &[Entry]| plan(TOTAL, &HashMap::new(), entries).into_iter().collect::<HashMap<_, _>>();
        let before = words(&all);
        let mut next = all[1..].to_vec();
        next[0].queued = false;
        let after = words(&next);
        let changed = after.iter().filter(|(id, now)| before[*id] != **now).count();
        assert!(changed < 45, "{changed}");
    }

    #[test]
    fn ordinals() {
        assert_eq!([1, 2, 3, 4, 11, 12, 13, 21, 102].map(ordinal).join(" "), "1st 2nd 3rd 4th 11th 12th 13th 21st 102nd");
    }
}
