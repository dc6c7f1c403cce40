//! Choosing a size: what it holds, and what it would do to what is free, said before the click.

use crate::{
    api::capacity::Capacity,
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
) -> impl IntoView {
    let whole =
        if capacity.quota.cpu_millis > 0 { capacity.quota.cpu_millis.min(capacity.total.cpu_millis) } else { capacity.total.cpu_millis };
    let held = percent(capacity.held.cpu_millis, whole);
    let gpu = capacity.total.gpus > 0;
    let options = capacity.sizes.into_iter().map(|size| {
        let checked = chosen == size.name;
        let parts = vec![(held, ""), (percent(size.resources.cpu_millis, whole).min(100.0 - held.min(100.0)), "blue")];
        view! {
            <label class="choice">
                <input type="radio" name="size" value=size.name checked=checked/>
                <b>{size.label}</b><span class="sub">{size.resources.words()}</span>
            </label>
            <div class="effect meter"><p class="sub">{size.effect}</p><Portions parts/></div>
        }
    });
    let options = options.collect_view();
    view! {
        <fieldset><legend>"Size"</legend><div class="choices">{options}</div></fieldset>
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
