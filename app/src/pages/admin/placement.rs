//! What sizes hold, on which nodes workloads run and what more their pods have: of each size and each environment. Only where there are nodes.

use crate::{
    api::{
        Client, ListQuery,
        placements::{Placement, PlacementOf},
    },
    parts::{Every, loaded, params::query},
    ui::{ApiForm, Area, Card, Field, Pager, Table, url::with},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

const TOLERATIONS: &str = "[{key: gpu, operator: Exists}]";
const SELECTOR: &str = "gpu: a100";
const PATCH: &str = "spec: {runtimeClassName: nvidia}";

/// What names one in the address.
fn key(p: &Placement) -> String {
    match (p.of, &p.team) {
        (PlacementOf::Size, _) => format!("size/{}", p.name),
        (PlacementOf::Environment, None) => format!("environment/{}", p.name),
        (PlacementOf::Environment, Some(team)) => format!("environment/{team}/{}", p.name),
    }
}

/// The tab.
#[component]
pub fn Placements() -> impl IntoView {
    let (edited, address) = (query("edit"), use_query_map().get_untracked());
    let list = Client::from_context().placement_list(&ListQuery { page_token: query("page"), page_size: None });
    loaded(Every::seconds(0), list, move |page, _| {
        let here = |edit: Option<&str>| with("/admin", &address, &[("edit", edit)]);
        let form = page.items.iter().find(|p| Some(key(p)) == edited).cloned();
        let form = form.map(|placement| view! { <Edit placement back=here(None)/> });
        let rows = page.items.into_iter().map(|p| {
            let href = here(Some(&key(&p)));
            let amounts = [&p.cpu, &p.memory, &p.gpu].into_iter().map(String::as_str).collect::<String>();
            let set = [(&amounts, "amounts"), (&p.tolerations, "tolerations"), (&p.node_selector, "node selector"), (&p.patch, "patch")];
            let set: Vec<&str> = set.into_iter().filter(|(text, _)| !text.is_empty()).map(|(_, words)| words).collect();
            let set = match set.is_empty() {
                true => view! { <span class="sub">"nothing"</span> }.into_any(),
                false => set.join(", ").into_any(),
            };
            let what = match (p.of, p.team) {
                (PlacementOf::Size, _) => "Size".to_owned(),
                (PlacementOf::Environment, None) => "Environment".to_owned(),
                (PlacementOf::Environment, Some(team)) => format!("Environment of {team}"),
            };
            let holds = p.holds.map(|holds| holds.words());
            view! {
                <tr>
                    <td class="lead" data-label="Name"><a class="name" href=href>{p.name}</a></td>
                    <td data-label="Of"><span class="sub">{what}</span></td>
                    <td data-label="Holds">{holds}</td>
                    <td data-label="Set">{set}</td>
                </tr>
            }
        });
        let rows = rows.collect_view();
        let head = vec![("Name", ""), ("Of", ""), ("Holds", ""), ("Set", "")];
        view! {
            {form}
            <p class="muted">"A workload gets what is set for its size, and over that what is set for its environment, when it starts."</p>
            <section class="card"><div class="scroll"><Table label="Placement" head>{rows}</Table></div></section>
            <Pager next=page.next_page_token/>
        }
    })
}

#[component]
fn Edit(placement: Placement, back: String) -> impl IntoView {
    let (of, words) = match placement.of {
        PlacementOf::Size => ("size", "Size"),
        PlacementOf::Environment => ("environment", "Environment"),
    };
    let title = match &placement.team {
        Some(team) => format!("{words} {} of {team}", placement.name),
        None => format!("{words} {}", placement.name),
    };
    let has_gpus = placement.holds.is_some_and(|holds| holds.gpus > 0);
    let [cpu, memory, gpu] = [&placement.cpu, &placement.memory, &placement.gpu].map(Clone::clone);
    let amounts = placement.holds.map(|holds| {
        view! {
            <div class="pair">
                <Field name="cpu" label="CPU" value=cpu placeholder=format!("{}m", holds.cpu_millis)/>
                <Field name="memory" label="Memory" value=memory placeholder=format!("{}Mi", holds.memory_bytes >> 20)/>
                {has_gpus.then(|| view! { <Field name="gpu" label="GPUs" value=gpu placeholder=holds.gpus.to_string()/> })}
            </div>
        }
    });
    let id = format!("placement-{}", key(&placement).replace('/', "-"));
    view! {
        <Card title>
            <ApiForm id method="PUT" action="/api/v1/placements" next=back.clone() say="Kubernetes would take it: it is set for what starts from now on.">
                <input type="hidden" name="of" value=of/>
                <input type="hidden" name="name" value=placement.name/>
                {placement.team.map(|team| view! { <input type="hidden" name="team" value=team/> })}
                <input type="hidden" name="revision" value=placement.revision.to_string()/>
                {amounts}
                <Area name="tolerations" label="Tolerations" value=placement.tolerations placeholder=TOLERATIONS hint="Taints of nodes that do not keep it away."/>
                <Area name="node_selector" label="Node selector" value=placement.node_selector placeholder=SELECTOR hint="Labels that a node has to have."/>
                <Area name="patch" label="Patch of the pod" value=placement.patch placeholder=PATCH rows=6 hint="Laid over the pod's template: it may add, and not change what Slipway sets."/>
                <p class="sub">"Amounts that are left empty are as the size ships; what was launched before keeps its own. The rest is YAML or JSON. The cluster tries a pod with all of it before it is kept."</p>
                <div class="actions"><button class="btn primary" type="submit">"Try and set"</button><a class="btn" href=back>"Cancel"</a></div>
            </ApiForm>
        </Card>
    }
}
