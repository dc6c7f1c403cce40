//! How much a deployment takes at once, how long and how large a request may be; which requests stay together.

use crate::{
    api::{
        canary::sticky_path,
        limits::{DEFAULT_SECONDS, Limits, limits_path},
    },
    ui::{ApiForm, Card, Facts, Field, facts::text},
};
use leptos::prelude::*;

/// The tab.
#[component]
pub fn LimitsForm(
    /// The team.
    team: String,
    /// Name of the deployment.
    name: String,
    /// As they are.
    limits: Limits,
    /// The revision of the deployment that is seen.
    revision: i64,
    /// Whether the reader may change them.
    edits: bool,
) -> impl IntoView {
    let number = |n: Option<i64>| n.map(|n| n.to_string()).unwrap_or_default();
    let (at_once, queue, seconds) = (number(limits.concurrency), number(limits.queue), number(limits.timeout_seconds));
    let body = limits.max_body.unwrap_or_default();
    if !edits {
        let or = |value: String, otherwise: &str| text(if value.is_empty() { otherwise.to_owned() } else { value });
        let rows = vec![
            ("At once", or(at_once, "as many as come")),
            ("In line", or(queue, "none")),
            ("Seconds", or(seconds, &DEFAULT_SECONDS.to_string())),
            ("Body", or(body, "as large as the portal takes")),
        ];
        return view! { <Card title="Limits"><Facts rows/></Card> }.into_any();
    }
    let default = DEFAULT_SECONDS.to_string();
    view! {
        <Card title="Limits">
            <ApiForm id="limits" method="PUT" action=limits_path(&team, &name) say="The limits hold from the next request on.">
                <input type="hidden" name="revision" value=revision.to_string()/>
                <div class="pair">
                    <Field name="concurrency" label="Requests at once" kind="number" value=at_once placeholder="no limit" hint="What comes beyond waits in line."/>
                    <Field name="queue" label="Requests in line" kind="number" value=queue placeholder="0" hint="What comes beyond is refused: 429 with Retry-After."/>
                    <Field name="timeout_seconds" label="Timeout, seconds" kind="number" value=seconds placeholder=default hint="To wait for its turn, and then for its answer to begin."/>
                    <Field name="max_body" label="Largest body" value=body placeholder="as the portal" code=true hint="Like 4Mi; never more than the portal takes."/>
                </div>
                <p class="sub">"They are the deployment's: they hold for whatever revision answers, at once, and a roll-back leaves them."</p>
                <div class="actions"><button class="btn primary" type="submit">"Set limits"</button></div>
            </ApiForm>
        </Card>
    }
    .into_any()
}

/// Which requests stay with a revision while two share the traffic.
#[component]
pub fn StickyForm(
    /// The team.
    team: String,
    /// Name of the deployment.
    name: String,
    /// The header as it is.
    header: Option<String>,
    /// The revision of the deployment that is seen.
    revision: i64,
    /// Whether the reader may change it.
    edits: bool,
) -> impl IntoView {
    let value = header.unwrap_or_default();
    if !edits {
        let rows = vec![("Header", text(if value.is_empty() { "none".to_owned() } else { value }))];
        return view! { <Card title="Sticky requests"><Facts rows/></Card> }.into_any();
    }
    view! {
        <Card title="Sticky requests">
            <ApiForm id="sticky" method="PUT" action=sticky_path(&team, &name) say="It holds from the next request on.">
                <input type="hidden" name="revision" value=revision.to_string()/>
                <Field name="header" label="Header" value placeholder="none" code=true hint="While two revisions share the traffic, requests with the same value of it go to the same one, like x-user."/>
                <div class="actions"><button class="btn" type="submit">"Set header"</button></div>
            </ApiForm>
        </Card>
    }
    .into_any()
}
