//! What a page shows: read while the server renders; its problem said where it would stand.

use super::{Access, Head, Session};
use crate::{api::Problem, ui::ProblemNote};
use leptos::prelude::*;
use std::sync::Arc;

/// Given by the server to every page: says that something which the page is to show is not there. What a page asks beside, and does without, says
/// nothing.
#[derive(Clone)]
pub struct Missing(pub Arc<dyn Fn() + Send + Sync>);

/// When the browser reads the page again.
#[derive(Debug, Clone, Copy, Default)]
pub struct Every {
    /// When an object of these kinds changed; each is one of [`crate::api::changes::kinds`].
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

    /// Every so many seconds, where no stream tells of changes.
    pub const fn seconds(seconds: u64) -> Self {
        Self { kinds: &[], seconds, page: "" }
    }

    /// The same, for a page as a whole.
    pub const fn page(self, page: &'static str) -> Self {
        Self { page, ..self }
    }
}

/// Shows an answer with `view`, or the problem with it.
pub fn loaded<T, V>(
    every: Every,
    answer: impl Future<Output = Result<T, Problem>> + Send + 'static,
    view: impl FnOnce(T, Access) -> V + Send + 'static,
) -> AnyView
where
    T: Send + 'static,
    V: IntoView + 'static,
{
    show(every, None, answer, view)
}

/// The same, read again only when the object `id` changed: for what changes so often that others' changes would be felt.
pub fn loaded_of<T, V>(
    every: Every,
    id: &str,
    answer: impl Future<Output = Result<T, Problem>> + Send + 'static,
    view: impl FnOnce(T, Access) -> V + Send + 'static,
) -> AnyView
where
    T: Send + 'static,
    V: IntoView + 'static,
{
    show(every, Some(id.to_owned()), answer, view)
}

fn show<T, V>(
    every: Every,
    of: Option<String>,
    answer: impl Future<Output = Result<T, Problem>> + Send + 'static,
    view: impl FnOnce(T, Access) -> V + Send + 'static,
) -> AnyView
where
    T: Send + 'static,
    V: IntoView + 'static,
{
    let (session, missing) = (use_context::<Session>(), use_context::<Missing>());
    let content = Suspend::new(async move {
        let access = match session {
            Some(session) => session.access().await,
            None => Err(Problem::no_answer("This page has no session.")),
        };
        match (answer.await, access) {
            (Ok(data), Ok(access)) => view(data, access).into_any(),
            (Err(problem), _) | (_, Err(problem)) => {
                if let Some(Missing(say)) = missing.filter(|_| problem.status == 404) {
                    say();
                }
                let whole = !every.page.is_empty();
                let head = whole.then(|| view! { <Head title=every.page/> });
                let again =
                    (whole && problem.status != 404).then(|| view! { <div class="actions"><a class="btn" href="">"Try again"</a></div> });
                view! { {head}<ProblemNote problem/>{again} }.into_any()
            }
        }
    });
    let kinds = (!every.kinds.is_empty()).then(|| every.kinds.join(" "));
    let seconds = (every.seconds > 0).then_some(every.seconds);
    let again = (kinds.is_some() || seconds.is_some()).then(|| view! { <i hidden data-live=kinds data-of=of data-every=seconds></i> });
    view! { {content}{again} }.into_any()
}
