//! `Ctrl-K`: finds any object or place of the team.

use super::places::PLACES;
use crate::{
    api::{Client, home::Found},
    parts::Session,
    ui::{Icon, dom},
};
use leptos::{ev, prelude::*, task::spawn_local};
use leptos_router::hooks::use_navigate;
use std::time::Duration;

/// A line of the palette.
#[derive(Debug, Clone, PartialEq)]
struct Line {
    icon: &'static str,
    label: String,
    sub: String,
    href: String,
}

/// Actions beside the places: words, icon, address after `/teams/{team}`.
const ACTIONS: [(&str, &str, &str); 4] = [
    ("Launch notebook", "notebook", "/notebooks?launch=1"),
    ("Submit run", "run", "/runs/submit"),
    ("New environment", "environment", "/environments?new=1"),
    ("Events of the team", "team", "/team?tab=events"),
];

fn icon(kind: &str) -> &'static str {
    match kind {
        "notebook" => "notebook",
        "run" => "run",
        "model" => "model",
        "deployment" => "deployment",
        "experiment" => "experiment",
        "environment" => "environment",
        _ => "dot",
    }
}

fn own(team: &str, q: &str) -> Vec<Line> {
    let q = q.to_lowercase();
    let line = |label: &str, icon, sub: String, path: &str| Line { icon, label: label.into(), sub, href: format!("/teams/{team}{path}") };
    let places = PLACES.iter().map(|p| line(p.label, p.icon, format!("g {}", p.key), p.path));
    let actions = ACTIONS.iter().map(|(label, icon, path)| line(label, icon, String::new(), path));
    let account = Line { icon: "user", label: "Account and tokens".into(), sub: String::new(), href: "/account".into() };
    places.chain(actions).chain([account]).filter(|l| l.label.to_lowercase().contains(&q)).collect()
}

/// The palette.
#[component]
pub fn Palette() -> impl IntoView {
    let client = Client::from_context();
    let team = use_context::<Session>().map(|s| s.team);
    let team = Memo::new(move |_| team.and_then(|t| t.get()).unwrap_or_default());
    let (query, at) = (RwSignal::new(String::new()), RwSignal::new(0_usize));
    let found = RwSignal::new(Vec::<Found>::new());
    let lines = Memo::new(move |_| {
        let mut all = found.with(|f| {
            let line = |f: &Found| Line {
                icon: icon(&f.kind),
                label: f.label.clone(),
                sub: format!("{} {}", f.kind, f.sub),
                href: f.href.clone(),
            };
            f.iter().map(line).collect::<Vec<_>>()
        });
        all.extend(own(&team.read(), query.read().trim()));
        all
    });
    let look = move || {
        let q = query.get_untracked().trim().to_owned();
        if q.is_empty() {
            found.set(Vec::new());
            return;
        }
        let call = client.find(&team.get_untracked(), &q);
        spawn_local(async move {
            if let Ok(list) = call.await
                && query.with_untracked(|now| now.trim() == q)
            {
                found.set(list);
                at.set(0);
            }
        });
    };
    let typed = {
        let wait = StoredValue::new(None::<TimeoutHandle>);
        move |text: String| {
            query.set(text);
            at.set(0);
            if let Some(before) = wait.get_value() {
                before.clear();
            }
            let look = look.clone();
            wait.set_value(set_timeout_with_handle(look, Duration::from_millis(120)).ok());
        }
    };
    let go = use_navigate();
    let open = move |href: &str| {
        dom::close_dialog("palette");
        go(href, Default::default());
    };
    let keys = move |e: ev::KeyboardEvent| {
        let n = lines.with_untracked(Vec::len);
        match e.key().as_str() {
            "ArrowDown" => at.update(|i| *i = (*i + 1) % n.max(1)),
            "ArrowUp" => at.update(|i| *i = (*i + n.max(1) - 1) % n.max(1)),
            "Enter" => {
                if let Some(line) = lines.with_untracked(|l| l.get(at.get_untracked()).cloned()) {
                    open(&line.href);
                }
            }
            _ => return,
        }
        e.prevent_default();
    };
    let item = move |(i, line): (usize, Line)| {
        view! {
            <li role="option" id=format!("palette-{i}") aria-selected=move || if at.get() == i { "true" } else { "false" } on:pointermove=move |_| at.set(i)>
                <a href=line.href tabindex="-1" on:click=move |_| dom::close_dialog("palette")><Icon name=line.icon/><span>{line.label}</span><span class="sub">{line.sub}</span></a>
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
}
