//! Whether the API server's clock and ours tell the same time.

use super::{Check, Fine, Poor, said};
use crate::cluster::kubernetes::{KubernetesConfig, client::ApiServer};

const CHECK: &str = "clocks";
/// From here on times of pods and times of the portal do not fit together, milliseconds.
const FAR: i64 = 5_000;

/// Compares the date of an answer with the time between asking and answer.
pub async fn examine(api: &ApiServer, config: &KubernetesConfig) -> Check {
    let asked = config.clock.now();
    match api.date().await {
        Ok(Some(theirs)) => compare(theirs, asked, config.clock.now()),
        Ok(None) => {
            Poor(CHECK, "the API server does not tell the time".into(), "Let what stands before it hand on the header Date.".into())
        }
        Err(e) => Poor(CHECK, said(&e), "Try again in a moment.".into()),
    }
}

fn compare(theirs: i64, asked: i64, answered: i64) -> Check {
    // A date has whole seconds.
    let (behind, ahead) = (asked - theirs - 1_000, theirs - answered);
    let words = |ms: i64, word: &str| format!("the API server's is {} s {word} this machine's", ms / 1000);
    let fix = "Let both be set by NTP: times of logs, ends and time limits are wrong by this much.".to_owned();
    match (behind, ahead) {
        (ms, _) if ms > FAR => Poor(CHECK, words(ms, "behind"), fix),
        (_, ms) if ms > FAR => Poor(CHECK, words(ms, "ahead of"), fix),
        _ => Fine(CHECK, "the API server's and this machine's tell the same time".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_is_no_difference_and_a_minute_is() {
        assert!(matches!(compare(10_000, 10_900, 11_100), Fine(..)));
        assert!(matches!(compare(70_000, 10_000, 10_100), Poor(_, words, _) if words.contains("59 s ahead of")));
        assert!(matches!(compare(10_000, 72_000, 72_500), Poor(_, words, _) if words.contains("61 s behind")));
    }
}
