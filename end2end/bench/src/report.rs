//! What was found, and the document made of it. `docs/benchmarks.json` keeps the sections; `docs/benchmarks.md` is written from it.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt::Write as _, fs, io::ErrorKind, path::Path};

/// What a part found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Section {
    /// Heading.
    pub title: String,
    /// When it was measured.
    pub when: String,
    /// On what.
    pub machine: String,
    /// How, a paragraph each.
    pub method: Vec<String>,
    /// What was measured, and its version or settings.
    pub versions: Vec<(String, String)>,
    /// The numbers.
    pub tables: Vec<Table>,
    /// What was asked for.
    pub targets: Vec<Target>,
    /// What could not be measured, and why.
    pub failures: Vec<String>,
}

/// Numbers.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Table {
    /// What it shows.
    pub caption: String,
    /// Names of the columns.
    pub head: Vec<String>,
    /// Cells.
    pub rows: Vec<Vec<String>>,
}

/// Something that was asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Target {
    /// What.
    pub what: String,
    /// How much of it.
    pub limit: String,
    /// What it is.
    pub measured: String,
    /// Whether that is enough.
    pub met: bool,
}

impl Table {
    /// Without rows yet.
    pub fn new(caption: &str, head: &[&str]) -> Self {
        Self { caption: caption.into(), head: head.iter().map(|h| (*h).to_owned()).collect(), rows: vec![] }
    }

    /// One more row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    fn markdown(&self, out: &mut String) {
        let line = |cells: &[String]| format!("| {} |\n", cells.iter().map(|c| c.replace('|', "\\|")).collect::<Vec<_>>().join(" | "));
        let _ = write!(out, "\n{}\n\n{}", self.caption, line(&self.head));
        let rule = self.head.iter().enumerate().map(|(i, _)| if i == 0 { "---".to_owned() } else { "--:".into() }).collect::<Vec<_>>();
        out.push_str(&line(&rule));
        self.rows.iter().for_each(|row| out.push_str(&line(row)));
    }
}

impl Section {
    /// Without findings yet.
    pub fn new(title: &str, when: String, machine: String) -> Self {
        let (title, empty) = (title.to_owned(), vec![]);
        Self { title, when, machine, method: empty.clone(), versions: vec![], tables: vec![], targets: vec![], failures: empty }
    }

    /// How it was measured.
    pub fn method(&mut self, text: impl Into<String>) {
        self.method.push(text.into());
    }

    /// What was measured.
    pub fn version(&mut self, what: impl Into<String>, version: impl Into<String>) {
        self.versions.push((what.into(), version.into()));
    }

    /// Something that has to be at most or at least so much.
    pub fn target(&mut self, what: impl Into<String>, limit: impl Into<String>, measured: impl Into<String>, met: bool) {
        self.targets.push(Target { what: what.into(), limit: limit.into(), measured: measured.into(), met });
    }

    /// As a part of the document.
    pub fn markdown(&self) -> String {
        let mut out = format!("## {}\n\nMeasured {} on {}.\n", self.title, self.when, self.machine);
        self.method.iter().for_each(|m| out.push_str(&format!("\n{m}\n")));
        if !self.versions.is_empty() {
            out.push('\n');
            self.versions.iter().for_each(|(what, version)| out.push_str(&format!("- {what}: {version}\n")));
        }
        self.failures.iter().for_each(|f| out.push_str(&format!("\n**Not measured:** {}\n", f.replace('\n', "\n> "))));
        self.tables.iter().for_each(|t| t.markdown(&mut out));
        if !self.targets.is_empty() {
            targets(self.targets.iter()).markdown(&mut out);
        }
        out
    }
}

fn targets<'a>(all: impl Iterator<Item = &'a Target>) -> Table {
    let mut table = Table::new("Targets", &["what", "wanted", "measured", ""]);
    all.for_each(|t| table.row([t.what.clone(), t.limit.clone(), t.measured.clone(), if t.met { "met" } else { "**not met**" }.into()]));
    table
}

/// All sections by the name of their part.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Book(BTreeMap<String, Section>);

impl Book {
    /// What earlier runs found.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read(root: &Path) -> Result<Self> {
        match fs::read(root.join("docs/benchmarks.json")) {
            Ok(text) => serde_json::from_slice(&text).context("docs/benchmarks.json"),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(e) => Err(e.into()),
        }
    }

    /// Replaces what was found before.
    pub fn put(&mut self, part: &str, section: Section) {
        self.0.insert(part.into(), section);
    }

    /// Writes both files, the sections in the order of `parts`.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write(&mut self, root: &Path, parts: &[&str]) -> Result<()> {
        self.0.retain(|name, _| parts.contains(&name.as_str()));
        fs::write(root.join("docs/benchmarks.json"), serde_json::to_string_pretty(self)? + "\n")?;
        let mut out = "# Benchmarks\n\nWritten by `make bench`; numbers are never edited by hand. `make bench ONLY=PART` measures one part again \
            and leaves the others as they were. Both sides of a comparison are measured in the same run, in turns, on the same machine as the \
            load generator (`end2end/bench`). A quicker machine changes the numbers; look at the ratios.\n"
            .to_owned();
        let sections: Vec<(&str, Option<&Section>)> = parts.iter().map(|p| (*p, self.0.get(*p))).collect();
        targets(sections.iter().filter_map(|(_, s)| *s).flat_map(|s| &s.targets)).markdown(&mut out);
        for (name, section) in &sections {
            match section {
                Some(section) => out.push_str(&format!("\n{}\nPart `{name}`.\n", section.markdown())),
                None => out.push_str(&format!("\n## {name}\n\nNot measured yet: `make bench ONLY={name}`.\n")),
            }
        }
        Ok(fs::write(root.join("docs/benchmarks.md"), out)?)
    }
}
