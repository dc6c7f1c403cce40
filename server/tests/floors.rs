//! The floors of the house: who may use whom. Reads the sources, so a breach is a failing test and not a matter of taste.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The server's floors, lowest first. A module uses its own floor and those below.
const SERVER: &[(&str, &[&str])] = &[
    ("ground", &["clock", "ids", "error", "durable", "config", "wake", "records", "telemetry", "reports"]),
    ("cellar", &["store", "cluster", "artifacts", "logs", "secrets", "post", "launcher"]),
    (
        "rooms",
        &[
            "access",
            "teams",
            "quota",
            "environments",
            "notebooks",
            "notices",
            "runs",
            "models",
            "pipelines",
            "promotions",
            "deployments",
            "workloads",
            "platform",
            "webhooks",
            "clean_up",
        ],
    ),
    ("doors", &["http", "reconcile"]),
    ("roof", &["serve", "cli", "main", "lib"]),
];

/// The dashboard's floors, lowest first.
const APP: &[(&str, &[&str])] = &[
    ("words", &["api"]),
    ("design kit", &["ui"]),
    ("islands", &["islands"]),
    ("parts", &["parts"]),
    ("layout", &["layout"]),
    ("pages", &["pages"]),
    ("roof", &["routes", "browser", "lib"]),
];

const LONGEST: usize = 600;

struct Source {
    /// Below `src`, with slashes.
    path: String,
    /// The first part of its module path.
    module: String,
    /// Without comments.
    code: String,
    lines: usize,
}

fn sources(of: &str) -> Vec<Source> {
    let root = Path::new(env!("SLIPWAY_ROOT")).join(of).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
            let path: PathBuf = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).expect("a source");
                let path = path.strip_prefix(&root).expect("below").display().to_string();
                let module = path.split('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned();
                let code = text.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
                found.push(Source { path, module, code, lines: text.lines().count() });
            }
        }
    }
    assert!(!found.is_empty(), "no sources of {of}");
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// The modules named right after `crate::`, also inside braces: `crate::{clock::Clock, store::{Store, Tx}}` names clock and store.
fn used(code: &str) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        if code[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        if !rest.starts_with('{') {
            out.insert(word(rest));
            continue;
        }
        let (mut depth, mut fresh) = (0, false);
        for (i, c) in rest.char_indices() {
            match c {
                '{' => {
                    depth += 1;
                    fresh = depth == 1;
                }
                '}' => depth -= 1,
                ',' => fresh = depth == 1,
                c if c.is_alphabetic() && fresh => {
                    out.insert(word(&rest[i..]));
                    fresh = false;
                }
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
    }
    out.remove("");
    out
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn floor(floors: &[(&str, &[&str])], module: &str) -> Option<usize> {
    floors.iter().position(|(_, modules)| modules.contains(&module))
}

/// Every use of a higher floor, and every module that has none.
fn breaches(of: &str, floors: &[(&str, &[&str])]) -> Vec<String> {
    let mut out = Vec::new();
    for source in sources(of) {
        let Some(own) = floor(floors, &source.module) else {
            out.push(format!("{of}/src/{}: the module {} has no floor: give it one in floors.rs", source.path, source.module));
            continue;
        };
        for module in used(&source.code) {
            // What the root itself gives (a macro, a re-export) has no floor.
            if let Some(other) = floor(floors, &module).filter(|other| *other > own) {
                out.push(format!("{of}/src/{} ({}) uses {module} ({})", source.path, floors[own].0, floors[other].0));
            }
        }
    }
    out
}

fn none(breaches: Vec<String>) {
    assert!(breaches.is_empty(), "{} breaches:\n  {}", breaches.len(), breaches.join("\n  "));
}

#[test]
fn the_server_uses_lower_floors_only() {
    none(breaches("server", SERVER));
}

#[test]
fn the_dashboard_uses_lower_floors_only() {
    none(breaches("app", APP));
}

#[test]
fn doors_never_use_each_other() {
    let doors = SERVER[3].1;
    let breach = |s: &Source| {
        let others: Vec<String> = used(&s.code).into_iter().filter(|m| doors.contains(&m.as_str()) && *m != s.module).collect();
        (doors.contains(&s.module.as_str()) && !others.is_empty()).then(|| format!("{} uses {}", s.path, others.join(", ")))
    };
    none(sources("server").iter().filter_map(breach).collect());
}

#[test]
fn pages_never_use_pages() {
    let mut out = Vec::new();
    for source in sources("app").iter().filter(|s| s.module == "pages") {
        let Some((folder, _)) = source.path.trim_start_matches("pages/").split_once('/') else { continue };
        for (at, _) in source.code.match_indices("crate::pages::") {
            let other = word(&source.code[at + "crate::pages::".len()..]);
            if other != folder {
                out.push(format!("app/src/{} uses the pages of {other}", source.path));
            }
        }
    }
    none(out);
}

#[test]
fn sql_stays_in_the_store() {
    const BEGINNINGS: [&str; 7] =
        ["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM ", "WITH RECURSIVE ", "CREATE TABLE ", "ALTER TABLE "];
    let mut out = Vec::new();
    for source in sources("server").iter().filter(|s| s.module != "store") {
        for part in source.code.split('"').skip(1) {
            let text = part.trim_start();
            if BEGINNINGS.iter().any(|b| text.starts_with(b)) {
                out.push(format!("{}: \"{}...\"", source.path, text.chars().take(40).collect::<String>()));
            }
        }
        if source.code.contains("sqlx::query") {
            out.push(format!("{} asks the database by itself", source.path));
        }
    }
    none(out);
}

#[test]
fn kubernetes_stays_in_its_cluster() {
    let foreign = |s: &&Source| !s.path.starts_with("cluster/kubernetes") && ["kube::", "k8s_openapi::"].iter().any(|k| s.code.contains(k));
    none(sources("server").iter().filter(foreign).map(|s| s.path.clone()).collect());
}

#[test]
fn no_file_is_too_long() {
    let mut out = Vec::new();
    for of in ["server", "app"] {
        let long = sources(of).into_iter().filter(|s| s.lines > LONGEST);
        out.extend(long.map(|s| format!("{of}/src/{}: {} lines, at most {LONGEST}", s.path, s.lines)));
    }
    none(out);
}

#[test]
fn uses_are_read() {
    let code = "use crate::{\n    clock::{Clock, rfc3339},\n    store::Store,\n    Web,\n};\nuse crate::error::Result;\nfn f() { $crate::macro_x!(); my_crate::no(); crate::ids::new() }";
    let found: Vec<String> = used(code).into_iter().collect();
    assert_eq!(found, ["Web", "clock", "error", "ids", "macro_x", "store"]);
}
