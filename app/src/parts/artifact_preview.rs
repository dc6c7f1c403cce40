//! The beginning of a file of a run, shown: text, tables, JSON, Markdown, images. Nothing in a file is run.

use super::{Every, Markdown, artifact_tree::table, loaded};
use crate::api::{
    Client,
    client::segment,
    previews::{ArtifactPreview, Shows},
    resources::bytes_words,
    runs::{ArtifactQuery, artifact_path},
};
use leptos::prelude::*;

/// A preview of a file, with the way to all of it.
#[component]
pub fn FilePreview(
    /// The way to the API.
    client: Client,
    /// The team.
    team: String,
    /// Id of the run.
    run: String,
    /// Path from the run's root.
    path: String,
    /// What is known of its text beyond its name: `Shows::Markdown` for what a component calls so.
    #[prop(optional)]
    known: Option<Shows>,
) -> impl IntoView {
    let query = ArtifactQuery { path: Some(path.clone()) };
    let (href, name) = (artifact_path(&team, &run, &query), path.rsplit('/').next().unwrap_or(&path).to_owned());
    loaded(Every::default(), client.run_artifact_preview(&team, &run, &query), move |preview: ArtifactPreview, _| {
        let ArtifactPreview { path, size, shows, text, cut, files } = preview;
        let shows = match known {
            Some(known) if !matches!(shows, Shows::Image | Shows::Folder | Shows::Nothing | Shows::TooLarge) => known,
            _ => shows,
        };
        let more = cut.then(|| view! { <p class="sub">"This is only the beginning of it: download it to see the rest."</p> });
        let content = match shows {
            Shows::Csv => table(&text, ','),
            Shows::Tsv => table(&text, '\t'),
            Shows::Markdown => view! { <Markdown text/> }.into_any(),
            Shows::Text | Shows::Json if text.is_empty() => view! { <p class="muted">"The file is empty."</p> }.into_any(),
            Shows::Text | Shows::Json => view! { <pre tabindex="0">{text}</pre> }.into_any(),
            Shows::Html => view! { <p class="sub">"HTML is shown as its source, as nothing in it is run here. Download it to open it in a browser."</p><pre tabindex="0">{text}</pre> }.into_any(),
            Shows::Image => view! { <img src=href.clone() alt=name.clone() loading="lazy"/> }.into_any(),
            Shows::Folder => {
                let lines = files.into_iter().map(|f| {
                    let name = f.path.rsplit('/').next().unwrap_or(&f.path).to_owned();
                    let to = if f.folder {
                        format!("/teams/{team}/runs/{run}?tab=artifacts&path={}", segment(&f.path))
                    } else {
                        format!("/teams/{team}/runs/{run}?tab=artifacts&path={}&file={}", segment(&path), segment(&f.path))
                    };
                    view! { <li><a class="link" href=to>{name}{f.folder.then_some("/")}</a>" "<span class="sub">{f.size.map(bytes_words)}</span></li> }
                });
                view! { <ul class="files">{lines.collect_view()}</ul> }.into_any()
            }
            Shows::Nothing => view! { <p class="muted">"This kind of file has no preview."</p> }.into_any(),
            Shows::TooLarge => view! { <p class="muted">"This file is too large for a preview."</p> }.into_any(),
        };
        let download = (shows != Shows::Folder).then(|| view! { <div class="row"><span class="sub">{size.map(bytes_words)}</span><span class="grow"></span><a class="btn small" href=href rel="external" download=name>"Download"</a></div> });
        view! { {download}{more}{content} }
    })
}
