//! Account: tokens, the password, notices.

use super::{
    notices::NoticeChoices,
    tokens::{NewTokenCard, TokenList},
};
use crate::{
    api::Client,
    parts::{Every, Head, loaded},
    ui::{ApiForm, Card, Facts, Field, facts::text},
};
use leptos::prelude::*;

/// The page.
#[component]
pub fn Account() -> impl IntoView {
    let client = Client::from_context();
    loaded(Every::default().page("Account"), client.me(), move |me, _| {
        let teams = me.teams.iter().map(|t| format!("{} ({})", t.display_name, t.role.as_str())).collect::<Vec<_>>().join(", ");
        let rows = vec![
            ("User", text(me.user)),
            ("Shown as", text(me.display_name)),
            ("Platform", me.admin.then(|| "admin".into_any())),
            ("Teams", text(teams)),
        ];
        view! {
            <Head title="Account"/>
            <div class="cols side">
                <div class="cols">
                    <TokenList client=client.clone()/>
                    <div class="cols narrow"><NewTokenCard teams=me.teams/><Password/></div>
                </div>
                <div class="cols"><Card title="You"><Facts rows/></Card><NoticeChoices client/></div>
            </div>
        }
    })
}

#[component]
fn Password() -> impl IntoView {
    view! {
        <Card title="Password">
            <ApiForm id="password" action="/api/v1/me/password" say="The password is changed." reset=true>
                <Field name="current" label="Current password" kind="password" autocomplete="current-password" required=true/>
                <Field name="new" label="New password" kind="password" autocomplete="new-password" hint="At least 10 characters." required=true/>
                <div class="actions"><button class="btn" type="submit">"Change"</button></div>
            </ApiForm>
        </Card>
    }
}
