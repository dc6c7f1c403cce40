//! Hands a request on to a replica and its answer back, both as they flow.

use super::{
    Gateway,
    bodies::{Lender, Lent, Watched, drain},
    paths::{Allowed, allowed},
    trace::{self, REQUEST_ID},
};
use crate::{
    cluster::{
        lines::{Answer, Trouble},
        reach::{Body as SendBody, BodyError},
    },
    deployments::{
        gate::{Place, Refused},
        replica::{Replica, Waiting, chain},
        routes::Route,
        split::REVISION,
        traffic::{Charts, Meters},
    },
    error::{Error, Kind},
    http::problem,
};
use app::api::{Problem, State};
use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body as _;
use std::{error::Error as StdError, sync::Arc, time::Duration};
use tokio::time::Instant;

/// A request to hand on.
pub struct Call {
    /// Method.
    pub method: Method,
    /// Path and query at the model server.
    pub path: String,
    /// Headers as they came.
    pub headers: HeaderMap,
    /// Body.
    pub body: Body,
}

type Taken = Lender<Limited<Body>>;

/// So many replicas are asked where nothing of a request could be sent to those before.
const TRIES: usize = 3;
/// Up to this length in bytes the head of an answer waits for its body: servers write both one after the other, and one piece is read faster than two.
const TOGETHER: u64 = 64 << 10;

/// Hands `call` on. Any answer is counted, ours as well, and has the id of the request.
pub async fn forward(gateway: &Gateway, team: &str, name: &str, route: Arc<Route>, mut call: Call) -> Response {
    let id = trace::follow(&mut call.headers);
    let mut answer = hand_on(gateway, team, name, route, call).await;
    answer.headers_mut().insert(REQUEST_ID, id);
    answer
}

async fn hand_on(gateway: &Gateway, team: &str, name: &str, route: Arc<Route>, call: Call) -> Response {
    let begun = Instant::now();
    let limit = gateway.max_body.min(route.gate.max_body);
    if announced(&call.headers).is_some_and(|n| n > limit as u64) {
        return counted(gateway, &route.charts, &route.meters, begun, too_large(limit));
    }
    let Call { method, path, mut headers, body } = call;
    clean_request(&mut headers);
    let within = route.gate.within;
    let mut place = match route.gate.enter(within).await {
        Ok(place) => Some(place),
        Err(why) => {
            drain(body).await;
            return counted(gateway, &route.charts, &route.meters, begun, too_many(&route, &why));
        }
    };
    // Another revision may have taken over while it stood in line.
    let mut route = match gateway.routes.table().get(team, name) {
        Some(now) if now.team_id == route.team_id => now.clone(),
        _ => route,
    };
    let body = Lender::new(Limited::new(body, limit));
    let whom = match route.split.of(&headers) {
        Ok(whom) => whom,
        Err(named) => {
            drain(body.lend()).await;
            return counted(gateway, &route.charts, &route.meters, begun, does_not_serve(&route, &named));
        }
    };
    let mut tried: Vec<Arc<Replica>> = Vec::new();
    // Why one that took the request did not answer it.
    let mut lost = None;
    loop {
        // One that was asked already, where there is no other: it may have been put in the place of itself just now.
        let found = route.split.replica(whom, &tried).or_else(|| route.split.replica(whom, &[]));
        let Some(replica) = found.cloned() else {
            drain(body.lend()).await;
            let answer = lost.map_or_else(|| nobody(&route), |why| told(&route, Broken::Cut(why), limit));
            return counted(gateway, &route.charts, &route.meters, begun, answer);
        };
        // Of two revisions that share the traffic, one may not have what the other has.
        match allowed(&method, path_of(&path), &replica.manner.protocols) {
            Allowed::Yes => {}
            not => {
                drain(body.lend()).await;
                let only = if let Allowed::Only(method) = not { Some(method) } else { None };
                let shown = format!("/serve/{team}/{name}{path}");
                return counted(gateway, &replica.charts, &replica.meters, begun, refused(&method, &shown, only));
            }
        }
        let waiting = replica.waits();
        let broken = match send(gateway, &replica, &method, &path, headers.clone(), &body, within).await {
            Ok(answer) => {
                replica.answered();
                return hand_back(gateway, &replica, (waiting, place.take()), begun, answer);
            }
            Err(broken) => broken,
        };
        match &broken {
            Broken::Unreached(why) => replica.eject(why),
            Broken::Unsent(why) | Broken::Lost(why) | Broken::Cut(why) => replica.broke(why),
            Broken::TooLarge | Broken::Late | Broken::Gone(_) => {}
        }
        if let Broken::Unreached(why) | Broken::Unsent(why) | Broken::Lost(why) = &broken {
            tried.push(replica.clone());
            // One alone is asked once more, and once more only what may be the end of who takes it.
            let most = if matches!(broken, Broken::Lost(_)) { 2 } else { TRIES };
            if tried.len() < most.min(route.split.replicas().count() + 1) {
                tracing::info!(deployment = route.name, workload = replica.workload_id, why, "asking another");
                lost = lost.or_else(|| matches!(broken, Broken::Lost(_)).then(|| why.clone()));
                // It may have been replaced just now.
                if let Some(now) = gateway.routes.table().get(team, name) {
                    route = now.clone();
                }
                continue;
            }
            drain(body.lend()).await;
        }
        return counted(gateway, &replica.charts, &replica.meters, begun, told(&route, broken, limit));
    }
}

/// The path of a target of our own making, without slash and query.
fn path_of(target: &str) -> &str {
    target.split('?').next().unwrap_or_default().strip_prefix('/').unwrap_or_default()
}

/// How a request did not get an answer.
enum Broken {
    /// Nobody listens there.
    Unreached(String),
    /// Not all of it was sent: nobody did it.
    Unsent(String),
    /// All of it was sent, and it does the same however often it is done.
    Lost(String),
    /// It was sent, or some of it.
    Cut(String),
    /// The caller broke off.
    Gone(String),
    /// The body was larger than it may be.
    TooLarge,
    /// No answer in time.
    Late,
}

async fn send(
    gateway: &Gateway,
    replica: &Replica,
    method: &Method,
    path: &str,
    headers: HeaderMap,
    body: &Taken,
    within: Duration,
) -> Result<Response<Answer>, Broken> {
    let mut request =
        Request::builder().method(method.clone()).uri(path).body(boxed(body.lend())).map_err(|e| Broken::Cut(e.to_string()))?;
    *request.headers_mut() = headers;
    let sending = replica.lines.send(&gateway.reach, &replica.endpoint, request);
    tokio::pin!(sending);
    let mut answer = loop {
        let deadline = body.moved_at() + within;
        match tokio::time::timeout_at(deadline, &mut sending).await {
            Ok(Ok(answer)) => break answer,
            Ok(Err(trouble)) => return Err(broken(trouble, method, body)),
            // As long as the caller sends, nobody is late.
            Err(_) if body.moved_at() + within > deadline => {}
            Err(_) => return Err(Broken::Late),
        }
    };
    if answer.body().size_hint().exact().is_some_and(|n| n <= TOGETHER) {
        // A body that does not come goes on alone once that is certain.
        if let Ok(Err(error)) = tokio::time::timeout_at(body.moved_at() + within, answer.body_mut().begin()).await {
            return Err(Broken::Cut(chain(&error)));
        }
    }
    Ok(answer)
}

fn boxed(body: Lent<Limited<Body>>) -> SendBody {
    let same = |e: BodyError| e;
    body.map_err(same).boxed_unsync()
}

fn broken(trouble: Trouble, method: &Method, body: &Taken) -> Broken {
    let (error, sent) = match &trouble {
        Trouble::Unreached(_) => return Broken::Unreached(chain(&trouble)),
        Trouble::Unsent(error) => (error, false),
        Trouble::Broke(error) => (error, true),
    };
    let causes = || std::iter::successors(Some(error as &(dyn StdError + 'static)), |e| (*e).source());
    if causes().any(|e| e.is::<LengthLimitError>()) {
        return Broken::TooLarge;
    }
    // What the caller sends is a body of ours to the connection.
    if causes().any(|e| e.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_user)) {
        return Broken::Gone(chain(error));
    }
    // A head without the body that it announces is no request yet; one that has none is whole.
    let whole = sent && body.lend().is_end_stream();
    match (body.touched(), whole) {
        (true, _) => Broken::Cut(chain(error)),
        (false, false) => Broken::Unsent(chain(error)),
        (false, true) if method.is_safe() => Broken::Lost(chain(error)),
        (false, true) => Broken::Cut(chain(error)),
    }
}

/// What a request holds until its answer was given: it is waited for at its replica, and has its place behind the gate.
type Held = (Waiting, Option<Place>);

/// What counts a request when its answer has been given, and lets the replica know that it waits for nothing more.
struct Done {
    replica: Arc<Replica>,
    _held: Held,
    gateway: Gateway,
    status: u16,
    begun: Instant,
}

impl Drop for Done {
    fn drop(&mut self) {
        let took = self.begun.elapsed();
        self.replica.charts.record(self.gateway.clock.now(), self.status, took);
        self.replica.meters.record(self.status, took);
    }
}

fn hand_back(gateway: &Gateway, replica: &Arc<Replica>, held: Held, begun: Instant, answer: Response<Answer>) -> Response {
    let (mut parts, body) = answer.into_parts();
    clean_response(&mut parts.headers);
    parts.headers.insert(REVISION, HeaderValue::from(replica.revision));
    let done = Done { replica: replica.clone(), _held: held, gateway: gateway.clone(), status: parts.status.as_u16(), begun };
    Response::from_parts(parts, Body::new(Watched::new(body, done)))
}

fn counted(gateway: &Gateway, charts: &Charts, meters: &Meters, begun: Instant, answer: Response) -> Response {
    let (status, took) = (answer.status().as_u16(), begun.elapsed());
    charts.record(gateway.clock.now(), status, took);
    meters.record(status, took);
    answer
}

fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn too_large(limit: usize) -> Response {
    let size = app::api::resources::bytes_words(limit as i64);
    Error::new(Kind::TooLarge, format!("The body is larger than {size}, the most that is taken here."))
        .hint("Send fewer rows at a time, or raise max_body: of the deployment, where it has one, or in the configuration.")
        .into_response()
}

fn told(route: &Route, broken: Broken, limit: usize) -> Response {
    let name = &route.name;
    match broken {
        Broken::TooLarge => too_large(limit),
        Broken::Late => problem::response(
            &Problem::new(504, format!("The server of {name} did not answer within {} s.", route.gate.within.as_secs()))
                .hint("Send fewer rows at a time, or give the deployment a larger size or a longer timeout."),
        ),
        Broken::Gone(why) => Error::new(Kind::Invalid, "The body of the request broke off.").context(why).into_response(),
        Broken::Unreached(why) | Broken::Unsent(why) => Error::new(Kind::Upstream, format!("The server of {name} cannot be reached."))
            .hint("It may have just ended; its page says more. Try again in a moment.")
            .context(why)
            .into_response(),
        Broken::Lost(why) | Broken::Cut(why) => Error::new(Kind::Upstream, format!("The server of {name} broke off before it answered."))
            .hint("Its log says why.")
            .context(why)
            .into_response(),
    }
}

/// As many are answered and wait as may.
fn too_many(route: &Route, why: &Refused) -> Response {
    let (name, limits) = (&route.name, &route.gate.limits);
    let at_once = limits.concurrency.unwrap_or_default();
    let sentence = match why {
        Refused::Full => format!("{name} answers {at_once} requests at once, and {} wait already.", limits.queue.unwrap_or(0)),
        Refused::Late => format!("{name} answers {at_once} requests at once, and the turn of this one did not come in time."),
    };
    let mut answer =
        Error::new(Kind::TooMany, sentence).hint("Send it again a little later; its limits are on the deployment's page.").into_response();
    answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    answer
}

/// The revision that the request names takes no traffic.
fn does_not_serve(route: &Route, named: &str) -> Response {
    let serve: Vec<String> = route.split.parts.iter().map(|p| p.revision.to_string()).collect();
    let hint = match &serve[..] {
        [] => "None serves now.".to_owned(),
        [one] => format!("Revision {one} serves; leave the header {REVISION} out to reach whatever does."),
        all => format!("Revisions {} serve; leave the header {REVISION} out to reach whatever does.", all.join(" and ")),
    };
    let name = &route.name;
    problem::response(&Problem::new(404, format!("Revision {named} of {name} does not serve.")).hint(hint))
}

/// More come with one token than it may do.
pub fn too_fast(route: &Route, rate: i64, wait: Duration) -> Response {
    let seconds = wait.as_secs_f64().ceil().max(1.0);
    let sentence = format!("This token may call {} {rate} times per second, and more came.", route.name);
    let mut answer =
        Error::new(Kind::TooMany, sentence).hint("Send it again a little later, or ask for a token with a higher rate.").into_response();
    answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds as u64));
    answer
}

/// No replica is ready.
fn nobody(route: &Route) -> Response {
    let name = &route.name;
    // Why is its team's to know: a reason may hold what the server said last.
    let (sentence, hint, again) = match route.state {
        State::Stopped | State::Stopping => (format!("{name} is stopped."), "Start it, then ask again.", None),
        State::Failed => (format!("{name} does not run."), "Its page and its log say more.", None),
        State::Running => (format!("{name} is being started again."), "Try again in a moment.", Some("1")),
        _ => (format!("{name} is not ready yet."), "Try again in a moment; its page says what it waits for.", Some("2")),
    };
    let mut answer = problem::response(&Problem::new(503, sentence).hint(hint));
    if let Some(seconds) = again {
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(seconds));
    }
    answer
}

const HOP_BY_HOP: [HeaderName; 8] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

fn drop_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .filter_map(|n| n.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
}

/// Nothing that proves who somebody is reaches a model; how long the body is, is found out anew.
fn clean_request(headers: &mut HeaderMap) {
    drop_hop_by_hop(headers);
    for name in [header::AUTHORIZATION, header::COOKIE, header::CONTENT_LENGTH, header::EXPECT, header::HOST] {
        headers.remove(name);
    }
    headers.insert(header::HOST, HeaderValue::from_static("model"));
}

/// A model answers on the portal's origin: it may neither set cookies there nor be shown as a page.
fn clean_response(headers: &mut HeaderMap) {
    drop_hop_by_hop(headers);
    // Cookies, what is kept of our pages, how we are reached: none of it is a deployment's to say.
    for name in [header::SET_COOKIE, header::STRICT_TRANSPORT_SECURITY, header::ALT_SVC, CLEAR_SITE_DATA] {
        headers.remove(name);
    }
    // Whose pages may call is the deployment's to say, not the model's.
    let cross: Vec<HeaderName> = headers.keys().filter(|n| n.as_str().starts_with("access-control-")).cloned().collect();
    for name in cross {
        headers.remove(name);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// An answer for a path or a method that is not handed on.
pub fn refused(method: &Method, path: &str, only: Option<&'static str>) -> Response {
    let Some(only) = only else {
        return problem::response(
            &Problem::new(404, format!("Nothing of the deployment answers {path}.")).hint(
                "A model has v1/models/{name}, v1/models/{name}:predict, v2/models/{name}, v2/models/{name}/infer and v2/health/ready, as far as its runtime speaks V1 and V2.",
            ),
        );
    };
    let mut answer = problem::response(&Problem::new(405, format!("{path} takes {only}, not {method}.")));
    answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static(only));
    debug_assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
    answer
}
