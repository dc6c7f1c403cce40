//! What one wants to be told, and where.

use crate::{
    api::{
        Client,
        notices::{MailAddress, NoticeChoice},
    },
    parts::{Every, loaded},
    ui::{ApiForm, Card, Field, Note, PostButton},
};
use leptos::prelude::*;

/// The choices.
#[component]
pub fn NoticeChoices(
    /// The way to the API.
    client: Client,
) -> impl IntoView {
    loaded(Every::default(), client.notice_choices(), |all, _| {
        let boxes = |name: &'static str, ticked: fn(&NoticeChoice) -> bool| {
            let one = |c: &NoticeChoice| {
                let (value, checked, words) = (c.kind.as_str(), ticked(c), c.kind.label());
                view! { <label class="check"><input type="checkbox" name=name value=value checked=checked/>{words}</label> }
            };
            all.choices.iter().map(one).collect_view()
        };
        let portal = boxes("portal", |c| c.portal);
        let mail = all.mail.clone().map(|m| {
            let boxes = boxes("mail", |c| c.mail);
            view! { <Address m/><fieldset><legend>"Mail me when"</legend>{boxes}</fieldset> }
        });
        let test = all.mail.and_then(|m| m.address).map(|address| {
            let say = format!("A test was sent to {address}.");
            view! { <PostButton id="mail-test" action="/api/v1/me/notice-choices/test" say class="btn small">"Send me a test mail"</PostButton> }
        });
        view! {
            <div id="notices">
                <Card title="Notices" more=|| view! { <a href="/notices">"What you were told"</a> }>
                    <div class="stack">
                        <ApiForm id="notices-form" method="PUT" action="/api/v1/me/notice-choices" say="Chosen.">
                            <fieldset><legend>"Tell me in the portal when"</legend>{portal}</fieldset>
                            {mail}
                            <div class="actions"><button class="btn" type="submit">"Choose"</button></div>
                        </ApiForm>
                        {test}
                    </div>
                </Card>
            </div>
        }
    })
}

#[component]
fn Address(m: MailAddress) -> impl IntoView {
    view! {
        {m.problem.map(|why| view! { <Note tone="red"><span>{format!("The last mail was not taken: {why}.")}</span></Note> })}
        <Field name="address" label="Mail address" kind="email" value=m.address.unwrap_or_default() autocomplete="email" hint="Without one nothing is mailed."/>
    }
}
