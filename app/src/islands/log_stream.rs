//! A log as it grows, over server-sent events. A connection that breaks goes on behind the last line that came.

use crate::api::logs::{LogLine, LogQuery};
use leptos::prelude::*;

/// How the stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flow {
    /// Not open: nothing is followed.
    #[default]
    Off,
    /// Lines arrive.
    Up,
    /// Lost; it is tried again.
    Lost,
    /// The log has ended.
    Ended,
}

/// Gives every line of the log at `path` from the place that `from` names to `take`, some at a time, while the owner lives. Does nothing on the server.
pub fn follow(path: &str, from: LogQuery, flow: RwSignal<Flow>, take: impl Fn(Vec<LogLine>) + 'static) {
    #[cfg(feature = "browser")]
    browser::follow(format!("{path}/stream"), from, flow, Box::new(take));
    #[cfg(not(feature = "browser"))]
    let _ = (path, from, flow, take);
}

/// The byte offset in the id of an event: `attempt.offset`, `attempt.offset.node`, or `offset`.
#[cfg(any(feature = "browser", test))]
fn offset_of(id: &str) -> Option<i64> {
    id.split('.').nth(1).unwrap_or(id).parse().ok()
}

#[cfg(feature = "browser")]
mod browser {
    use super::{Flow, LogLine, LogQuery, offset_of};
    use crate::api::client::with_query;
    use leptos::prelude::*;
    use std::{
        cell::{Cell, RefCell},
        rc::Rc,
        time::Duration,
    };
    use wasm_bindgen::{JsCast, closure::Closure};
    use web_sys::{EventSource, MessageEvent};

    /// Lines of this long are shown together: a busy log does not draw the page a thousand times.
    const TOGETHER: Duration = Duration::from_millis(120);
    /// After an answer that is no stream the browser does not try again by itself.
    const AGAIN: Duration = Duration::from_secs(3);
    /// How long a tab that nobody looks at keeps its stream.
    const REST: Duration = Duration::from_secs(10);

    type Held = (EventSource, Closure<dyn FnMut(MessageEvent)>, [Closure<dyn FnMut()>; 3]);

    struct Follower {
        path: String,
        from: LogQuery,
        offset: Cell<i64>,
        flow: RwSignal<Flow>,
        take: Box<dyn Fn(Vec<LogLine>)>,
        waiting: RefCell<Vec<LogLine>>,
        held: RefCell<Option<Held>>,
        gone: Cell<bool>,
    }

    pub fn follow(path: String, from: LogQuery, flow: RwSignal<Flow>, take: Box<dyn Fn(Vec<LogLine>)>) {
        let follower = Rc::new(Follower {
            path,
            offset: Cell::new(from.offset.unwrap_or(0)),
            from,
            flow,
            take,
            waiting: RefCell::default(),
            held: RefCell::default(),
            gone: Cell::new(false),
        });
        follower.look();
        let me = follower.clone();
        let looked_at = window_event_listener_untyped("visibilitychange", move |_| me.look());
        let follower = send_wrapper::SendWrapper::new((follower, looked_at));
        on_cleanup(move || {
            let (follower, looked_at) = follower.take();
            looked_at.remove();
            follower.gone.set(true);
            if let Some((source, ..)) = follower.held.take() {
                source.close();
            }
        });
    }

    impl Follower {
        /// Somebody looks at the tab, or no longer: one that nobody looked at for a while gives its stream back, and goes on behind the last
        /// line it has.
        fn look(self: &Rc<Self>) {
            if self.gone.get() {
                return;
            }
            if document().hidden() {
                let me = self.clone();
                let rest = move || {
                    if document().hidden()
                        && let Some((source, ..)) = me.held.take()
                    {
                        source.close();
                    }
                };
                set_timeout(rest, REST);
                return;
            }
            let closed = self.held.borrow().as_ref().is_none_or(|(source, ..)| source.ready_state() == EventSource::CLOSED);
            if closed && self.flow.try_get_untracked() != Some(Flow::Ended) {
                self.open();
            }
        }

        fn open(self: &Rc<Self>) {
            let Ok(source) = EventSource::new(&self.address()) else { return };
            let me = self.clone();
            let line = Closure::<dyn FnMut(MessageEvent)>::new(move |e: MessageEvent| me.line(&e));
            let (up, end, error) = (self.clone(), self.clone(), self.clone());
            let of = source.clone();
            let other = [
                Closure::<dyn FnMut()>::new(move || up.say(Flow::Up)),
                Closure::<dyn FnMut()>::new(move || end.ended()),
                Closure::<dyn FnMut()>::new(move || error.broken(&of)),
            ];
            source.set_onopen(Some(other[0].as_ref().unchecked_ref()));
            source.set_onerror(Some(other[2].as_ref().unchecked_ref()));
            let _ = source.add_event_listener_with_callback("line", line.as_ref().unchecked_ref());
            let _ = source.add_event_listener_with_callback("end", other[1].as_ref().unchecked_ref());
            self.held.replace(Some((source, line, other)));
        }

        fn address(&self) -> String {
            let query = LogQuery { offset: Some(self.offset.get()), ..self.from.clone() };
            with_query(self.path.clone(), &query)
        }

        fn say(&self, flow: Flow) {
            if self.flow.try_get_untracked().is_some_and(|f| f != flow) {
                let _ = self.flow.try_set(flow);
            }
        }

        fn line(self: &Rc<Self>, event: &MessageEvent) {
            if let Some(offset) = offset_of(&event.last_event_id()) {
                self.offset.set(offset);
            }
            let Some(line) = event.data().as_string().and_then(|t| serde_json::from_str(&t).ok()) else { return };
            let first = self.waiting.borrow().is_empty();
            self.waiting.borrow_mut().push(line);
            if first {
                let me = self.clone();
                set_timeout(move || me.flush(), TOGETHER);
            }
        }

        fn flush(&self) {
            let lines = self.waiting.take();
            if !lines.is_empty() && !self.gone.get() {
                (self.take)(lines);
            }
        }

        fn ended(&self) {
            self.flush();
            self.say(Flow::Ended);
            if let Some((source, ..)) = self.held.borrow().as_ref() {
                source.close();
            }
        }

        fn broken(self: &Rc<Self>, source: &EventSource) {
            if self.gone.get() || self.flow.try_get_untracked() == Some(Flow::Ended) {
                return;
            }
            self.say(Flow::Lost);
            if source.ready_state() == EventSource::CLOSED {
                let me = self.clone();
                let again = move || {
                    if !me.gone.get() && !document().hidden() {
                        me.open();
                    }
                };
                set_timeout(again, AGAIN);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::offset_of;

    #[test]
    fn offset_of_an_event() {
        assert_eq!((offset_of("2.1234"), offset_of("2.1234.7")), (Some(1234), Some(1234)));
        assert_eq!(offset_of("77"), Some(77));
        assert_eq!(offset_of(""), None);
    }
}
