//! A team's quota: shown to all, set by the admin.

use super::{Every, loaded};
use crate::{
    api::{
        Client,
        client::team_path,
        quotas::Quota,
        resources::{bytes_words, cpu_words},
    },
    ui::{ApiForm, Facts, Field, facts::text},
};
use leptos::prelude::*;

/// `2 CPU, 8 GiB`; `everything there is` where nothing is set.
fn words(q: &Quota) -> (String, String, String) {
    let all = || "everything there is".to_owned();
    (q.cpu_millis.map_or_else(all, cpu_words), q.memory_bytes.map_or_else(all, bytes_words), q.gpus.map_or_else(all, |n| n.to_string()))
}

/// The quota of `team`; with the form for the admin.
#[component]
pub fn QuotaForm(
    /// The way to the API.
    client: Client,
    /// Name of the team.
    team: String,
    /// Whether one may set it.
    sets: bool,
) -> impl IntoView {
    loaded(Every::change(&["quota"]), client.quota(&team), move |quota: Quota, _| {
        let (cpu, memory, gpus) = words(&quota);
        let tasks = quota.pipeline_tasks.map_or_else(|| "as many as there is room for".to_owned(), |n| format!("{n} of pipelines"));
        let form = sets.then(|| view! { <SetForm quota team/> });
        view! { <div class="stack"><Facts rows=vec![("CPU", text(cpu)), ("Memory", text(memory)), ("GPUs", text(gpus)), ("Tasks at once", text(tasks))]/>{form}</div> }
    })
}

/// A quantity as it is typed again.
fn typed(q: &Quota) -> (String, String, String) {
    let cpu = q.cpu_millis.map(|m| if m % 1000 == 0 { (m / 1000).to_string() } else { format!("{m}m") });
    let memory = q.memory_bytes.map(|b| match b {
        b if b % (1 << 30) == 0 => format!("{}Gi", b >> 30),
        b if b % (1 << 20) == 0 => format!("{}Mi", b >> 20),
        b => b.to_string(),
    });
    (cpu.unwrap_or_default(), memory.unwrap_or_default(), q.gpus.map(|n| n.to_string()).unwrap_or_default())
}

#[component]
fn SetForm(quota: Quota, team: String) -> impl IntoView {
    let (cpu, memory, gpu) = typed(&quota);
    let tasks = quota.pipeline_tasks.map(|n| n.to_string()).unwrap_or_default();
    let (id, action) = (format!("quota-{team}"), team_path(&team, "/quota"));
    view! {
        <ApiForm id method="PUT" action say="The quota is set.">
            <input type="hidden" name="revision" value=quota.revision.to_string()/>
            <div class="pair">
                <Field name="cpu" label="CPU" value=cpu placeholder="8 or 500m"/>
                <Field name="memory" label="Memory" value=memory placeholder="32Gi"/>
                <Field name="gpu" label="GPUs" value=gpu placeholder="1"/>
                <Field name="pipeline_tasks" label="Pipeline tasks at once" kind="number" value=tasks placeholder="no limit"/>
            </div>
            <p class="sub">"An empty field means everything there is. What already runs is not stopped."</p>
            <div class="actions"><button class="btn" type="submit">"Set"</button></div>
        </ApiForm>
    }
}
