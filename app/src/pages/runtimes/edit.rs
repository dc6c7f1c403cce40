//! Declaring a runtime, changing and removing it.

use crate::{
    api::{
        Client, ListQuery,
        client::segment,
        environments::Environment,
        page::MAX_PAGE_SIZE,
        runtimes::{Protocol, Runtime, SHIPPED_ORDER},
    },
    parts::{Every, Nodes, Session, loaded},
    ui::{ApiForm, Area, Dialog, DialogButton, DialogCancel, Field, Select, Sheet, shell},
};
use leptos::prelude::*;

/// The form of a runtime; of a new one where none is given.
#[component]
pub fn EditSheet(
    /// The way to the API.
    client: Client,
    /// The runtime.
    runtime: Option<Runtime>,
    /// The address without the sheet.
    back: &'static str,
) -> impl IntoView {
    let title = runtime.as_ref().map_or_else(|| "Declare a runtime".to_owned(), |r| format!("Runtime {}", r.name));
    // Environments are listed by teams; those that come with Slipway are in every list.
    let around = use_context::<Session>().map(|s| s.around).unwrap_or_default();
    let form = if around.is_empty() {
        view! { <Form runtime environments=Vec::new() back/> }.into_any()
    } else {
        let all = client.environment_list(&around, &ListQuery { page_size: Some(MAX_PAGE_SIZE), page_token: None });
        loaded(Every::default(), all, move |page, _| view! { <Form runtime environments=page.items back/> })
    };
    view! { <Sheet title back>{form}</Sheet> }
}

#[component]
fn Form(runtime: Option<Runtime>, environments: Vec<Environment>, back: &'static str) -> impl IntoView {
    let (revision, known) = (runtime.as_ref().map_or(0, |r| r.revision), runtime.as_ref().map(|r| r.name.clone()));
    let action = format!("/api/v1/runtimes/{}", known.as_deref().map_or_else(|| "{name}".to_owned(), segment));
    let (description, formats, command, variables) = match &runtime {
        None => Default::default(),
        Some(r) => {
            let p = &r.program;
            let command = p.command.iter().map(|w| shell::word(w)).collect::<Vec<_>>().join(" ");
            let variables = p.env.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join("\n");
            (r.description.clone(), r.formats.join("\n"), command, variables)
        }
    };
    let number = |n: Option<i64>| n.map(|n| n.to_string()).unwrap_or_default();
    let order = number(runtime.as_ref().and_then(|r| r.order));
    let (environment, p) = runtime.map(|r| (r.environment.unwrap_or_default(), r.program)).unzip();
    let (ready_path, start) = match &p {
        Some(p) => (p.ready_path.clone(), p.start_seconds.to_string()),
        None => ("/v2/health/ready".to_owned(), String::new()),
    };
    let status = number(p.as_ref().and_then(|p| p.ready_status).map(i64::from));
    let spoken = p.as_ref().map_or_else(|| vec![Protocol::V2], |p| p.protocols.clone());
    let protocols = Protocol::ALL.map(|p| {
        let checked = spoken.contains(&p);
        view! { <label class="check"><input type="checkbox" name="protocols" value=p.word() checked=checked/>{p.label()}</label> }
    });
    let protocols = protocols.collect_view();
    let chosen: String = environment.unwrap_or_default();
    let mut options = vec![(String::new(), "That of the deployment".to_owned())];
    options.extend(environments.into_iter().filter(|e| e.shipped).map(|e| (e.name.clone(), e.name)));
    if options.iter().all(|(name, _)| *name != chosen) {
        options.push((chosen.clone(), chosen.clone()));
    }
    let image = p.map(|p| (p.image.unwrap_or_default(), p.port.map(|n| n.to_string()).unwrap_or_default()));
    let (image, port) = image.unwrap_or_default();
    let keep = if known.is_some() { "Keep" } else { "Declare" };
    let hint = format!("The lowest is chosen first; slipway-python has {SHIPPED_ORDER}. Empty: only where it is named.");
    let fresh = known.is_none();
    view! {
        <ApiForm id="runtime" method="PUT" action next=back say="It counts for what is deployed from now on.">
            <input type="hidden" name="revision" value=revision.to_string()/>
            // Made within the form, which tells them what was typed.
            {fresh.then(|| view! { <Field name="name" label="Name" required=true autofocus=true code=true placeholder="triton" hint="Never changes."/> })}
            <Field name="description" label="Description" value=description/>
            <Area name="formats" label="Serves" value=formats placeholder="sklearn" required=true hint="Flavors of MLflow, one a line."/>
            <Field name="order" label="Order of choice" kind="number" value=order hint/>
            <fieldset class="field"><legend>"Speaks"</legend>{protocols}</fieldset>
            <Area name="command" label="Command" value=command rows=3 required=true placeholder="python -m my_server --model {model_path} --port {port}" hint="{port}, {host} or {socket}: where it listens. {model_path}, {model_name}, {model_version}: its model."/>
            <Select name="environment" label="Environment" options value=chosen/>
            {Nodes::are_there().then(|| view! {
                <Field name="image" label="Container image" value=image code=true placeholder="registry.example.org/serve:1" hint="Instead of an environment."/>
                <Field name="port" label="Port" kind="number" value=port hint="Where the image listens, if it cannot be told."/>
            })}
            <Area name="env" label="Environment variables" value=variables rows=2 placeholder="LOG_LEVEL=info" hint="NAME=value, one a line."/>
            <Field name="ready_path" label="Ready at" value=ready_path required=true code=true hint="Answers once it is ready, and as long as it is well."/>
            <Field name="ready_status" label="With status" kind="number" value=status placeholder="any of 2xx and 3xx"/>
            <Field name="start_seconds" label="Within, seconds" kind="number" value=start placeholder="300"/>
            <div class="actions"><button class="btn primary" type="submit">{keep}</button><a class="btn" href=back>"Cancel"</a></div>
        </ApiForm>
    }
}

/// Removing it.
#[component]
pub fn RemoveDialog(
    /// The runtime.
    runtime: Runtime,
    /// Where it goes on.
    back: &'static str,
) -> impl IntoView {
    let r = runtime;
    let action = format!("/api/v1/runtimes/{}", segment(&r.name));
    let (title, say) = (format!("Remove {}", r.name), format!("{} is removed.", r.name));
    view! {
        <DialogButton id="remove" class="btn danger">"Remove"</DialogButton>
        <Dialog id="remove" title>
            <ApiForm id="remove-form" method="DELETE" action next=back say>
                <input type="hidden" name="revision" value=r.revision.to_string()/>
                <p>"Nothing new is deployed with it. What served with it can still be rolled back to."</p>
                <div class="actions"><button class="btn danger" type="submit">"Remove"</button><DialogCancel/></div>
            </ApiForm>
        </Dialog>
    }
}
