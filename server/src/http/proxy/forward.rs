//! Requests and answers, streamed both ways; a WebSocket is tunnelled byte for byte.

use super::{Browser, Door, Place, gate::Admitted, headers};
use crate::cluster::Endpoint;
use axum::{
    body::Body,
    extract::{ConnectInfo, Request},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use http_body_util::BodyExt;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use std::{net::SocketAddr, sync::Arc};

/// Passes a request on to the notebook at `endpoint`, and its answer back.
pub async fn forward(
    door: &Door,
    browser: &Browser,
    place: &Place,
    admitted: Arc<Admitted>,
    endpoint: Endpoint,
    request: Request,
) -> Response {
    let websocket = headers::is_websocket(request.method(), request.headers());
    let from = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|c| c.0.ip());
    let (mut parts, body) = request.into_parts();
    let client = parts.extensions.remove::<OnUpgrade>();
    headers::request(&mut parts.headers, websocket, door.https(), from, &admitted.token);
    let mut inner = axum::http::Request::new(body.map_err(Into::into).boxed_unsync());
    *inner.method_mut() = parts.method;
    *inner.uri_mut() = parts.uri.path_and_query().cloned().map_or_else(Default::default, Into::into);
    *inner.headers_mut() = parts.headers;
    let mut answer = match door.reach.send(&endpoint, inner).await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::info!(workload = admitted.workload_id, error = ?error, "notebook does not answer");
            door.gate.forget();
            return browser.silent(place);
        }
    };
    let switched = answer.status() == StatusCode::SWITCHING_PROTOCOLS;
    if switched != (switched && websocket && client.is_some()) {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    headers::response(answer.headers_mut(), switched, &place.prefix(), &admitted.token);
    if let Some(client) = client.filter(|_| switched) {
        let server = hyper::upgrade::on(&mut answer);
        let (door, place) = (door.clone(), place.clone());
        tokio::spawn(async move {
            if let (Ok(client), Ok(server)) = tokio::join!(client, server) {
                tunnel(&door, &place, &admitted, client, server).await;
            }
        });
    }
    answer.map(Body::new)
}

/// Until one side ends, the server drains, or the browser may no longer be here.
async fn tunnel(door: &Door, place: &Place, admitted: &Admitted, client: Upgraded, server: Upgraded) {
    metrics::gauge!("slipway_notebook_websockets").increment(1);
    let mut drain = door.drain.clone();
    let (mut client, mut server) = (TokioIo::new(client), TokioIo::new(server));
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
        () = shut_out(door, place, admitted) => {}
        _ = drain.wait_for(|d| *d) => {}
    }
    metrics::gauge!("slipway_notebook_websockets").decrement(1);
}

async fn shut_out(door: &Door, place: &Place, admitted: &Admitted) {
    loop {
        tokio::time::sleep(door.recheck).await;
        match door.gate.look(&admitted.hash, place).await {
            Ok(Some(now)) if now.workload_id == admitted.workload_id => {}
            // The database may be away for a moment.
            Err(_) => {}
            Ok(_) => return,
        }
    }
}
