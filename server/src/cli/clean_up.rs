//! `slipway clean-up`.

use super::{
    Failure,
    here::{Here, Reach},
    output::{self, Output},
    pages::{self, Limit},
};
use app::api::{
    Page,
    clean_up::{self as words, CleanUpItem, Free, Freed},
    resources::bytes_words,
};
use clap::Args;
use std::io::{IsTerminal, Write};

/// Flags.
#[derive(Debug, Args)]
pub struct CleanUp {
    #[command(flatten)]
    reach: Reach,
    #[command(flatten)]
    limit: Limit,
    /// Only these, as the list names them with --output json: run:ID, logged_model:ID, environment:ID
    #[arg(long)]
    only: Vec<String>,
    /// Free it without asking; takes a maintainer
    #[arg(long, short)]
    yes: bool,
}

/// Runs `slipway clean-up`: says what would be freed and what is kept, asks, and frees.
///
/// # Errors
/// What the API answers.
pub async fn run(asked: &CleanUp) -> Result<(), Failure> {
    let here = Here::open(&asked.reach).await?;
    let mut page = pages::collect(&asked.limit, async |q| here.client.clean_up_list(&here.team, &q).await).await?;
    if !asked.only.is_empty() {
        if let Some(missing) = asked.only.iter().find(|only| !page.items.iter().any(|i| i.item == **only)) {
            return Err(Failure::usage(format!("{missing} is not among the first {} that could be freed", asked.limit.limit)));
        }
        page.items.retain(|i| asked.only.contains(&i.item));
    }
    let items: Vec<String> = page.items.iter().filter(|i| i.kept.is_none()).map(|i| i.item.clone()).collect();
    let asks = here.output == Output::Table && std::io::stdin().is_terminal();
    // With --yes the JSON is of what was done.
    if here.output == Output::Table || !asked.yes {
        here.show(&page, table);
    }
    if items.is_empty() || !(asked.yes || (asks && agreed(items.len())?)) {
        if !items.is_empty() {
            here.say("Nothing was freed: say --yes to free it.");
        }
        return Ok(());
    }
    let mut done = Freed::default();
    for some in items.chunks(words::MOST) {
        let freed = here.client.clean_up(&here.team, &Free { items: some.to_vec() }).await?;
        done.freed.extend(freed.freed);
        done.kept.extend(freed.kept);
        done.said = freed.said;
    }
    here.show(&done, |done| match done.kept.as_slice() {
        [] => format!("{} freed.", done.freed.len()),
        kept => {
            let row = |k: &words::KeptItem| vec![k.item.clone(), k.reason.clone()];
            format!("{} freed.\n\n{}", done.freed.len(), output::rows(&["kept", "because"], kept.iter().map(row).collect(), ""))
        }
    });
    Ok(())
}

fn agreed(many: usize) -> Result<bool, Failure> {
    let failed = |e: std::io::Error| Failure::failed(format!("ask: {e}"));
    let what = if many == 1 { "it" } else { "them" };
    print!("\nFree {what}? What is freed cannot be restored. [y/N] ");
    std::io::stdout().flush().map_err(failed)?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(failed)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

fn table(page: &Page<CleanUpItem>) -> String {
    let size = |i: &CleanUpItem| format!("{}{}", if i.at_least { "> " } else { "" }, bytes_words(i.bytes));
    let row = |i: &CleanUpItem| {
        let with = if i.models.is_empty() { String::new() } else { format!(" with {}", i.models.join(", ")) };
        let then = i.kept.as_ref().map_or_else(|| "can be freed".to_owned(), |why| format!("kept: {why}"));
        vec![i.kind.words().to_owned(), format!("{}{with}", i.name), output::ago(Some(&i.since)), size(i), then]
    };
    let rows = output::rows(&["what", "name", "age", "size", ""], page.items.iter().map(row).collect(), "Nothing is to be cleaned up.");
    let free: Vec<&CleanUpItem> = page.items.iter().filter(|i| i.kept.is_none()).collect();
    if free.is_empty() {
        return rows;
    }
    let (bytes, more) =
        (free.iter().map(|i| i.bytes).sum::<i64>(), if page.next_page_token.is_some() { " More follow: --limit." } else { "" });
    format!("{rows}\n\n{} can be freed, {}.{more}", free.len(), bytes_words(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_freed_and_what_is_kept() {
        let item = |kept: Option<&str>| CleanUpItem {
            item: "run:r1".into(),
            kind: words::CleanUpKind::Run,
            name: "calm-heron".into(),
            models: vec!["model".into()],
            since: "2026-01-01T00:00:00Z".into(),
            files: 2,
            bytes: 3 << 20,
            at_least: false,
            kept: kept.map(Into::into),
        };
        let page = Page { items: vec![item(None), item(Some("churn v1 was registered from it."))], next_page_token: None };
        let text = table(&page);
        assert!(text.contains("calm-heron with model") && text.contains("kept: churn v1 was registered from it."), "{text}");
        assert!(text.ends_with("1 can be freed, 3 MiB."), "{text}");
        assert_eq!(table(&Page::default()), "Nothing is to be cleaned up.");
    }
}
