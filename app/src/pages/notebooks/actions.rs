//! Open, start, stop: the buttons of a notebook.

use crate::{
    api::{State, client::team_path, notebooks::Notebook},
    parts::Access,
    ui::{Icon, PostButton},
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
    let (team, name) = (access.team.clone(), notebook.name.clone());
    let path = |verb: &str| team_path(&team, &format!("/notebooks/{name}/{verb}"));
    let changes = access.changes(&notebook.owner);
    // A plain form: the API answers it with the way to the notebook, in a window of its own.
    let open = (notebook.state == State::Running && access.edits() && notebook.owner == access.me.user).then(|| {
        view! {
            <form method="post" action=path("open") target="_blank" class="inline">
                <button type="submit" class=first aria-label=format!("Open {name}")><Icon name="out"/>"Open"</button>
            </form>
        }
    });
    let stop = (changes && matches!(notebook.state, State::Queued | State::Starting | State::Running)).then(|| {
        view! { <PostButton id=format!("stop-{name}") action=path("stop") say=format!("{name} stops. Its files stay.") class label=format!("Stop {name}")>"Stop"</PostButton> }
    });
    let start = (changes && notebook.state.is_final()).then(|| {
        view! { <PostButton id=format!("start-{name}") action=path("start") say=format!("{name} starts.") class=first label=format!("Start {name}")>"Start"</PostButton> }
    });
    view! { {open}{start}{stop} }
}
