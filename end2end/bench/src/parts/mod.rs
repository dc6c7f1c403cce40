//! Every benchmark, on one screen.

mod bare;
mod footprint;
mod gateway;
mod kubernetes;
mod pages;
mod pipelines;
mod plans;
mod proxy;
mod serving;
mod tracking;

use crate::{context::Bench, report::Section};
use anyhow::Result;
use std::pin::Pin;

/// A benchmark under way.
pub type Running<'a> = Pin<Box<dyn Future<Output = Result<()>> + 'a>>;

/// A benchmark. It fills its section as it goes: what it found before it failed is kept.
pub struct Part {
    /// For `make bench ONLY=`.
    pub name: &'static str,
    /// Heading in the document.
    pub title: &'static str,
    /// Measures.
    pub run: for<'a> fn(&'a Bench, &'a mut Section) -> Running<'a>,
}

/// In the order of the document.
pub const ALL: &[Part] = &[
    Part { name: "tracking", title: "Logging metrics", run: |b, s| Box::pin(tracking::run(b, s)) },
    Part { name: "plans", title: "Searching 100 000 runs", run: |b, s| Box::pin(plans::run(b, s)) },
    Part { name: "pages", title: "Rendering pages", run: |b, s| Box::pin(pages::run(b, s)) },
    Part { name: "proxy", title: "What the gateway and the notebook proxy add", run: |b, s| Box::pin(proxy::run(b, s)) },
    Part { name: "gateway", title: "The gateway beside nginx", run: |b, s| Box::pin(gateway::run(b, s)) },
    Part { name: "serving", title: "The model server", run: |b, s| Box::pin(serving::run(b, s)) },
    Part { name: "pipelines", title: "Pipelines", run: |b, s| Box::pin(pipelines::run(b, s)) },
    Part { name: "kubernetes", title: "Many workloads on Kubernetes", run: |b, s| Box::pin(kubernetes::run(b, s)) },
    Part { name: "footprint", title: "Bundle, memory, start", run: |b, s| Box::pin(footprint::run(b, s)) },
];
