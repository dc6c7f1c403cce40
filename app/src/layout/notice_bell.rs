//! The bell of the bar: how many notices wait to be read, and the way to them.

use crate::{api::Client, ui::Icon};
use leptos::prelude::*;

/// The bell. Where nobody can say how many there are, it is the way alone.
#[component]
pub fn NoticeBell() -> impl IntoView {
    let unread = Client::from_context().notices_unread();
    view! {
        {Suspend::new(async move {
            let n = unread.await.map(|u| u.unread).unwrap_or_default();
            let (label, shown) = match n {
                0 => ("Notices".to_owned(), None),
                100.. => ("Notices, more than 99 unread".to_owned(), Some("99+".to_owned())),
                n => (format!("Notices, {n} unread"), Some(n.to_string())),
            };
            view! {
                <a class="bell" href="/notices" aria-label=label.clone() title=label>
                    <Icon name="bell"/>
                    {shown.map(|n| view! { <span class="n" aria-hidden="true">{n}</span> })}
                </a>
            }
        })}
        <i hidden data-live="notice"></i>
    }
}
