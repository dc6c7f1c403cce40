//! The way in: a ticket that works once becomes a cookie for one notebook.

use super::{Browser, Door, Place, gate, origin};
use crate::{
    error::{Error, Result},
    notebooks::tickets,
};
use axum::{
    body::to_bytes,
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};

/// Where tickets are shown, below the notebook's path: a name that Jupyter does not have.
pub const PATH: &str = "/-/open";
const LARGEST: usize = 4096;

/// Exchanges the ticket in the query, or of the form that asked whether to open. A browser that does not come from the portal is asked first.
pub async fn enter(door: &Door, browser: &Browser, place: &Place, request: Request) -> Response {
    let asked = request.method() == Method::POST;
    if !asked && request.method() != Method::GET {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let sure = asked || !browser.page || origin::from_portal(request.headers(), &browser.portal);
    let open = match door.gate.admit(request.headers(), place).await {
        Ok(admitted) => admitted.is_some(),
        Err(error) => return browser.trouble(place, &error),
    };
    let ticket = ticket(request).await.unwrap_or_default();
    match exchange(door, place, &ticket, sure).await {
        Ok(Exchanged::Cookie(secret)) => {
            let mut response = Redirect::to(&place.prefix()).into_response();
            if let Ok(value) = HeaderValue::from_str(&cookie(door, place, &secret)) {
                response.headers_mut().insert(header::SET_COOKIE, value);
            }
            private(response)
        }
        Ok(Exchanged::Ask(owner)) => {
            let mut response = private(browser.ask(place, &owner, &ticket));
            // Without any referrer its form would be posted with the origin `null`.
            response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
            response
        }
        // The address of a tab that was restored: it is open already.
        Err(_) if open => private(Redirect::to(&place.prefix()).into_response()),
        Err(error) => private(browser.refused(place, &error)),
    }
}

enum Exchanged {
    Cookie(String),
    /// Ask first; the owner's name.
    Ask(String),
}

async fn exchange(door: &Door, place: &Place, ticket: &str, sure: bool) -> Result<Exchanged> {
    let store = door.gate.store();
    if sure {
        return tickets::exchange(store, &place.team, &place.name, ticket).await.map(Exchanged::Cookie);
    }
    tickets::look(store, &place.team, &place.name, ticket).await.map(|t| Exchanged::Ask(t.owner))
}

async fn ticket(request: Request) -> Option<String> {
    let pairs: Vec<(String, String)> = if request.method() == Method::POST {
        serde_urlencoded::from_bytes(&to_bytes(request.into_body(), LARGEST).await.ok()?).ok()?
    } else {
        serde_urlencoded::from_str(request.uri().query()?).ok()?
    };
    pairs.into_iter().find(|(k, _)| k == "ticket").map(|(_, v)| v)
}

fn cookie(door: &Door, place: &Place, secret: &str) -> String {
    let secure = if door.https() { "; Secure" } else { "" };
    let seconds = door.config.session_max_seconds;
    format!("{}={secret}; Path={}; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}", gate::COOKIE, place.prefix())
}

/// Nothing of a page with a ticket in its address is kept or told on.
fn private(mut response: Response) -> Response {
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

impl Door {
    /// Whether browsers see the notebook origin under https.
    pub fn https(&self) -> bool {
        self.config.notebook_url.as_deref().is_some_and(|u| u.starts_with("https://"))
    }
}

impl Browser {
    fn refused(&self, place: &Place, error: &Error) -> Response {
        self.say(crate::http::problem::status(error.kind), place, "Not opened", &error.public, None)
    }
}
