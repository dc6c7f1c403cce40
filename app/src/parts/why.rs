//! "Why?": what the reason of an object rests on. Folded until somebody asks; of what runs well it is not even there.

use super::{Every, loaded};
use crate::{
    api::{
        State,
        explain::{Evidence, Explanation, TaskExplanation},
        reply::Reply,
    },
    ui::Ago,
};
use leptos::prelude::*;

/// Whether there is anything to ask about: what runs well, or did, explains itself.
pub const fn is_asked(state: State, has_reason: bool) -> bool {
    has_reason || matches!(state, State::Queued | State::Starting | State::Failed | State::Stopping)
}

/// The query by which somebody asks about what seems well.
pub const ASKS: &str = "why";

/// Asks about what runs: whether anything is known against it takes a question to the cluster, which no page asks by itself.
#[component]
pub fn AskWhy(
    /// How it is.
    state: State,
    /// Whether the panel is there anyway.
    asked: bool,
) -> impl IntoView {
    (state == State::Running && !asked).then(|| view! { <a class="link" href=format!("?{ASKS}=1")>"Why?"</a> })
}

/// The panel.
#[component]
pub fn Why(
    /// The explanation.
    answer: Reply<Explanation>,
    /// Whether the page has said the reason already.
    said: bool,
    /// Whether it is unfolded already.
    #[prop(optional)]
    open: bool,
) -> impl IntoView {
    loaded(Every::default(), answer, move |Explanation { sentence, evidence, .. }: Explanation, _| {
        view! { <Panel sentence=(!said).then_some(sentence) evidence open/> }
    })
}

/// The panel of a task of a pipeline run: unfolded where the page has not said why it waits.
#[component]
pub fn TaskWhy(
    /// The explanation.
    answer: Reply<TaskExplanation>,
    /// Whether the page has said the reason already.
    said: bool,
    /// Whether it is folded all the same.
    #[prop(optional)]
    folded: bool,
) -> impl IntoView {
    loaded(Every::default(), answer, move |TaskExplanation { sentence, evidence, .. }: TaskExplanation, _| {
        let open = !said && !folded;
        view! { <Panel sentence=(!said).then_some(sentence) evidence open/> }
    })
}

#[component]
fn Panel(sentence: Option<String>, evidence: Vec<Evidence>, #[prop(optional)] open: bool) -> impl IntoView {
    let rows = evidence.into_iter().map(|e| view! { <Line e/> }).collect_view();
    view! {
        <details class="why" open=open>
            <summary>"Why?"</summary>
            {sentence.map(|words| view! { <p>{words}</p> })}
            {(!rows.is_empty()).then(|| view! { <ul class="list">{rows}</ul> })}
        </details>
    }
}

#[component]
fn Line(e: Evidence) -> impl IntoView {
    let at = match e.at {
        Some(time) => view! { <Ago time/> }.into_any(),
        None => "now".into_any(),
    };
    view! { <li><span class="sub at">{at}</span><span class="tag">{e.source}</span><span class="grow pre">{e.text}</span></li> }
}
