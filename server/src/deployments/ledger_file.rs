//! The ledger as a file: CSV for spreadsheets, JSON lines for programs. Pure, a row at a time.

use app::api::ledger::{LedgerEntry, LedgerFormat};
use std::borrow::Cow;

const HEAD: [&str; 25] = [
    "from",
    "until",
    "ended",
    "ended_by",
    "share",
    "share_by",
    "deployment_id",
    "revision",
    "rolled_back_to",
    "model",
    "version",
    "digest",
    "run_id",
    "run_name",
    "commit",
    "code_digest",
    "data",
    "runtime",
    "runtime_digest",
    "command",
    "environment",
    "environment_digest",
    "by",
    "alias",
    "approved_by",
];

/// What the file begins with.
pub fn head(format: LedgerFormat) -> String {
    match format {
        LedgerFormat::Csv => line(HEAD.iter().copied()),
        LedgerFormat::Jsonl => String::new(),
    }
}

/// One entry with the end of its line.
pub fn row(format: LedgerFormat, entry: &LedgerEntry) -> String {
    match format {
        LedgerFormat::Jsonl => serde_json::to_string(entry).unwrap_or_default() + "\n",
        LedgerFormat::Csv => csv(entry),
    }
}

fn csv(e: &LedgerEntry) -> String {
    let s = &e.served;
    let text = |t: &Option<String>| t.clone().unwrap_or_default();
    let number = |n: Option<i64>| n.map(|n| n.to_string()).unwrap_or_default();
    let data: Vec<String> = s.datasets.iter().map(|d| format!("{} {}", d.name, d.digest)).collect();
    let cells: [String; HEAD.len()] = [
        e.from.clone(),
        text(&e.until),
        e.ended.map(|how| how.label().to_lowercase()).unwrap_or_default(),
        text(&e.ended_by),
        e.share.to_string(),
        text(&e.share_by),
        e.deployment_id.clone(),
        s.revision.to_string(),
        number(s.rolled_back_to),
        s.model.clone(),
        s.version.to_string(),
        text(&s.digest),
        text(&s.run_id),
        text(&s.run_name),
        text(&s.commit),
        text(&s.code_digest),
        data.join("; "),
        s.runtime.clone(),
        text(&s.runtime_digest),
        s.program.as_ref().map(|p| p.command.join(" ")).unwrap_or_default(),
        s.environment.clone(),
        text(&s.environment_digest),
        s.by.clone(),
        text(&s.alias),
        s.approved_by.join("; "),
    ];
    line(cells.iter().map(String::as_str))
}

fn line<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    cells.map(cell).collect::<Vec<_>>().join(",") + "\r\n"
}

/// RFC 4180. A spreadsheet takes what begins like a formula for one, also in quotes; people choose names of runs and data.
fn cell(text: &str) -> Cow<'_, str> {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if formula || text.contains([',', '"', '\n', '\r']) {
        let quote = if formula { "\"'" } else { "\"" };
        return format!("{quote}{}\"", text.replace('"', "\"\"")).into();
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::api::{ledger::Served, runs::Dataset};

    fn entry() -> LedgerEntry {
        let data = |name: &str| Dataset { name: name.into(), digest: "d1".into(), source_type: "local".into(), context: None };
        LedgerEntry {
            served: Served {
                revision: 2,
                model: "iris, wide".into(),
                version: 1,
                run_name: Some("=1+1".into()),
                commit: Some("say \"hi\"".into()),
                datasets: vec![data("a"), data("b")],
                by: "ada".into(),
                ..Served::default()
            },
            share: 100,
            share_by: None,
            seq: 7,
            deployment_id: "d".into(),
            from: "2026-05-02T14:03:00.000Z".into(),
            until: None,
            ended: None,
            ended_by: None,
            kept: true,
        }
    }

    #[test]
    fn cells_are_quoted_and_formulas_are_text() {
        let row = row(LedgerFormat::Csv, &entry());
        assert_eq!(row, "2026-05-02T14:03:00.000Z,,,,100,,d,2,,\"iris, wide\",1,,,\"'=1+1\",\"say \"\"hi\"\"\",,a d1; b d1,,,,,,ada,,\r\n");
        assert_eq!(head(LedgerFormat::Csv).split(',').count(), HEAD.len());
    }

    #[test]
    fn a_line_is_an_entry() {
        let line = row(LedgerFormat::Jsonl, &entry());
        assert!(line.ends_with("}\n") && line.matches('\n').count() == 1 && head(LedgerFormat::Jsonl).is_empty());
        assert_eq!(serde_json::from_str::<LedgerEntry>(&line).unwrap(), entry());
    }
}
