//! Clean-up of a team: what takes room, what of it is kept and why.

use crate::{
    api::{
        Client, ListQuery,
        clean_up::{CleanUpItem, CleanUpKind},
        client::team_path,
        resources::bytes_words,
    },
    parts::{Access, Every, loaded, params::query},
    ui::{Ago, ApiForm, Dialog, DialogButton, DialogCancel, Empty, Pager, Table, number::count},
};
use leptos::prelude::*;

const WHAT: &str = "Files of deleted runs and logged models, and environments that nobody needs on this machine. What a version was registered from, what a deployment can be rolled back to, and what runs is kept.";

/// The tab.
#[component]
pub fn CleanUp(
    /// The way to the API.
    client: Client,
    /// Who looks.
    access: Access,
) -> impl IntoView {
    // Measured each time, so not with every change of a run.
    let answer = client.clean_up_list(&access.team, &ListQuery { page_token: query("page"), page_size: None });
    let list = loaded(Every::default(), answer, |page, access| {
        if page.items.is_empty() {
            view! { <section class="card"><Empty text="There is nothing to clean up." command="slipway clean-up"/></section><Pager next=page.next_page_token/> }.into_any()
        } else {
            view! { <Rows items=page.items access/><Pager next=page.next_page_token/> }.into_any()
        }
    });
    view! { <p class="muted">{WHAT}</p>{list} }
}

fn size(item: &CleanUpItem) -> String {
    format!("{}{}", if item.at_least { "more than " } else { "" }, bytes_words(item.bytes))
}

#[component]
fn Rows(items: Vec<CleanUpItem>, access: Access) -> impl IntoView {
    let frees = access.maintains();
    let action = team_path(&access.team, "/clean-up");
    let free: Vec<&CleanUpItem> = items.iter().filter(|i| i.kept.is_none()).collect();
    let (many, bytes) = (free.len() as i64, free.iter().map(|i| i.bytes).sum::<i64>());
    let sum = match many {
        0 => "All of this is kept".to_owned(),
        _ => format!("{} can be freed, {}", count(many, "thing", "things"), bytes_words(bytes)),
    };
    let fields = free.iter().map(|i| i.item.clone()).map(|item| view! { <input type="hidden" name="items" value=item/> }).collect_view();
    let to = action.clone();
    let all = (frees && many > 1).then(|| {
        let question = format!("{} of this page, {}. It cannot be undone.", count(many, "thing", "things"), bytes_words(bytes));
        view! {
            <DialogButton id="free-all" class="btn small danger">"Free all of these"</DialogButton>
            <Dialog id="free-all" title="Free all of these"><ApiForm id="free-all-form" action=to say="{said}">
                {fields}
                <p>{question}</p>
                <div class="actions"><button class="btn danger" type="submit">"Free"</button><DialogCancel/></div>
            </ApiForm></Dialog>
        }
    });
    let rows = items.into_iter().map(|i| {
        let room = size(&i);
        let with = (!i.models.is_empty()).then(|| view! { <span class="sub">"with "{i.models.join(", ")}</span> });
        let end = match &i.kept {
            Some(why) => view! { <span class="sub">"Kept. "{why.clone()}</span> }.into_any(),
            None if frees => view! { <One item=i.clone() action=action.clone() room=room.clone()/> }.into_any(),
            None => view! { <span class="sub">"Can be freed by a maintainer"</span> }.into_any(),
        };
        view! {
            <tr data-key=i.item>
                <td class="lead" data-label="Name"><span class="name">{i.name}</span>{with}</td>
                <td data-label="What"><span class="sub">{i.kind.words()}</span></td>
                <td data-label="Since"><span class="sub"><Ago time=i.since/></span></td>
                <td data-label="Size" class="num">{room}</td>
                <td data-label="">{end}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <section class="card">
            <header><h2>{sum}</h2><span class="more">{all}</span></header>
            <div class="scroll"><Table label="Clean-up" head=vec![("Name", ""), ("What", ""), ("Since", ""), ("Size", "num"), ("", "")]>{rows}</Table></div>
        </section>
    }
}

#[component]
fn One(item: CleanUpItem, action: String, room: String) -> impl IntoView {
    let id = format!("free-{}", item.item.replace(':', "-"));
    let (form, title) = (format!("{id}-form"), format!("Free {}", item.name));
    let what = match item.kind {
        CleanUpKind::Environment => format!("{room}. It is made again, from the same lock, when somebody needs it."),
        _ => format!("{}, {room}. It cannot be undone: what is freed is not restored.", count(item.files, "file", "files")),
    };
    view! {
        <DialogButton id=id.clone() class="btn small danger">"Free"</DialogButton>
        <Dialog id title><ApiForm id=form action say="{said}">
            <input type="hidden" name="items" value=item.item/>
            <p>{what}</p>
            <div class="actions"><button class="btn danger" type="submit">"Free"</button><DialogCancel/></div>
        </ApiForm></Dialog>
    }
}
