//! A request editor that begins with an example of the model's own, and what came back.

use super::island;
use crate::{
    api::{Client, Problem, client::team_path},
    ui::{Note, ProblemNote, time, verbatim::in_textarea},
};
use http::Method;
use leptos::{prelude::*, task::spawn_local};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    /// Path of the API that asks for a prediction.
    path: String,
    v1: String,
    v2: String,
    serves: bool,
}

/// What came back.
#[derive(Clone)]
enum Answer {
    /// The prediction and how long it took, milliseconds.
    Good(String, f64),
    Bad(Problem),
}

/// The editor.
#[component]
pub fn TryItForm(
    /// The team.
    team: String,
    /// Name of the deployment.
    name: String,
    /// An example in each protocol; null for one that is not spoken.
    v1: Value,
    /// In the Open Inference Protocol.
    v2: Value,
    /// Whether it serves now.
    serves: bool,
) -> impl IntoView {
    let pretty = |v: &Value| if v.is_null() { String::new() } else { pretty(v) };
    let path = team_path(&team, &format!("/deployments/{name}/try"));
    let shown = Shown { path, v1: pretty(&v1), v2: pretty(&v2), serves };
    let content = try_it(Signal::stored(shown.clone()));
    island("try", format!("try-{name}"), &shown, content)
}

fn pretty(v: &Value) -> String {
    serde_json::to_string_pretty(v).unwrap_or_default()
}

/// The editor itself.
pub fn try_it(shown: Signal<Shown>) -> AnyView {
    let client = Client::from_context();
    let Shown { v1, v2, .. } = shown.get_untracked();
    let begin = if v1.is_empty() { v2.clone() } else { v1.clone() };
    let body = RwSignal::new(begin.clone());
    let answer = RwSignal::new(None::<Answer>);
    let busy = RwSignal::new(false);
    let send = move |_| {
        let value: Value = match serde_json::from_str(&body.get_untracked()) {
            Ok(value) => value,
            Err(e) => return answer.set(Some(Answer::Bad(Problem::new(422, format!("The request is not JSON: {e}."))))),
        };
        busy.set(true);
        let call = client.call::<Value, Value>(Method::POST, shown.with_untracked(|s| s.path.clone()), &value);
        let began = now_ms();
        spawn_local(async move {
            let got = call.await;
            let took = now_ms() - began;
            let _ = busy.try_set(false);
            let _ = answer.try_set(Some(match got {
                Ok(v) => Answer::Good(serde_json::to_string_pretty(&v).unwrap_or_default(), took),
                Err(p) => Answer::Bad(p),
            }));
        });
    };
    let said = move || {
        match answer.get() {
        None => view! { <pre class="answer muted">"The answer appears here."</pre> }.into_any(),
        Some(Answer::Good(text, took)) => view! { <pre class="answer" tabindex="0">{text}</pre><p class="sub">{format!("Answered in {}, the way through this page included.", time::duration(took / 1000.0))}</p> }.into_any(),
        Some(Answer::Bad(problem)) => view! { <ProblemNote problem/> }.into_any(),
    }
    };
    let down = move || {
        (!shown.with(|s| s.serves))
            .then(|| view! { <Note tone="amber"><span>"It is not serving right now: a request will be refused until it is."</span></Note> })
    };
    let example = |text: String, words: &'static str| {
        (!text.is_empty()).then(|| view! { <button type="button" class="btn" on:click=move |_| body.set(text.clone())>{words}</button> })
    };
    view! {
        {down}
        <div class="try">
            <div class="stack">
                <label for="try-body" class="name">"Request"</label>
                <textarea id="try-body" class="code" spellcheck="false" prop:value=body on:input:target=move |e| body.set(e.target().value())>{in_textarea(&begin)}</textarea>
                <div class="actions">
                    <button type="button" class="btn primary" disabled=move || busy.get() on:click=send>{move || if busy.get() { "Waiting for the answer" } else { "Send" }}</button>
                    {example(v1, "Example, V1")}
                    {example(v2, "Example, V2")}
                </div>
            </div>
            <div class="stack" aria-live="polite"><span class="name">"Answer"</span>{said}</div>
        </div>
    }
    .into_any()
}

fn now_ms() -> f64 {
    #[cfg(feature = "browser")]
    return js_sys::Date::now();
    #[cfg(not(feature = "browser"))]
    0.0
}
