//! Choosing a size: what it holds, and what it would do to what is free, said before the click.

use crate::{
    api::{
        capacity::Capacity,
        resources::{Resources, bytes_words, cpu_words},
        runs::MAX_NODES,
    },
    ui::{Field, Portions, meter::percent},
};
use leptos::prelude::*;

/// Radio buttons of the sizes on offer, and amounts that outrank them. What the chosen one would do stands below them all.
#[component]
pub fn SizePicker(
    /// What there is.
    capacity: Capacity,
    /// The size chosen at first.
    #[prop(default = "small".to_owned(), into)]
    chosen: String,
    /// What the click gives back of what is held: what held it takes another size.
    #[prop(default = Resources::NONE)]
    returned: Resources,
    /// Whether several of the size can be had, and how many is asked for.
    #[prop(optional)]
    nodes: bool,
) -> impl IntoView {
    let Capacity { total, quota, .. } = capacity;
    let held = capacity.held.minus(returned);
    let within = |quota: i64, total: i64| if quota > 0 { quota.min(total) } else { total };
    let whole = Resources {
        cpu_millis: within(quota.cpu_millis, total.cpu_millis),
        memory_bytes: within(quota.memory_bytes, total.memory_bytes),
        gpus: within(quota.gpus, total.gpus),
    };
    let gpu = total.gpus > 0;
    let options = capacity.sizes.into_iter().map(|size| {
        let checked = chosen == size.name;
        let after = held.plus(size.resources);
        let (has, holds, may) = (held.cpu_millis, after.cpu_millis, whole.cpu_millis);
        // All of the bar is what would be held where that is more than may be: what is too much is amber.
        let all = holds.max(may);
        let within = holds.min(may).max(has);
        let parts = vec![(percent(has, all), ""), (percent(within - has, all), "blue"), (percent(holds - within, all), "amber")];
        let several = nodes.then(|| nodes_words(size.nodes_now, size.nodes_at_most));
        let gpus = gpu.then(|| amount(after.gpus, whole.gpus, format!("{} of {} GPU", after.gpus, whole.gpus)));
        let cpu = amount(holds, may, format!("{} of {} CPU", cpu_words(holds), cpu_words(may)));
        let memory = amount(after.memory_bytes, whole.memory_bytes, share_words(after.memory_bytes, whole.memory_bytes));
        view! {
            <label class="choice">
                <input type="radio" name="size" value=size.name checked=checked/>
                <b>{size.label}</b><span class="sub">{size.resources.words()}</span><span class="sub">{free_words(size.nodes_now)}</span>
            </label>
            <div class="effect meter"><p class="sub">{size.effect}" After this the team holds "{cpu}{if gpu { ", " } else { " and " }}{memory}{gpus.map(|g| view! { " and "{g} })}"."{several}</p><Portions parts/></div>
        }
    });
    let options = options.collect_view();
    view! {
        <fieldset><legend>{if nodes { "Size of each node" } else { "Size" }}</legend><div class="choices">{options}</div></fieldset>
        {nodes.then(|| view! { <Field name="nodes" label="Nodes" kind="number" placeholder="1" hint="1 to 64. They start together; a script finds RANK, WORLD_SIZE and MASTER_ADDR."/> })}
        <details class="more">
            <summary>"Other amounts"</summary>
            <div class="pair">
                <Field name="cpu" label="CPU" placeholder="1.5 or 500m"/>
                <Field name="memory" label="Memory" placeholder="4Gi"/>
                {gpu.then(|| view! { <Field name="gpu" label="GPUs" placeholder="1"/> })}
            </div>
        </details>
    }
}

/// What would be held of what may be, marked where it is too much.
fn amount(holds: i64, may: i64, words: String) -> impl IntoView {
    let class = if holds > may { "nowrap over" } else { "nowrap" };
    view! { <span class=class>{words}</span> }
}

/// How many of a size are to be had at once.
fn free_words(now: i64) -> String {
    match now {
        ..=0 => "none free".into(),
        // As far as anybody counts.
        MAX_NODES.. => format!("{MAX_NODES} or more free"),
        _ => format!("{now} free"),
    }
}

/// How many nodes of a size the team may have.
fn nodes_words(now: i64, most: i64) -> String {
    match (now, most) {
        (_, ..=1) => " There is no room for several nodes of this size.".into(),
        (now, most) if now == most => format!(" Up to {most} nodes of this size start at once."),
        (now, most) => format!(" Of this size {now} nodes would start at once, {most} are possible at all."),
    }
}

/// `3 of 20 GiB`; `512 MiB of 2 GiB`.
fn share_words(part: i64, whole: i64) -> String {
    let (part, whole) = (bytes_words(part), bytes_words(whole));
    match (part.split_once(' '), whole.split_once(' ')) {
        (Some((number, unit)), Some((_, same))) if unit == same => format!("{number} of {whole}"),
        _ => format!("{part} of {whole}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{free_words, nodes_words, share_words};

    #[test]
    fn how_many_are_free() {
        assert_eq!([0, 1, 63, 64].map(free_words).join(", "), "none free, 1 free, 63 free, 64 or more free");
    }

    #[test]
    fn how_many_nodes() {
        assert!(nodes_words(1, 1).contains("no room") && nodes_words(0, 0).contains("no room"));
        assert_eq!(nodes_words(4, 4), " Up to 4 nodes of this size start at once.");
        assert_eq!(nodes_words(0, 4), " Of this size 0 nodes would start at once, 4 are possible at all.");
    }

    #[test]
    fn a_unit_is_said_once() {
        assert_eq!(share_words(3 << 30, 20 << 30), "3 of 20 GiB");
        assert_eq!(share_words(512 << 20, 2 << 30), "512 MiB of 2 GiB");
    }
}
