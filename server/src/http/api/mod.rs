//! The REST API, `/api/v1`: one file per noun. A handler extracts, calls the room, replies.

pub mod artifacts;
pub mod callers;
pub mod canary;
pub mod clean_up;
pub mod code;
pub mod deployments;
pub mod document;
pub mod environments;
pub mod events;
pub mod experiments;
pub mod explain;
pub mod home;
pub mod ledger;
pub mod limits;
pub mod markdown;
pub mod members;
pub mod models;
pub mod notebooks;
pub mod notices;
pub mod pipeline_images;
pub mod pipeline_runs;
pub mod pipelines;
pub mod placements;
pub mod platform;
pub mod promotions;
pub mod quota;
pub mod recurring_runs;
pub mod replicas;
pub mod run_form;
pub mod run_log;
pub mod run_submit;
pub mod runs;
pub mod runtimes;
pub mod secrets;
pub mod session;
pub mod stages;
pub mod teams;
pub mod tokens;
pub mod users;
pub mod webhooks;

use super::state::Web;
use axum::Router;
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

#[derive(OpenApi)]
#[openapi(info(title = "Slipway", description = "Develop, train, ship and watch machine-learning models on shared hardware."))]
struct Document;

/// All operations, and their document.
pub fn router(web: Web) -> (Router, utoipa::openapi::OpenApi) {
    let (routes, document) = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(session::sign_in, session::sign_out))
        .routes(routes!(session::end))
        .routes(routes!(session::me))
        .routes(routes!(session::change_password))
        .routes(routes!(session::set_up))
        .routes(routes!(notices::list))
        .routes(routes!(notices::unread))
        .routes(routes!(notices::read))
        .routes(routes!(notices::choices, notices::choose))
        .routes(routes!(notices::test))
        .routes(routes!(teams::list, teams::create))
        .routes(routes!(teams::get, teams::update))
        .routes(routes!(members::list))
        .routes(routes!(members::set, members::remove))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::update))
        .routes(routes!(secrets::list))
        .routes(routes!(secrets::set, secrets::remove))
        .routes(routes!(webhooks::list, webhooks::create))
        .routes(routes!(webhooks::get, webhooks::set, webhooks::remove))
        .routes(routes!(webhooks::rotate))
        .routes(routes!(webhooks::test))
        .routes(routes!(webhooks::deliveries))
        .routes(routes!(webhooks::redeliver))
        .routes(routes!(clean_up::clean_up_list, clean_up::clean_up))
        .routes(routes!(quota::get, quota::set))
        .routes(routes!(quota::capacity))
        .routes(routes!(events::list))
        .routes(routes!(events::list_all))
        .routes(routes!(events::changes))
        .routes(routes!(home::get))
        .routes(routes!(home::find))
        .routes(routes!(platform::get))
        .routes(routes!(placements::list, placements::set))
        .routes(routes!(runtimes::list))
        .routes(routes!(runtimes::get, runtimes::set, runtimes::remove))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::revoke))
        .routes(routes!(markdown::show))
        .routes(routes!(models::list))
        .routes(routes!(models::get, models::update))
        .routes(routes!(models::version_list))
        .routes(routes!(models::version_get, models::version_update))
        .routes(routes!(models::version_register))
        .routes(routes!(models::alias_set, models::alias_remove))
        .routes(routes!(stages::policies))
        .routes(routes!(stages::set))
        .routes(routes!(pipelines::list, pipelines::create))
        .routes(routes!(pipelines::get, pipelines::delete))
        .routes(routes!(pipelines::limits))
        .routes(routes!(pipelines::clear_cache))
        .routes(routes!(pipelines::versions, pipelines::create_version))
        .routes(routes!(pipelines::version, pipelines::delete_version))
        .routes(routes!(pipelines::spec))
        .routes(routes!(pipelines::outline))
        .routes(routes!(pipelines::diff))
        .routes(routes!(pipeline_images::get, pipeline_images::set))
        .routes(routes!(pipeline_runs::list, pipeline_runs::create))
        .routes(routes!(pipeline_runs::get, pipeline_runs::delete))
        .routes(routes!(pipeline_runs::cancel))
        .routes(routes!(pipeline_runs::retry))
        .routes(routes!(pipeline_runs::archive))
        .routes(routes!(pipeline_runs::unarchive))
        .routes(routes!(pipeline_runs::outline))
        .routes(routes!(pipeline_runs::compare))
        .routes(routes!(pipeline_runs::tasks))
        .routes(routes!(pipeline_runs::task))
        .routes(routes!(pipeline_runs::task_log))
        .routes(routes!(pipeline_runs::approve))
        .routes(routes!(pipeline_runs::refuse))
        .routes(routes!(pipeline_runs::deliver))
        .routes(routes!(recurring_runs::list, recurring_runs::create))
        .routes(routes!(recurring_runs::get, recurring_runs::change, recurring_runs::delete))
        .routes(routes!(recurring_runs::enable))
        .routes(routes!(recurring_runs::disable))
        .routes(routes!(recurring_runs::run))
        .routes(routes!(recurring_runs::preview))
        .routes(routes!(promotions::list, promotions::request))
        .routes(routes!(promotions::get))
        .routes(routes!(promotions::approve))
        .routes(routes!(promotions::refuse))
        .routes(routes!(promotions::withdraw))
        .routes(routes!(promotions::recheck))
        .routes(routes!(promotions::comment))
        .routes(routes!(promotions::log))
        .routes(routes!(notebooks::list, notebooks::launch))
        .routes(routes!(notebooks::get, notebooks::update, notebooks::delete))
        .routes(routes!(notebooks::start))
        .routes(routes!(notebooks::stop))
        .routes(routes!(notebooks::open))
        .routes(routes!(notebooks::log))
        .routes(routes!(explain::notebook))
        .routes(routes!(explain::run))
        .routes(routes!(explain::deployment))
        .routes(routes!(explain::task))
        .routes(routes!(experiments::list))
        .routes(routes!(runs::list))
        .routes(routes!(runs::get, runs::delete))
        .routes(routes!(runs::metrics))
        .routes(routes!(artifacts::list))
        .routes(routes!(artifacts::file))
        .routes(routes!(artifacts::page))
        .routes(routes!(artifacts::look))
        .routes(routes!(environments::list, environments::create))
        .routes(routes!(environments::get))
        .routes(routes!(environments::versions))
        .routes(routes!(environments::retry))
        .routes(routes!(environments::log))
        .routes(routes!(deployments::list, deployments::create))
        .routes(routes!(deployments::get, deployments::remove))
        .routes(routes!(deployments::redeploy))
        .routes(routes!(ledger::roll_back))
        .routes(routes!(limits::limits_set))
        .routes(routes!(callers::callers_set))
        .routes(routes!(callers::caller_tokens, callers::caller_token_create))
        .routes(routes!(callers::caller_token_rotate))
        .routes(routes!(callers::caller_token_revoke))
        .routes(routes!(ledger::ledger_list))
        .routes(routes!(ledger::ledger_export))
        .routes(routes!(deployments::start))
        .routes(routes!(deployments::stop))
        .routes(routes!(deployments::revisions))
        .routes(routes!(replicas::replicas))
        .routes(routes!(replicas::scale))
        .routes(routes!(canary::canary_set))
        .routes(routes!(canary::sticky_set))
        .routes(routes!(deployments::traffic))
        .routes(routes!(deployments::example))
        .routes(routes!(deployments::log))
        .routes(routes!(deployments::try_it))
        .routes(routes!(code::upload))
        .routes(routes!(run_submit::submit))
        .routes(routes!(run_submit::cancel))
        .routes(routes!(run_submit::retry))
        .routes(routes!(run_submit::usage))
        .routes(routes!(run_log::page))
        .routes(routes!(run_log::stream))
        .routes(routes!(run_log::text))
        .with_state(web)
        .split_for_parts();
    (routes, document::complete(document))
}
