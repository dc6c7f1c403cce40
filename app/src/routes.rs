//! The whole URL map of the dashboard on one screen.

use crate::{layout::Frame, pages};
use leptos::prelude::*;
use leptos_meta::{MetaTags, Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{ParentRoute, Route, Router, Routes},
    path,
};

/// The HTML document around the dashboard.
pub fn shell() -> impl IntoView {
    document(true)
}

/// The same without the script: for an answer that is not the page of its address.
pub fn still_shell() -> impl IntoView {
    document(false)
}

fn document(script: bool) -> impl IntoView {
    let script = script.then(|| {
        view! {
            <link rel="modulepreload" href="/pkg/slipway.js"/>
            <link rel="preload" href="/pkg/slipway_bg.wasm" r#as="fetch" crossorigin="anonymous"/>
            <script type="module" src="/start.js"></script>
        }
    });
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <link rel="stylesheet" href="/pkg/slipway.css"/>
                <script src="/theme.js"></script>
                {script}
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// The dashboard.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Title formatter=|t: String| if t.is_empty() { "Slipway".to_owned() } else { format!("{t} · Slipway") }/>
        <Router>
            <Routes fallback=pages::not_found::NotFound>
                <Route path=path!("/sign-in") view=pages::sign_in::SignIn ssr=SsrMode::Async/>
                <Route path=path!("/setup") view=pages::setup::Setup ssr=SsrMode::Async/>
                <ParentRoute path=path!("") view=Frame ssr=SsrMode::Async>
                    <Route path=path!("/") view=pages::home::TeamChoice ssr=SsrMode::Async/>
                    <Route path=path!("/teams/:team") view=pages::home::TeamHome ssr=SsrMode::Async/>
                    <Route path=path!("/teams/:team/notebooks") view=pages::notebooks::Notebooks ssr=SsrMode::Async/>
                    <Route path=path!("/teams/:team/notebooks/:name") view=pages::notebooks::NotebookPage ssr=SsrMode::Async/>
                    <Route path=path!("/teams/:team/runs") view=pages::runs::Runs ssr=SsrMode::Async/>
                    <Route path=path!("/teams/:team/runs/submit") view=pages::runs::SubmitRun ssr=SsrMode::Async/>
                    <Route path=path!("/teams/:team/runs/:id") view=pages::runs::RunPage ssr=SsrMode::Async/>
                    <Route path=path!("/teams/:team/pipelines") view=pages::pipelines::Pipelines ssr=SsrMode::Async/>
                    <Route path=path!("/teams/:team/pipelines/:pipeline") view=pages::pipelines::PipelinePage ssr=SsrMode::Async/>
                    <Route path=path!("/teams/:team/pipelines/:pipeline/run") view=pages::pipelines::StartPipeline ssr=SsrMode::Async/>
                    <Route path=path!("/teams/:team/pipelines/:pipeline/schedule") view=pages::pipelines::SchedulePipeline ssr=SsrMode::Async/>
                    <Route path=path!("/teams/:team/recurring-runs") view=pages::pipelines::RecurringRuns ssr=SsrMode::Async/>
                    <Route path=path!("/teams/:team/recurring-runs/:id") view=pages::pipelines::RecurringRunPage ssr=SsrMode::Async/>
                    <Route path=path!("/teams/:team/recurring-runs/:id/edit") view=pages::pipelines::EditRecurringRun ssr=SsrMode::Async/>
                    <Route path=path!("/teams/:team/pipeline-runs") view=pages::pipelines::PipelineRuns ssr=SsrMode::Async/>
                    <Route path=path!("/teams/:team/pipeline-runs/compare") view=pages::pipelines::ComparePipelineRuns ssr=SsrMode::Async/>
                    <Route path=path!("/teams/:team/pipeline-runs/:id") view=pages::pipelines::PipelineRunPage ssr=SsrMode::Async/>
                    <Route path=path!("/teams/:team/pipeline-runs/:id/again") view=pages::pipelines::RunAgain ssr=SsrMode::Async/>
                    <Route path=path!("/teams/:team/models") view=pages::models::Models ssr=SsrMode::Async/>
                    <Route path=path!("/teams/:team/models/:model") view=pages::models::ModelPage ssr=SsrMode::Async/>
                    <Route path=path!("/teams/:team/models/:model/:version") view=pages::models::VersionPage ssr=SsrMode::Async/>
                    <Route path=path!("/teams/:team/promotions") view=pages::models::Promotions ssr=SsrMode::Async/>
                    <Route path=path!("/teams/:team/promotions/:id") view=pages::models::PromotionPage ssr=SsrMode::Async/>
                    <Route path=path!("/teams/:team/deployments") view=pages::deployments::Deployments ssr=SsrMode::Async/>
                    <Route path=path!("/teams/:team/deployments/:name") view=pages::deployments::DeploymentPage ssr=SsrMode::Async/>
                    <Route path=path!("/teams/:team/environments") view=pages::environments::Environments ssr=SsrMode::Async/>
                    <Route path=path!("/teams/:team/environments/:name") view=pages::environments::EnvironmentPage ssr=SsrMode::Async/>
                    <Route path=path!("/teams/:team/team") view=pages::team::TeamPage ssr=SsrMode::Async/>
                    <Route path=path!("/runtimes") view=pages::runtimes::Runtimes ssr=SsrMode::Async/>
                    <Route path=path!("/notices") view=pages::notices::Notices ssr=SsrMode::Async/>
                    <Route path=path!("/account") view=pages::account::Account ssr=SsrMode::Async/>
                    <Route path=path!("/admin") view=pages::admin::Admin ssr=SsrMode::Async/>
                </ParentRoute>
            </Routes>
        </Router>
    }
}
