//! What changes on the server appears: one stream of changes of the team, and the page is read again when it shows something of that kind
//! (`data-live`; where `data-of` names one object: of that one), or after a while (`data-every`, seconds).

use super::{dom, visit};
use crate::api::changes::{Change, kinds};
use std::{
    cell::{Cell, RefCell},
    time::Duration,
};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, Event, EventSource, MessageEvent};

/// A page is not read more often than this.
const AT_MOST: f64 = 700.0;
/// After an answer that is no stream the browser does not try again by itself, and no change says that the page can be read again.
const TRY_AGAIN: u64 = 3000;
/// A tab that nobody looked at for this long gives its stream back: a browser has six connections for all tabs of one server.
const REST: u64 = 10_000;

type Held = (EventSource, [Closure<dyn Fn()>; 2], Closure<dyn Fn(MessageEvent)>);

thread_local! {
    /// The stream, and of which team it is.
    static OPEN: RefCell<Option<(String, Held)>> = const { RefCell::new(None) };
    /// Whether the page is older than what it shows.
    static STALE: Cell<bool> = const { Cell::new(false) };
    /// Whether it is about to be read.
    static SOON: Cell<bool> = const { Cell::new(false) };
    /// When it was last read.
    static READ: Cell<f64> = const { Cell::new(0.0) };
    /// How the stream is.
    static FLOW: Cell<Flow> = const { Cell::new(Flow::Off) };
    /// Whether the tab has no stream because nobody looks at it.
    static RESTS: Cell<bool> = const { Cell::new(false) };
    /// How reading the page went last.
    static READS: Cell<Reads> = const { Cell::new(Reads::Well) };
}

#[derive(Clone, Copy, PartialEq)]
enum Flow {
    /// There is none, or it is about to begin.
    Off,
    Up,
    Lost,
}

#[derive(Clone, Copy, PartialEq)]
enum Reads {
    Well,
    /// No answer came.
    Failed,
    /// Nobody is signed in any more, and something is typed that is not to be taken away.
    SignedOut,
}

/// Looks at the clock from now on.
pub fn begin() {
    READ.set(dom::now_ms());
    let _ = leptos::prelude::set_interval_with_handle(due, Duration::from_secs(1));
    RESTS.set(dom::hidden());
    dom::on::<Event>("visibilitychange", |_| {
        if dom::hidden() {
            dom::later(REST, || {
                if dom::hidden() {
                    RESTS.set(true);
                    watch();
                }
            });
            return;
        }
        if RESTS.replace(false) {
            STALE.set(true);
            watch();
        }
        if STALE.get() {
            soon();
        }
    });
}

/// Follows the team of the page that arrived.
pub fn watch() {
    let team = dom::first::<Element>("[data-team]").and_then(|e| e.get_attribute("data-team")).filter(|t| !t.is_empty() && !RESTS.get());
    let now = OPEN.with_borrow(|o| o.as_ref().map(|(team, _)| team.clone()));
    if team != now {
        if let Some((_, (source, ..))) = OPEN.take() {
            source.close();
        }
        FLOW.set(Flow::Off);
        if let Some(team) = team {
            OPEN.set(open(&team).map(|held| (team, held)));
        }
    }
    tell();
}

fn open(team: &str) -> Option<Held> {
    let source = EventSource::new(&crate::api::client::team_path(team, "/changes")).ok()?;
    let up = Closure::<dyn Fn()>::new(|| {
        // After a gap anything may have changed.
        if FLOW.replace(Flow::Up) == Flow::Lost {
            stale();
        }
        tell();
    });
    let of = team.to_owned();
    let lost = Closure::<dyn Fn()>::new(move || {
        FLOW.set(Flow::Lost);
        tell();
        if is_closed(&of) {
            let of = of.clone();
            dom::later(TRY_AGAIN, move || {
                if is_closed(&of) {
                    OPEN.set(open(&of).map(|held| (of, held)));
                }
            });
        }
    });
    let change = Closure::<dyn Fn(MessageEvent)>::new(|e: MessageEvent| {
        let change = e.data().as_string().and_then(|t| serde_json::from_str::<Change>(&t).ok());
        if change.is_some_and(|c| c.kind == kinds::ALL || shows(&c)) {
            stale();
        }
    });
    source.set_onopen(Some(up.as_ref().unchecked_ref()));
    source.set_onerror(Some(lost.as_ref().unchecked_ref()));
    source.add_event_listener_with_callback("change", change.as_ref().unchecked_ref()).ok()?;
    Some((source, [up, lost], change))
}

/// Whether the stream of that team was given up by the browser.
fn is_closed(team: &str) -> bool {
    OPEN.with_borrow(|o| o.as_ref().is_some_and(|(of, (source, ..))| of == team && source.ready_state() == EventSource::CLOSED))
}

/// Whether the page shows something of that kind; where it says of which object (`data-of`), that one.
fn shows(change: &Change) -> bool {
    let live = dom::all::<Element>(&format!("[data-live~=\"{}\"]", change.kind.replace(['"', '\\'], "")));
    live.iter().any(|e| e.get_attribute("data-of").is_none_or(|id| id == change.id))
}

/// Whether the server answered when the page was read.
pub fn answers(does: bool) {
    READS.set(if does { Reads::Well } else { Reads::Failed });
    tell();
}

/// Somebody is typing, and is signed in no more.
pub fn signed_out() {
    READS.set(Reads::SignedOut);
    tell();
}

/// The page was read just now.
pub fn read() {
    READ.set(dom::now_ms());
}

/// The page is older than what it shows.
pub fn stale() {
    STALE.set(true);
    if !dom::hidden() {
        soon();
    }
}

/// Reads the page again, soon; what changes in the meantime is read with it.
fn soon() {
    if SOON.replace(true) {
        return;
    }
    let wait = (READ.get() + AT_MOST - dom::now_ms()).clamp(80.0, AT_MOST);
    dom::later(wait as u64, || {
        SOON.set(false);
        STALE.set(false);
        READ.set(dom::now_ms());
        visit::again();
    });
}

/// Whether the page says that it is to be read again by now.
fn due() {
    if dom::hidden() {
        return;
    }
    let seconds =
        dom::all::<Element>("[data-every]").iter().filter_map(|e| e.get_attribute("data-every")?.parse::<f64>().ok()).reduce(f64::min);
    let seconds = if READS.get() == Reads::Well { seconds } else { Some(TRY_AGAIN as f64 / 1000.0) };
    if seconds.is_some_and(|s| dom::now_ms() - READ.get() >= s * 1000.0) {
        soon();
    }
}

/// Says how the connection is.
fn tell() {
    let lost = "The connection to the server was lost. What you see may be old; it is tried again by itself.";
    let (class, words, line) = match (READS.get(), FLOW.get()) {
        (Reads::SignedOut, _) => {
            ("lost", "Signed out", "You are signed out. What you typed is still here: sign in in another tab, then send it.")
        }
        (Reads::Failed, _) | (_, Flow::Lost) => ("lost", "Reconnecting", lost),
        (Reads::Well, Flow::Up) => ("up", "Live", ""),
        (Reads::Well, Flow::Off) => ("", "", ""),
    };
    if let Some(badge) = dom::first::<Element>(".live") {
        badge.set_class_name(format!("live {class}").trim());
        put(&badge, words);
    }
    if let Some(place) = dom::first::<Element>(".lost-line") {
        put(&place, line);
    }
}

fn put(place: &Element, words: &str) {
    if place.text_content().as_deref() != Some(words) {
        place.set_text_content(Some(words));
    }
    let _ = if words.is_empty() { place.set_attribute("hidden", "") } else { place.remove_attribute("hidden") };
}
