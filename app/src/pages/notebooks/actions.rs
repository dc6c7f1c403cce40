//! Open, start, stop: the buttons of a notebook.

use crate::{
    api::{Client, State, client::team_path, notebooks::Notebook},
    parts::Access,
    ui::{After, Icon, PostButton, Submit, dom},
};
use leptos::prelude::*;

/// What one may do with the notebook in its state.
#[component]
pub fn Actions(
    /// The notebook.
    notebook: Notebook,
    /// Who looks.
    access: Access,
    /// Class of the buttons.
    #[prop(default = "btn small")]
    class: &'static str,
    /// Class of the first button.
    #[prop(default = "btn small primary")]
    first: &'static str,
) -> impl IntoView {
    let client = Client::from_context();
    let (team, name) = (access.team.clone(), notebook.name.clone());
    let path = |verb: &str| team_path(&team, &format!("/notebooks/{name}/{verb}"));
    let changes = access.changes(&notebook.owner);
    let open = (notebook.state == State::Running && access.edits() && notebook.owner == access.me.user).then(|| {
        let (client, team, name) = (client.clone(), team.clone(), name.clone());
        let submit = Submit::new(move |_| {
            // The window opens within the click: later the browser would not allow it.
            let window = dom::open_window();
            let call = client.notebook_open(&team, &name);
            async move {
                match (call.await, window) {
                    (Ok(open), Some(window)) => window.go(&open.url),
                    (Ok(open), None) => dom::leave_for(&open.url),
                    (Err(problem), window) => {
                        if let Some(window) = window {
                            window.close();
                        }
                        return Err(problem);
                    }
                }
                Ok(After::stay())
            }
        });
        view! { <PostButton id=format!("open-{}", notebook.name) action=path("open") submit class=first label=format!("Open {}", notebook.name)><Icon name="out"/>"Open"</PostButton> }
    });
    let stop = (changes && matches!(notebook.state, State::Queued | State::Starting | State::Running)).then(|| {
        let (client, team, name) = (client.clone(), team.clone(), name.clone());
        let submit = Submit::new(move |_| {
            let (call, text) = (client.notebook_stop(&team, &name), format!("{name} stops. Its files stay."));
            async move { call.await.map(|()| After::say(text)) }
        });
        view! { <PostButton id=format!("stop-{}", notebook.name) action=path("stop") submit class label=format!("Stop {}", notebook.name)>"Stop"</PostButton> }
    });
    let start = (changes && notebook.state.is_final()).then(|| {
        let (client, team, name) = (client.clone(), team.clone(), name.clone());
        let submit = Submit::new(move |_| {
            let (call, text) = (client.notebook_start(&team, &name), format!("{name} starts."));
            async move { call.await.map(|()| After::say(text)) }
        });
        view! { <PostButton id=format!("start-{}", notebook.name) action=path("start") submit class=first label=format!("Start {}", notebook.name)>"Start"</PostButton> }
    });
    view! { {open}{start}{stop} }
}
