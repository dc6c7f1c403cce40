//! Why a command did not do its work, and the exit code that says so.

use crate::error::{Error, Kind};
use app::api::Problem;

/// The exit codes, as `--help` shows them.
pub const CODES: &str = "\
Exit codes:
  0  done
  1  failed: the server, or this machine, could not do it
  2  wrong usage or configuration
  3  not signed in
  4  not found
  5  refused: not allowed, wrong, too large, or in conflict with what is there
  6  what was watched, or waited for, ended badly
  7  no answer from the portal";

/// Why a command did not do its work.
#[derive(Debug)]
pub struct Failure {
    /// What happened and what to do, for the terminal.
    pub message: String,
    /// Exit code.
    pub code: u8,
}

impl Failure {
    /// This machine could not do it: exit code 1.
    pub fn failed(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 1 }
    }

    /// Wrong usage or configuration: exit code 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 2 }
    }

    /// Not signed in: exit code 3.
    pub fn signed_out(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 3 }
    }

    /// Not there: exit code 4.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 4 }
    }

    /// Refused, as the portal would: exit code 5.
    pub fn refused(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 5 }
    }

    /// What was watched ended badly: exit code 6.
    pub fn ended(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 6 }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(e: anyhow::Error) -> Self {
        // What a start finds wrong with a value, such as a password that is too short, is the configuration's fault.
        let usage = e.downcast_ref::<Error>().is_some_and(|e| e.kind == Kind::Invalid);
        Self { message: format!("{e:#}"), code: if usage { 2 } else { 1 } }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let code = match problem.status {
            0 => 7,
            401 => 3,
            404 => 4,
            400..=499 => 5,
            _ => 1,
        };
        // Parameters are handed over as texts.
        let plain = |field: &str| ["texts.", "parameters."].iter().find_map(|p| field.strip_prefix(p)).unwrap_or(field).to_owned();
        let mut message = match &problem.field {
            Some(_) if !problem.errors.is_empty() => {
                let each = problem.errors.iter().map(|e| format!("{}: {}", plain(&e.field), e.detail));
                each.collect::<Vec<_>>().join("\n")
            }
            Some(field) => format!("{}: {}", plain(field), problem.sentence()),
            None => problem.sentence().to_owned(),
        };
        if let Some(hint) = &problem.hint {
            message.push_str("\n  ");
            message.push_str(hint);
        }
        if code == 3 && problem.hint.is_none() {
            message.push_str("\n  Sign in with `slipway login`.");
        }
        Self { message, code }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::api::FieldProblem;

    #[test]
    fn each_kind_of_answer_has_its_code() {
        for (status, code) in [(0, 7), (401, 3), (403, 5), (404, 4), (409, 5), (413, 5), (422, 5), (500, 1), (503, 1)] {
            assert_eq!(Failure::from(Problem::new(status, "x")).code, code, "{status}");
        }
    }

    #[test]
    fn a_value_that_is_wrong_is_the_configuration_s_fault() {
        assert_eq!(Failure::from(anyhow::Error::from(Error::invalid("password", "A password has 10 characters or more."))).code, 2);
        assert_eq!(Failure::from(anyhow::anyhow!("the folder cannot be made")).code, 1);
    }

    #[test]
    fn field_and_hint_are_told() {
        let failure = Failure::from(Problem::new(422, "A name is short.").field("name").hint("Shorten it."));
        assert_eq!(failure.message, "name: A name is short.\n  Shorten it.");
        let mut several = Problem::new(422, "nme: no such parameter; rate: expected a number").field("texts.nme");
        let wrong = |field: &str, detail: &str| FieldProblem { field: field.into(), detail: detail.into() };
        several.errors = vec![wrong("texts.nme", "No such parameter."), wrong("parameters.rate", "Expected a number.")];
        assert_eq!(Failure::from(several).message, "nme: No such parameter.\nrate: Expected a number.");
    }
}
