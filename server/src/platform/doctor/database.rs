//! Whether the database answers.

use super::{error, ok};
use crate::{
    config::Config,
    store::{Store, reach},
};
use app::api::platform::Finding;

const CHECK: &str = "database";
const FIX: &str = "Check database_url (`slipway config show`), and that the database runs and lets this user in.";

/// From within the server.
pub async fn of_server(store: &Store) -> Finding {
    match store.ping().await {
        Ok(()) => ok(CHECK, format!("{} answers", store.db().name())),
        Err(e) => error(CHECK, e.public, FIX),
    }
}

/// From beside it. Changes nothing: no migration runs.
pub async fn beside(config: &Config) -> Finding {
    match reach::reach(&config.database_url).await {
        Ok(reach::Reached::Answers(version)) => ok(CHECK, format!("{version} answers")),
        Ok(reach::Reached::NotMadeYet) => ok(CHECK, "SQLite; the file is made at the first start"),
        Err(why) => error(CHECK, why, FIX),
    }
}
