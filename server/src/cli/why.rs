//! `slipway … why`.

use super::output;
use app::api::explain::{Evidence, Explanation};

/// The sentence, and below it what it rests on.
pub fn words(e: &Explanation) -> String {
    let row = |e: &Evidence| {
        let at = e.at.as_deref().map_or_else(|| "now".to_owned(), |at| output::ago(Some(at)));
        vec![at, e.source.clone(), e.text.clone()]
    };
    let rows = output::rows(&["when", "who", "what"], e.evidence.iter().map(row).collect(), "Nothing was seen of it.");
    format!("{}: {}\n\n{rows}", e.state, e.sentence)
}
