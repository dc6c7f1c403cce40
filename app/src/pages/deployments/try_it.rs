//! Try it: a request editor that begins with an example of the model's own.

use crate::{
    api::{Client, Problem, State, deployments::Example},
    parts::{Every, loaded},
    ui::{Card, CodeBlock, Note, ProblemNote, dom, time},
};
use leptos::{prelude::*, task::spawn_local};

/// What came back.
#[derive(Clone)]
enum Answer {
    /// The prediction and how long it took, milliseconds.
    Good(String, f64),
    Bad(Problem),
}

/// The editor.
#[component]
pub fn TryIt(
    /// The team.
    team: String,
    /// Name of the deployment.
    name: String,
    /// State of the deployment.
    state: Memo<State>,
) -> impl IntoView {
    let client = Client::from_context();
    let asks = client.clone();
    let (t, n) = (team.clone(), name.clone());
    loaded(
        "Loading an example",
        Every::default(),
        move || (team.clone(), name.clone()),
        move |(team, name)| client.deployment_example(&team, &name),
        move |example: RwSignal<Example>, _| view! { <Editor example=example.get_untracked() client=asks.clone() team=t.clone() name=n.clone() state/> },
    )
}

#[component]
fn Editor(example: Example, client: Client, team: String, name: String, state: Memo<State>) -> impl IntoView {
    let pretty = |v: &serde_json::Value| serde_json::to_string_pretty(v).unwrap_or_default();
    let (v1, v2) = (pretty(&example.v1), pretty(&example.v2));
    let body = RwSignal::new(v1.clone());
    let answer = RwSignal::new(None::<Answer>);
    let busy = RwSignal::new(false);
    let curl = format!(
        "curl \"$SLIPWAY_URL/serve/{team}/{name}/v1/models/{name}:predict\" -H \"Authorization: Bearer $SLIPWAY_TOKEN\" -H 'Content-Type: application/json' -d '{}'",
        serde_json::to_string(&example.v1).unwrap_or_default().replace('\'', "'\\''")
    );
    let send = move |_| {
        let value: serde_json::Value = match serde_json::from_str(&body.get_untracked()) {
            Ok(value) => value,
            Err(e) => return answer.set(Some(Answer::Bad(Problem::new(422, format!("The request is not JSON: {e}."))))),
        };
        busy.set(true);
        let (call, began) = (client.deployment_try(&team, &name, &value), dom::now_ms());
        spawn_local(async move {
            let got = call.await;
            let took = dom::now_ms() - began;
            let _ = busy.try_set(false);
            let _ = answer.try_set(Some(match got {
                Ok(v) => Answer::Good(serde_json::to_string_pretty(&v).unwrap_or_default(), took),
                Err(p) => Answer::Bad(p),
            }));
        });
    };
    let shown = move || {
        match answer.get() {
        None => view! { <pre class="answer muted">"The answer appears here."</pre> }.into_any(),
        Some(Answer::Good(text, took)) => view! { <pre class="answer" tabindex="0">{text}</pre><p class="sub">{format!("Answered in {}, the way through this page included.", time::duration(took / 1000.0))}</p> }.into_any(),
        Some(Answer::Bad(problem)) => view! { <ProblemNote problem/> }.into_any(),
    }
    };
    let down = move || {
        (state.get() != State::Running)
            .then(|| view! { <Note tone="amber"><span>"It is not serving right now: a request will be refused until it is."</span></Note> })
    };
    view! {
        {down}
        <Card title="Try it">
            <div class="try">
                <div class="stack">
                    <label for="try-body" class="name">"Request"</label>
                    <textarea id="try-body" class="code" spellcheck="false" prop:value=body on:input:target=move |e| body.set(e.target().value())>{v1.clone()}</textarea>
                    <div class="actions">
                        <button type="button" class="btn primary" disabled=move || busy.get() on:click=send>{move || if busy.get() { "Waiting for the answer" } else { "Send" }}</button>
                        <button type="button" class="btn" on:click=move |_| body.set(v1.clone())>"Example, V1"</button>
                        <button type="button" class="btn" on:click=move |_| body.set(v2.clone())>"Example, V2"</button>
                    </div>
                </div>
                <div class="stack" aria-live="polite"><span class="name">"Answer"</span>{shown}</div>
            </div>
        </Card>
        <Card title="From a terminal"><div class="stack"><p class="sub">"With a token of the role editor, or one of the scope predict (Account, Tokens):"</p><CodeBlock text=curl/></div></Card>
    }
}
