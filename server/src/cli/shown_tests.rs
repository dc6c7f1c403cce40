//! Every command that a page, a document or a message shows exists, with every flag that it shows.

use clap::CommandFactory;
use std::{
    fs,
    path::{Path, PathBuf},
};

#[test]
fn every_command_shown_exists() {
    let root = Path::new(env!("SLIPWAY_ROOT"));
    let mut files = vec![root.join("README.md"), root.join("CONTRIBUTING.md")];
    for folder in ["docs", "app/src", "server/src"] {
        below(&root.join(folder), &mut files);
    }
    let mut seen = 0;
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for command in if file.extension().is_some_and(|e| e == "md") { of_document(&text) } else { of_source(&text) } {
            let words = shlex::split(&command).unwrap_or_else(|| panic!("{}: {command}", file.display()));
            if let Err(e) = super::Cli::command().try_get_matches_from(words)
                && e.use_stderr()
            {
                panic!("{} shows `{command}`: {e}", file.display());
            }
            seen += 1;
        }
    }
    assert!(seen > 30, "only {seen} commands were found: are they looked for in the right places?");
}

fn below(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            below(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs" || e == "md") && !path.ends_with("cli/shown_tests.rs") {
            files.push(path);
        }
    }
}

/// In Markdown: indented lines, and code within a sentence.
fn of_document(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines() {
        match line.strip_prefix("    ") {
            Some(block) => {
                let commands = block.split("  #").next().unwrap_or_default().split("&&");
                found.extend(commands.map(|c| c.trim().to_owned()).filter(|c| c.starts_with("slipway ")));
            }
            None => found.extend(line.split('`').skip(1).step_by(2).filter(|c| c.starts_with("slipway ")).map(str::to_owned)),
        }
    }
    keep(found)
}

/// In a source: what a string begins with or quotes, and a line of its own within one. What is filled in becomes a number.
fn of_source(text: &str) -> Vec<String> {
    let code = text.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut found = Vec::new();
    for (at, _) in code.match_indices("slipway ") {
        let (before, rest) = code.split_at(at);
        let Some(end) = ["\"", "`", "\\n", "  "].into_iter().find(|mark| before.ends_with(mark)) else { continue };
        let end = if end == "`" { "`" } else { "\"" };
        let mut command = rest.split(end).next().unwrap_or_default();
        for stop in ["\\n", ", or ", ": "] {
            command = command.split(stop).next().unwrap_or_default();
        }
        let mut parts = command.split('{');
        let mut whole = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            whole.push('1');
            whole.push_str(part.split_once('}').map_or(part, |(_, behind)| behind));
        }
        found.push(whole);
    }
    keep(found)
}

/// Not the forms of commands, and not what is none: a program that names itself, a text that is hashed.
fn keep(found: Vec<String>) -> Vec<String> {
    let other =
        |c: &String| c.contains('<') || ["shim", "environment 3", "requirements 1"].iter().any(|w| c["slipway ".len()..].starts_with(w));
    found.into_iter().filter(|c| !other(c)).collect()
}
