//! A promotion: how far it is, its gates with what they saw, and what was said.

use crate::{
    api::{
        client::{segment, team_path},
        promotions::{GateResult, GateState, Promotion, PromotionState},
    },
    parts::Access,
    ui::{Ago, ApiForm, Area, Badge, Card, Dialog, DialogButton, DialogCancel, PostButton, Tone},
};
use leptos::prelude::*;

/// How far a promotion is, as a badge.
#[component]
pub fn PromotionBadge(
    /// Its state.
    state: PromotionState,
) -> impl IntoView {
    let (tone, icon) = match state {
        PromotionState::Checking => (Tone::Blue, "clock"),
        PromotionState::WaitingForApproval => (Tone::Violet, "clock"),
        PromotionState::Promoted => (Tone::Green, "ok"),
        PromotionState::Refused => (Tone::Red, "x"),
        PromotionState::Withdrawn | PromotionState::Superseded => (Tone::Grey, "x"),
    };
    view! { <Badge tone icon text=state.label()/> }
}

/// What one may do about it now; the buttons of a page's head.
#[component]
pub fn PromotionActions(
    /// Which.
    promotion: Promotion,
    /// Who looks.
    access: Access,
) -> impl IntoView {
    let p = promotion;
    let base = team_path(&access.team, &format!("/promotions/{}", segment(&p.id)));
    let path = |verb: &str| format!("{base}/{verb}");
    let (open, own) = (p.state.is_open(), p.requested_by == access.me.user);
    let withdraw = (open && own && access.edits()).then(|| {
        view! { <PostButton id="withdraw" action=path("withdraw") say="Withdrawn.">"Withdraw"</PostButton> }
    });
    let refuse =
        (open && !own && access.maintains()).then(|| view! { <DialogButton id="refuse" class="btn danger">"Refuse"</DialogButton> });
    let approve =
        (open && !own && access.maintains() && p.approvals_needed > 0 && !p.votes.iter().any(|v| v.approves && v.user == access.me.user))
            .then(|| {
                let words = format!("Approve for {}", p.stage);
                view! { <PostButton id="approve" action=path("approve") say="Approved." class="btn primary">{words}</PostButton> }
            });
    let again = (access.edits() && (open || p.state == PromotionState::Refused)).then(|| {
        view! { <PostButton id="recheck" action=path("recheck") say="All gates are looked at again.">"Check again"</PostButton> }
    });
    let dialog = refuse.is_some().then(|| {
        let (title, action) = (format!("Refuse {} v{}", p.model, p.version), path("refuse"));
        view! {
            <Dialog id="refuse" title>
                <ApiForm id="refuse-form" action say="Refused.">
                    <Area name="comment" label="Why" hint="Who asked for it reads this."/>
                    <div class="actions"><button class="btn danger" type="submit">"Refuse"</button><DialogCancel/></div>
                </ApiForm>
            </Dialog>
        }
    });
    view! { {again}{withdraw}{refuse}{approve}{dialog} }
}

/// The gates, each with what it saw.
#[component]
pub fn Gates(
    /// Of which promotion.
    promotion: Promotion,
    /// Who looks.
    access: Access,
) -> impl IntoView {
    let p = promotion;
    let here = access.href(&format!("/promotions/{}", segment(&p.id)));
    let asks = i64::from(p.approvals_needed > 0);
    let given = p.votes.iter().filter(|v| v.approves && v.counts).count() as i64;
    let green = p.gates_passed + i64::from(asks == 1 && given >= p.approvals_needed);
    let count = format!("{green} of {}", p.gates_total + asks);
    let rows = p.gates.iter().map(|g| row(g, &here)).collect_view();
    let approval = (asks == 1).then(|| approval(&p, given));
    let none = (p.gates.is_empty() && asks == 0).then(|| view! { <div class="in"><p class="muted">"This stage asks nothing."</p></div> });
    let more = move || view! { <span class="muted">{count.clone()}</span> };
    view! { <Card title=format!("Gates to {}", p.stage) more flush=true><ul class="gates">{rows}{approval}</ul>{none}</Card> }
}

fn badge(state: GateState) -> AnyView {
    let (tone, icon, text) = match state {
        GateState::Open => (Tone::Amber, "clock", "Open"),
        GateState::Running => (Tone::Blue, "clock", "Running"),
        GateState::Passed => (Tone::Green, "ok", "Green"),
        GateState::Failed => (Tone::Red, "x", "Red"),
        GateState::Broken => (Tone::Red, "x", "Broken"),
    };
    view! { <Badge tone icon text/> }.into_any()
}

fn row(gate: &GateResult, promotion: &str) -> AnyView {
    let evidence = gate.evidence.as_ref().filter(|e| !e.is_null()).map(|e| {
        let text = serde_json::to_string_pretty(e).unwrap_or_default();
        view! { <details class="evidence" data-key=format!("gate-{}", gate.position)><summary>"Evidence"</summary><pre class="code">{text}</pre></details> }
    });
    let log = gate.log.then(|| {
        let label = format!("Log of {}", gate.gate.title());
        view! { <a class="link" href=format!("{promotion}?log={}", gate.position) aria-label=label>"Log"</a> }
    });
    let took = gate.seconds.filter(|s| *s >= 0.1).map(|s| format!(" ({s:.1} s)")).unwrap_or_default();
    view! {
        <li>
            <span class="mark">{badge(gate.state)}</span>
            <div><strong>{gate.gate.title()}</strong><span class="sub">{gate.detail.clone().unwrap_or_default()}{took}</span></div>
            <span class="more">{log}</span>
            {evidence}
        </li>
    }
    .into_any()
}

fn approval(p: &Promotion, given: i64) -> AnyView {
    let enough = given >= p.approvals_needed;
    let title = if p.approvals_needed == 1 {
        "Approval by a maintainer".to_owned()
    } else {
        format!("{} approvals by maintainers", p.approvals_needed)
    };
    let said: Vec<String> = p
        .votes
        .iter()
        .map(|v| {
            format!(
                "{} {}{}",
                v.user,
                if v.approves { "approved" } else { "refused" },
                if v.counts { "" } else { ", which does not count any more" }
            )
        })
        .collect();
    let can = match p.approvers.as_slice() {
        _ if enough || !p.state.is_open() => String::new(),
        [] => "; nobody in the team can approve".into(),
        some => format!("; {} can approve", some.join(" or ")),
    };
    let words = format!("{} asked{}{can}.", p.requested_by, said.iter().map(|s| format!("; {s}")).collect::<String>());
    let mark = match (enough, p.state.is_open()) {
        (true, _) => badge(GateState::Passed),
        (false, true) => badge(GateState::Open),
        (false, false) if p.votes.iter().any(|v| !v.approves) => badge(GateState::Failed),
        (false, false) => view! { <Badge tone=Tone::Grey icon="x" text="Not given"/> }.into_any(),
    };
    view! { <li><span class="mark">{mark}</span><div><strong>{title}</strong><span class="sub">{words}</span></div></li> }.into_any()
}

/// What was said, and the way to say more.
#[component]
pub fn Comments(
    /// Of which promotion.
    promotion: Promotion,
    /// Who looks.
    access: Access,
) -> impl IntoView {
    let p = promotion;
    let none = p.comments.is_empty();
    let said = p
        .comments
        .into_iter()
        .map(|c| view! { <li><strong>{c.user}</strong>" "<span class="sub"><Ago time=c.at/></span><p>{c.text}</p></li> });
    let said = said.collect_view();
    let action = team_path(&access.team, &format!("/promotions/{}/comments", segment(&p.id)));
    let form = access.edits().then(|| {
        view! {
            <ApiForm id="comment" action reset=true>
                <Area name="comment" label="Say something" rows=2 required=true/>
                <div class="actions"><button class="btn" type="submit">"Say it"</button></div>
            </ApiForm>
        }
    });
    let list = (!none).then(|| view! { <ul class="comments">{said}</ul> });
    (!none || form.is_some()).then(|| view! { <Card title="Comments"><div class="stack">{list}{form}</div></Card> })
}
