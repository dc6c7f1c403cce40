//! The beginning of a file of a run, shown: text, tables, JSON, Markdown, images, HTML in a frame. Nothing in a file is run.

use super::{Every, Markdown, artifact_tree::table, loaded};
use crate::{
    api::{
        Client,
        client::segment,
        previews::{ArtifactPreview, Shows},
        resources::bytes_words,
        runs::{ArtifactQuery, artifact_page_path, artifact_path},
    },
    ui::url,
};
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};

/// HTML up to here is laid out, bytes; what is larger is shown as its source.
const MOST_FRAMED: i64 = 8 << 20;

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
    let framed = Framed::of(artifact_page_path(&team, &run, &query), name.clone());
    loaded(Every::default(), client.run_artifact_preview(&team, &run, &query), move |preview: ArtifactPreview, _| {
        let ArtifactPreview { path, size, shows, text, cut, files } = preview;
        let shows = match known {
            Some(known) if !matches!(shows, Shows::Image | Shows::Folder | Shows::Nothing | Shows::TooLarge) => known,
            _ => shows,
        };
        let fits = shows == Shows::Html && size.is_none_or(|n| n <= MOST_FRAMED);
        // The frame shows all of it.
        let laid_out = fits && !framed.source;
        let switch = fits.then(|| framed.switch());
        let more =
            (cut && !laid_out).then(|| view! { <p class="sub">"This is only the beginning of it: download it to see the rest."</p> });
        let content = match shows {
            Shows::Csv => table(&text, ','),
            Shows::Tsv => table(&text, '\t'),
            Shows::Markdown => view! { <Markdown text/> }.into_any(),
            Shows::Text | Shows::Json if text.is_empty() => view! { <p class="muted">"The file is empty."</p> }.into_any(),
            Shows::Text | Shows::Json => view! { <pre tabindex="0">{text}</pre> }.into_any(),
            Shows::Html if !fits => {
                view! { <p class="sub">"It is too large to be laid out here: this is its source."</p><pre tabindex="0">{text}</pre> }
                    .into_any()
            }
            Shows::Html => framed.show(text),
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
        let download = (shows != Shows::Folder).then(|| view! { <div class="row"><span class="sub">{size.map(bytes_words)}</span><span class="grow"></span>{switch}<a class="btn small" href=href rel="external" download=name>"Download"</a></div> });
        view! { {download}{more}{content} }
    })
}

/// HTML, laid out or as its source: the address says which.
struct Framed {
    page: String,
    name: String,
    source: bool,
    other: String,
}

impl Framed {
    fn of(page: String, name: String) -> Self {
        let (here, address) = (use_location().pathname.get_untracked(), use_query_map().get_untracked());
        let source = address.get("html").as_deref() == Some("source");
        let other = url::with(&here, &address, &[("html", (!source).then_some("source"))]);
        Self { page, name, source, other }
    }

    /// The way to the other of the two.
    fn switch(&self) -> impl IntoView + use<> {
        let words = if self.source { "Laid out" } else { "Source" };
        view! { <a class="btn small" href=self.other.clone() data-key="html-as">{words}</a> }
    }

    fn show(self, text: String) -> AnyView {
        if self.source {
            return view! { <pre tabindex="0">{text}</pre> }.into_any();
        }
        // The sandbox allows nothing: no scripts, no forms, not our origin.
        view! {
            <p class="sub">"Nothing in it runs or is loaded here: download it to open it with its scripts."</p>
            <iframe sandbox="" src=self.page title=self.name referrerpolicy="no-referrer"></iframe>
        }
        .into_any()
    }
}
