//! Which environment stands for which container image: only where there are no containers.

use crate::{
    api::{Client, pipeline_images::PipelineImages},
    parts::{Every, loaded},
    ui::{ApiForm, Area, Card, Empty, Table},
};
use leptos::prelude::*;

const HERE: &str = "/admin?tab=images";
const EXAMPLE: &str = "registry.example.org/ml/base=train\nregistry.example.org/ml/tools:2=";

/// The tab.
#[component]
pub fn Images() -> impl IntoView {
    loaded(Every::default(), Client::from_context().pipeline_images(), |PipelineImages { images, revision }: PipelineImages, _| {
        // Whoever saves what somebody else has changed meanwhile is told so.
        let seen = move || view! { <input type="hidden" name="revision" value=revision.to_string()/> };
        let lines = images.iter().map(|i| format!("{}={}", i.image, i.environment)).collect::<Vec<_>>().join("\n");
        let some = !images.is_empty();
        let rows = images.into_iter().map(|i| {
            let environment = match i.environment.is_empty() {
                true => view! { <span class="sub">"the Python of this machine alone"</span> }.into_any(),
                false => view! { <code>{i.environment}</code> }.into_any(),
            };
            let key = format!("image-{}", i.image);
            view! { <tr data-key=key><td class="lead" data-label="Image"><code class="name">{i.image}</code></td><td data-label="Environment">{environment}</td></tr> }
        });
        let rows = rows.collect_view();
        let list = if some {
            view! { <div class="scroll"><Table label="Images and environments" head=vec![("Image", ""), ("Environment", "")]>{rows}</Table></div> }.into_any()
        } else {
            view! { <Empty text="Nothing is set: tasks whose image is named python run, others fail and say that nothing stands for their image."/> }.into_any()
        };
        // An empty field of a form counts as left out; a space is a table without a line.
        let clear = some.then(|| {
            view! {
                <ApiForm id="no-images" method="PUT" action="/api/v1/pipeline-images" next=HERE say="Nothing stands for an image any more." class="inline" quiet=true>
                    {seen()}<input type="hidden" name="images" value=" "/><button class="btn small danger" type="submit">"Remove all"</button>
                </ApiForm>
            }
        });
        view! {
            <p class="muted">"There are no containers on this machine: the task of a pipeline runs in the environment that stands for its component's image, with the packages that the component installs on top. An image with its tag goes before one without; one named python needs no line."</p>
            <div class="cols side">
                <section class="card"><header><h2>"Images"</h2><span class="more">{clear}</span></header>{list}</section>
                <Card title="Set the table">
                    <ApiForm id="images" method="PUT" action="/api/v1/pipeline-images" next=HERE say="It counts for tasks that start from now on.">
                        {seen()}
                        <Area name="images" label="Image = environment" rows=10 value=lines placeholder=EXAMPLE required=true hint="One a line. The environment is one that comes with Slipway; nothing behind = is the Python of this machine alone."/>
                        <div class="actions"><button class="btn primary" type="submit">"Set"</button></div>
                    </ApiForm>
                </Card>
            </div>
        }
    })
}
