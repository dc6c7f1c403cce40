//! How long requests take, for Prometheus.

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use metrics::histogram;
use std::time::Instant;

/// Name of the histogram; seconds until the head of the answer.
pub const SECONDS: &str = "slipway_http_request_duration_seconds";

/// Measures one request by method, route (as it is written in the router, so that their number is bounded) and status.
pub async fn measure(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or_else(|| "none".to_owned(), |p| p.as_str().to_owned());
    let method = match request.method().as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => known.to_owned(),
        _ => "other".to_owned(),
    };
    let begun = Instant::now();
    let response = next.run(request).await;
    let labels = [("method", method), ("route", route), ("code", response.status().as_u16().to_string())];
    histogram!(SECONDS, &labels).record(begun.elapsed().as_secs_f64());
    response
}

#[cfg(test)]
mod tests {
    use super::measure;
    use axum::{Router, body::Body, http::Request, middleware, routing::get};
    use metrics_exporter_prometheus::PrometheusBuilder;
    use tower::ServiceExt;

    #[tokio::test]
    async fn requests_are_counted_by_route_not_by_path() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let _here = metrics::set_default_local_recorder(&recorder);
        let app = Router::new().route("/teams/{team}", get(|| async { "ok" })).layer(middleware::from_fn(measure));
        for (method, path) in [("GET", "/teams/a"), ("GET", "/teams/b"), ("BREW", "/teams/b"), ("GET", "/nowhere")] {
            let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
            app.clone().oneshot(request).await.unwrap();
        }
        let text = recorder.handle().render();
        let count =
            |labels: &str| text.lines().find_map(|l| l.strip_prefix(&format!("{}_count{{{labels}}} ", super::SECONDS)).map(str::to_owned));
        assert_eq!(count(r#"method="GET",route="/teams/{team}",code="200""#).as_deref(), Some("2"), "{text}");
        assert_eq!(count(r#"method="other",route="/teams/{team}",code="405""#).as_deref(), Some("1"), "{text}");
        assert_eq!(count(r#"method="GET",route="none",code="404""#).as_deref(), Some("1"), "{text}");
    }
}
