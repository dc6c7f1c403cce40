//! Two versions of a pipeline beside each other: what was added, removed, changed, task by task.

use crate::{
    api::{
        Client, ListQuery, Problem,
        client::segment,
        page::MAX_PAGE_SIZE,
        pipeline_diff::{Change, DiffLine, DiffQuery, Difference, PipelineDiff, Side, TaskDifference},
        pipelines::{Pipeline, PipelineVersion},
    },
    parts::{Access, Every, loaded},
    ui::{Ago, Badge, Card, Note, Tone, number},
};
use leptos::prelude::*;

/// Which two the address names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The one before; that made right before the other where none is named.
    pub from: Option<String>,
    /// The one after.
    pub to: String,
}

impl Pair {
    /// From `from` and `to`, or of those that were ticked the first two: ids say which was made first.
    pub fn of(from: Option<String>, to: Option<String>, mut ticked: Vec<String>) -> Result<Self, &'static str> {
        if let Some(to) = to {
            return Ok(Self { from, to });
        }
        ticked.sort();
        ticked.dedup();
        match <[String; 2]>::try_from(ticked) {
            Ok([from, to]) => Ok(Self { from: Some(from), to }),
            Err(other) if other.len() < 2 => Err("Two versions are compared: tick another one."),
            Err(_) => Err("Two versions are compared: tick no more than two."),
        }
    }
}

async fn answer(client: Client, team: String, pipeline: String, pair: Pair) -> Result<(PipelineDiff, Vec<PipelineVersion>), Problem> {
    let all = client.pipeline_versions(&team, &pipeline, &ListQuery { page_size: Some(MAX_PAGE_SIZE), page_token: None });
    let diff = client.pipeline_diff(&team, &pipeline, &pair.to, &DiffQuery { against: pair.from });
    let (diff, all) = diff.and(all).await?;
    Ok((diff, all.items))
}

/// The comparison.
#[component]
pub fn Differ(
    /// The way to the API.
    client: Client,
    /// Of what.
    pipeline: Pipeline,
    /// Which two.
    pair: Result<Pair, &'static str>,
    /// Who looks.
    access: Access,
) -> impl IntoView {
    let here = access.href(&format!("/pipelines/{}", segment(&pipeline.name)));
    let back = format!("{here}?tab=versions");
    let pair = match pair {
        Ok(pair) => pair,
        Err(words) => {
            return view! { <Note tone="amber"><span>{words}" "<a class="link" href=back>"To the versions"</a></span></Note> }.into_any();
        }
    };
    loaded(Every::default(), answer(client, access.team, pipeline.id, pair), move |(diff, versions), _| {
        let PipelineDiff { before, after, pipeline, tasks, same, more } = diff;
        let count = |change: Change| tasks.iter().filter(|t| t.change == change).count() as i64;
        let parts = [(Change::Added, "added"), (Change::Removed, "removed"), (Change::Changed, "changed")];
        let mut words: Vec<String> = parts
            .map(|(change, word)| (count(change), word))
            .into_iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, word)| format!("{} {word}", number::count(n, "task", "tasks")))
            .collect();
        words.push(format!("{} the same", number::count(same, "task", "tasks")));
        let nothing = (pipeline.is_empty() && tasks.is_empty()).then(|| {
            let words = if before.digest == after.digest {
                "The same file was uploaded as both."
            } else {
                "What is run is the same in both; the files differ in nothing that counts."
            };
            view! { <Note><span>{words}</span></Note> }
        });
        let whole = (!pipeline.is_empty()).then(|| view! { <Card title="The pipeline as a whole" flush=true><Differences all=pipeline label="The pipeline as a whole"/></Card> });
        let cards = tasks.into_iter().map(|t| view! { <Of task=t/> }).collect_view();
        let cut = more.then(|| view! { <Note tone="amber"><span>"Only the first 10 000 tasks were compared."</span></Note> });
        view! {
            <section class="card"><div class="in stack">
                <Picker versions before=before.clone() after=after.clone() back/>
                <p class="muted">{words.join(", ")}". "{before.display_name}": "<Ago time=before.created_at/>" by "{before.created_by}"; "{after.display_name}": "<Ago time=after.created_at/>" by "{after.created_by}"."</p>
            </div></section>
            {nothing}{cut}{whole}{cards}
        }
    })
}

/// A plain form: the two have an address.
#[component]
fn Picker(versions: Vec<PipelineVersion>, before: PipelineVersion, after: PipelineVersion, back: String) -> impl IntoView {
    let options = |chosen: &PipelineVersion| {
        let mut all: Vec<(String, String)> = versions.iter().map(|v| (v.id.clone(), v.display_name.clone())).collect();
        if all.iter().all(|(id, _)| *id != chosen.id) {
            all.push((chosen.id.clone(), chosen.display_name.clone()));
        }
        all.into_iter()
            .map(|(id, words)| {
                let selected = id == chosen.id;
                view! { <option value=id selected=selected>{words}</option> }
            })
            .collect_view()
    };
    view! {
        <form method="get" class="row picked versus">
            <input type="hidden" name="tab" value="diff"/>
            <select name="from" aria-label="Before">{options(&before)}</select>
            <span class="muted" aria-hidden="true">"→"</span>
            <select name="to" aria-label="After">{options(&after)}</select>
            <button class="btn" type="submit">"Compare"</button>
            <a class="btn" href=back>"All versions"</a>
        </form>
    }
}

#[component]
fn Of(task: TaskDifference) -> impl IntoView {
    let (tone, icon, word) = match task.change {
        Change::Added => (Tone::Green, "plus", "Added"),
        Change::Removed => (Tone::Red, "x", "Removed"),
        Change::Changed => (Tone::Amber, "dot", "Changed"),
    };
    let label = format!("Task {}", task.path);
    let title = task.path.clone();
    let name = (task.path.rsplit('/').next() != Some(task.name.as_str())).then(|| view! { <span class="sub">{task.name}</span> });
    let all = view! { <Differences all=task.differences label/> };
    // Of what came or went one first wants to know that it did.
    let body = match task.change {
        Change::Changed => view! { <div class="flush scroll">{all}</div> }.into_any(),
        _ => view! { <details class="what"><summary>"What it is"</summary><div class="flush scroll">{all}</div></details> }.into_any(),
    };
    view! { <section class="card"><header><Badge tone icon text=word/><h2>{title}</h2>{name}</header>{body}</section> }
}

#[component]
fn Differences(all: Vec<Difference>, #[prop(into)] label: String) -> impl IntoView {
    let rows = all.into_iter().map(|d| {
        if !d.lines.is_empty() {
            let label = format!("Lines of {}", d.what);
            return view! { <tr><td class="name" data-label="">{d.what}</td><td colspan="2" data-label=""><Patch lines=d.lines label/></td></tr> }.into_any();
        }
        let side = |text: Option<String>| match text {
            Some(text) => view! { <span class="lines">{text}</span> }.into_any(),
            None => view! { <span class="faint">"nothing"</span> }.into_any(),
        };
        view! { <tr><td class="name" data-label="">{d.what}</td><td data-label="Before">{side(d.before)}</td><td data-label="After">{side(d.after)}</td></tr> }.into_any()
    });
    let rows = rows.collect_view();
    view! {
        <table class="rows differ told" aria-label=label>
            <thead><tr><th scope="col">"What"</th><th scope="col">"Before"</th><th scope="col">"After"</th></tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

/// Lines of a text that differ. The sign says in words of one letter what the colour says.
#[component]
fn Patch(lines: Vec<DiffLine>, label: String) -> impl IntoView {
    let lines = lines.into_iter().map(|l| match l.side {
        Side::Both => view! { <span>"  "{l.text}"\n"</span> }.into_any(),
        Side::Before => view! { <del>"- "{l.text}"\n"</del> }.into_any(),
        Side::After => view! { <ins>"+ "{l.text}"\n"</ins> }.into_any(),
        Side::Gap => view! { <span class="faint">"  …\n"</span> }.into_any(),
    });
    let lines = lines.collect_view();
    view! { <pre class="patch" tabindex="0" role="region" aria-label=label>{lines}</pre> }
}

#[cfg(test)]
mod tests {
    use super::Pair;

    #[test]
    fn two_are_compared() {
        let ticked = |all: &[&str]| all.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>();
        assert_eq!(Pair::of(None, None, ticked(&["02", "01"])), Ok(Pair { from: Some("01".into()), to: "02".into() }));
        assert_eq!(Pair::of(None, Some("3".into()), ticked(&["02", "01"])), Ok(Pair { from: None, to: "3".into() }));
        for wrong in [&[][..], &["1"], &["1", "1"], &["1", "2", "3"]] {
            assert!(Pair::of(None, None, ticked(wrong)).is_err(), "{wrong:?}");
        }
    }
}
