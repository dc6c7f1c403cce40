//! Who is asking. It lives in a request's extensions and cannot come over the wire.

use app::api::{members::Role, tokens::Scope};

/// A known asker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Id of the user; for a workload's token the user it works for.
    pub user_id: String,
    /// Name of the user.
    pub user: String,
    /// Free text.
    pub display_name: String,
    /// Platform admin, and signed in as one: never through a token.
    pub admin: bool,
    /// How they proved it.
    pub via: Via,
}

/// How somebody proved who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Via {
    /// A session cookie.
    Session,
    /// A token.
    Token {
        /// Id of the token.
        id: String,
        /// The only team it is for.
        team_id: String,
        /// The most it may do.
        role: Role,
        /// The only thing it may do, where given.
        scope: Option<Scope>,
        /// What it belongs to, where that is no person.
        subject: Option<Subject>,
    },
}

/// What has a token of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A run: writes only itself.
    Run(String),
    /// A notebook: works for its owner.
    Notebook(String),
    /// A deployment: whoever holds it asks that deployment for predictions, and nothing else.
    Deployment(String),
}

impl Principal {
    /// How events name them: the user, or the workload that acted for the user.
    pub fn actor(&self) -> String {
        match &self.via {
            Via::Token { subject: Some(Subject::Run(id)), .. } => format!("run:{id}"),
            Via::Token { subject: Some(Subject::Notebook(id)), .. } => format!("notebook:{id}"),
            _ => self.user.clone(),
        }
    }

    /// The run whose token this is.
    pub fn run(&self) -> Option<&str> {
        match &self.via {
            Via::Token { subject: Some(Subject::Run(id)), .. } => Some(id),
            _ => None,
        }
    }

    /// The deployment whose token this is.
    pub fn deployment(&self) -> Option<&str> {
        match &self.via {
            Via::Token { subject: Some(Subject::Deployment(id)), .. } => Some(id),
            _ => None,
        }
    }

    /// The id of the token.
    pub fn token_id(&self) -> Option<&str> {
        match &self.via {
            Via::Token { id, .. } => Some(id),
            Via::Session => None,
        }
    }

    /// The only team a token is for.
    pub fn token_team(&self) -> Option<&str> {
        match &self.via {
            Via::Token { team_id, .. } => Some(team_id),
            Via::Session => None,
        }
    }

    /// Whether it may only ask for predictions.
    pub const fn predict_only(&self) -> bool {
        matches!(&self.via, Via::Token { scope: Some(Scope::Predict), .. })
    }
}
