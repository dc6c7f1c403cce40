//! The graph of a pipeline run: it is moved with the pointer, made larger and smaller with the wheel, the arrows go from box to box, and what
//! is chosen is seen. Without us it scrolls, links make it larger and smaller, and each box is a stop of the Tab key.

use super::{dom, visit};
use crate::ui::zoom;
use std::cell::{Cell, RefCell};
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlAnchorElement, HtmlElement, KeyboardEvent, MouseEvent, PointerEvent, WheelEvent};

/// Pixels that a pointer moves before it is no click any more.
const SLACK: i32 = 4;
/// Milliseconds between two steps of the wheel.
const STEP_MS: f64 = 250.0;
/// What the arrows go to: boxes, and the buttons that unfold them.
const STOPS: &str = ".graph .canvas :is(.node, .turn)";
/// What follows the canvas.
const PAST: &str = ".graph footer a[href]";

/// A drag: where it began, and how far the graph was scrolled then.
#[derive(Clone)]
struct Drag {
    canvas: Element,
    from: (i32, i32),
    scrolled: (i32, i32),
    moved: bool,
}

/// A point of the graph, as shares of its size, and where it stands in its box, pixels.
#[derive(Clone, Copy)]
struct Point {
    share: (f64, f64),
    at: (f64, f64),
}

thread_local! {
    static DRAG: RefCell<Option<Drag>> = const { RefCell::new(None) };
    /// The click that ends a drag is none.
    static DRAGGED: Cell<bool> = const { Cell::new(false) };
    /// What stays where it is when the size changes.
    static HELD: Cell<Option<Point>> = const { Cell::new(None) };
    static STEPPED: Cell<f64> = const { Cell::new(0.0) };
    /// Where the keyboard was last, by its key.
    static STOP: RefCell<String> = const { RefCell::new(String::new()) };
    /// Size of the graph and the box that is chosen, when it was looked at last.
    static SEEN: RefCell<(i32, String)> = const { RefCell::new((0, String::new())) };
}

/// Listens to the pointer and the wheel. Before what follows links: the click that ends a drag leads nowhere.
pub fn listen() {
    dom::on::<PointerEvent>("pointerdown", |e| {
        DRAGGED.set(false);
        steps();
        let canvas = dom::target(&e).and_then(|t| dom::around::<Element>(&t, ".graph .canvas"));
        let Some(canvas) = canvas.filter(|_| e.button() == 0 && e.pointer_type() == "mouse") else { return };
        let scrolled = (canvas.scroll_left(), canvas.scroll_top());
        DRAG.set(Some(Drag { canvas, from: (e.client_x(), e.client_y()), scrolled, moved: false }));
    });
    dom::on::<PointerEvent>("pointermove", |e| {
        DRAG.with_borrow_mut(|drag| {
            let Some(drag) = drag else { return };
            let (x, y) = (e.client_x() - drag.from.0, e.client_y() - drag.from.1);
            drag.moved |= x.abs() > SLACK || y.abs() > SLACK;
            if drag.moved {
                drag.canvas.set_scroll_left(drag.scrolled.0 - x);
                drag.canvas.set_scroll_top(drag.scrolled.1 - y);
                let _ = drag.canvas.class_list().add_1("moved");
            }
        });
    });
    for end in ["pointerup", "pointercancel"] {
        dom::on::<PointerEvent>(end, |_| {
            let Some(drag) = DRAG.take() else { return };
            DRAGGED.set(drag.moved);
            let _ = drag.canvas.class_list().remove_1("moved");
            hold(&drag.canvas, None);
        });
    }
    dom::on::<MouseEvent>("click", |e| {
        if DRAGGED.take() {
            e.prevent_default();
        }
    });
    // A box is a link, and a browser would drag its address away.
    dom::on::<Event>("dragstart", |e| {
        if dom::target(&e).is_some_and(|t| dom::around::<Element>(&t, ".graph .canvas").is_some()) {
            e.prevent_default();
        }
    });
    dom::on_scroll_within(|element| {
        if element.class_list().contains("canvas") && DRAG.with_borrow(Option::is_none) {
            hold(&element, None);
        }
    });
    dom::on_window::<Event>("resize", |_| steps());
    dom::on::<KeyboardEvent>("keydown", |e| {
        if !(e.default_prevented() || e.ctrl_key() || e.meta_key() || e.alt_key()) && walked(&e) {
            e.prevent_default();
        }
    });
    dom::on_wheel(|e| {
        let canvas = dom::target(e).and_then(|t| dom::around::<Element>(&t, ".graph .canvas"));
        let Some(canvas) = canvas.filter(|_| e.ctrl_key() || e.meta_key()) else { return };
        // Not the page.
        e.prevent_default();
        if dom::now_ms() - STEPPED.get() < STEP_MS || e.delta_y() == 0.0 {
            return;
        }
        STEPPED.set(dom::now_ms());
        steps();
        let key = if e.delta_y() < 0.0 { "+" } else { "-" };
        if let Some(link) = dom::first::<HtmlAnchorElement>(&format!("main .graph a[href][data-press=\"{key}\"]")) {
            hold(&canvas, Some(e));
            visit::go(&link.get_attribute("href").unwrap_or_default());
        }
    });
}

/// Whether the key led somewhere: all boxes together are one stop of the Tab key, or what follows would be hundreds of stops away.
fn walked(e: &KeyboardEvent) -> bool {
    let Some(at) = dom::target(e) else { return false };
    let stop = dom::around::<Element>(&at, STOPS);
    let ahead: (f64, f64) = match (e.key().as_str(), e.shift_key()) {
        ("ArrowRight", false) => (1.0, 0.0),
        ("ArrowLeft", false) => (-1.0, 0.0),
        ("ArrowDown", false) => (0.0, 1.0),
        ("ArrowUp", false) => (0.0, -1.0),
        ("Tab", back) => {
            return match stop {
                Some(stop) => {
                    STOP.set(stop.get_attribute("data-key").unwrap_or_default());
                    dom::focus(if back { ".graph .canvas" } else { PAST })
                }
                None if back => dom::first::<Element>(PAST).is_some_and(|first| first.is_same_node(Some(&at))) && entered(),
                None => at.matches(".graph .canvas").unwrap_or_default() && entered(),
            };
        }
        _ => return false,
    };
    stop.and_then(|stop| next(&stop, ahead)).is_some_and(|next| focused(&next))
}

/// The focus goes to where it was among the boxes, else to the one that is chosen, else to the first.
fn entered() -> bool {
    let last = STOP.with_borrow(|key| key.replace(['"', '\\'], ""));
    let last = dom::first::<Element>(&format!(".graph .canvas [data-key=\"{last}\"]"));
    let chosen = || dom::first(".graph .canvas .node.sel");
    last.or_else(chosen).or_else(|| dom::first(STOPS)).is_some_and(|stop| focused(&stop))
}

/// Links of a drawing are no HTML elements, but take the focus as those do.
fn focused(stop: &Element) -> bool {
    stop.unchecked_ref::<HtmlElement>().focus().is_ok()
}

/// The nearest in a direction; what lies aside counts twice.
fn next(from: &Element, (x, y): (f64, f64)) -> Option<Element> {
    let middle = |e: &Element| {
        let frame = e.get_bounding_client_rect();
        (frame.left() + frame.width() / 2.0, frame.top() + frame.height() / 2.0)
    };
    let start = middle(from);
    let far = |e: Element| {
        let at = middle(&e);
        let (right, down) = (at.0 - start.0, at.1 - start.1);
        let (ahead, aside) = (right * x + down * y, (right * y).abs() + (down * x).abs());
        (ahead > 1.0).then_some((ahead + 2.0 * aside, e))
    };
    dom::all::<Element>(STOPS).into_iter().filter_map(far).min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, e)| e)
}

/// Has the links lead to the next sizes from the one in which the graph is seen, where only its box says which that is.
fn steps() {
    let Some(address) = dom::first::<Element>(".graph [data-sizes]").and_then(|sizes| sizes.get_attribute("data-sizes")) else { return };
    let Some(percent) = seen() else { return };
    let (smaller, larger) = zoom::steps(percent);
    for (key, size) in [("-", smaller), ("+", larger)] {
        let Some(link) = dom::first::<Element>(&format!(".graph a[data-press=\"{key}\"]")) else { continue };
        let _ = match size {
            Some(size) => link.set_attribute("href", &format!("{address}{size}")).and_then(|()| link.remove_attribute("aria-disabled")),
            None => link.set_attribute("aria-disabled", "true").and_then(|()| link.remove_attribute("href")),
        };
    }
}

/// The size in which the graph is seen, percent.
fn seen() -> Option<f64> {
    let svg = dom::first::<Element>(".graph .canvas > svg")?;
    let view = svg.get_attribute("viewBox")?;
    let sides: Vec<f64> = view.split_whitespace().filter_map(|side| side.parse().ok()).collect();
    let [_, _, width, height] = sides[..] else { return None };
    let frame = svg.get_bounding_client_rect();
    let percent = 100.0 * (frame.width() / width).min(frame.height() / height);
    percent.is_finite().then_some(percent)
}

/// Remembers the point below the pointer, or that in the middle.
fn hold(canvas: &Element, pointer: Option<&WheelEvent>) {
    let frame = canvas.get_bounding_client_rect();
    let at = match pointer {
        Some(e) => (f64::from(e.client_x()) - frame.left(), f64::from(e.client_y()) - frame.top()),
        None => (frame.width() / 2.0, frame.height() / 2.0),
    };
    let share = |scrolled: i32, at: f64, size: i32| (f64::from(scrolled) + at) / f64::from(size.max(1));
    let share = (share(canvas.scroll_left(), at.0, canvas.scroll_width()), share(canvas.scroll_top(), at.1, canvas.scroll_height()));
    HELD.set(Some(Point { share, at }));
}

/// After a rendering: what was in the middle is there in another size too; a box that was just chosen is seen.
pub fn settle() {
    let Some(canvas) = dom::first::<Element>(".graph .canvas") else {
        SEEN.take();
        return HELD.set(None);
    };
    steps();
    let chosen = dom::first::<Element>(".graph .node.sel");
    let name = chosen.as_ref().and_then(|c| c.get_attribute("data-key")).unwrap_or_default();
    let size = canvas.scroll_width();
    let (size_before, chosen_before) = SEEN.replace((size, name.clone()));
    if size_before != 0 && size_before != size {
        if let Some(Point { share, at }) = HELD.get() {
            canvas.set_scroll_left((share.0 * f64::from(canvas.scroll_width()) - at.0) as i32);
            canvas.set_scroll_top((share.1 * f64::from(canvas.scroll_height()) - at.1) as i32);
        }
    } else if let Some(chosen) = chosen.filter(|_| chosen_before != name) {
        let (node, seen) = (chosen.get_bounding_client_rect(), canvas.get_bounding_client_rect());
        let outside = node.left() < seen.left() || node.right() > seen.right() || node.top() < seen.top() || node.bottom() > seen.bottom();
        if outside {
            let aside = node.left() + node.width() / 2.0 - (seen.left() + seen.width() / 2.0);
            let below = node.top() + node.height() / 2.0 - (seen.top() + seen.height() / 2.0);
            canvas.set_scroll_left(canvas.scroll_left() + aside as i32);
            canvas.set_scroll_top(canvas.scroll_top() + below as i32);
        }
    }
    hold(&canvas, None);
}
