//! Notices: what a person is told without asking, and what of it they choose to be told.

use super::{
    Client, ListQuery, Page,
    client::{Reply, with_query},
};
use http::Method;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// What notices are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// A promotion waits for an approval; told to those who can give it.
    PromotionWaiting,
    /// A promotion ended; told to who asked for it.
    PromotionEnded,
    /// A run failed; told to who submitted it.
    RunFailed,
    /// A pipeline run failed; told to who ran the pipeline.
    PipelineRunFailed,
    /// A task of a pipeline run waits for an approval; told to those who can give it.
    PipelineWaiting,
    /// The time of a recurring run came, and no run could be made; told to who made the recurring run.
    RecurringRunFailed,
    /// A revision of a deployment did not become ready, or its server ends again and again; told to who made the revision, and to maintainers.
    DeploymentUnhealthy,
    /// A notebook was stopped by somebody else, or failed; told to its owner.
    NotebookStopped,
}

impl NoticeKind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::PromotionWaiting,
        Self::PromotionEnded,
        Self::RunFailed,
        Self::PipelineRunFailed,
        Self::PipelineWaiting,
        Self::RecurringRunFailed,
        Self::DeploymentUnhealthy,
        Self::NotebookStopped,
    ];

    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PromotionWaiting => "promotion_waiting",
            Self::PromotionEnded => "promotion_ended",
            Self::RunFailed => "run_failed",
            Self::PipelineRunFailed => "pipeline_run_failed",
            Self::PipelineWaiting => "pipeline_waiting",
            Self::RecurringRunFailed => "recurring_run_failed",
            Self::DeploymentUnhealthy => "deployment_unhealthy",
            Self::NotebookStopped => "notebook_stopped",
        }
    }

    /// The words for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::PromotionWaiting => "A promotion waits for your approval",
            Self::PromotionEnded => "A promotion you asked for ended",
            Self::RunFailed => "A run you submitted failed",
            Self::PipelineRunFailed => "A pipeline you ran failed",
            Self::PipelineWaiting => "A pipeline waits for your approval",
            Self::RecurringRunFailed => "A recurring run of yours could not run",
            Self::DeploymentUnhealthy => "A deployment is unhealthy",
            Self::NotebookStopped => "Your notebook was stopped, or failed",
        }
    }

    /// Kind of the object that it is about, as in events.
    pub const fn object(self) -> &'static str {
        match self {
            Self::PromotionWaiting | Self::PromotionEnded => "promotion",
            Self::RunFailed => "run",
            Self::PipelineRunFailed | Self::PipelineWaiting => "pipeline_run",
            Self::RecurringRunFailed => "recurring_run",
            Self::DeploymentUnhealthy => "deployment",
            Self::NotebookStopped => "notebook",
        }
    }
}

impl fmt::Display for NoticeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for NoticeKind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let known = || Self::ALL.map(Self::as_str).join(", ");
        Self::ALL.into_iter().find(|k| k.as_str() == text).ok_or_else(|| format!("\"{text}\" is none of {}", known()))
    }
}

/// What one was told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Notice {
    /// Number of the event that it tells of.
    pub id: i64,
    /// When, RFC 3339.
    pub time: String,
    /// Name of the team.
    pub team: String,
    /// What it is about.
    pub kind: NoticeKind,
    /// What happened, in a sentence.
    pub title: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Page of the dashboard.
    pub href: String,
    /// Whether it was marked as read.
    pub read: bool,
}

/// How many notices wait to be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Unread {
    /// At most 100.
    pub unread: i64,
}

/// What was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct MarkRead {
    /// Only this notice; all up to `up_to`, or all there are, when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<i64>,
    /// The newest one that was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<i64>,
}

/// Where one wants to be told of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct NoticeChoice {
    /// What it is about.
    pub kind: NoticeKind,
    /// In the portal.
    pub portal: bool,
    /// By mail, where the portal sends any.
    pub mail: bool,
}

/// What one wants to be told, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct NoticeChoices {
    /// Of each kind.
    pub choices: Vec<NoticeChoice>,
    /// Where one is written to; absent where the portal sends no mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<MailAddress>,
}

/// Where somebody is written to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct MailAddress {
    /// Their mail address; absent until they give one: then nothing is mailed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Why the last mail to it was not taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// What one wants to be told, and where. What is not named is not told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SetNoticeChoices {
    /// Kinds to be told of in the portal.
    #[serde(default)]
    pub portal: Vec<NoticeKind>,
    /// Kinds to be told of by mail.
    #[serde(default)]
    pub mail: Vec<NoticeKind>,
    /// Where to; taken away when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

impl Client {
    /// `GET /api/v1/me/notices`: one's own, newest first.
    pub fn notice_list(&self, query: &ListQuery) -> Reply<Page<Notice>> {
        self.get(with_query("/api/v1/me/notices".into(), query))
    }
    /// `GET /api/v1/me/notices/unread`
    pub fn notices_unread(&self) -> Reply<Unread> {
        self.get("/api/v1/me/notices/unread")
    }
    /// `POST /api/v1/me/notices/read`
    pub fn notices_read(&self, body: &MarkRead) -> Reply<Unread> {
        self.call(Method::POST, "/api/v1/me/notices/read", body)
    }
    /// `GET /api/v1/me/notice-choices`
    pub fn notice_choices(&self) -> Reply<NoticeChoices> {
        self.get("/api/v1/me/notice-choices")
    }
    /// `PUT /api/v1/me/notice-choices`
    pub fn notice_choices_set(&self, body: &SetNoticeChoices) -> Reply<NoticeChoices> {
        self.call(Method::PUT, "/api/v1/me/notice-choices", body)
    }
    /// `POST /api/v1/me/notice-choices/test`
    pub fn notice_mail_test(&self) -> Reply<()> {
        self.act_with(Method::POST, "/api/v1/me/notice-choices/test", &serde_json::json!({}))
    }
}
