//! How many replicas there are to be, and how each does.

use crate::{
    api::{
        Client,
        changes::kinds,
        deployments::Deployment,
        replicas::{MOST_REPLICAS, Replica, scale_path},
    },
    parts::{Access, Every, StateBadge, loaded},
    ui::{Ago, ApiForm, Badge, Cut, Empty, Field, Table, Tone},
};
use leptos::prelude::*;

/// The tab.
#[component]
pub fn Replicas(
    /// The way to the API.
    client: Client,
    /// The team.
    team: String,
    /// The deployment.
    deployment: Deployment,
    /// Whether the reader may change it.
    edits: bool,
) -> impl IntoView {
    let name = deployment.name.clone();
    let every = Every { kinds: &[kinds::DEPLOYMENT, kinds::WORKLOAD], seconds: 5, page: "" };
    let rows = loaded(every, client.replica_list(&team, &name), {
        let name = name.clone();
        move |page, access| {
            if page.items.is_empty() {
                view! { <Empty text="No replica runs."/> }.into_any()
            } else {
                view! { <Rows items=page.items access name/> }.into_any()
            }
        }
    });
    let form = edits.then(|| {
        let (wanted, most) = (deployment.replicas.to_string(), format!("1 to {MOST_REPLICAS}, and no more than the team's quota has room for."));
        view! {
            <ApiForm id="scale" method="PUT" action=scale_path(&team, &name) say="The number of replicas is set.">
                <input type="hidden" name="revision" value=deployment.revision.to_string()/>
                <Field name="replicas" label="Replicas" kind="number" value=wanted hint=most required=true/>
                <p class="sub">"More are started beside those there are. Where there are to be fewer, some finish what they have begun and go. No revision is made, and a roll-back leaves the number."</p>
                <div class="actions"><button class="btn primary" type="submit">"Set replicas"</button></div>
            </ApiForm>
        }
    });
    let counted = format!("{} of {} ready", deployment.ready, deployment.replicas);
    view! {
        <section class="card"><header><h2>"Replicas"</h2><span class="more">{counted}</span></header>{rows}</section>
        {form.map(|form| view! { <section class="card"><header><h2>"Scale"</h2></header><div class="in">{form}</div></section> })}
    }
}

#[component]
fn Rows(items: Vec<Replica>, access: Access, name: String) -> impl IntoView {
    let rows = items.into_iter().map(|r| {
        let log = access.href(&format!("/deployments/{name}?tab=log&revision={}", r.revision));
        let title = r.attempt.map(|n| format!("Its log is that of attempt {n} of revision {}", r.revision));
        let state = if r.ejected {
            let title = "It is ready and does not answer: it gets no requests until it does.";
            view! { <span title=title><Badge tone=Tone::Amber icon="x" text="Ejected"/></span> }.into_any()
        } else {
            view! { <StateBadge state=r.state server=true/> }.into_any()
        };
        view! {
            <tr data-key=format!("replica-{}-{}", r.revision, r.number)>
                <td class="lead" data-label="Replica"><a class="name" href=log title=title>{r.number}</a></td>
                <td class="state" data-label="State">{state}</td>
                <td data-label="Revision">{r.revision}</td>
                <td data-label="Waiting" class="num">{r.waiting}</td>
                <td data-label="Crashes" class="num">{r.crashes}</td>
                <td data-label="Ready since"><span class="sub">{r.since.map(|time| view! { <Ago time/> })}</span></td>
                <td data-label="Reason" class="wrap">{r.reason.map(|text| view! { <Cut text/> })}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let head =
        vec![("Replica", ""), ("State", ""), ("Revision", ""), ("Waiting", "num"), ("Crashes", "num"), ("Ready since", ""), ("Reason", "")];
    view! { <div class="scroll"><Table label="Replicas" head>{rows}</Table></div> }
}
