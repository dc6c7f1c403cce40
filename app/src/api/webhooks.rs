//! Webhooks of a team: notices sent to a program, signed, with a log of what was delivered.

use super::{
    Client, ListQuery, Page,
    client::{Reply, segment, team_path, with_query},
    notices::NoticeKind,
};
use http::Method;
use serde::{Deserialize, Serialize};

/// A webhook, without its secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Webhook {
    /// Name in the team.
    pub name: String,
    /// Where notices are posted to.
    pub url: String,
    /// What it is told of.
    pub kinds: Vec<NoticeKind>,
    /// Whether anything is sent.
    pub enabled: bool,
    /// Who made it.
    pub created_by: String,
    /// RFC 3339.
    pub created_at: String,
    /// Counts up with each change.
    pub revision: i64,
    /// How its newest delivery is; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<DeliveryState>,
}

/// A webhook to make.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct NewWebhook {
    /// Small letters, digits and dashes.
    pub name: String,
    /// http or https, without a password in it.
    pub url: String,
    /// What to tell it of; at least one.
    #[serde(default)]
    #[cfg_attr(feature = "ssr", schema(required = true, min_items = 1))]
    pub kinds: Vec<NoticeKind>,
    /// What signs: `whsec_` and 24 to 64 bytes in base64; made and answered this once when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// A new webhook with its secret, shown this once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct CreatedWebhook {
    /// What signs; begins with `whsec_`.
    pub secret: String,
    /// What is kept beside it.
    #[serde(flatten)]
    pub about: Webhook,
}

/// What a webhook shall be; replaces all of it but the secret.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SetWebhook {
    /// http or https, without a password in it.
    pub url: String,
    /// What to tell it of; at least one.
    #[serde(default)]
    #[cfg_attr(feature = "ssr", schema(required = true, min_items = 1))]
    pub kinds: Vec<NoticeKind>,
    /// Whether anything is sent. What waits when it is switched off is given up.
    #[serde(default)]
    pub enabled: bool,
    /// The revision that was seen; a stale one is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
}

/// A new secret, shown this once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct RotatedWebhook {
    /// What signs from now on. The one before signs along for a day, and no older one.
    pub secret: String,
}

/// How far a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It is sent, or sent again, at its time.
    Waiting,
    /// It was taken: answered with a status from 200 to 299.
    Delivered,
    /// It is not sent any more.
    GivenUp,
}

impl DeliveryState {
    /// The word of the database and of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::GivenUp => "given_up",
        }
    }

    /// The word for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting",
            Self::Delivered => "Delivered",
            Self::GivenUp => "Given up",
        }
    }
}

/// One attempt to deliver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct DeliveryAttempt {
    /// From 1.
    pub number: i64,
    /// When, RFC 3339.
    pub at: String,
    /// How long it took, seconds.
    pub seconds: f64,
    /// Status of the answer; absent where none came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<i64>,
    /// Why it was not taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The first bytes of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
}

/// A notice on its way to a webhook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Delivery {
    /// Id; the header `webhook-id`, the same at each attempt.
    pub id: String,
    /// Kind of the notice, or `test`.
    pub kind: String,
    /// How far it is.
    pub state: DeliveryState,
    /// RFC 3339.
    pub created_at: String,
    /// When it is sent next, RFC 3339; while it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_at: Option<String>,
    /// What is sent, to the byte.
    pub body: String,
    /// Oldest first.
    pub attempts: Vec<DeliveryAttempt>,
}

fn one(team: &str, name: &str, rest: &str) -> String {
    team_path(team, &format!("/webhooks/{}{rest}", segment(name)))
}

impl Client {
    /// `GET /api/v1/teams/{team}/webhooks`
    pub fn webhook_list(&self, team: &str, query: &ListQuery) -> Reply<Page<Webhook>> {
        self.get(with_query(team_path(team, "/webhooks"), query))
    }
    /// `POST /api/v1/teams/{team}/webhooks`
    pub fn webhook_create(&self, team: &str, body: &NewWebhook) -> Reply<CreatedWebhook> {
        self.call(Method::POST, team_path(team, "/webhooks"), body)
    }
    /// `GET /api/v1/teams/{team}/webhooks/{name}`
    pub fn webhook(&self, team: &str, name: &str) -> Reply<Webhook> {
        self.get(one(team, name, ""))
    }
    /// `PUT /api/v1/teams/{team}/webhooks/{name}`
    pub fn webhook_set(&self, team: &str, name: &str, body: &SetWebhook) -> Reply<Webhook> {
        self.call(Method::PUT, one(team, name, ""), body)
    }
    /// `DELETE /api/v1/teams/{team}/webhooks/{name}`
    pub fn webhook_remove(&self, team: &str, name: &str) -> Reply<()> {
        self.act(Method::DELETE, one(team, name, ""))
    }
    /// `POST /api/v1/teams/{team}/webhooks/{name}/rotate`
    pub fn webhook_rotate(&self, team: &str, name: &str) -> Reply<RotatedWebhook> {
        self.call(Method::POST, one(team, name, "/rotate"), &serde_json::json!({}))
    }
    /// `POST /api/v1/teams/{team}/webhooks/{name}/test`
    pub fn webhook_test(&self, team: &str, name: &str) -> Reply<Delivery> {
        self.call(Method::POST, one(team, name, "/test"), &serde_json::json!({}))
    }
    /// `GET /api/v1/teams/{team}/webhooks/{name}/deliveries`
    pub fn webhook_deliveries(&self, team: &str, name: &str, query: &ListQuery) -> Reply<Page<Delivery>> {
        self.get(with_query(one(team, name, "/deliveries"), query))
    }
    /// `POST /api/v1/teams/{team}/webhooks/{name}/deliveries/{id}/redeliver`
    pub fn webhook_redeliver(&self, team: &str, name: &str, id: &str) -> Reply<Delivery> {
        self.call(Method::POST, one(team, name, &format!("/deliveries/{}/redeliver", segment(id))), &serde_json::json!({}))
    }
}
