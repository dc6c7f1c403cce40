//! Notices: what one was told, newest first.

use crate::{
    api::{
        Client, ListQuery,
        notices::{Notice, NoticeKind},
    },
    parts::{Every, Head, loaded, params::query},
    ui::{Ago, Badge, Empty, Pager, PostButton, Tone},
};
use leptos::prelude::*;

/// The page.
#[component]
pub fn Notices() -> impl IntoView {
    let client = Client::from_context();
    let page = client.notice_list(&ListQuery { page_token: query("page"), page_size: None });
    loaded(Every { kinds: &["notice"], seconds: 30, page: "Notices" }, page, |page, _| {
        let newest = page.items.iter().filter(|n| !n.read).map(|n| n.id).max();
        let all = newest.map(|id| {
            view! {
                <PostButton id="read-all" action="/api/v1/me/notices/read" say="All are marked as read.">
                    <input type="hidden" name="up_to" value=id.to_string()/>"Mark all as read"
                </PostButton>
            }
        });
        let list = if page.items.is_empty() {
            view! { <section class="card"><Empty text="Nothing was told yet: what waits for you, and what of yours failed, will stand here." button=Some(("Choose what", "/account#notices".to_owned()))/></section> }
                .into_any()
        } else {
            let lines = page.items.into_iter().map(|n| view! { <Line n/> }).collect_view();
            view! { <section class="card"><ul class="list notices">{lines}</ul></section><Pager next=page.next_page_token/> }.into_any()
        };
        view! {
            <Head title="Notices"><a class="btn" href="/account#notices">"Choose what"</a>{all}</Head>
            {list}
        }
    })
}

#[component]
fn Line(n: Notice) -> impl IntoView {
    let (tone, icon, word) = match n.kind {
        NoticeKind::PromotionWaiting | NoticeKind::PipelineWaiting => (Tone::Amber, "clock", "Waits"),
        NoticeKind::PromotionEnded => (Tone::Grey, "ok", "Ended"),
        NoticeKind::RunFailed | NoticeKind::PipelineRunFailed | NoticeKind::RecurringRunFailed => (Tone::Red, "x", "Failed"),
        NoticeKind::DeploymentUnhealthy => (Tone::Red, "x", "Unhealthy"),
        NoticeKind::NotebookStopped => (Tone::Grey, "pause", "Stopped"),
    };
    let (id, label) = (format!("notice-{}", n.id), format!("Mark \"{}\" as read", n.title));
    let read = (!n.read).then(|| {
        view! {
            <PostButton id=format!("read-{}", n.id) action="/api/v1/me/notices/read" class="btn small" label>
                <input type="hidden" name="id" value=n.id.to_string()/>"Mark as read"
            </PostButton>
        }
    });
    view! {
        <li id=id class:unread=!n.read>
            <Badge tone icon text=word/>
            <div class="grow">
                <div><a class="name" href=n.href>{n.title}</a>{(!n.read).then(|| view! { <span class="sr">", unread"</span> })}</div>
                <div class="sub">{n.detail.map(|d| view! { <span>{d}" "</span> })}{n.team}", "<Ago time=n.time/></div>
            </div>
            {read}
        </li>
    }
}
