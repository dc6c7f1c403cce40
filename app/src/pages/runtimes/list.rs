//! The servers that models run in.

use super::edit::{EditSheet, RemoveDialog};
use crate::{
    api::{
        Client, ListQuery,
        changes::kinds,
        client::segment,
        runtimes::{Program, Runtime},
    },
    parts::{Every, Head, loaded, params::query},
    ui::{Ago, CodeBlock, Copyable, Cut, Facts, Pager, Sheet, Table, facts::text, shell},
};
use leptos::prelude::*;

const HERE: &str = "/runtimes";

/// The page.
#[component]
pub fn Runtimes() -> impl IntoView {
    let client = Client::from_context();
    let (shown, edited, new) = (query("show"), query("edit"), query("new").is_some());
    let every = Every { kinds: &[kinds::RUNTIME, kinds::DEPLOYMENT], seconds: 30, page: "Runtimes" };
    let list = client.runtime_list(&ListQuery { page_token: query("page"), page_size: None });
    loaded(every, list, move |page, access| {
        let admin = access.me.admin;
        let sheet = if admin && new {
            Some(view! { <EditSheet client runtime=None back=HERE/> }.into_any())
        } else if let Some(name) = edited.filter(|_| admin) {
            let again = client.clone();
            Some(loaded(
                Every::default(),
                client.runtime(&name),
                move |r: Runtime, _| view! { <EditSheet client=again runtime=Some(r) back=HERE/> },
            ))
        } else {
            shown.map(|name| loaded(Every::default(), client.runtime(&name), move |r: Runtime, _| view! { <ShowSheet runtime=r admin/> }))
        };
        let declare = admin.then(|| view! { <a class="btn primary" href=format!("{HERE}?new=1")>"Declare a runtime"</a> });
        view! {
            <Head title="Runtimes">{declare}</Head>
            <p class="muted">"A runtime is the server that a version of a model runs in. A deployment that names none gets the first in order that serves one of the model's flavors."</p>
            <Rows items=page.items/>
            <Pager next=page.next_page_token/>
            {sheet}
        }
    })
}

#[component]
fn Rows(items: Vec<Runtime>) -> impl IntoView {
    let rows = items.into_iter().map(|r| {
        let href = format!("{HERE}?show={}", segment(&r.name));
        let order = match r.order {
            Some(n) => view! { <span>{n}</span> }.into_any(),
            None => view! { <span class="sub">"where it is named"</span> }.into_any(),
        };
        view! {
            <tr data-key=format!("runtime-{}", r.name)>
                <td class="lead" data-label="Name"><a class="name" href=href>{r.name.clone()}</a>{r.shipped.then(|| view! { " "<span class="tag">"shipped"</span> })}</td>
                <td data-label="Serves" class="wrap">{r.formats.join(", ")}</td>
                <td data-label="Speaks">{r.spoken()}</td>
                <td data-label="Runs in"><Cut text=r.program.image.clone().or(r.environment.clone()).unwrap_or_default()/></td>
                <td class="num" data-label="Order">{order}</td>
                <td class="num" data-label="Deployments">{r.deployments}</td>
                <td data-label="Changed"><span class="sub">{r.changed_at.map(|time| view! { <Ago time/> })}</span></td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let head =
        vec![("Name", ""), ("Serves", ""), ("Speaks", ""), ("Runs in", ""), ("Order", "num"), ("Deployments", "num"), ("Changed", "")];
    view! { <section class="card"><div class="scroll"><Table label="Runtimes" head>{rows}</Table></div></section> }
}

/// The command, as one would type it.
fn line(program: &Program) -> String {
    program.command.iter().map(|w| shell::word(w)).collect::<Vec<_>>().join(" ")
}

#[component]
fn ShowSheet(runtime: Runtime, admin: bool) -> impl IntoView {
    let r = runtime;
    let p = &r.program;
    let status = p.ready_status.map_or_else(|| "2xx or 3xx".to_owned(), |s| s.to_string());
    let variables: Vec<String> = p.env.iter().map(|(k, v)| format!("{k}={v}")).collect();
    let order = r.order.map_or_else(|| "only where a deployment names it".to_owned(), |n| format!("{n}, the lowest comes first"));
    let digest: String = r.digest.chars().take(12).collect();
    let rows = vec![
        ("Serves", text(r.formats.join(", "))),
        ("Speaks", text(r.spoken())),
        ("Order of choice", text(order)),
        ("Image", text(p.image.clone().unwrap_or_default())),
        ("Port", text(p.port.map(|n| n.to_string()).unwrap_or_default())),
        ("Environment", text(r.environment.clone().unwrap_or_default())),
        ("Variables", text(variables.join(", "))),
        ("Ready", text(format!("{} answers {status}, within {} s", p.ready_path, p.start_seconds))),
        ("Deployments", text(r.deployments.to_string())),
        ("Digest", Some(view! { <Copyable text=r.digest.clone() short=digest/> }.into_any())),
        ("Changed", r.changed_at.clone().map(|time| view! { <Ago time/> }.into_any())),
    ];
    let description = (!r.description.is_empty()).then(|| view! { <p>{r.description.clone()}</p> });
    let use_it = format!("slipway deployment create churn --model churn --runtime {}", r.name);
    let command = line(p);
    let acts = (admin && !r.shipped).then(|| {
        let edit = format!("{HERE}?edit={}", segment(&r.name));
        view! { <div class="actions"><a class="btn primary" href=edit>"Edit"</a><RemoveDialog runtime=r.clone() back=HERE/></div> }
    });
    view! {
        <Sheet title=format!("Runtime {}", r.name) back=HERE>
            <div class="stack">
                {description}
                <Facts rows/>
                <p class="sub">"Command"</p>
                <CodeBlock text=command/>
                <p class="sub">"What runs keeps the command, image and probe it was deployed with: a change counts for what is deployed after it."</p>
                {acts}
            </div>
            <div class="stack"><p class="sub">"To deploy with it from a terminal:"</p><CodeBlock text=use_it/></div>
        </Sheet>
    }
}
