//! What a page shows: read while the server renders, kept fresh in the browser, its problem said where it would stand.

use super::{Access, Head, Session};
use crate::{
    api::{Problem, client::Reply, live::Live},
    ui::{ProblemNote, Refresh, Skeleton, dom},
};
use leptos::{prelude::*, task::spawn_local};
use serde::{Serialize, de::DeserializeOwned};
use std::time::Duration;

/// When something is read again.
#[derive(Debug, Clone, Copy, Default)]
pub struct Every {
    /// When an object of these kinds changed.
    pub kinds: &'static [&'static str],
    /// And every so many seconds; 0 for never.
    pub seconds: u64,
    /// Title of the page where this is all of it: said when it cannot be read. Empty for a part of a page.
    pub page: &'static str,
}

impl Every {
    /// When an object of `kinds` changed.
    pub const fn change(kinds: &'static [&'static str]) -> Self {
        Self { kinds, seconds: 0, page: "" }
    }

    /// The same, for a page as a whole.
    pub const fn page(self, page: &'static str) -> Self {
        Self { page, ..self }
    }
}

/// Reads `fetch(source())` and shows it with `view`. The view is made once for each `source`; what changes later goes through the signal.
pub fn loaded<S, T, V>(
    what: &'static str,
    every: Every,
    source: impl Fn() -> S + Clone + Send + Sync + 'static,
    fetch: impl Fn(S) -> Reply<T> + Clone + Send + Sync + 'static,
    view: impl Fn(RwSignal<T>, Access) -> V + Clone + Send + Sync + 'static,
) -> impl IntoView
where
    S: Clone + PartialEq + Send + Sync + 'static,
    T: Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static,
    V: IntoView + 'static,
{
    let session = use_context::<Session>();
    let changed = Live::of(every.kinds);
    let asked = use_context::<Refresh>();
    let first = {
        let fetch = fetch.clone();
        Resource::new(source.clone(), fetch)
    };
    let show = move || {
        let (source, fetch, view) = (source.clone(), fetch.clone(), view.clone());
        Suspend::new(async move {
            let access = match session {
                Some(session) => session.access().await,
                None => Err(Problem::no_answer("This page has no session.")),
            };
            match (first.await, access) {
                (Ok(value), Ok(access)) => {
                    let data = RwSignal::new(value);
                    keep_fresh(data, every.seconds, changed, asked, move || fetch(untrack(&source)));
                    view(data, access).into_any()
                }
                (Err(problem), _) | (_, Err(problem)) => {
                    let head = (!every.page.is_empty()).then(|| view! { <Head title=every.page/> });
                    view! { {head}<ProblemNote problem/> }.into_any()
                }
            }
        })
    };
    view! { <Transition fallback=move || view! { <Skeleton what/> }>{show}</Transition> }
}

/// Reads again into `data` when something rings; never twice at once, and once more when it rang meanwhile.
fn keep_fresh<T: Clone + PartialEq + Send + Sync + 'static>(
    data: RwSignal<T>,
    seconds: u64,
    changed: Signal<u64>,
    asked: Option<Refresh>,
    fetch: impl Fn() -> Reply<T> + Clone + Send + Sync + 'static,
) {
    let (bell, busy) = (RwSignal::new(0_u64), RwSignal::new(false));
    Effect::new(move |before: Option<(u64, u64, u64)>| {
        let seen = (changed.get(), asked.map_or(0, |a| a.0.get()), bell.get());
        if before.is_none_or(|b| b == seen) {
            return seen;
        }
        if busy.get_untracked() {
            // Rings again a moment later.
            set_timeout(
                move || {
                    bell.try_update(|n| *n += 1);
                },
                Duration::from_millis(250),
            );
            return before.unwrap_or(seen);
        }
        busy.set(true);
        let call = fetch();
        spawn_local(async move {
            let answer = call.await;
            let _ = busy.try_set(false);
            if let Ok(value) = answer
                && data.try_with_untracked(|d| *d != value) == Some(true)
            {
                let _ = data.try_set(value);
            }
        });
        seen
    });
    if seconds > 0 {
        Effect::new(move |_| {
            let ring = move || {
                if !dom::hidden() {
                    bell.try_update(|n| *n += 1);
                }
            };
            if let Ok(timer) = set_interval_with_handle(ring, Duration::from_secs(seconds)) {
                on_cleanup(move || timer.clear());
            }
        });
    }
}
