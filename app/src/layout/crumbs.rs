//! Where one is, read from the address.

use super::places::PLACES;
use crate::parts::{ThisPipelineRun, this_named};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// Words and addresses of the way to `path`; the last is the page itself.
fn trail(path: &str) -> Vec<(String, String)> {
    let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
    match parts.as_slice() {
        ["teams", team, "promotions", rest @ ..] => {
            let models = ("Models".to_owned(), format!("/teams/{team}/models"));
            let all = ("Promotions".to_owned(), format!("/teams/{team}/promotions"));
            let one = rest.first().map(|id| (end_of(id), format!("/teams/{team}/promotions/{id}")));
            [models, all].into_iter().chain(one).collect()
        }
        ["teams", team, "pipeline-runs", rest @ ..] => {
            let pipelines = ("Pipelines".to_owned(), format!("/teams/{team}/pipelines"));
            let all = ("Runs".to_owned(), format!("/teams/{team}/pipeline-runs"));
            let words = |part: &str| if part == "compare" { "Compared".to_owned() } else { end_of(part) };
            let one = rest.first().map(|id| (words(id), format!("/teams/{team}/pipeline-runs/{id}")));
            let again = rest.get(1).map(|part| ("Run again".to_owned(), format!("/teams/{team}/pipeline-runs/{}/{part}", rest[0])));
            [pipelines, all].into_iter().chain(one).chain(again).collect()
        }
        ["teams", team, "recurring-runs", rest @ ..] => {
            let pipelines = ("Pipelines".to_owned(), format!("/teams/{team}/pipelines"));
            let all = ("Recurring".to_owned(), format!("/teams/{team}/recurring-runs"));
            let one = rest.first().map(|id| (end_of(id), format!("/teams/{team}/recurring-runs/{id}")));
            let act = rest.get(1).map(|act| ("Edit".to_owned(), format!("/teams/{team}/recurring-runs/{}/{act}", rest[0])));
            [pipelines, all].into_iter().chain(one).chain(act).collect()
        }
        ["teams", team, rest @ ..] => {
            let section = rest.first().copied().unwrap_or("");
            let Some(place) = PLACES.iter().find(|p| p.path.trim_start_matches('/') == section) else { return Vec::new() };
            let mut out = vec![(place.label.to_owned(), format!("/teams/{team}{}", place.path))];
            for (i, part) in rest.iter().enumerate().skip(1) {
                out.push((words(section, i, part), format!("/teams/{team}/{}", rest[..=i].join("/"))));
            }
            out
        }
        ["runtimes", ..] => vec![("Runtimes".into(), "/runtimes".into())],
        ["notices", ..] => vec![("Notices".into(), "/notices".into())],
        ["account", ..] => vec![("Account".into(), "/account".into())],
        ["admin", ..] => vec![("Admin".into(), "/admin".into())],
        _ => vec![("Teams".into(), "/".into())],
    }
}

fn words(section: &str, depth: usize, part: &str) -> String {
    let part = percent_decoded(part);
    match (section, depth) {
        ("runs", 1) if part == "submit" => "Submit run".into(),
        ("runs", 1) if part.len() > 12 => end_of(&part),
        ("models", 2) => format!("v{part}"),
        _ => part,
    }
}

/// Of an id: its beginning differs between objects of the same day only at the end.
fn end_of(id: &str) -> String {
    id.chars().skip(id.chars().count().saturating_sub(8)).collect()
}

fn percent_decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(b) = bytes.next() {
        if b != b'%' {
            out.push(b);
            continue;
        }
        let hex: Vec<u8> = bytes.by_ref().take(2).collect();
        match std::str::from_utf8(&hex).ok().and_then(|h| u8::from_str_radix(h, 16).ok()) {
            Some(b) => out.push(b),
            None => out.extend([&[b'%'][..], &hex].concat()),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The crumbs.
#[component]
pub fn Crumbs() -> impl IntoView {
    let trail = use_location().pathname.with_untracked(|p| trail(p));
    let last = trail.len().saturating_sub(1);
    // What has a name is known by it; its id stands for what cannot be read.
    let mut own = this_named();
    let flow = use_context::<ThisPipelineRun>();
    let crumbs = trail.into_iter().enumerate().map(|(i, (words, href))| {
        if let Some(run) = flow.clone().filter(|_| i != last && href.ends_with("/pipeline-runs")) {
            return view! { <Before run words href/> }.into_any();
        }
        let words = match own.take_if(|(at, _)| *at == href) {
            Some((_, name)) => Suspend::new(async move { name.await.unwrap_or(words) }).into_any(),
            None => words.into_any(),
        };
        if i == last {
            view! { <li><span aria-current="page">{words}</span></li> }.into_any()
        } else {
            view! { <li><a href=href>{words}</a></li> }.into_any()
        }
    });
    let crumbs = crumbs.collect_view();
    view! { <nav class="crumbs" aria-label="Breadcrumbs"><ol>{crumbs}</ol></nav> }
}

/// A pipeline run is reached from its pipeline, where it has one, else from all of them. A pipeline that was deleted leads nowhere.
#[component]
fn Before(run: ThisPipelineRun, words: String, href: String) -> impl IntoView {
    Suspend::new(async move {
        let run = run.read().await.ok();
        let deleted = run.as_ref().is_some_and(|r| r.pipeline_deleted);
        let (href, words) = match run.and_then(|r| Some((r.pipeline_id?, r.pipeline))) {
            Some((_, name)) if deleted => return view! { <li><span title="This pipeline was deleted.">{name}</span></li> }.into_any(),
            Some((id, name)) => (format!("{}/pipelines/{id}", href.trim_end_matches("/pipeline-runs")), name),
            None => (href, words),
        };
        view! { <li><a href=href>{words}</a></li> }.into_any()
    })
}

#[cfg(test)]
mod tests {
    use super::trail;

    fn words(path: &str) -> Vec<String> {
        trail(path).into_iter().map(|(w, _)| w).collect()
    }

    #[test]
    fn from_addresses() {
        assert_eq!(words("/teams/a/models/churn%20x/3"), ["Models", "churn x", "v3"]);
        assert_eq!(words("/teams/a/runs/0190c0ffee0190c0ffee0190c0ffee01"), ["Runs", "c0ffee01"]);
        assert_eq!(words("/teams/a/promotions/0190c0ffee0190c0ffee0190c0ffee01"), ["Models", "Promotions", "c0ffee01"]);
        assert_eq!(words("/teams/a/pipeline-runs/0190c0ffee0190c0ffee0190c0ffee01"), ["Pipelines", "Runs", "c0ffee01"]);
        assert_eq!(words("/teams/a/pipeline-runs/0190c0ffee0190c0ffee0190c0ffee01/again"), ["Pipelines", "Runs", "c0ffee01", "Run again"]);
        assert_eq!(words("/teams/a/pipeline-runs/compare"), ["Pipelines", "Runs", "Compared"]);
        assert_eq!(words("/teams/a/recurring-runs/0190c0ffee0190c0ffee0190c0ffee01/edit"), ["Pipelines", "Recurring", "c0ffee01", "Edit"]);
        assert_eq!(words("/teams/a/pipelines/nightly/run"), ["Pipelines", "nightly", "run"]);
        assert_eq!(words("/teams/a"), ["Home"]);
        assert_eq!(words("/"), ["Teams"]);
    }
}
