//! Try it: a request editor that begins with an example of the model's own, and the same from a terminal.

use crate::{
    api::{Client, State, deployments::Example},
    islands::TryItForm,
    parts::{Every, loaded},
    ui::{Card, CodeBlock},
};
use leptos::prelude::*;

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
) -> impl IntoView {
    loaded(Every::default(), client.deployment_example(&team, &name), move |example: Example, _| {
        let curl = format!(
            "curl \"$SLIPWAY_URL/serve/{team}/{name}/v1/models/{name}:predict\" -H \"Authorization: Bearer $SLIPWAY_TOKEN\" -H 'Content-Type: application/json' -d '{}'",
            serde_json::to_string(&example.v1).unwrap_or_default().replace('\'', "'\\''")
        );
        view! {
            <Card title="Try it"><TryItForm team name v1=example.v1 v2=example.v2 serves=state == State::Running/></Card>
            <Card title="From a terminal"><div class="stack"><p class="sub">"With any token of this team ("<a class="link" href="/account">"Account, Tokens"</a>"). One of the scope predict is enough, and may nothing else:"</p><CodeBlock text=curl/></div></Card>
        }
    })
}
