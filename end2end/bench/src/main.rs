//! `make bench`: measures Slipway beside its neighbours on this machine, in the same run, and writes `docs/benchmarks.md`.
//!
//! One file per benchmark, in `parts/`. Each can be run alone; what it found is kept in `docs/benchmarks.json`, from which the document is
//! written, so that running one part leaves the numbers of the others as they were. What fails is named in the document.

mod client;
mod context;
mod load;
mod machine;
mod median;
mod parts;
mod played;
mod process;
mod report;
mod servers;
mod tick;
mod venv;

use anyhow::{Context as _, Result};
use clap::Parser;
use context::Bench;
use std::path::{Path, PathBuf};

/// Measures Slipway beside its neighbours and writes docs/benchmarks.md.
#[derive(Debug, Parser)]
pub struct Options {
    /// The release binary.
    binary: PathBuf,
    /// Only these parts, with commas between them.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Root of the repository.
    #[arg(long, default_value = ".")]
    root: PathBuf,
    /// Where virtual environments of the neighbours are kept.
    #[arg(long)]
    cache: PathBuf,
    /// How often each side is measured, in turns.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds of each measurement, after a warm-up of a third of that.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Measure, print, and leave docs/ as it is.
    #[arg(long)]
    dry: bool,
}

fn main() -> Result<()> {
    let mut words = std::env::args_os().skip(1);
    if words.next().is_some_and(|word| word == played::WORD) {
        let data = words.next().context("where its data folder is")?;
        return on(tokio::runtime::Builder::new_multi_thread(), played::serve(Path::new(&data)));
    }
    // One thread sends all the load: it leaves the other cores to the servers, and its own share is in the document.
    on(tokio::runtime::Builder::new_current_thread(), measure(&Options::parse()))
}

fn on(mut runtime: tokio::runtime::Builder, work: impl Future<Output = Result<()>>) -> Result<()> {
    runtime.enable_all().build()?.block_on(work)
}

async fn measure(options: &Options) -> Result<()> {
    let known: Vec<&str> = parts::ALL.iter().map(|p| p.name).collect();
    if let Some(other) = options.only.iter().find(|o| !known.contains(&o.as_str())) {
        anyhow::bail!("there is no part {other}: there are {}", known.join(", "));
    }
    // Without this its servers would outlive it.
    let mut ended = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    let bench = Bench::new(options).context("prepare")?;
    let mut book = report::Book::read(&options.root)?;
    for part in parts::ALL.iter().filter(|p| options.only.is_empty() || options.only.iter().any(|o| o == p.name)) {
        eprintln!("== {}", part.name);
        let mut section = report::Section::new(part.title, bench.now(), machine::describe());
        let measured = tokio::select! {
            done = (part.run)(&bench, &mut section) => done,
            _ = tokio::signal::ctrl_c() => anyhow::bail!("interrupted"),
            _ = ended.recv() => anyhow::bail!("told to end"),
        };
        if let Err(error) = measured {
            eprintln!("   failed: {error:#}");
            section.failures.push(format!("{error:#}"));
        }
        println!("{}", section.markdown());
        book.put(part.name, section);
        if !options.dry {
            book.write(&options.root, &known)?;
        }
    }
    Ok(())
}
