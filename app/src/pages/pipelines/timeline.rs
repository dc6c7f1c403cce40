//! When which task ran: a bar for each, from the left to the right.

use super::{
    drawing::tone,
    shown::{is_one, span},
    way::{Way, WayWords, ways},
};
use crate::{
    api::pipeline_runs::Task,
    ui::{Empty, Lasting, time},
};
use leptos::prelude::*;

/// Bars that are shown.
const MOST: usize = 500;

/// The tab.
#[component]
pub fn Timeline(
    /// All tasks of the run.
    tasks: Vec<Task>,
    /// Address of the run's page.
    here: String,
    /// When this is, milliseconds since 1970.
    now: f64,
) -> impl IntoView {
    let ways = ways(&tasks);
    let all = tasks.iter().zip(&ways).filter(|(t, _)| is_one(t));
    let mut ran: Vec<((&Task, &Way), f64, Option<f64>)> = all.filter_map(|t| span(t.0).map(|(from, to)| (t, from, to))).collect();
    ran.sort_by(|a, b| a.1.total_cmp(&b.1));
    let Some(whole) = Whole::of(ran.iter().map(|(_, from, to)| (*from, *to)), now) else {
        return view! { <section class="card"><Empty text="No task has started yet."/></section> }.into_any();
    };
    let more = ran.len().saturating_sub(MOST);
    let rows = ran.iter().take(MOST).map(|((t, way), from, to)| {
        let (left, width) = whole.bar(*from, *to);
        let style = format!("left:{left:.2}%;width:{width:.2}%");
        let class = format!("took {}", tone(t.state));
        let href = format!("{here}?task={}", t.id);
        let (way, from, to) = ((*way).clone(), t.started_at.clone().unwrap_or_default(), t.ended_at.clone());
        let words = t.state.label();
        view! {
            <li>
                <a class="way" href=href><WayWords way/></a>
                <span class="track"><i class=class style=style></i></span>
                <span class="sub">{words}", "<Lasting from to/></span>
            </li>
        }
    });
    let rows = rows.collect_view();
    let words = format!(
        "{} from the first start {}",
        time::duration(whole.length() / 1000.0),
        if whole.runs { "until now" } else { "to the last end" }
    );
    view! {
        <section class="card">
            <header><h2>"Timeline"</h2><span class="more">{words}</span></header>
            <ol class="timeline">{rows}</ol>
            {(more > 0).then(|| view! { <p class="sub in">{format!("{more} more tasks started after these.")}</p> })}
        </section>
    }
    .into_any()
}

/// What is shown from the left to the right, milliseconds since 1970.
struct Whole {
    first: f64,
    last: f64,
    /// Something has not ended: the right end is now.
    runs: bool,
}

impl Whole {
    /// From the first start to the last end, or to now where something runs; nothing where nothing has started.
    fn of(ran: impl Iterator<Item = (f64, Option<f64>)> + Clone, now: f64) -> Option<Self> {
        let first = ran.clone().map(|(from, _)| from).min_by(f64::total_cmp)?;
        let runs = ran.clone().any(|(_, to)| to.is_none());
        // By clocks that differ, something may have begun in a moment.
        let end = |(from, to): (f64, Option<f64>)| to.unwrap_or(now).max(from);
        Some(Self { first, last: ran.map(end).fold(first, f64::max), runs })
    }

    /// What is of no length has one all the same.
    fn length(&self) -> f64 {
        (self.last - self.first).max(1.0)
    }

    /// Where a bar begins and how wide it is, in hundredths of the whole; wide enough to be seen.
    fn bar(&self, from: f64, to: Option<f64>) -> (f64, f64) {
        let of_all = |ms: f64| ms / self.length() * 100.0;
        let left = of_all(from - self.first).clamp(0.0, 99.6);
        (left, of_all(to.unwrap_or(self.last) - from).clamp(0.4, 100.0 - left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_reaches_to_now() {
        let ran = [(1000.0, Some(2000.0)), (2000.0, None)];
        let whole = Whole::of(ran.into_iter(), 11_000.0).unwrap();
        assert_eq!((whole.length(), whole.runs), (10_000.0, true));
        assert_eq!((whole.bar(1000.0, Some(2000.0)), whole.bar(2000.0, None)), ((0.0, 10.0), (10.0, 90.0)));
        // One alone, and by a clock that is ahead of ours.
        assert_eq!(Whole::of([(1000.0, None)].into_iter(), 361_000.0).unwrap().length(), 360_000.0);
        assert_eq!(Whole::of([(1000.0, None)].into_iter(), 900.0).unwrap().bar(1000.0, None), (0.0, 0.4));
    }

    #[test]
    fn what_has_ended_reaches_to_the_last_end() {
        let ran = [(1000.0, Some(1000.0)), (1000.0, Some(3000.0)), (3000.0, Some(3000.0))];
        let whole = Whole::of(ran.into_iter(), 90_000.0).unwrap();
        assert_eq!((whole.length(), whole.runs), (2000.0, false));
        assert_eq!(whole.bar(1000.0, Some(1000.0)), (0.0, 0.4), "to be seen");
        assert_eq!(whole.bar(3000.0, Some(3000.0)).0, 99.6);
        assert!(Whole::of(std::iter::empty(), 1.0).is_none());
    }
}
