//! Try it: a request editor that begins with an example of the model's own, and the same from a terminal.

use crate::{
    api::{Client, State, deployments::Example, runtimes::Protocol},
    islands::TryItForm,
    parts::{Every, loaded},
    ui::{Card, CodeBlock},
};
use leptos::prelude::*;
use serde_json::Value;

/// The tab.
#[component]
pub fn TryIt(
    /// The way to the API.
    client: Client,
    /// The team.
    team: String,
    /// Name of the deployment.
    name: String,
    /// State of the deployment.
    state: State,
    /// How it is spoken to.
    protocols: Vec<Protocol>,
) -> impl IntoView {
    if !protocols.iter().any(|p| matches!(p, Protocol::V1 | Protocol::V2)) {
        let curl = format!("curl \"$SLIPWAY_URL/serve/{team}/{name}/\" -H \"Authorization: Bearer $SLIPWAY_TOKEN\"");
        let words = format!("It has paths of its own: everything below /serve/{team}/{name}/ is passed on to it.");
        return view! { <Card title="From a terminal"><div class="stack"><p class="sub">{words}" "<Tokens/></p><CodeBlock text=curl/></div></Card> }.into_any();
    }
    let (v1, v2) = (protocols.contains(&Protocol::V1), protocols.contains(&Protocol::V2));
    loaded(Every::default(), client.deployment_example(&team, &name), move |example: Example, _| {
        let curl = format!(
            "curl \"$SLIPWAY_URL/serve/{team}/{name}/{}\" -H \"Authorization: Bearer $SLIPWAY_TOKEN\" -H 'Content-Type: application/json' -d '{}'",
            if v1 { format!("v1/models/{name}:predict") } else { format!("v2/models/{name}/infer") },
            serde_json::to_string(if v1 { &example.v1 } else { &example.v2 }).unwrap_or_default().replace('\'', "'\\''")
        );
        view! {
            <Card title="Try it"><TryItForm team name v1=if v1 { example.v1 } else { Value::Null } v2=if v2 { example.v2 } else { Value::Null } serves=state == State::Running/></Card>
            <Card title="From a terminal"><div class="stack"><p class="sub"><Tokens/></p><CodeBlock text=curl/></div></Card>
        }
    })
}

#[component]
fn Tokens() -> impl IntoView {
    view! { "With any token of this team ("<a class="link" href="/account">"Account, Tokens"</a>"). One of the scope predict is enough, and may nothing else:" }
}
