//! What a page shows: read while the server renders, kept fresh in the browser, its problem said where it would stand.

use super::{Access, Head, Session};
use crate::{
    api::{
        Problem,
        live::Live,
        reply::{Reply, from_json},
        transport::BoxFuture,
    },
    ui::{ProblemNote, Refresh, Skeleton, dom},
};
use leptos::{prelude::*, task::spawn_local};
use serde::de::DeserializeOwned;
use std::{fmt, str::FromStr, sync::Arc, time::Duration};

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
///
/// Only what depends on the types is here; the rest is compiled once for all pages.
pub fn loaded<S, T, V>(
    what: &'static str,
    every: Every,
    source: impl Fn() -> S + Send + Sync + 'static,
    fetch: impl Fn(S) -> Reply<T> + Send + Sync + 'static,
    view: impl Fn(RwSignal<T>, Access) -> V + Send + Sync + 'static,
) -> AnyView
where
    S: Clone + PartialEq + Send + Sync + 'static,
    T: Clone + DeserializeOwned + Send + Sync + 'static,
    V: IntoView + 'static,
{
    let source = Memo::new(move |_| source());
    let version = Memo::new(move |n: Option<&u64>| {
        source.track();
        n.map_or(0, |n| n + 1)
    });
    let ask = Arc::new(move || fetch(source.get_untracked()).raw());
    let show = Arc::new(move |text: &str, access| {
        let data = RwSignal::new(from_json::<T>(text.as_bytes())?);
        let put = Box::new(move |text: &str| {
            if let Ok(value) = from_json(text.as_bytes()) {
                let _ = data.try_set(value);
            }
        });
        Ok((view(data, access).into_any(), put as Put))
    });
    shown(what, every, version, ask, show)
}

/// Asks for the answer.
type Ask = Arc<dyn Fn() -> BoxFuture<Result<Vec<u8>, Problem>> + Send + Sync>;
/// Takes a later answer.
type Put = Box<dyn Fn(&str) + Send + Sync>;
/// Makes the view of the first one.
type Show = Arc<dyn Fn(&str, Access) -> Result<(AnyView, Put), Problem> + Send + Sync>;

fn shown(what: &'static str, every: Every, version: Memo<u64>, ask: Ask, show: Show) -> AnyView {
    let session = use_context::<Session>();
    let changed = Live::of(every.kinds);
    let asked = use_context::<Refresh>();
    let first = {
        let ask = ask.clone();
        Resource::new_str(
            move || version.get(),
            move |_| {
                let call = ask();
                async move { Body::of(call.await) }
            },
        )
    };
    let shown = move || {
        let (ask, show) = (ask.clone(), show.clone());
        Suspend::new(async move {
            let access = match session {
                Some(session) => session.access().await,
                None => Err(Problem::no_answer("This page has no session.")),
            };
            let made = match (first.await.0, access) {
                (Ok(text), Ok(access)) => show(&text, access).map(|(view, put)| {
                    keep_fresh(text, every.seconds, changed, asked, ask, put);
                    view
                }),
                (Err(problem), _) | (_, Err(problem)) => Err(problem),
            };
            made.unwrap_or_else(|problem| {
                let head = (!every.page.is_empty()).then(|| view! { <Head title=every.page/> });
                view! { {head}<ProblemNote problem/> }.into_any()
            })
        })
    };
    view! { <Transition fallback=move || view! { <Skeleton what/> }>{shown}</Transition> }.into_any()
}

/// The body of an answer as it travels inside of the page, or the problem: told apart by the first character.
#[derive(Clone)]
struct Body(Result<String, Problem>);

impl Body {
    fn of(answer: Result<Vec<u8>, Problem>) -> Self {
        Self(answer.and_then(|body| String::from_utf8(body).map_err(|_| Problem::no_answer("The answer was not text."))))
    }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Ok(text) => write!(f, "+{text}"),
            Err(problem) => write!(f, "-{}", serde_json::to_string(problem).map_err(|_| fmt::Error)?),
        }
    }
}

impl FromStr for Body {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix('+') {
            Some(text) => Ok(Self(Ok(text.to_owned()))),
            None => serde_json::from_str(text.get(1..).unwrap_or_default()).map(|problem| Self(Err(problem))),
        }
    }
}

/// Asks again when something rings, and puts what differs; never twice at once, and once more when it rang meanwhile.
fn keep_fresh(first: String, seconds: u64, changed: Signal<u64>, asked: Option<Refresh>, ask: Ask, put: Put) {
    let (bell, busy) = (RwSignal::new(0_u64), RwSignal::new(false));
    let (last, put) = (StoredValue::new(first), StoredValue::new(put));
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
        let call = ask();
        spawn_local(async move {
            let answer = Body::of(call.await);
            let _ = busy.try_set(false);
            // The page may have gone on in the meantime.
            if let Ok(text) = answer.0
                && last.try_with_value(|l| *l != text) == Some(true)
            {
                let _ = put.try_with_value(|put| put(&text));
                let _ = last.try_set_value(text);
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
