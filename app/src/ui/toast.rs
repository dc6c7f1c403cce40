//! Short notices at the edge of the page, read out by screen readers.

use super::Icon;
use leptos::prelude::*;

/// The notices of the page; from context.
#[derive(Clone, Copy)]
pub struct Toasts(RwSignal<Vec<Toast>>);

#[derive(Clone)]
struct Toast {
    id: u64,
    tone: &'static str,
    text: String,
}

impl Toasts {
    /// Puts an empty list into context.
    pub fn provide() -> Self {
        let toasts = Self(RwSignal::new(Vec::new()));
        provide_context(toasts);
        toasts
    }

    /// The list of the page; a list of its own where the page has none.
    pub fn from_context() -> Self {
        use_context().unwrap_or_else(|| Self(RwSignal::new(Vec::new())))
    }

    /// Says that something was done.
    pub fn say(self, text: impl Into<String>) {
        self.push("", text.into(), 4000);
    }

    /// Says that something went wrong.
    pub fn problem(self, problem: &crate::api::Problem) {
        let hint = problem.hint.as_deref().map(|h| format!(" {h}")).unwrap_or_default();
        self.push("red", format!("{}{hint}", problem.sentence()), 12_000);
    }

    fn push(self, tone: &'static str, text: String, millis: u64) {
        let list = self.0;
        let id = list.with_untracked(|l| l.last().map_or(1, |t| t.id + 1));
        list.update(|l| l.push(Toast { id, tone, text }));
        set_timeout(
            move || {
                list.try_update(|l| l.retain(|t| t.id != id));
            },
            std::time::Duration::from_millis(millis),
        );
    }
}

/// Where the notices appear.
#[component]
pub fn ToastRegion() -> impl IntoView {
    let list = Toasts::from_context().0;
    view! {
        <div class="toasts" role="status" aria-live="polite">
            <For each=move || list.get() key=|t| t.id children=move |t| view! {
                <div class=format!("toast {}", t.tone)>
                    <span>{t.text}</span>
                    <button type="button" class="btn bare icon small" aria-label="Dismiss" on:click=move |_| list.update(|l| l.retain(|x| x.id != t.id))><Icon name="x"/></button>
                </div>
            }/>
        </div>
    }
}
