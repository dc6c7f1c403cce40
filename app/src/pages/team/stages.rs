//! What the stages ask of a version.

use crate::{
    api::{
        Client,
        client::{segment, team_path},
        gate_words,
        promotions::StagePolicy,
    },
    parts::{Access, Every, loaded},
    ui::{ApiForm, Area, Card, Check, Facts, Field, Select, facts::text},
};
use leptos::prelude::*;

/// The tab.
#[component]
pub fn Stages(
    /// The way to the API.
    client: Client,
    /// Who looks.
    access: Access,
) -> impl IntoView {
    let stages = loaded(Every::change(&["stage", "member"]), client.stage_list(&access.team), |all: Vec<StagePolicy>, access| {
        all.into_iter().map(|stage| view! { <Stage stage team=access.team.clone() sets=access.maintains()/> }).collect_view()
    });
    view! {
        <p class="muted">"What a model version has to show before it may have a stage and the alias that goes with it."</p>
        <div class="cols c2">{stages}</div>
    }
}

#[component]
fn Stage(stage: StagePolicy, team: String, sets: bool) -> impl IntoView {
    let s = stage;
    let lines = s.gates.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    let needed = match s.approvals_needed {
        0 => "none".to_owned(),
        n => n.to_string(),
    };
    if !sets {
        let gates = if lines.is_empty() { None } else { Some(view! { <p class="lines">{lines}</p> }.into_any()) };
        let rows = vec![
            ("Alias", text(format!("@{}", s.alias))),
            ("Gates", gates.or_else(|| text("none"))),
            ("Approvals", text(needed)),
            ("Protected", text(if s.protect { "yes: promotions alone set it" } else { "no" })),
        ];
        return view! { <Card title=s.stage><Facts rows/></Card> }.into_any();
    }
    let mut options = vec![(String::new(), "One, as soon as the team has two maintainers".to_owned())];
    options.extend((0..=10).map(|n| (n.to_string(), n.to_string())));
    let action = team_path(&team, &format!("/stages/{}", segment(&s.stage)));
    view! {
        <Card title=s.stage.clone()>
            <ApiForm id=format!("stage-{}", s.stage.to_lowercase()) method="PUT" action say="{stage} asks that now.">
                <input type="hidden" name="revision" value=s.revision.to_string()/>
                <Field name="alias" label="Alias" value=s.alias code=true required=true/>
                <Area name="gates" label="Gates" value=lines rows=6 placeholder="val_auc >= 0.92" hint=format!("{}.", gate_words::HELP)/>
                <Select name="approvals" label="Approvals by other maintainers" options value=s.approvals.map(|n| n.to_string()).unwrap_or_default()/>
                <Check name="protect" label="Only promotions set this stage and its alias" checked=s.protect/>
                <div class="actions"><button class="btn primary" type="submit">"Keep"</button></div>
            </ApiForm>
        </Card>
    }
    .into_any()
}
