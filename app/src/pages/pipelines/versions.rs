//! The versions of a pipeline.

use super::pick::{Pick, Picked};
use crate::{
    api::{
        client::{segment, team_path},
        pipelines::{Pipeline, PipelineVersion},
    },
    parts::Access,
    ui::{Ago, Cut, Empty, PostButton, Table},
};
use leptos::prelude::*;

/// A page of them.
#[component]
pub fn Versions(
    /// Newest first.
    items: Vec<PipelineVersion>,
    /// Of what.
    pipeline: Pipeline,
    /// Who looks.
    access: Access,
) -> impl IntoView {
    if items.is_empty() {
        return view! { <section class="card"><Empty text="This pipeline has no version: upload one to run it."/></section> }.into_any();
    }
    let (edits, many) = (access.edits(), items.len() > 1);
    let here = access.href(&format!("/pipelines/{}", segment(&pipeline.name)));
    let rows = items.into_iter().map(|v| {
        let (changes, label) = (format!("{here}?tab=diff&to={}", segment(&v.id)), format!("What changed with version {}", v.name));
        let pick = many.then(|| view! { <Pick id=v.id.clone() name=format!("version {}", v.name)/> });
        let actions = edits.then(|| {
            let action = team_path(&access.team, &format!("/pipelines/{}/versions/{}", segment(&v.pipeline_id), segment(&v.id)));
            let (run, delete) = (format!("Run version {}", v.name), format!("Delete version {}", v.name));
            view! {
                <a class="btn small" href=format!("{here}/run?version={}", segment(&v.id)) aria-label=run>"Run"</a>
                <PostButton id=format!("delete-{}", v.id) method="DELETE" action say="The version is deleted; what ran of it stays." class="btn small danger" label=delete>"Delete"</PostButton>
            }
        });
        let digest = v.digest.chars().take(12).collect::<String>();
        view! {
            <tr>
                {pick}
                <td class="lead" data-label="Version"><span class="name">{v.display_name}</span><Cut text=v.description/></td>
                <td data-label="Digest"><code title=v.digest>{digest}</code></td>
                <td data-label="Made"><span class="sub"><Ago time=v.created_at/></span></td>
                <td data-label="By"><span class="sub">{v.created_by}</span></td>
                <td data-label="" class="right"><div class="actions">{many.then(|| view! { <a class="btn small" href=changes aria-label=label>"Changes"</a> })}{actions}</div></td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let mut head = vec![("Version", ""), ("Digest", ""), ("Made", ""), ("By", ""), ("", "")];
    if many {
        head.insert(0, ("Compare", "pick"));
    }
    let picked = many.then(|| view! { <Picked action=here.clone() tab="diff" what="versions"/> });
    view! { <section class="card"><div class="scroll"><Table label="Versions" head>{rows}</Table></div>{picked}</section> }.into_any()
}
