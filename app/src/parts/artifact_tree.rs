//! The files of a run: folders in the address, a preview of the file that is named there.

use super::{Every, artifact_preview::FilePreview, loaded_of, params::query};
use crate::{
    api::{
        Client,
        changes::kinds,
        client::segment,
        resources::bytes_words,
        runs::{Artifact, ArtifactQuery},
    },
    ui::{Empty, Icon},
};
use leptos::prelude::*;

/// Rows of a table shown.
const ROWS: usize = 200;

/// The files of run `id`: `?path=` is the folder, `?file=` the file shown.
#[component]
pub fn ArtifactTree(
    /// The way to the API.
    client: Client,
    /// The team.
    team: String,
    /// Id of the run.
    id: String,
) -> impl IntoView {
    let (folder, file) = (query("path"), query("file"));
    let list = client.run_artifacts(&team, &id, &ArtifactQuery { path: folder.clone() });
    loaded_of(Every::change(&[kinds::ARTIFACT, kinds::RUN]), &id.clone(), list, move |items, _| {
        let base = format!("/teams/{team}/runs/{id}?tab=artifacts");
        if items.is_empty() && folder.is_none() {
            return view! { <section class="card"><Empty text="This run has no files. A script keeps one with mlflow.log_artifact(path)."/></section> }.into_any();
        }
        let preview = match file.clone() {
            Some(path) => view! { <h2>{path.clone()}</h2><FilePreview client team run=id path/> }.into_any(),
            None => view! { <p class="muted">"Choose a file to look at it."</p> }.into_any(),
        };
        view! { <section class="card artifacts"><Files items base folder file/><div class="look">{preview}</div></section> }.into_any()
    })
}

#[component]
fn Files(items: Vec<Artifact>, base: String, folder: Option<String>, file: Option<String>) -> impl IntoView {
    let to = |path: &str| format!("{base}&path={}", segment(path));
    let trail = folder.clone().map(|f| {
        let mut so_far = String::new();
        let steps = f.split('/').filter(|s| !s.is_empty()).map(|s| {
            so_far = if so_far.is_empty() { s.to_owned() } else { format!("{so_far}/{s}") };
            view! { " / "<a href=to(&so_far)>{s.to_owned()}</a> }
        });
        let steps = steps.collect_view();
        view! { <div class="trail"><a href=base.clone()>"files"</a>{steps}</div> }
    });
    let lines = items.into_iter().map(|a| {
        let name = a.path.rsplit('/').next().unwrap_or(&a.path).to_owned();
        let here = file.as_deref() == Some(a.path.as_str());
        let href = if a.folder {
            to(&a.path)
        } else {
            let folder = folder.as_deref().map(|f| format!("&path={}", segment(f))).unwrap_or_default();
            format!("{base}{folder}&file={}", segment(&a.path))
        };
        let icon = if a.folder { "folder" } else { "file" };
        view! { <a href=href aria-current=here.then_some("true")><Icon name=icon/><span class="cut">{name}</span><span class="sub">{a.size.map(bytes_words)}</span></a> }
    });
    let lines = lines.collect_view();
    view! { <nav aria-label="Files">{trail}{lines}</nav> }
}

/// The first rows of a table.
pub fn table(text: &str, separator: char) -> AnyView {
    let mut rows = records(text, separator);
    if rows.is_empty() {
        return view! { <p class="muted">"The table is empty."</p> }.into_any();
    }
    let head = rows.remove(0).into_iter().map(|c| view! { <th scope="col">{c}</th> }).collect_view();
    let more = (rows.len() > ROWS).then(|| view! { <p class="sub">{format!("The first {ROWS} of {} rows.", rows.len())}</p> });
    let body = rows
        .into_iter()
        .take(ROWS)
        .map(|r| view! { <tr>{r.into_iter().map(|c| view! { <td>{c}</td> }).collect_view()}</tr> })
        .collect_view();
    view! { {more}<div class="grid" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div> }.into_any()
}

/// Rows of RFC 4180 text: quotes keep separators, line ends and doubled quotes.
fn records(text: &str, separator: char) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                cell.push('"');
                chars.next();
            }
            '"' => quoted = !quoted,
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            '\r' if !quoted => {}
            c if c == separator && !quoted => row.push(std::mem::take(&mut cell)),
            c => cell.push(c),
        }
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        rows.push(row);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::records;

    #[test]
    fn quoted_cells() {
        assert_eq!(records("a,b\r\n\"1,\n\"\"2\"\"\",3", ','), [vec!["a", "b"], vec!["1,\n\"2\"", "3"]]);
        assert!(records("", ',').is_empty());
    }
}
