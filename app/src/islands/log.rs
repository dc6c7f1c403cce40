//! A log: timestamps, search, follow, wrapping. Lines are kept in blocks of text, so that thousands cost little.

use super::{
    island,
    log_lines::Lines,
    log_stream::{self, Flow},
};
use crate::{
    api::{
        Client, Problem,
        client::with_query,
        logs::{LogPage, LogQuery},
    },
    ui::{Icon, ProblemNote},
};
use leptos::{html, prelude::*, task::spawn_local};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Lines per request.
const PIECE: u32 = 2000;
/// So often a log that was scrolled to its end is scrolled there again.
const FRAMES: u8 = 4;
/// Lines found after which a search ends.
const MOST_FOUND: usize = 5000;
/// How much of the end of a log is shown at first, bytes.
const TAIL: i64 = 200_000;
/// How much of it the server renders: bytes, and lines of them. The rest is read by the browser, once and not with each rendering.
const FIRST: (i64, usize) = (20_000, 100);

/// Which log, and how it is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    path: String,
    streams: bool,
    download: Option<String>,
    nothing: String,
    height: String,
    again: u64,
    bare: bool,
    /// What each beginning of it is called.
    noun: String,
}

impl Shown {
    fn read(&self, client: &Client, query: &LogQuery) -> crate::api::reply::Reply<LogPage> {
        client.get(with_query(self.path.clone(), query))
    }
}

/// A log, followed while it grows.
#[component]
pub fn LogView(
    /// The way to the API.
    client: Client,
    /// Path of the API where it is read.
    path: String,
    /// Whether it is streamed too, below that path; else it is asked again and again for what is new.
    #[prop(optional)]
    streams: bool,
    /// Path of the whole log as text.
    #[prop(default = None, into)]
    download: Option<String>,
    /// What to say where there is no line.
    #[prop(default = "No line yet.")]
    nothing: &'static str,
    /// Height at most, in CSS.
    #[prop(default = "60vh")]
    height: &'static str,
    /// Changes when the log may have grown after it was complete.
    #[prop(optional)]
    again: u64,
    /// Only the lines: no search, no choices.
    #[prop(optional)]
    bare: bool,
    /// What each beginning of it is called: of what goes on for ever, a start is no attempt at an end.
    #[prop(default = "Attempt")]
    noun: &'static str,
) -> impl IntoView {
    let shown = Shown { path, streams, download, nothing: nothing.into(), height: height.into(), again, bare, noun: noun.into() };
    let first = shown.read(&client, &LogQuery { offset: Some(-FIRST.0), ..tail(None, None, String::new()) });
    Suspend::new(async move {
        let content = match first.await {
            Ok(page) => {
                let ways = shown.download.as_ref().map(|path| ways(path, noun, &page));
                let mut lines = Lines::default();
                let from = page.items.len().saturating_sub(FIRST.1);
                lines.append(page.items.into_iter().skip(from).collect());
                let blocks =
                    lines.blocks(false).into_iter().map(|b| view! { <div class="chunk" class:last=b.last inner_html=b.html()></div> });
                let none = lines.is_empty().then(|| view! { <p class="nothing">{nothing}</p> });
                view! {
                    {(!bare).then(|| view! { <div class="logbar"><span class="grow"></span>{ways}</div> })}
                    <div class="log" style=format!("--log-height:{height}") tabindex="0" role="log" aria-label="Log">{blocks.collect_view()}{none}</div>
                }
                .into_any()
            }
            Err(problem) => view! { <ProblemNote problem/> }.into_any(),
        };
        island("log", format!("log-{}", shown.path), &shown, content)
    })
}

/// To each log as text, for who has no JavaScript to choose with.
fn ways(path: &str, noun: &str, page: &LogPage) -> AnyView {
    let way = |words: String, query: LogQuery| view! { <a class="link" href=with_query(path.to_owned(), &query) rel="external" download="">{words}</a> };
    let all: Vec<_> = match (page.nodes, page.attempts) {
        (2.., _) => (0..page.nodes)
            .map(|n| way(format!("Node {n}"), LogQuery { attempt: Some(page.attempt), node: u32::try_from(n).ok(), ..LogQuery::default() }))
            .collect(),
        (_, 2..) => (1..=page.attempts).map(|n| way(format!("{noun} {n}"), LogQuery { attempt: Some(n), ..LogQuery::default() })).collect(),
        _ => vec![way("Download".into(), LogQuery::default())],
    };
    all.into_any()
}

fn tail(attempt: Option<i64>, node: Option<u32>, contains: String) -> LogQuery {
    let searching = !contains.is_empty();
    LogQuery { attempt, node, offset: Some(if searching { 0 } else { -TAIL }), limit: Some(5000), contains: searching.then_some(contains) }
}

/// The end of the log, before it is taken over.
#[cfg(feature = "browser")]
pub async fn first(shown: &Shown) -> Option<LogPage> {
    let client = Client::new(crate::api::transport::browser::Browser);
    shown.read(&client, &tail(None, None, String::new())).await.ok()
}

/// What is being looked at.
#[derive(Clone, Copy)]
struct View {
    attempt: RwSignal<Option<i64>>,
    node: RwSignal<Option<u32>>,
    contains: RwSignal<String>,
    follow: RwSignal<bool>,
    wrap: RwSignal<bool>,
    flow: RwSignal<Flow>,
}

/// The log itself.
pub fn log(shown: Signal<Shown>, first: Option<LogPage>) -> AnyView {
    let client = Client::from_context();
    let Shown { download, bare, noun, .. } = shown.get_untracked();
    let view = View {
        attempt: RwSignal::new(None),
        node: RwSignal::new(None),
        contains: RwSignal::new(String::new()),
        follow: RwSignal::new(true),
        wrap: RwSignal::new(true),
        flow: RwSignal::new(Flow::Off),
    };
    let View { attempt, node, contains, follow, wrap, flow } = view;
    let page = RwSignal::new(first.map(Ok));
    let turn = StoredValue::new(0_u64);
    let reader = client.clone();
    Effect::new(move |before: Option<()>| {
        let query = tail(attempt.get(), node.get(), contains.get());
        let call = shown.with(|s| s.read(&reader, &query));
        let (client, of) = (reader.clone(), shown.get_untracked());
        if before.is_none() && page.with_untracked(Option::is_some) {
            return;
        }
        turn.update_value(|t| *t += 1);
        let mine = turn.get_value();
        if query.contains.is_some() {
            page.set(None);
        }
        spawn_local(async move {
            let mut answer: Result<LogPage, Problem> = call.await;
            // One answer is of a part of a long log; a search is over when the end was reached, or enough was found.
            while let Ok(found) = &mut answer
                && query.contains.is_some()
                && !found.complete
                && found.items.len() < MOST_FOUND
                && turn.try_get_value() == Some(mine)
            {
                let more = LogQuery { attempt: Some(found.attempt), offset: Some(found.next_offset), ..query.clone() };
                match of.read(&client, &more).await {
                    Ok(next) if next.next_offset > found.next_offset => {
                        found.items.extend(next.items);
                        (found.next_offset, found.complete) = (next.next_offset, next.complete);
                    }
                    Ok(_) => break,
                    Err(problem) => answer = Err(problem),
                }
            }
            if turn.try_get_value() == Some(mine) {
                let _ = page.try_set(Some(answer));
            }
        });
    });
    let bar = (!bare).then(|| view! {
        <div class="logbar">
            <input type="search" placeholder="Search" aria-label="Search the log" on:change:target=move |e| contains.set(e.target().value())/>
            <label class="check"><input type="checkbox" prop:checked=follow on:change:target=move |e| follow.set(e.target().checked())/>"Follow"</label>
            <label class="check"><input type="checkbox" prop:checked=wrap on:change:target=move |e| wrap.set(e.target().checked())/>"Wrap"</label>
            <span class="grow"></span>
            <span class="sub" role="status">{move || words(flow.get())}</span>
            {download.map(|path| view! { <a class="btn small" href=move || whole(&path, view) rel="external" download=""><Icon name="file"/>"Download"</a> })}
        </div>
    });
    let lines = move || match page.get() {
        Some(Ok(page)) => {
            let choices = choices(&page, view, bare, &noun);
            view! { {choices}{followed(page, shown.get_untracked(), client.clone(), view)} }.into_any()
        }
        Some(Err(problem)) => view! { <ProblemNote problem/> }.into_any(),
        None => view! { <div class="log"><p class="nothing">"Reading the log"</p></div> }.into_any(),
    };
    view! { {bar}{lines} }.into_any()
}

/// Where the whole log is that is looked at.
fn whole(path: &str, view: View) -> String {
    with_query(path.to_owned(), &LogQuery { attempt: view.attempt.get(), node: view.node.get(), ..LogQuery::default() })
}

const fn words(flow: Flow) -> &'static str {
    match flow {
        Flow::Off | Flow::Ended => "",
        Flow::Up => "Live",
        Flow::Lost => "Connection lost, trying again",
    }
}

/// The choice between attempts and between nodes, where there are several.
fn choices(page: &LogPage, view: View, bare: bool, noun: &str) -> AnyView {
    if page.attempts < 2 && page.nodes < 2 {
        return ().into_any();
    }
    if bare {
        let node = (page.nodes > 1)
            .then(|| view! { <div class="logbar"><span class="sub">{format!("Node {} of {}", page.node, page.nodes)}</span></div> });
        return node.into_any();
    }
    let option = |n: i64, shown: i64, words: String| view! { <option value=n.to_string() selected=n == shown>{words}</option> };
    let (attempt, attempts, node, nodes) = (page.attempt, page.attempts, page.node, page.nodes);
    let attempts = (attempts > 1).then(|| {
        let options: Vec<_> = (1..=attempts).map(|n| option(n, attempt, format!("{noun} {n} of {attempts}"))).collect();
        view! { <select aria-label=noun.to_owned() on:change:target=move |e| view.attempt.set(e.target().value().parse().ok())>{options}</select> }
    });
    let nodes = (nodes > 1).then(|| {
        let options: Vec<_> = (0..nodes).map(|n| option(n, node, format!("Node {n}"))).collect();
        view! { <select aria-label="Node" on:change:target=move |e| view.node.set(e.target().value().parse().ok())>{options}</select> }
    });
    view! { <div class="logbar">{attempts}{nodes}</div> }.into_any()
}

/// The lines, and what comes after them.
fn followed(page: LogPage, shown: Shown, client: Client, view: View) -> AnyView {
    let View { follow, wrap, flow, .. } = view;
    let searching = view.contains.with_untracked(|c| !c.is_empty());
    let cut = !searching && !shown.bare && page.next_offset > TAIL;
    let earlier = if shown.download.is_some() {
        "Earlier lines are in the download, and found by the search."
    } else {
        "Earlier lines are found by the search."
    };
    let many = searching && page.items.len() >= MOST_FOUND;
    let node = NodeRef::<html::Div>::new();
    let mut lines = Lines::default();
    lines.append(page.items);
    let lines = RwSignal::new(lines);
    let offset = page.next_offset;
    let from = LogQuery { attempt: Some(page.attempt), node: u32::try_from(page.node).ok(), offset: Some(offset), ..LogQuery::default() };
    flow.set(Flow::Off);
    if !page.complete && !searching {
        if shown.streams {
            log_stream::follow(&shown.path, from, flow, move |new| {
                let _ = lines.try_update(|l| l.append(new));
            });
        } else {
            poll(shown.clone(), client, view.attempt.get_untracked(), offset, lines);
        }
    }
    Effect::new(move |_| {
        lines.track();
        if follow.get()
            && let Some(node) = node.get()
        {
            to_end(node, FRAMES);
        }
    });
    // Who scrolls up wants to read; who scrolls to the end wants to follow. Lines that came meanwhile are neither.
    let place = StoredValue::new(0);
    let scrolled = move |_| {
        let Some(node) = node.get_untracked() else { return };
        let (before, now) = (place.get_value(), node.scroll_top());
        place.set_value(now);
        let at_end = node.scroll_height() - now - node.client_height() < 40;
        let wanted = if now < before { false } else { at_end || follow.get_untracked() };
        if follow.get_untracked() != wanted {
            follow.set(wanted);
        }
    };
    let local = cfg!(feature = "browser");
    let nothing = if searching { "No line has that.".to_owned() } else { shown.nothing };
    view! {
        <div class="log" class:nowrap=move || !wrap.get() style=format!("--log-height:{}", shown.height) tabindex="0" role="log" aria-label="Log" aria-live="off" node_ref=node on:scroll=scrolled>
            {cut.then(|| view! { <p class="nothing">{earlier}</p> })}
            <For each=move || lines.with(|l| l.blocks(local)) key=|b| b.key children=|b| view! { <div class="chunk" class:last=b.last inner_html=b.html()></div> }/>
            {many.then(|| view! { <p class="nothing">{format!("Only the first {MOST_FOUND} are shown: search for more of the line.")}</p> })}
            {move || lines.with(Lines::is_empty).then(|| view! { <p class="nothing">{nothing.clone()}</p> })}
        </div>
    }
    .into_any()
}

/// Scrolls to the end, and again in the frames after: lines have their height when they are seen for the first time.
fn to_end(node: leptos::web_sys::HtmlDivElement, frames: u8) {
    request_animation_frame(move || {
        node.set_scroll_top(node.scroll_height());
        if frames > 0 {
            to_end(node, frames - 1);
        }
    });
}

/// Asks again and again for what is new.
fn poll(shown: Shown, client: Client, attempt: Option<i64>, from: i64, lines: RwSignal<Lines>) {
    let (offset, complete, busy) = (RwSignal::new(from), RwSignal::new(false), RwSignal::new(false));
    let ask = move || {
        if complete.try_get_untracked() != Some(false) || busy.get_untracked() {
            return;
        }
        busy.set(true);
        let query = LogQuery { attempt, offset: Some(offset.get_untracked()), limit: Some(PIECE), ..LogQuery::default() };
        let call = shown.read(&client, &query);
        spawn_local(async move {
            let answer = call.await;
            let _ = busy.try_set(false);
            if let Ok(page) = answer {
                let _ = offset.try_set(page.next_offset);
                let _ = complete.try_set(page.complete);
                if !page.items.is_empty() {
                    let _ = lines.try_update(|l| l.append(page.items));
                }
            }
        });
    };
    if let Ok(timer) = set_interval_with_handle(ask, Duration::from_millis(1500)) {
        on_cleanup(move || timer.clear());
    }
}
