//! A promotion: its page, and what of it stands on the page of its version.

use crate::{
    api::{
        Client,
        changes::kinds,
        client::segment,
        models::ModelVersion,
        promotions::{Direction, Gate, Promotion, log_path},
    },
    islands::LogView,
    parts::{
        Access, Every, Head,
        gates::{Comments, Gates, PromotionActions, PromotionBadge},
        loaded,
        params::{param, query, team},
    },
    ui::{Ago, Card, Facts, Note, Sheet, facts::text, number},
};
use leptos::prelude::*;

/// What a look at a promotion depends on.
pub const EVERY: Every = Every::change(&[kinds::PROMOTION, kinds::WORKLOAD, "stage", "member", "model", "model_version"]);

/// The page.
#[component]
pub fn PromotionPage() -> impl IntoView {
    let (client, log) = (Client::from_context(), query("log").and_then(|n| n.parse::<i64>().ok()));
    loaded(EVERY.page("Promotion"), client.promotion(&team(), &param("id")), move |p: Promotion, access| {
        let title = format!("{} v{} to {}", p.model, p.version, p.stage);
        let back = access.href(&format!("/promotions/{}", segment(&p.id)));
        let gate = log.and_then(|n| p.gates.iter().find(|g| g.position == n && g.log));
        let sheet = gate.map(|g| {
            let path = log_path(&access.team, &p.id, g.position);
            let (title, client, again) = (format!("Log of {}", g.gate.title()), client.clone(), g.state as u64);
            view! { <Sheet title back><LogView client path again height="calc(100vh - 160px)"/></Sheet> }
        });
        let (state, reason) = (p.state, p.reason.clone());
        let actions = view! { <PromotionActions promotion=p.clone() access=access.clone()/> };
        view! {
            <Head title beside=move || view! { <PromotionBadge state/> }>{actions}</Head>
            {reason.map(|text| view! { <p class="muted">{text}</p> })}
            <div class="cols side">
                <div class="cols"><Looked promotion=p.clone() client access=access.clone()/></div>
                <div class="cols"><About promotion=p.clone() access/><After promotion=p/></div>
            </div>
            {sheet}
        }
    })
}

#[component]
fn About(promotion: Promotion, access: Access) -> impl IntoView {
    let p = promotion;
    let version = |v: i64| {
        let href = access.href(&format!("/models/{}/{v}", segment(&p.model)));
        Some(view! { <a class="link" href=href>{format!("{} v{v}", p.model)}</a> }.into_any())
    };
    let rows = vec![
        ("Version", version(p.version)),
        ("To", text(format!("{} (@{})", p.stage, p.alias))),
        (if p.state.is_open() { "There now" } else { "There before" }, p.current.and_then(version)),
        ("Asked for", Some(view! { <span><Ago time=p.created_at/>" by "{p.requested_by}</span> }.into_any())),
        (p.state.label(), Some(view! { <Ago time=p.state_since/> }.into_any())),
    ];
    view! { <Card title="Promotion"><Facts rows/></Card> }
}

/// What comes of it, while it is open.
#[component]
pub fn After(
    /// Of which promotion.
    promotion: Promotion,
) -> impl IntoView {
    let p = promotion;
    p.state.is_open().then(|| {
        let when = if p.approvals_needed > 0 { "After approval" } else { "When all gates are green" };
        view! { <Note><span>{format!("{when} v{} gets the alias ", p.version)}<code>{format!("@{}", p.alias)}</code>{format!(" and the stage {}.", p.stage)}</span></Note> }
    })
}

/// Gates, comparison and comments.
#[component]
pub fn Looked(
    /// Of which promotion.
    promotion: Promotion,
    /// The way to the API.
    client: Client,
    /// Who looks.
    access: Access,
) -> impl IntoView {
    let p = promotion;
    let pair = p.current.filter(|c| *c != p.version).map(|current| {
        let versions = client.version(&access.team, &p.model, p.version).and(client.version(&access.team, &p.model, current));
        let all = access.href(&format!("/models/{}/{}?against={current}", segment(&p.model), p.version));
        let open = p.state.is_open();
        let (stage, gates) = (p.stage.clone(), p.gates.iter().map(|g| g.gate.clone()).collect::<Vec<_>>());
        // One of them may be gone by now: then there is nothing to compare, and the gates keep what was seen.
        Suspend::new(async move { versions.await.ok().map(|(version, other)| view! { <Against version other stage gates all open/> }) })
    });
    view! { <Gates promotion=p.clone() access=access.clone()/>{pair}<Comments promotion=p access/> }
}

/// Which way a metric is better, where a gate says so.
fn better(gates: &[Gate], metric: &str) -> Option<Direction> {
    gates.iter().find_map(|gate| match gate {
        Gate::NoWorse { name, direction, .. } if name == metric => Some(*direction),
        Gate::Metric { name, min: Some(_), max: None } if name == metric => Some(Direction::Maximize),
        Gate::Metric { name, min: None, max: Some(_) } if name == metric => Some(Direction::Minimize),
        _ => None,
    })
}

/// Metrics beside those of the version that was there.
#[component]
fn Against(version: ModelVersion, other: ModelVersion, stage: String, gates: Vec<Gate>, all: String, open: bool) -> impl IntoView {
    let rows = version.metrics.iter().filter_map(|(name, value)| {
        let before = other.metrics.get(name)?;
        let change = value.as_f64().zip(before.as_f64()).map(|(a, b)| a - b);
        let tone = match (better(&gates, name), change) {
            (Some(Direction::Maximize), Some(c)) if c != 0.0 => if c > 0.0 { "good" } else { "bad" },
            (Some(Direction::Minimize), Some(c)) if c != 0.0 => if c < 0.0 { "good" } else { "bad" },
            _ => "",
        };
        let words = change.map(|c| format!("{}{}", if c > 0.0 { "+" } else { "" }, number::metric(&serde_json::Value::from(c))));
        let class = format!("num {tone}");
        Some(view! { <tr><td class="name">{name.clone()}</td><td class="num">{number::metric(before)}</td><td class="num">{number::metric(value)}</td><td class=class>{words}</td></tr> })
    });
    let rows = rows.collect_view();
    let heads = (format!("v{}{}", other.version, if open { " now" } else { ", there before" }), format!("v{}", version.version));
    view! {
        <Card title=format!("Against {stage}") more=move || view! { <a class="link" href=all.clone()>"All differences"</a> } flush=true>
            <table class="against" aria-label="Metrics of both versions"><thead><tr><th scope="col">"Metric"</th><th class="num" scope="col">{heads.0}</th><th class="num" scope="col">{heads.1}</th><th class="num" scope="col">"Change"</th></tr></thead><tbody>{rows}</tbody></table>
        </Card>
    }
}
