//! Why a replica ended, in a sentence: how it ended, and the last thing its server said.

use super::plan::End;
use crate::{cluster::NOT_FOUND, logs::LogStore, store::workloads::WorkloadRow};
use app::api::{State, resources::bytes_words};

/// The model server's exit code for a model that cannot be loaded.
const CANNOT_LOAD: i64 = 3;
/// What the model server puts in front of its last sentence.
const SERVER: &str = "slipway_model_server: ";
/// The end of a workload that has ended; reads the end of its log.
pub async fn end(row: &WorkloadRow, logs: &LogStore) -> End {
    let said = logs.last_words(&row.id, row.attempt).await;
    of(row, said.map(|text| text.strip_prefix(SERVER).unwrap_or(&text).to_owned()))
}

fn of(row: &WorkloadRow, said: Option<String>) -> End {
    let how = row.reason.clone().unwrap_or_else(|| "The model server ended.".into());
    let words = if row.out_of_memory != 0 {
        format!("It ran out of memory: it has {}. Give it a larger size.", bytes_words(row.memory_bytes))
    } else if row.exit_code == Some(CANNOT_LOAD)
        && let Some(said) = &said
    {
        said.clone()
    } else if row.ensured_at.is_none() || row.state() == State::Cancelled {
        how
    } else {
        match &said {
            Some(said) => format!("{how} It said last: {said}"),
            None => how,
        }
    };
    let sentence = sentence(&words);
    // A signal of somebody else's, a killed supervisor, a restarted machine: no fault of the model's that can be seen.
    let killed = row.signal.is_none() || row.reason.as_deref().is_some_and(|r| r.starts_with("Ended by signal"));
    let by_itself = row.exit_code.is_some() || row.out_of_memory != 0 || row.timed_out != 0;
    let never = row.reason.as_deref().is_some_and(|r| r.ends_with(NOT_FOUND));
    let lost = row.ensured_at.is_some() && row.state() == State::Failed && !by_itself && killed && !never;
    End { sentence, lost, asked: row.stop_requested_at.is_some(), at: row.ended_at.unwrap_or_default() }
}

/// What a program said, written as a sentence.
pub fn sentence(text: &str) -> String {
    let mut letters = text.trim().chars();
    let mut out: String = letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default();
    if !out.ends_with(['.', '!', '?', '…']) {
        out.push('.');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_in_a_sentence() {
        let row = |code: Option<i64>, signal: Option<i64>, oom: i64| WorkloadRow {
            state_text: "failed".into(),
            reason: Some("It ended so.".into()),
            memory_bytes: 1 << 30,
            exit_code: code,
            signal,
            out_of_memory: oom,
            ensured_at: Some(1),
            ended_at: Some(7),
            ..WorkloadRow::test("w")
        };
        let said = || Some("the model cannot be loaded: KeyError: x".to_owned());
        let is = |sentence: &str, lost| End { sentence: sentence.into(), lost, asked: false, at: 7 };
        assert_eq!(of(&row(Some(3), None, 0), said()), is("The model cannot be loaded: KeyError: x.", false));
        assert_eq!(of(&row(Some(1), None, 0), said()), is("It ended so. It said last: the model cannot be loaded: KeyError: x.", false));
        assert_eq!(of(&row(None, Some(9), 1), None), is("It ran out of memory: it has 1 GiB. Give it a larger size.", false));
        assert_eq!(of(&row(None, None, 0), None), is("It ended so.", true), "the machine was restarted");
        assert_eq!(of(&row(None, Some(15), 0), None), is("It ended so.", false), "never ready in time");
        let mut killed = row(None, Some(9), 0);
        killed.reason = Some("Ended by signal 9 (SIGKILL).".into());
        assert_eq!(of(&killed, None), is("Ended by signal 9 (SIGKILL).", true));
        let mut wrong = row(None, None, 0);
        wrong.reason = Some(format!("The command \"pyhton\" {NOT_FOUND}"));
        assert!(!of(&wrong, None).lost, "another start does not find it either");
    }
}
