//! What is different between two versions of a model: metrics, parameters, signature, environment, code, data.

use super::version::columns;
use crate::{
    api::{Client, ListQuery, Problem, models::ModelVersion, page::MAX_PAGE_SIZE},
    parts::{Access, Every, loaded},
    ui::{Card, number},
};
use leptos::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

type Facts = BTreeMap<String, String>;

/// One kind of facts of two versions, and which of them differ.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    title: &'static str,
    /// What, of the other version, of this one; empty where it has none.
    lines: Vec<[String; 3]>,
}

/// The card.
#[component]
pub fn Differ(
    /// The way to the API.
    client: Client,
    /// The version of the page.
    version: ModelVersion,
    /// The one it is compared with.
    other: i64,
    /// Who looks.
    access: Access,
    /// The address without the comparison.
    back: String,
) -> impl IntoView {
    let (this, title) = (version.version, format!("v{} against v{other}", version.version));
    loaded(Every::default(), differences(client, access.team, version, other), move |groups, _| {
        let same: Vec<&str> = groups.iter().filter(|g| g.lines.is_empty()).map(|g| g.title).collect();
        let same = (!same.is_empty())
            .then(|| view! { <div class="in"><p class="muted">"Nothing is different in: "{same.join(", ").to_lowercase()}"."</p></div> });
        let tables = groups.iter().filter(|g| !g.lines.is_empty()).map(|g| view! { <Table group=g.clone() this other/> }).collect_view();
        let more = move || view! { <a class="btn small" href=back.clone()>"Close"</a> };
        view! { <Card title more flush=true>{tables}{same}</Card> }
    })
}

#[component]
fn Table(group: Group, this: i64, other: i64) -> impl IntoView {
    let label = format!("{} of both versions", group.title);
    let rows = group.lines.into_iter().map(|[what, before, now]| {
        view! { <tr><td class="name" data-label=group.title>{what}</td><td data-label=format!("v{other}")>{before}</td><td data-label=format!("v{this}")>{now}</td></tr> }
    });
    let rows = rows.collect_view();
    view! {
        <table class="rows differ" aria-label=label>
            <thead><tr><th scope="col">{group.title}</th><th scope="col">{format!("v{other}")}</th><th scope="col">{format!("v{this}")}</th></tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

async fn differences(client: Client, team: String, this: ModelVersion, other: i64) -> Result<Vec<Group>, Problem> {
    let other = client.version(&team, &this.model, other).await?;
    Ok(vec![
        group("Metrics", &metrics(&other), &metrics(&this)),
        group("Parameters", &params(&client, &team, &other).await?, &params(&client, &team, &this).await?),
        group("Signature", &signature(&other), &signature(&this)),
        group("Environment", &environment(&client, &team, &other).await?, &environment(&client, &team, &this).await?),
        group("Code and data", &origin(&other), &origin(&this)),
    ])
}

/// What differs, by name.
fn group(title: &'static str, other: &Facts, this: &Facts) -> Group {
    let names: BTreeSet<&String> = other.keys().chain(this.keys()).collect();
    let value = |of: &Facts, name: &str| of.get(name).cloned().unwrap_or_default();
    let lines = names.into_iter().filter(|n| other.get(*n) != this.get(*n)).map(|n| [n.clone(), value(other, n), value(this, n)]);
    Group { title, lines: lines.collect() }
}

fn metrics(v: &ModelVersion) -> Facts {
    v.metrics.iter().map(|(name, value)| (name.clone(), number::metric(value))).collect()
}

fn signature(v: &ModelVersion) -> Facts {
    let Some(signature) = &v.signature else { return Facts::new() };
    let side = |key: &str, words: &str| -> Vec<(String, String)> {
        columns(signature, key).into_iter().map(|(name, kind)| (format!("{words} {name}"), kind)).collect()
    };
    side("inputs", "takes").into_iter().chain(side("outputs", "gives")).collect()
}

fn origin(v: &ModelVersion) -> Facts {
    let mut facts = Facts::new();
    if let Some(lineage) = &v.lineage {
        let code = lineage.commit.as_ref().or(lineage.code_digest.as_ref());
        facts.extend(code.map(|c| ("Code".to_owned(), c.chars().take(12).collect())));
        facts.extend(lineage.datasets.iter().map(|d| (format!("Dataset {}", d.name), d.digest.clone())));
    }
    facts.insert("Flavors".into(), v.flavors.join(", "));
    facts
}

/// Parameters of its run; a run that was removed has none any more.
async fn params(client: &Client, team: &str, v: &ModelVersion) -> Result<Facts, Problem> {
    let Some(lineage) = &v.lineage else { return Ok(Facts::new()) };
    match client.run(team, &lineage.run_id).await {
        Ok(run) => Ok(run.summary.params.into_iter().collect()),
        Err(problem) if problem.status == 404 => Ok(Facts::new()),
        Err(problem) => Err(problem),
    }
}

/// The environment that its run was in, and the packages in it.
async fn environment(client: &Client, team: &str, v: &ModelVersion) -> Result<Facts, Problem> {
    let Some(words) = v.lineage.as_ref().and_then(|l| l.environment.clone()) else { return Ok(Facts::new()) };
    let mut facts = Facts::from([("Environment".to_owned(), words.clone())]);
    let Some((name, number)) = words.rsplit_once(" v") else { return Ok(facts) };
    let all = client.environment_versions(team, name, &ListQuery { page_size: Some(MAX_PAGE_SIZE), page_token: None }).await;
    let all = match all {
        Ok(page) => page.items,
        Err(problem) if problem.status == 404 => Vec::new(),
        Err(problem) => return Err(problem),
    };
    if let Some(version) = all.into_iter().find(|e| e.version.to_string() == number) {
        facts.insert("Lock".into(), version.digest.chars().take(12).collect());
        facts.extend(version.packages.iter().filter_map(|p| p.rsplit_once(' ')).map(|(name, number)| (name.to_owned(), number.to_owned())));
    }
    Ok(facts)
}

#[cfg(test)]
mod tests {
    use super::{Facts, group};

    #[test]
    fn only_what_differs_is_told() {
        let facts = |all: &[(&str, &str)]| -> Facts { all.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect() };
        let (other, this) = (facts(&[("lr", "0.1"), ("depth", "4"), ("old", "1")]), facts(&[("lr", "0.2"), ("depth", "4"), ("new", "2")]));
        let lines = group("Parameters", &other, &this).lines;
        assert_eq!(lines, [["lr", "0.1", "0.2"], ["new", "", "2"], ["old", "1", ""]].map(|l| l.map(str::to_owned)));
        assert!(group("Parameters", &other, &other).lines.is_empty());
    }
}
