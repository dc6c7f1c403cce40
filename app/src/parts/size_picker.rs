//! Choosing a size: what it holds, and what it would do to what is free, said before the click.

use crate::{
    api::{capacity::Capacity, resources::ResourcesAsked},
    ui::{Field, Portions, Values, meter::percent},
};
use leptos::prelude::*;

/// Radio buttons of the sizes on offer, and amounts that outrank them.
#[component]
pub fn SizePicker(
    /// What there is.
    capacity: Capacity,
    /// The size chosen at first.
    #[prop(default = "small".to_owned(), into)]
    chosen: String,
) -> impl IntoView {
    let chosen = RwSignal::new(chosen);
    let sizes = StoredValue::new(capacity.sizes.clone());
    let choice = move || sizes.with_value(|all| all.iter().find(|s| s.name == chosen.get()).cloned());
    let effect = move || {
        choice().map(|size| {
            let whole = if capacity.quota.cpu_millis > 0 {
                capacity.quota.cpu_millis.min(capacity.total.cpu_millis)
            } else {
                capacity.total.cpu_millis
            };
            let held = capacity.held;
            let parts = vec![
                (percent(held.cpu_millis, whole), ""),
                (percent(size.resources.cpu_millis, whole).min(100.0 - percent(held.cpu_millis, whole).min(100.0)), "blue"),
            ];
            view! { <div class="meter"><p class="sub" aria-live="polite">{size.effect}</p><Portions parts/></div> }
        })
    };
    let options = capacity.sizes.iter().map(|size| {
        let (name, value) = (size.name.clone(), size.name.clone());
        let checked = chosen.with_untracked(|c| *c == size.name);
        view! {
            <label class="choice">
                <input type="radio" name="size" value=value checked=checked on:change=move |_| chosen.set(name.clone())/>
                <b>{size.label.clone()}</b><span class="sub">{size.resources.words()}</span>
            </label>
        }
    });
    let options = options.collect_view();
    let gpu = capacity.total.gpus > 0;
    view! {
        <fieldset><legend>"Size"</legend><div class="choices">{options}</div></fieldset>
        {effect}
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

/// The amounts of a form that has a [`SizePicker`].
pub fn asked(values: &Values) -> (Option<String>, ResourcesAsked) {
    (values.some("size"), ResourcesAsked { cpu: values.some("cpu"), memory: values.some("memory"), gpu: values.some("gpu") })
}
