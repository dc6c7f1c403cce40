//! What one wants to be told, and where.

use crate::{
    api::{Client, notices::NoticeChoice},
    parts::{Every, loaded},
    ui::{ApiForm, Card},
};
use leptos::prelude::*;

/// The choices.
#[component]
pub fn NoticeChoices(
    /// The way to the API.
    client: Client,
) -> impl IntoView {
    loaded(Every::default(), client.notice_choices(), |all, _| {
        let boxes = all.choices.into_iter().map(|c| view! { <Choice c/> }).collect_view();
        view! {
            <div id="notices">
                <Card title="Notices" more=|| view! { <a href="/notices">"What you were told"</a> }>
                    <ApiForm id="notices-form" method="PUT" action="/api/v1/me/notice-choices" say="Chosen.">
                        <fieldset class="checks"><legend>"Tell me in the portal when"</legend>{boxes}</fieldset>
                        <div class="actions"><button class="btn" type="submit">"Choose"</button></div>
                    </ApiForm>
                </Card>
            </div>
        }
    })
}

#[component]
fn Choice(c: NoticeChoice) -> impl IntoView {
    view! { <label class="check"><input type="checkbox" name="portal" value=c.kind.as_str() checked=c.portal/>{c.kind.label()}</label> }
}
