//! A log: timestamps, search, follow, wrapping. Lines are kept in blocks of text, so that thousands cost little.

use super::{
    Icon, ProblemNote, dom,
    log_lines::Lines,
    log_stream::{Flow, LogStream},
    time::Now,
};
use crate::api::{
    client::Reply,
    logs::{LogPage, LogQuery},
};
use leptos::{html, prelude::*, task::spawn_local};
use std::{sync::Arc, time::Duration};

/// Lines per request.
const PIECE: u32 = 2000;
/// How much of the end of a log is shown at first, bytes.
const TAIL: i64 = 200_000;

/// Reads a piece of the log.
#[derive(Clone)]
pub struct LogSource(Arc<dyn Fn(LogQuery) -> Reply<LogPage> + Send + Sync>);

impl LogSource {
    /// From a call of the client.
    pub fn new(f: impl Fn(LogQuery) -> Reply<LogPage> + Send + Sync + 'static) -> Self {
        Self(Arc::new(f))
    }
}

/// A log, followed while it grows.
#[component]
pub fn LogView(
    /// Where it comes from.
    source: LogSource,
    /// Its stream; without one it is asked again and again for what is new.
    #[prop(optional_no_strip)]
    stream: Option<LogStream>,
    /// Path of the whole log as text.
    #[prop(optional, into)]
    download: Option<String>,
    /// What to say where there is no line.
    #[prop(default = "No line yet.")]
    nothing: &'static str,
    /// Height at most, in CSS.
    #[prop(default = "60vh")]
    height: &'static str,
    /// Changes when the log may have grown after it was complete.
    #[prop(optional, into)]
    again: Signal<u64>,
    /// Only the lines: no search, no choices.
    #[prop(optional)]
    bare: bool,
) -> impl IntoView {
    let attempt = RwSignal::new(None::<i64>);
    let contains = RwSignal::new(String::new());
    let first = {
        let source = source.clone();
        Resource::new(
            move || (attempt.get(), contains.get(), again.get()),
            move |(attempt, contains, _)| {
                let searching = !contains.is_empty();
                let offset = Some(if searching { 0 } else { -TAIL });
                let contains = searching.then_some(contains);
                (source.0)(LogQuery { attempt, offset, limit: Some(5000), contains })
            },
        )
    };
    let follow = RwSignal::new(true);
    let wrap = RwSignal::new(true);
    let flow = RwSignal::new(Flow::Off);
    let bar = (!bare).then(|| view! {
        <div class="logbar">
            <input type="search" placeholder="Search" aria-label="Search the log" on:change:target=move |e| contains.set(e.target().value())/>
            <label class="check"><input type="checkbox" prop:checked=follow checked on:change:target=move |e| follow.set(e.target().checked())/>"Follow"</label>
            <label class="check"><input type="checkbox" prop:checked=wrap checked on:change:target=move |e| wrap.set(e.target().checked())/>"Wrap"</label>
            <span class="grow"></span>
            <span class="sub" role="status">{move || words(flow.get())}</span>
            {download.map(|href| view! { <a class="btn small" href=href rel="external" download=""><Icon name="file"/>"Download"</a> })}
        </div>
    });
    view! {
        {bar}
        <Transition fallback=|| view! { <div class="log" style="min-height:96px"><p class="nothing">"Reading the log"</p></div> }>
            {move || {
                let (source, stream) = (source.clone(), stream.clone());
                Suspend::new(async move {
                    match first.await {
                        Ok(page) => view! {
                            {(!bare).then(|| view! { <Attempts page=page.clone() attempt/> })}
                            <Followed page source=(source, stream) flow follow wrap nothing height searching=contains.with_untracked(|c| !c.is_empty()) chosen=attempt.get_untracked()/>
                        }.into_any(),
                        Err(problem) => view! { <ProblemNote problem/> }.into_any(),
                    }
                })
            }}
        </Transition>
    }
}

const fn words(flow: Flow) -> &'static str {
    match flow {
        Flow::Off | Flow::Ended => "",
        Flow::Up => "Live",
        Flow::Lost => "Connection lost, trying again",
    }
}

/// The choice between attempts, where there were several.
#[component]
fn Attempts(page: LogPage, attempt: RwSignal<Option<i64>>) -> impl IntoView {
    (page.attempts > 1).then(|| {
        let options = (1..=page.attempts).map(|n| view! { <option value=n.to_string() selected=n == page.attempt>{format!("Attempt {n} of {}", page.attempts)}</option> });
        view! {
            <div class="logbar">
                <select aria-label="Attempt" on:change:target=move |e| attempt.set(e.target().value().parse().ok())>{options.collect_view()}</select>
            </div>
        }
    })
}

/// The lines, and what comes after them.
#[component]
fn Followed(
    page: LogPage,
    source: (LogSource, Option<LogStream>),
    flow: RwSignal<Flow>,
    follow: RwSignal<bool>,
    wrap: RwSignal<bool>,
    nothing: &'static str,
    height: &'static str,
    searching: bool,
    chosen: Option<i64>,
) -> impl IntoView {
    let node = NodeRef::<html::Div>::new();
    let mut lines = Lines::default();
    lines.append(page.items);
    let lines = RwSignal::new(lines);
    let now = Now::signal();
    let local = Memo::new(move |_| now.with(Option::is_some));
    let (attempt, offset) = (page.attempt, page.next_offset);
    flow.set(Flow::Off);
    match source {
        _ if page.complete || searching => {}
        (_, Some(stream)) => {
            Effect::new(move |_| {
                stream.follow(attempt, offset, flow, move |new| {
                    let _ = lines.try_update(|l| l.append(new));
                });
            });
        }
        (source, None) => poll(source, chosen, offset, lines),
    }
    Effect::new(move |_| {
        lines.track();
        if follow.get()
            && let Some(node) = node.get()
        {
            request_animation_frame(move || dom::scroll_to_end(&node));
        }
    });
    // Who scrolls up wants to read; who scrolls to the end wants to follow. Lines that came meanwhile are neither.
    let place = StoredValue::new(0);
    let scrolled = move |_| {
        let Some(node) = node.get_untracked() else { return };
        let (before, now) = (place.get_value(), dom::scrolled(&node));
        place.set_value(now);
        let wanted = if now < before { false } else { dom::at_end(&node) || follow.get_untracked() };
        if follow.get_untracked() != wanted {
            follow.set(wanted);
        }
    };
    view! {
        <div class="log" class:nowrap=move || !wrap.get() style=format!("--log-height:{height}") tabindex="0" role="log" aria-label="Log" aria-live="off" node_ref=node on:scroll=scrolled>
            <For each=move || lines.with(|l| l.blocks(local.get())) key=|b| b.key children=|b| view! { <div class="chunk" class:last=b.last inner_html=b.html()></div> }/>
            {move || lines.with(Lines::is_empty).then(|| view! { <p class="nothing">{if searching { "No line has that." } else { nothing }}</p> })}
        </div>
    }
}

/// Asks again and again for what is new.
fn poll(source: LogSource, attempt: Option<i64>, from: i64, lines: RwSignal<Lines>) {
    let (offset, complete, busy) = (RwSignal::new(from), RwSignal::new(false), RwSignal::new(false));
    let ask = move || {
        if complete.try_get_untracked() != Some(false) || busy.get_untracked() {
            return;
        }
        busy.set(true);
        let query = LogQuery { attempt, offset: Some(offset.get_untracked()), limit: Some(PIECE), contains: None };
        let call = (source.0)(query);
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
    Effect::new(move |_| {
        if let Ok(timer) = set_interval_with_handle(ask.clone(), Duration::from_millis(1500)) {
            on_cleanup(move || timer.clear());
        }
    });
}
