//! Who may call a notebook: its own pages, and a person who opens it. Pure.
//!
//! Jupyter checks neither Origin nor XSRF where a request carries its token, and ours all do.

use axum::http::{HeaderMap, Method, Uri, header};

/// Whether a request may go on. `ours` is the notebook origin where it is configured; else the host that was asked counts.
pub fn may(method: &Method, headers: &HeaderMap, websocket: bool, ours: Option<&str>) -> bool {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    let reads = matches!(*method, Method::GET | Method::HEAD) && !websocket;
    if headers.contains_key(header::ORIGIN) && !text("origin").is_some_and(|o| is_ours(o, text("host").unwrap_or_default(), ours)) {
        return false;
    }
    match text("sec-fetch-site") {
        Some("same-origin" | "none") => true,
        Some(_) => reads && text("sec-fetch-mode") == Some("navigate") && text("sec-fetch-dest") == Some("document"),
        // An old browser, plain http on a network, or a script: changes need an Origin, which was compared above.
        None => reads || headers.contains_key(header::ORIGIN),
    }
}

fn is_ours(origin: &str, host: &str, ours: Option<&str>) -> bool {
    match ours {
        Some(ours) => origin.eq_ignore_ascii_case(ours),
        None => origin.split_once("://").is_some_and(|(_, authority)| !host.is_empty() && authority.eq_ignore_ascii_case(host)),
    }
}

/// Whether a browser that comes with a ticket demonstrably comes from the portal. Anybody could send a link with a ticket for their own
/// notebook, whose code would then run on the origin of the reader's notebooks; so all others are asked first.
pub fn from_portal(headers: &HeaderMap, portal: &str) -> bool {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    if let Some(referer) = text("referer") {
        return origin_of(referer).is_some_and(|o| o.eq_ignore_ascii_case(portal));
    }
    matches!(text("sec-fetch-site"), Some("same-site" | "same-origin"))
}

fn origin_of(url: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    Some(format!("{}://{}", uri.scheme_str()?, uri.authority()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn map(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (HeaderName::from_static(k), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn who_may_call() {
        type Case = (&'static str, bool, Option<&'static str>, &'static [(&'static str, &'static str)], bool);
        let cases: &[Case] = &[
            // method, websocket, configured origin, headers, passes
            ("GET", false, None, &[("host", "h:1")], true),
            ("GET", false, None, &[("host", "h:1"), ("sec-fetch-site", "same-origin")], true),
            ("GET", false, None, &[("host", "h:1"), ("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate")], true),
            ("GET", false, None, &[("sec-fetch-site", "same-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")], true),
            ("GET", false, None, &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")], false),
            ("GET", false, None, &[("sec-fetch-site", "same-site"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "script")], false),
            ("GET", false, None, &[("host", "h:1"), ("origin", "http://evil.test")], false),
            ("GET", true, None, &[("host", "h:1")], false),
            ("GET", true, None, &[("host", "h:1"), ("origin", "http://h:1")], true),
            ("GET", true, None, &[("host", "h:1"), ("origin", "http://h:2")], false),
            ("GET", true, None, &[("host", "h:1"), ("origin", "http://evil.test"), ("sec-fetch-site", "same-origin")], false),
            ("GET", true, Some("https://n.test"), &[("host", "n.test"), ("origin", "https://n.test")], true),
            ("GET", true, Some("https://n.test"), &[("host", "n.test"), ("origin", "http://n.test")], false),
            ("POST", false, None, &[("host", "h:1")], false),
            ("POST", false, None, &[("host", "h:1"), ("origin", "http://h:1")], true),
            ("POST", false, None, &[("host", "h:1"), ("origin", "null")], false),
            ("POST", false, None, &[("host", "h:1"), ("sec-fetch-site", "same-origin")], true),
            ("DELETE", false, None, &[("host", "h:1"), ("sec-fetch-site", "same-site"), ("origin", "http://h:1")], false),
            (
                "POST",
                false,
                None,
                &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")],
                false,
            ),
        ];
        for (method, websocket, ours, headers, passes) in cases {
            let method: Method = method.parse().unwrap();
            assert_eq!(may(&method, &map(headers), *websocket, *ours), *passes, "{method} {headers:?}");
        }
    }

    #[test]
    fn who_comes_from_the_portal() {
        let portal = "http://h:8080";
        assert!(from_portal(&map(&[("referer", "http://h:8080/")]), portal));
        assert!(from_portal(&map(&[("sec-fetch-site", "same-site")]), portal));
        assert!(!from_portal(&map(&[("referer", "http://evil.test/x"), ("sec-fetch-site", "same-site")]), portal));
        assert!(!from_portal(&map(&[("sec-fetch-site", "cross-site")]), portal));
        assert!(!from_portal(&map(&[("sec-fetch-site", "none")]), portal));
        assert!(!from_portal(&map(&[]), portal));
    }
}
