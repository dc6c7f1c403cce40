//! Keys: `Ctrl-K` and `/` find, `g` and a letter go places, `j` `k` and the arrows step through rows, Escape closes menus.

use super::places::PLACES;
use crate::{parts::Session, ui::dom};
use leptos::{ev, prelude::*};
use leptos_router::hooks::use_navigate;

/// Listens while the frame is there.
pub fn listen() {
    let team = use_context::<Session>().map(|s| s.team);
    let go = use_navigate();
    let after_g = RwSignal::new(0.0_f64);
    Effect::new(move |_| {
        let go = go.clone();
        let keys = window_event_listener(ev::keydown, move |e| {
            let key = e.key();
            if (e.ctrl_key() || e.meta_key()) && key.eq_ignore_ascii_case("k") {
                e.prevent_default();
                return dom::show_dialog("palette");
            }
            if key == "Escape" {
                return dom::close_menus(None);
            }
            if e.ctrl_key() || e.meta_key() || e.alt_key() || dom::is_typing(&e) {
                return;
            }
            let waiting = dom::now_ms() - after_g.get_untracked() < 1500.0;
            after_g.set(0.0);
            let place = waiting.then(|| PLACES.iter().find(|p| key.len() == 1 && key.starts_with(p.key))).flatten();
            if let (Some(place), Some(team)) = (place, team.and_then(|t| t.get_untracked())) {
                e.prevent_default();
                return go(&format!("/teams/{team}{}", place.path), Default::default());
            }
            let taken = match key.as_str() {
                "g" => {
                    after_g.set(dom::now_ms());
                    true
                }
                "/" => {
                    if !dom::focus("[data-filter]") {
                        dom::show_dialog("palette");
                    }
                    true
                }
                "j" => dom::step_row(true),
                "k" => dom::step_row(false),
                "ArrowDown" | "ArrowUp" if dom::in_row() => dom::step_row(key == "ArrowDown"),
                _ => false,
            };
            if taken {
                e.prevent_default();
            }
        });
        let clicks = window_event_listener(ev::click, |e| dom::close_menus(Some(&e)));
        on_cleanup(move || {
            keys.remove();
            clicks.remove();
        });
    });
}
