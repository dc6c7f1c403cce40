//! `Ctrl-K`: finds any object or place of the team; outside of one the places of the platform.

use super::island;
use crate::{
    api::{Client, client::with_query, home::Found},
    ui::Icon,
};
use leptos::{ev, prelude::*, task::spawn_local};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A line of the palette.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// In the icon set.
    pub icon: String,
    /// What it is called.
    pub label: String,
    /// What else to know: a key, a kind.
    pub sub: String,
    /// Where it leads.
    pub href: String,
}

/// Where one can always go, and where the rest is found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    /// Path of the API that finds objects; empty where there are none to find.
    find: String,
    lines: Vec<Line>,
}

fn icon(kind: &str) -> &'static str {
    match kind {
        "notebook" => "notebook",
        "run" => "run",
        "pipeline" | "pipeline_run" => "pipeline",
        "model" => "model",
        "deployment" => "deployment",
        "experiment" => "experiment",
        "environment" => "environment",
        _ => "dot",
    }
}

/// The palette; nothing of it is seen before it is opened.
#[component]
pub fn Palette(
    /// Path of the API that finds objects; empty where there are none to find.
    find: String,
    /// Where one can always go.
    lines: Vec<Line>,
) -> impl IntoView {
    island("palette", "palette-place".into(), &Shown { find, lines }, ().into_any())
}

/// The palette itself.
pub fn palette(shown: Signal<Shown>) -> AnyView {
    let client = Client::from_context();
    let (query, at) = (RwSignal::new(String::new()), RwSignal::new(0_usize));
    let found = RwSignal::new(Vec::<Found>::new());
    let lines = Memo::new(move |_| {
        let line = |f: &Found| Line {
            icon: icon(&f.kind).into(),
            label: f.label.clone(),
            sub: format!("{} {}", f.kind.replace('_', " "), f.sub),
            href: f.href.clone(),
        };
        let mut all = found.with(|f| f.iter().map(line).collect::<Vec<_>>());
        let q = query.read().trim().to_lowercase();
        shown.with(|s| all.extend(s.lines.iter().filter(|l| l.label.to_lowercase().contains(&q)).cloned()));
        all
    });
    let look = move || {
        // It may have ended since the key was pressed, and again before the answer comes.
        let (Some(q), Some(find)) = (query.try_get_untracked(), shown.try_with_untracked(|s| s.find.clone())) else { return };
        let q = q.trim().to_owned();
        if q.is_empty() || find.is_empty() {
            let _ = found.try_set(Vec::new());
            return;
        }
        let call = client.get::<Vec<Found>>(with_query(find, &[("q", &q)]));
        spawn_local(async move {
            if let Ok(list) = call.await
                && query.try_with_untracked(|now| now.trim() == q) == Some(true)
            {
                let _ = found.try_set(list);
                let _ = at.try_set(0);
            }
        });
    };
    let wait = StoredValue::new(None::<TimeoutHandle>);
    let typed = move |text: String| {
        query.set(text);
        at.set(0);
        if let Some(before) = wait.get_value() {
            before.clear();
        }
        let look = look.clone();
        wait.set_value(set_timeout_with_handle(look, Duration::from_millis(120)).ok());
    };
    let keys = move |e: ev::KeyboardEvent| {
        let n = lines.with_untracked(Vec::len).max(1);
        match e.key().as_str() {
            "ArrowDown" => at.update(|i| *i = (*i + 1) % n),
            "ArrowUp" => at.update(|i| *i = (*i + n - 1) % n),
            "Enter" => follow(at.get_untracked()),
            _ => return,
        }
        e.prevent_default();
    };
    let item = move |(i, line): (usize, Line)| {
        view! {
            <li role="option" id=format!("palette-{i}") aria-selected=move || if at.get() == i { "true" } else { "false" } on:pointermove=move |_| at.set(i)>
                <a href=line.href tabindex="-1" on:click=move |_| close()><Icon name=line.icon/><span>{line.label}</span><span class="sub">{line.sub}</span></a>
            </li>
        }
    };
    view! {
        <dialog id="palette" class="palette" aria-label="Find anything">
            <input type="text" placeholder="Find a notebook, run, model, deployment or page" aria-label="Find anything" autocomplete="off" spellcheck="false" autofocus
                role="combobox" aria-expanded="true" aria-controls="palette-list" aria-activedescendant=move || format!("palette-{}", at.get())
                prop:value=query on:input:target=move |e| typed(e.target().value()) on:keydown=keys/>
            <ul id="palette-list" role="listbox" aria-label="Found">{move || lines.get().into_iter().enumerate().map(item).collect_view()}</ul>
            <p class="foot"><span><kbd>"↑"</kbd>" "<kbd>"↓"</kbd>" choose"</span><span><kbd>"Enter"</kbd>" open"</span><span><kbd>"Esc"</kbd>" close"</span></p>
        </dialog>
    }
    .into_any()
}

/// Opens the line as a click on it does.
fn follow(at: usize) {
    #[cfg(feature = "browser")]
    {
        use wasm_bindgen::JsCast;
        let link = document().query_selector(&format!("#palette-{at} a")).ok().flatten();
        if let Some(link) = link.and_then(|l| l.dyn_into::<web_sys::HtmlElement>().ok()) {
            link.click();
        }
    }
    #[cfg(not(feature = "browser"))]
    let _ = at;
}

fn close() {
    #[cfg(feature = "browser")]
    {
        use wasm_bindgen::JsCast;
        let dialog = document().get_element_by_id("palette").and_then(|d| d.dyn_into::<web_sys::HtmlDialogElement>().ok());
        if let Some(dialog) = dialog {
            dialog.close();
        }
    }
}
