//! Clean-up: what takes room and is not needed any more, what is kept all the same and why.

use super::{
    Client, ListQuery, Page,
    client::{Reply, team_path, with_query},
};
use http::Method;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Most items that are freed by one request.
pub const MOST: usize = 200;

/// What can be freed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CleanUpKind {
    /// An earlier version of an environment, or one that was made for tasks of pipelines. It is made again where somebody needs it.
    Environment,
    /// Files of a logged model that was deleted.
    LoggedModel,
    /// Files of a run that was deleted, and of the models that it logged.
    Run,
}

impl CleanUpKind {
    /// All, in the order in which they are listed.
    pub const ALL: [Self; 3] = [Self::Environment, Self::LoggedModel, Self::Run];

    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::LoggedModel => "logged_model",
            Self::Run => "run",
        }
    }

    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::LoggedModel => "logged model",
            Self::Run => "run",
        }
    }
}

/// One of these, by its kind and id: `run:5f2c…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CleanUpRef {
    /// Kind.
    pub kind: CleanUpKind,
    /// Id; of an environment that of its version.
    pub id: String,
}

impl fmt::Display for CleanUpRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.as_str(), self.id)
    }
}

impl FromStr for CleanUpRef {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("\"{text}\" names nothing to free: write run:ID, logged_model:ID or environment:ID, as the list does.");
        let (kind, id) = text.trim().split_once(':').filter(|(_, id)| !id.is_empty() && id.len() <= 64).ok_or_else(wrong)?;
        let kind = CleanUpKind::ALL.into_iter().find(|k| k.as_str() == kind).ok_or_else(wrong)?;
        Ok(Self { kind, id: id.to_owned() })
    }
}

/// Something that takes room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct CleanUpItem {
    /// What to hand over to free it: `run:ID`, `logged_model:ID`, `environment:ID`.
    pub item: String,
    /// What it is.
    pub kind: CleanUpKind,
    /// Name; of an environment with its version.
    pub name: String,
    /// Names of the models that a run logged: their files go with it.
    #[serde(default)]
    pub models: Vec<String>,
    /// When it was deleted, or, of an environment, made. RFC 3339.
    pub since: String,
    /// Files.
    pub files: i64,
    /// Bytes that are free afterwards. Of an environment those that nothing else on the disk shares.
    pub bytes: i64,
    /// There is more than that: counting ended after many files.
    #[serde(default)]
    pub at_least: bool,
    /// Why it is kept; absent where it can be freed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<String>,
}

/// What to free.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Free {
    /// As the list names them under `item`; at most 200.
    pub items: Vec<String>,
}

/// What was not freed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct KeptItem {
    /// As it was asked for.
    pub item: String,
    /// Why.
    pub reason: String,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Freed {
    /// What is freed: nobody can use it any more, and its files go within moments.
    pub freed: Vec<String>,
    /// What is kept.
    pub kept: Vec<KeptItem>,
    /// Both in a sentence.
    pub said: String,
}

impl Client {
    /// `GET /api/v1/teams/{team}/clean-up`
    pub fn clean_up_list(&self, team: &str, query: &ListQuery) -> Reply<Page<CleanUpItem>> {
        self.get(with_query(team_path(team, "/clean-up"), query))
    }
    /// `POST /api/v1/teams/{team}/clean-up`
    pub fn clean_up(&self, team: &str, body: &Free) -> Reply<Freed> {
        self.call(Method::POST, team_path(team, "/clean-up"), body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_what_is_freed() {
        let run = CleanUpRef { kind: CleanUpKind::Run, id: "r1".into() };
        assert_eq!((run.to_string().as_str(), "run:r1".parse()), ("run:r1", Ok(run)));
        for bad in ["", "run", "run:", "model:1", ":x", &format!("run:{}", "x".repeat(65))] {
            assert!(bad.parse::<CleanUpRef>().is_err(), "{bad}");
        }
    }
}
