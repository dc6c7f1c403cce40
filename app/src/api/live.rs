//! Live state in pages: one stream of changes, resources refetch when their kind changed.

use leptos::prelude::*;

/// Whether the stream of changes is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// Not tried yet, or the page is rendered on the server.
    Off,
    /// Changes arrive.
    Up,
    /// Lost; the browser tries again by itself.
    Lost,
}

/// The live stream of the page; from context.
#[derive(Clone, Copy)]
pub struct Live {
    link: RwSignal<Link>,
    last: RwSignal<Option<super::changes::Change>>,
    ticks: RwSignal<u64>,
}

impl Live {
    /// Puts a stream that is off into context; [`Live::connect`] opens it.
    pub fn provide() -> Self {
        let live = Self { link: RwSignal::new(Link::Off), last: RwSignal::new(None), ticks: RwSignal::new(0) };
        provide_context(live);
        live
    }

    /// State of the stream.
    pub fn link(self) -> Signal<Link> {
        self.link.into()
    }

    /// A number that grows when an object of one of `kinds` changed; use it as a source of a resource.
    pub fn of(kinds: &'static [&'static str]) -> Signal<u64> {
        let Some(live) = use_context::<Live>() else { return Signal::derive(|| 0) };
        let seen = RwSignal::new(0_u64);
        Effect::new(move |first: Option<()>| {
            live.ticks.track();
            if first.is_none() {
                return;
            }
            live.last.with_untracked(|c| {
                if c.as_ref().is_some_and(|c| c.kind == "all" || kinds.contains(&c.kind.as_str())) {
                    seen.update(|n| *n += 1);
                }
            });
        });
        seen.into()
    }

    /// Opens the stream of `team`'s changes. Does nothing on the server.
    #[cfg(feature = "hydrate")]
    pub fn connect(self, team: &str) {
        use wasm_bindgen::{JsCast, closure::Closure};
        let Ok(source) = web_sys::EventSource::new(&super::client::team_path(team, "/changes")) else { return };
        let open = Closure::<dyn FnMut()>::new(move || {
            // After a gap anything may have changed.
            if self.link.get_untracked() == Link::Lost {
                self.ring(super::changes::Change { kind: "all".into(), id: String::new(), revision: 0 });
            }
            self.link.set(Link::Up);
        });
        let error = Closure::<dyn FnMut()>::new(move || self.link.set(Link::Lost));
        let change = Closure::<dyn FnMut(web_sys::MessageEvent)>::new(move |e: web_sys::MessageEvent| {
            if let Some(change) = e.data().as_string().and_then(|t| serde_json::from_str(&t).ok()) {
                self.ring(change);
            }
        });
        source.set_onopen(Some(open.as_ref().unchecked_ref()));
        source.set_onerror(Some(error.as_ref().unchecked_ref()));
        let _ = source.add_event_listener_with_callback("change", change.as_ref().unchecked_ref());
        let held = send_wrapper::SendWrapper::new((source, open, error, change));
        on_cleanup(move || held.0.close());
    }

    #[cfg(feature = "hydrate")]
    fn ring(self, change: super::changes::Change) {
        self.last.set(Some(change));
        self.ticks.update(|n| *n += 1);
    }
}
