//! The graph of a pipeline run as it is drawn: boxes are links, so it works with the keyboard and without JavaScript,
//! where the first link leads past all of them.

use super::{
    layout::{HEIGHT, Layout, WIDTH, layout},
    shown::{Graph, Shown, folded_around, graph, toggled, unfolded},
};
use crate::{
    api::pipeline_runs::{Task, TaskState},
    parts::params::query,
    ui::{
        time, url,
        zoom::{self, SIZES},
    },
};
use leptos::prelude::*;
use leptos_router::{hooks::use_query_map, params::ParamsMap};
use std::{collections::BTreeSet, fmt::Write};

/// Width and height of the box in which it is shown, pixels, where only the browser knows them: its script has the steps right.
const BOX: (f64, f64) = (1100.0, 600.0);
/// How small it is made to have room, of its own size.
const LEAST: f64 = 0.75;
/// Stands for the id of a task in an address.
const SOME_TASK: &str = "some-task";
/// Characters of a name that fit into a box.
const FITS: usize = 18;
/// The same beside the button that unfolds.
const FITS_BESIDE: usize = 13;

/// Class for the colour of a state.
pub const fn tone(state: TaskState) -> &'static str {
    match state {
        TaskState::Waiting | TaskState::Skipped | TaskState::Cancelled => "grey",
        TaskState::Queued | TaskState::WaitingForApproval => "amber",
        TaskState::Starting => "violet",
        TaskState::Running => "blue",
        TaskState::Succeeded | TaskState::Cached => "green",
        TaskState::Failed => "red",
    }
}

/// The drawing, in a box that scrolls, with the ways to make it larger and smaller.
#[component]
pub fn Drawing(
    /// All tasks of the run.
    tasks: Vec<Task>,
    /// Address of the run's page.
    here: String,
    /// Id of the task that is looked at.
    chosen: Option<String>,
) -> impl IntoView {
    let address = use_query_map().get_untracked();
    let open = unfolded(&tasks, address.get("open").as_deref(), chosen.as_deref());
    let graph = graph(&tasks, &open);
    let around = chosen.as_deref().and_then(|id| folded_around(&graph, &tasks, id));
    let place = layout(graph.boxes.len(), &graph.edges);
    let to = Addresses { here, address, open };
    let of_task = to.with(&[("task", Some(SOME_TASK)), ("tab", None)]);
    let (before, behind) = of_task.rsplit_once(SOME_TASK).unwrap_or((&of_task, ""));
    let lines = graph.edges.iter().zip(&place.bends).map(|(edge, bends)| {
        let class = if graph.is_critical(*edge) { "edge critical" } else { "edge" };
        view! { <path class=class d=line(&place, *edge, bends)/> }
    });
    let lines = lines.collect_view();
    let boxes = graph.boxes.iter().zip(&place.boxes).enumerate().map(|(i, (b, at))| {
        let task = &tasks[b.task];
        let href = format!("{before}{}{behind}", task.id);
        one(b, task, (*at, href), (chosen.as_deref() == Some(task.id.as_str()), around == Some(i)), &to)
    });
    let boxes = boxes.collect_view();
    let size = query("size").unwrap_or_default();
    let percent = size.parse::<u32>().ok().filter(|p| SIZES.contains(p));
    let shown = shown_at(percent, size == "fit", (place.width, place.height));
    let style = match percent {
        Some(percent) => format!("width:{:.0}px", place.width * f64::from(percent) / 100.0),
        None if size == "fit" => String::new(),
        // As it is, or a little smaller where it then has room.
        None => format!("width:{:.0}px;max-width:100%;min-width:{:.0}px", place.width, place.width * LEAST),
    };
    let legend = legend(&graph);
    view! {
        <section class="card graph">
            <a class="skip" href="#past-graph">"Past the graph"</a>
            <div class="canvas" tabindex="0" role="region" aria-label="Graph of the tasks" aria-describedby="graph-keys" data-key="canvas" class:fit=size == "fit">
                <svg viewBox=format!("0 0 {:.0} {:.0}", place.width, place.height) style=style>{lines}{boxes}</svg>
            </div>
            <footer id="past-graph" tabindex="-1">{legend}<span class="sub keys" id="graph-keys">"Arrows go from box to box, Tab past them."</span><span class="grow"></span><Sizes percent shown fit=size == "fit" to/></footer>
        </section>
    }
}

/// Addresses of the same page with another query.
#[derive(Clone)]
struct Addresses {
    here: String,
    address: ParamsMap,
    open: BTreeSet<String>,
}

impl Addresses {
    fn with(&self, changes: &[(&str, Option<&str>)]) -> String {
        url::with(&self.here, &self.address, changes)
    }
}

/// The size in which it is shown, percent, as far as that is known here.
fn shown_at(percent: Option<u32>, fit: bool, (width, height): (f64, f64)) -> f64 {
    match percent {
        Some(percent) => f64::from(percent),
        None if fit => 100.0 * (BOX.0 / width).min(BOX.1 / height),
        None => 100.0 * (BOX.0 / width).clamp(LEAST, 1.0),
    }
}

#[component]
fn Sizes(percent: Option<u32>, shown: f64, fit: bool, to: Addresses) -> impl IntoView {
    let (smaller, larger) = zoom::steps(shown);
    // A link that leads nowhere stays: the script may know a step.
    let step = |size: Option<u32>, words: &'static str, label: &'static str, key: &'static str| {
        let href = size.map(|s| to.with(&[("size", Some(&s.to_string()))]));
        let (title, none) = (format!("{label} ({key})"), href.is_none().then_some("true"));
        view! { <a class="btn small" role="link" href=href aria-disabled=none aria-label=label title=title data-press=key>{words}</a> }
    };
    // What the script puts the size behind.
    let measured = percent.is_none().then(|| to.with(&[("size", Some(""))]));
    let way = |size: Option<&str>, words: &'static str, key: &'static str| {
        view! { <a class="btn small" href=to.with(&[("size", size)]) title=format!("{words} ({key})") data-press=key>{words}</a> }
    };
    view! {
        <nav class="row" aria-label="Size of the graph" data-sizes=measured>
            {step(smaller, "−", "Smaller", "-")}
            {percent.map(|p| view! { <span class="sub">{format!("{p} %")}</span> })}
            {step(larger, "+", "Larger", "+")}
            {(!fit).then(|| way(Some("fit"), "Fit", "0"))}
            {(fit || percent.is_some()).then(|| way(None, "As it is", "1"))}
        </nav>
    }
}

/// What the thick line is.
fn legend(graph: &Graph) -> Option<impl IntoView + use<>> {
    let any = graph.boxes.iter().any(|b| b.critical);
    any.then(|| view! { <span class="sub legend"><i></i>"what took longest, one after the other"</span> })
}

/// The line of an edge: from the right of one box, past others, to the left of the other.
fn line(place: &Layout, (from, to): (usize, usize), bends: &[(f64, f64)]) -> String {
    let ((x, y), (end_x, end_y)) = (place.boxes[from], place.boxes[to]);
    let (mut x, mut y) = (x + WIDTH, y + HEIGHT / 2.0);
    let mut d = format!("M{x:.0} {y:.1}");
    let last = (end_x, end_y + HEIGHT / 2.0, false);
    for (to_x, to_y, past) in bends.iter().map(|(x, y)| (*x, *y, true)).chain([last]) {
        let half = (to_x - x) / 2.0;
        let _ = write!(d, "C{:.0} {y:.1} {:.0} {to_y:.1} {to_x:.0} {to_y:.1}", x + half, to_x - half);
        (x, y) = (to_x, to_y);
        if past {
            x += WIDTH;
            let _ = write!(d, "H{x:.0}");
        }
    }
    d
}

fn cut(text: &str, fits: usize) -> String {
    if text.chars().count() <= fits { text.to_owned() } else { text.chars().take(fits - 1).chain(['…']).collect() }
}

/// A box: where it stands and leads to, whether it is the one that is chosen, and whether that one is folded into it. There are thousands: what is
/// the same in each of them stands as it is in the page, so all lies around one corner.
fn one(
    b: &Shown,
    task: &Task,
    ((x, y), href): ((f64, f64), String),
    (chosen, around): (bool, bool),
    to: &Addresses,
) -> impl IntoView + use<> {
    let mut class = "node".to_owned();
    for (is, name) in [
        (chosen, " sel"),
        (around, " around"),
        (b.critical, " critical"),
        (b.unfolded.is_some(), " holds"),
        (task.state == TaskState::Skipped, " skipped"),
    ] {
        class += if is { name } else { "" };
    }
    let within = if around { ", the chosen task is in it" } else { "" };
    let title = format!("{}: {}{within}", b.label, task.state.label().to_lowercase());
    let name = title.clone();
    let label = cut(&b.label, if b.unfolded.is_some() { FITS_BESIDE } else { FITS });
    let dot = format!("dot {}", tone(task.state));
    let corner = format!("transform:translate({x:.0}px,{y:.1}px)");
    let at = corner.clone();
    let turn = b.unfolded.map(|open| {
        let href = to.with(&[("open", Some(&toggled(&to.open, &task.id)))]);
        let (words, sign) = if open { ("Fold", "−") } else { ("Unfold", "+") };
        let key = format!("fold-{}", task.id);
        view! {
            <a class="turn" href=href aria-label=format!("{words} {}", b.label) data-key=key style=at>
                <rect x="118" y="10" width="24" height="24" rx="4"/>
                <text x="130" y="26" text-anchor="middle">{sign}</text>
            </a>
        }
    });
    let current = chosen.then_some("true");
    view! {
        <a class=class href=href aria-label=name aria-current=current data-key=format!("node-{}", task.id) style=corner>
            <title>{title}</title>
            <rect width="150" height="44" rx="6"/>
            <circle class=dot cx="15" cy="22" r="5"/>
            <text x="28" y="19">{label}</text>
            <text class="sub" x="28" y="34">{below(b, task)}</text>
        </a>
        {turn}
    }
}

/// The small line of a box: how far it is, in words.
fn below(b: &Shown, task: &Task) -> AnyView {
    if b.unfolded.is_some() {
        let (ended, all) = b.count;
        let what = if task.kind == "loop" { "turns" } else { "tasks" };
        return format!("{ended} of {all} {what}").into_any();
    }
    let attempt = if task.attempt > 1 { format!(", attempt {}", task.attempt) } else { String::new() };
    match task.state {
        TaskState::Waiting if b.waits > 0 => format!("waits for {}", b.waits).into_any(),
        TaskState::Waiting => "waits".into_any(),
        TaskState::Running => view! { "running "{lasting(task)}{attempt} }.into_any(),
        TaskState::Succeeded => view! { {lasting(task)}{attempt} }.into_any(),
        TaskState::Failed => view! { "failed "{lasting(task)}{attempt} }.into_any(),
        state => format!("{}{attempt}", state.label().to_lowercase()).into_any(),
    }
}

/// How long it took, or takes until now: the browser goes on counting.
fn lasting(task: &Task) -> Option<impl IntoView + use<>> {
    let from = task.started_at.clone()?;
    let to = task.ended_at.clone();
    let words = time::parse(&from).zip(to.as_deref().and_then(time::parse)).map(|(from, to)| time::duration((to - from) / 1000.0));
    Some(view! { <tspan data-from=from data-to=to>{words}</tspan> })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_go_from_side_to_side() {
        let place = Layout { boxes: vec![(30.0, 20.0), (420.0, 80.0)], bends: vec![], width: 600.0, height: 144.0 };
        assert_eq!(line(&place, (0, 1), &[]), "M180 42.0C300 42.0 300 102.0 420 102.0");
        assert_eq!(line(&place, (0, 1), &[(220.0, 10.0)]), "M180 42.0C200 42.0 200 10.0 220 10.0H370C395 10.0 395 102.0 420 102.0");
    }

    #[test]
    fn boxes_are_as_large_as_they_are_laid_out() {
        assert_eq!((WIDTH, HEIGHT), (150.0, 44.0));
    }

    #[test]
    fn sizes_that_are_not_said() {
        let wide = (4750.0, 300.0);
        assert_eq!([Some(150), None].map(|percent| shown_at(percent, false, wide)), [150.0, 75.0]);
        assert!(shown_at(None, true, wide) < 25.0 && shown_at(None, true, (200.0, 1200.0)) == 50.0);
        assert_eq!(shown_at(None, false, (400.0, 300.0)), 100.0);
    }

    #[test]
    fn names_that_are_too_long() {
        assert_eq!((cut("train", 5), cut("training", 5)), ("train".to_owned(), "trai…".to_owned()));
    }
}
