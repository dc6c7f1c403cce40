//! `slipway deployment ledger` and the way back.

use super::{Failure, here::Here, list::List, output};
use app::api::{
    Problem,
    ledger::{LedgerEntry, LedgerFormat, LedgerQuery, Served},
};
use clap::{Args, ValueEnum};
use std::io::Write;

/// What to show of a ledger.
#[derive(Debug, Clone, Args)]
#[group(skip)]
pub struct Ledger {
    /// Name
    name: String,
    /// Only what served at this moment, like 2026-05-02T14:03:00Z
    #[arg(long)]
    at: Option<String>,
    /// All of it as a file, on standard output
    #[arg(long, value_enum, conflicts_with = "at")]
    export: Option<Format>,
    #[command(flatten)]
    list: List,
}

/// A file of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table for spreadsheets
    Csv,
    /// A JSON object a line
    Jsonl,
}

/// Shows it.
///
/// # Errors
/// What the API answers.
pub async fn show(here: &Here, ledger: Ledger) -> Result<(), Failure> {
    let Here { client, team, .. } = here;
    let Ledger { name, at, export, list } = ledger;
    if let Some(format) = export {
        let format = if format == Format::Csv { LedgerFormat::Csv } else { LedgerFormat::Jsonl };
        let file = client.ledger_export(team, &name, format).await?;
        return std::io::stdout().write_all(&file).map_err(|e| Failure::failed(format!("write standard output: {e}")));
    }
    let ask = async |q: app::api::ListQuery| -> Result<_, Problem> {
        let query = LedgerQuery { at: at.clone(), page_size: q.page_size, page_token: q.page_token };
        client.ledger(team, &name, &query).await
    };
    list.show(here, ask, table, None).await
}

fn by(s: &Served) -> String {
    let approved = if s.approved_by.is_empty() { String::new() } else { format!(", approved by {}", s.approved_by.join(", ")) };
    let alias = s.alias.as_ref().map(|a| format!(", @{a}")).unwrap_or_default();
    format!("{}{approved}{alias}", s.by)
}

fn table(entries: &[LedgerEntry]) -> String {
    let short = |text: &Option<String>, letters: usize| text.iter().flat_map(|t| t.chars().take(letters)).collect::<String>();
    let row = |e: &LedgerEntry| {
        let s = &e.served;
        let data: Vec<&str> = s.datasets.iter().map(|d| d.name.as_str()).collect();
        vec![
            s.revision.to_string(),
            s.words(),
            e.from.clone(),
            e.until.clone().unwrap_or_default(),
            e.ended.map_or_else(|| "serving".to_owned(), |how| how.label().to_lowercase()),
            format!("{} %", e.share),
            s.run_name.clone().unwrap_or_default(),
            short(&s.commit, 10),
            data.join(", "),
            by(s),
        ]
    };
    output::rows(
        &["revision", "model", "from", "until", "then", "share", "run", "commit", "data", "by"],
        entries.iter().map(row).collect(),
        "Nothing served.",
    )
}
