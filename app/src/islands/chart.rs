//! A line chart: our own SVG, stretched by the browser, so that nothing is measured and the server can draw it.

use super::{
    chart_scale::{DAY, Points, Scale, binary, clockwise, decimal, extent, nearest, paths, wide},
    island,
};
use crate::{
    api::resources::bytes_words,
    ui::{number, time},
};
use leptos::{ev, prelude::*};
use serde::{Deserialize, Serialize};

/// What runs along the bottom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Axis {
    /// Steps.
    Step,
    /// Milliseconds since 1970.
    Time,
}

/// A named curve, sorted by `x`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Its name in the legend.
    pub name: String,
    /// Its points; `None` is a gap.
    pub points: Points,
}

/// Where the pointer is, shared by the charts of a page; from context.
#[derive(Clone, Copy)]
pub struct Crosshair(RwSignal<Option<f64>>);

impl Crosshair {
    /// Nowhere.
    pub fn new() -> Self {
        Self(RwSignal::new(None))
    }

    /// Nowhere from now on.
    pub fn leave(self) {
        self.0.set(None);
    }
}

impl Default for Crosshair {
    fn default() -> Self {
        Self::new()
    }
}

/// What a chart shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    label: String,
    series: Vec<Series>,
    axis: Axis,
    zero: bool,
    bytes: bool,
    height: u32,
}

impl Shown {
    fn words(&self, v: f64) -> String {
        if self.bytes { bytes_words(v as i64) } else { number::short(v) }
    }

    fn tick(&self, v: f64, step: f64) -> String {
        if self.bytes { bytes_words(v as i64) } else { number::on_axis(v, step) }
    }
}

/// Stroke and dashes by place: told apart without colour too.
const STROKES: [(&str, &str); 6] = [
    ("var(--accent)", ""),
    ("var(--violet)", "6 3"),
    ("var(--amber)", "2 3"),
    ("var(--blue)", "9 3 2 3"),
    ("var(--red)", "4 2"),
    ("var(--grey)", "1 3"),
];

#[derive(Clone, PartialEq)]
struct Drawn {
    series: Vec<Series>,
    x: Scale,
    y: Scale,
}

fn draw(shown: &Shown, local: bool) -> Option<Drawn> {
    let series = shown.series.clone();
    let (x0, x1, y0, y1) = extent(series.iter().map(|s| &s.points))?;
    let (y0, y1) = if shown.zero { (y0.min(0.0), if y1 <= 0.0 { 1.0 } else { y1 }) } else { wide(y0, y1) };
    let y = Scale::around(y0, y1, if shown.bytes { binary } else { decimal }((y1 - y0) / 4.0));
    let x = match shown.axis {
        Axis::Step => Scale::within(x0, x1, decimal((x1 - x0) / 6.0).max(1.0), 0.0),
        Axis::Time => Scale::within(x0, x1, clockwise((x1 - x0) / 4.0), -time::zone(x0, local)),
    };
    Some(Drawn { series, x, y })
}

fn x_words(axis: Axis, x: f64, local: bool) -> String {
    match axis {
        Axis::Step => number::short(x.round()),
        Axis::Time => time::clock(x, local, true),
    }
}

/// A tick below the chart: as exact as tells it from the others.
fn x_tick(axis: Axis, scale: &Scale, x: f64, local: bool) -> String {
    let (span, zoned) = (scale.high - scale.low, x + time::zone(x, local));
    match axis {
        Axis::Time if scale.step() >= DAY || (span > DAY && zoned % DAY == 0.0) => time::day(x, local),
        Axis::Time => time::clock(x, local, span < 300_000.0),
        Axis::Step => x_words(axis, x, local),
    }
}

/// A chart of one or several curves.
#[component]
pub fn Chart(
    /// What it shows, for those who do not see it; once in a page.
    #[prop(into)]
    label: String,
    /// The curves.
    series: Vec<Series>,
    /// What runs along the bottom.
    axis: Axis,
    /// Whether the range of values begins at 0.
    #[prop(optional)]
    zero: bool,
    /// Whether the values are bytes.
    #[prop(optional)]
    bytes: bool,
    /// Height of the plot, pixels.
    #[prop(default = 150)]
    height: u32,
) -> impl IntoView {
    let shown = Shown { label: label.clone(), series, axis, zero, bytes, height };
    let drawn = chart(Signal::stored(shown.clone()));
    island("chart", label, &shown, drawn)
}

/// The chart itself.
pub fn chart(shown: Signal<Shown>) -> AnyView {
    let Shown { label, axis, height, .. } = shown.get_untracked();
    // The server writes times in UTC.
    let local = cfg!(feature = "browser");
    let words = move |v: f64| shown.with_untracked(|s| s.words(v));
    let ticks = move |v: f64, step: f64| shown.with_untracked(|s| s.tick(v, step));
    let drawn = Memo::new(move |_| shown.with(|s| draw(s, local)));
    let Crosshair(cross) = use_context().unwrap_or_else(|| Crosshair(RwSignal::new(None)));
    let moved = move |e: ev::PointerEvent| {
        let Some(share) = pointer_share(&e) else { return };
        drawn.with_untracked(|d| {
            if let Some(d) = d {
                cross.set(Some(d.x.low + share * (d.x.high - d.x.low)));
            }
        });
    };
    let at = move |points: &Points| match cross.get() {
        Some(x) => nearest(points, x).and_then(|p| p.1),
        None => points.iter().rev().find_map(|p| p.1),
    };
    let legend = move || {
        drawn.with(|d| {
            let d = d.as_ref()?;
            let many = d.series.len() > 1;
            // A single curve's last value stands in the head of its card.
            let shown = if many || cross.get().is_some() { d.series.len() } else { 0 };
            let items = d.series.iter().enumerate().take(shown).map(|(i, s)| {
                let value = at(&s.points).map_or_else(|| "no value".to_owned(), words);
                let swatch = many.then(|| view! { <i style=format!("background:{}", STROKES[i % STROKES.len()].0)></i> });
                let name = many.then(|| format!("{} ", s.name));
                view! { <span>{swatch}{name}<b>{value}</b></span> }
            });
            let items = items.collect_view();
            let place = cross.get().map(|x| match axis {
                Axis::Step => format!("at step {}", x_words(axis, x, local)),
                Axis::Time => format!("at {}", x_words(axis, x, local)),
            });
            let lone = d.series.iter().map(|s| s.points.iter().filter(|p| p.1.is_some()).count()).max() == Some(1) && axis == Axis::Time;
            Some(view! { {items}<span>{place}</span>{lone.then(|| view! { <span>"1 sample"</span> })} })
        })
    };
    let y_labels = move || {
        drawn.with(|d| {
            d.as_ref().map(|d| {
                let one =
                    |t: &f64| view! { <span style=format!("top:{:.2}%", (1.0 - d.y.place(*t)) * 100.0)>{ticks(*t, d.y.step())}</span> };
                d.y.ticks.iter().map(one).collect_view()
            })
        })
    };
    let x_labels = move || {
        drawn.with(|d| {
            d.as_ref().map(|d| {
                let one = |t: &f64| {
                    let place = d.x.place(*t);
                    // At its ends the words stay within the chart.
                    let class = if place < 0.03 {
                        "first"
                    } else if place > 0.97 {
                        "last"
                    } else {
                        ""
                    };
                    view! { <span class=class style=format!("left:{:.2}%", place * 100.0)>{x_tick(axis, &d.x, *t, local)}</span> }
                };
                d.x.ticks.iter().map(one).collect_view()
            })
        })
    };
    let plot = move || {
        drawn.with(|d| match d {
            Some(d) => {
                let lines = d.y.ticks.iter().map(|t| {
                    let y = format!("{:.1}", (1.0 - d.y.place(*t)) * 1000.0);
                    view! { <line class="grid" x1="0" x2="1000" y1=y.clone() y2=y/> }
                });
                let curves = d.series.iter().enumerate().map(|(i, s)| {
                    let (stroke, dash) = STROKES[i % STROKES.len()];
                    let (lines, dots) = paths(&s.points, &d.x, &d.y);
                    let dots = (!dots.is_empty()).then(|| view! { <path class="curve dot" d=dots style=format!("stroke:{stroke}")/> });
                    view! { <path class="curve" d=lines style=format!("stroke:{stroke}") stroke-dasharray=dash/>{dots} }
                });
                view! { <svg viewBox="0 0 1000 1000" preserveAspectRatio="none" aria-hidden="true">{lines.collect_view()}{curves.collect_view()}</svg> }
                    .into_any()
            }
            None => view! { <div class="none">"No values yet"</div> }.into_any(),
        })
    };
    let line = move || {
        drawn.with(|d| {
            let (d, x) = (d.as_ref()?, cross.get()?);
            let dots = d.series.iter().enumerate().filter_map(|(i, s)| {
                let v = nearest(&s.points, x)?.1?;
                let style = format!("top:{:.2}%;background:{}", (1.0 - d.y.place(v)) * 100.0, STROKES[i % STROKES.len()].0);
                Some(view! { <i style=style></i> })
            });
            Some(
                view! { <div class="cross" style=format!("left:{:.2}%", d.x.place(x).clamp(0.0, 1.0) * 100.0)>{dots.collect_view()}</div> },
            )
        })
    };
    let open = RwSignal::new(false);
    view! {
        <figure class="chart" style=format!("--height:{height}px") aria-label=label>
            <div class="legend">{legend}</div>
            <div class="y" aria-hidden="true">{y_labels}</div>
            <div class="plot" on:pointermove=moved on:pointerleave=move |_| cross.set(None)>{plot}{line}</div>
            {(axis == Axis::Step).then(|| view! { <span class="unit" aria-hidden="true">"step"</span> })}
            <div class="x" aria-hidden="true">{x_labels}</div>
            <details on:toggle=move |_| open.update(|o| *o = !*o)>
                <summary>"Values"</summary>
                {move || open.get().then(|| values(drawn, axis, words))}
            </details>
        </figure>
    }
    .into_any()
}

/// Where a pointer is across the element that listens: 0 at its left to 1 at its right.
fn pointer_share(event: &ev::PointerEvent) -> Option<f64> {
    #[cfg(feature = "browser")]
    {
        use wasm_bindgen::JsCast;
        let rect = event.current_target()?.dyn_into::<web_sys::Element>().ok()?.get_bounding_client_rect();
        (rect.width() > 0.0).then(|| ((f64::from(event.client_x()) - rect.left()) / rect.width()).clamp(0.0, 1.0))
    }
    #[cfg(not(feature = "browser"))]
    {
        let _ = event;
        None
    }
}

/// The table behind a chart: at most 100 rows of it, evenly chosen.
fn values(drawn: Memo<Option<Drawn>>, axis: Axis, words: impl Fn(f64) -> String + Copy + Send + 'static) -> impl IntoView {
    move || {
        let Drawn { series, .. } = drawn.get()?;
        let mut xs: Vec<f64> = series.iter().flat_map(|s| s.points.iter().map(|p| p.0)).collect();
        xs.sort_by(f64::total_cmp);
        xs.dedup();
        let each = xs.len().div_ceil(100).max(1);
        let rows = xs.into_iter().step_by(each).map(|x| {
            let cells = series.iter().map(|s| {
                let value = nearest(&s.points, x).filter(|p| p.0 == x).and_then(|p| p.1);
                view! { <td class="num">{value.map(words)}</td> }
            });
            view! { <tr><td class="num">{x_words(axis, x, true)}</td>{cells.collect_view()}</tr> }
        });
        let rows = rows.collect_view();
        let heads = series.iter().map(|s| view! { <th class="num" scope="col">{s.name.clone()}</th> }).collect_view();
        let first = if axis == Axis::Step { "Step" } else { "Time" };
        Some(view! {
            <div class="data" tabindex="0"><table><thead><tr><th class="num" scope="col">{first}</th>{heads}</tr></thead><tbody>{rows}</tbody></table></div>
        })
    }
}
