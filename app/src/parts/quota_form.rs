//! A team's quota: shown to all, set by the admin.

use super::{Every, loaded};
use crate::{
    api::{
        Client,
        client::team_path,
        quotas::{Quota, SetQuota},
        resources::{ResourcesAsked, bytes_words, cpu_words},
    },
    ui::{After, ApiForm, Facts, Field, Submit, facts::text},
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
    /// Name of the team.
    team: String,
    /// Whether one may set it.
    sets: bool,
) -> impl IntoView {
    let client = Client::from_context();
    let name = team.clone();
    let calls = client.clone();
    loaded(
        "Loading the quota",
        Every::change(&["quota"]),
        move || team.clone(),
        move |team| client.quota(&team),
        move |data: RwSignal<Quota>, _| {
            let form = sets.then(|| view! { <SetForm data team=name.clone() client=calls.clone()/> });
            view! {
                <div class="stack">
                    {move || {
                        let (cpu, memory, gpus) = words(&data.read());
                        view! { <Facts rows=vec![("CPU", text(cpu)), ("Memory", text(memory)), ("GPUs", text(gpus))]/> }
                    }}
                    {form}
                </div>
            }
        },
    )
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
fn SetForm(data: RwSignal<Quota>, team: String, client: Client) -> impl IntoView {
    let (cpu, memory, gpu) = typed(&data.get_untracked());
    let (id, action) = (format!("quota-{team}"), team_path(&team, "/quota"));
    let submit = Submit::new(move |v| {
        let amount = ResourcesAsked { cpu: v.some("cpu"), memory: v.some("memory"), gpu: v.some("gpu") };
        let call = client.quota_set(&team, &SetQuota { amount, revision: data.with_untracked(|q| q.revision) });
        async move { call.await.map(|_| After::say("The quota is set.")) }
    });
    view! {
        <ApiForm id action submit>
            <div class="pair">
                <Field name="cpu" label="CPU" value=cpu placeholder="8 or 500m"/>
                <Field name="memory" label="Memory" value=memory placeholder="32Gi"/>
                <Field name="gpu" label="GPUs" value=gpu placeholder="1"/>
            </div>
            <p class="sub">"An empty field means everything there is. What already runs is not stopped."</p>
            <div class="actions"><button class="btn" type="submit">"Set"</button></div>
        </ApiForm>
    }
}
