//! What of the headers goes through, in both directions. Pure.

use axum::http::{
    HeaderMap, HeaderName, HeaderValue, Method, Uri,
    header::{self, AUTHORIZATION, CONNECTION, COOKIE, HOST, LOCATION, REFERER, SET_COOKIE, UPGRADE},
};

/// Names of cookies of ours begin so; they never reach Jupyter, and Jupyter cannot set them.
const OURS: [&str; 3] = ["slipway_", "__host-slipway_", "__secure-slipway_"];
const HOP_BY_HOP: [HeaderName; 7] =
    [CONNECTION, header::PROXY_AUTHENTICATE, header::PROXY_AUTHORIZATION, header::TE, header::TRAILER, header::TRANSFER_ENCODING, UPGRADE];
/// What a client could claim about its way here.
const WAY: [&str; 7] =
    ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto", "x-real-ip", "x-scheme"];
/// What one notebook could say to a browser about the whole origin, which it shares with others.
const ORIGIN_WIDE: [&str; 9] = [
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "alt-svc",
    "clear-site-data",
    "service-worker-allowed",
    "strict-transport-security",
];

/// Whether a request asks for a WebSocket.
pub fn is_websocket(method: &Method, headers: &HeaderMap) -> bool {
    let lists = |name: HeaderName, word: &str| {
        let values = headers.get_all(name);
        values.iter().filter_map(|v| v.to_str().ok()).any(|v| v.split(',').any(|t| t.trim().eq_ignore_ascii_case(word)))
    };
    method == Method::GET && lists(CONNECTION, "upgrade") && lists(UPGRADE, "websocket")
}

/// The values of a cookie.
pub fn cookies<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    pairs(headers).filter_map(move |c| c.split_once('=').filter(|(n, _)| *n == name).map(|(_, v)| v))
}

fn pairs(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers.get_all(COOKIE).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(';').map(str::trim))
}

fn is_cookie_of_ours(name: &str) -> bool {
    let name = name.trim().to_ascii_lowercase();
    OURS.iter().any(|o| name.starts_with(o))
}

fn strip_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .filter_map(|t| t.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
    headers.remove("keep-alive");
    headers.remove("proxy-connection");
}

fn upgrades(headers: &mut HeaderMap) {
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
}

/// A browser's request on its way to Jupyter, with Jupyter's token. `https`: what the browser sees; `from`: its address.
pub fn request(headers: &mut HeaderMap, websocket: bool, https: bool, from: Option<std::net::IpAddr>, token: &str) {
    strip_hop(headers);
    let kept: Vec<&str> = pairs(headers).filter(|c| !is_cookie_of_ours(c.split('=').next().unwrap_or_default())).collect();
    let cookie = HeaderValue::from_str(&kept.join("; ")).ok().filter(|v| !v.is_empty());
    headers.remove(COOKIE);
    if let Some(cookie) = cookie {
        headers.insert(COOKIE, cookie);
    }
    for name in WAY {
        headers.remove(name);
    }
    headers.remove(AUTHORIZATION);
    headers.remove(header::EXPECT);
    // Nothing of the portal's addresses.
    let host = headers.get(HOST).and_then(|v| v.to_str().ok()).unwrap_or("localhost").to_owned();
    let inside = |r: &HeaderValue| {
        r.to_str().ok().and_then(|r| r.parse::<Uri>().ok()).is_some_and(|u| u.authority().is_some_and(|a| a.as_str() == host))
    };
    if headers.get(REFERER).is_some_and(|r| !inside(r)) {
        headers.remove(REFERER);
    }
    let mut put = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    put("host", &host);
    put("x-forwarded-host", &host);
    put("x-forwarded-proto", if https { "https" } else { "http" });
    if let Some(from) = from {
        put("x-forwarded-for", &from.to_string());
    }
    put("authorization", &format!("token {token}"));
    if websocket {
        upgrades(headers);
    }
}

/// Jupyter's answer on its way to the browser: cookies only below `prefix`, nothing about the whole origin, never the token.
pub fn response(headers: &mut HeaderMap, websocket: bool, prefix: &str, token: &str) {
    strip_hop(headers);
    for name in ORIGIN_WIDE {
        headers.remove(name);
    }
    let set: Vec<HeaderValue> = headers.get_all(SET_COOKIE).iter().filter_map(|v| set_cookie(v.to_str().ok()?, prefix)).collect();
    headers.remove(SET_COOKIE);
    for cookie in set {
        headers.append(SET_COOKIE, cookie);
    }
    let told = |v: &HeaderValue| !token.is_empty() && v.to_str().is_ok_and(|v| v.contains(token));
    if let Some(location) = headers.get(LOCATION).filter(|v| told(v)).and_then(|v| without_token(v.to_str().ok()?)) {
        headers.insert(LOCATION, location);
    }
    let telling: Vec<HeaderName> = headers.iter().filter(|(_, v)| told(v)).map(|(k, _)| k.clone()).collect();
    for name in telling {
        headers.remove(name);
    }
    if websocket {
        upgrades(headers);
        return;
    }
    for (name, value) in [
        ("cross-origin-resource-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("referrer-policy", "same-origin"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "SAMEORIGIN"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

fn set_cookie(text: &str, prefix: &str) -> Option<HeaderValue> {
    let mut parts = text.split(';');
    let pair = parts.next()?.trim();
    if is_cookie_of_ours(pair.split('=').next()?) {
        return None;
    }
    let kept = parts.map(str::trim).filter(|p| {
        let name = p.split('=').next().unwrap_or_default().trim().to_ascii_lowercase();
        !matches!(name.as_str(), "path" | "domain" | "")
    });
    let mut out = pair.to_owned();
    for part in kept {
        out.push_str("; ");
        out.push_str(part);
    }
    HeaderValue::from_str(&format!("{out}; Path={prefix}")).ok()
}

fn without_token(location: &str) -> Option<HeaderValue> {
    let (path, query) = location.split_once('?')?;
    let kept: Vec<&str> = query.split('&').filter(|p| !p.starts_with("token=")).collect();
    HeaderValue::from_str(&if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (k, v) in pairs {
            map.append(*k, HeaderValue::from_static(v));
        }
        map
    }

    #[test]
    fn nothing_of_ours_reaches_jupyter() {
        let mut h = map(&[
            ("host", "h:2"),
            ("cookie", "slipway_session=a; _xsrf=b; slipway_notebook=c"),
            ("cookie", "username-h=d; __Host-slipway_x=e"),
            ("authorization", "Bearer slip_x"),
            ("connection", "keep-alive, x-secret"),
            ("x-secret", "1"),
            ("te", "trailers"),
            ("x-forwarded-for", "6.6.6.6"),
            ("forwarded", "for=6.6.6.6"),
            ("referer", "http://h:1/teams/x?ticket=y"),
        ]);
        request(&mut h, false, true, Some([10, 0, 0, 1].into()), "t0");
        assert_eq!(h["cookie"], "_xsrf=b; username-h=d");
        assert_eq!(h["authorization"], "token t0");
        assert_eq!(
            (&h["x-forwarded-proto"], &h["x-forwarded-host"], &h["x-forwarded-for"]),
            (&"https".parse().unwrap(), &"h:2".parse().unwrap(), &"10.0.0.1".parse().unwrap())
        );
        for gone in ["connection", "x-secret", "te", "forwarded", "referer"] {
            assert!(!h.contains_key(gone), "{gone}");
        }
    }

    #[test]
    fn nothing_of_jupyter_reaches_beyond_its_path() {
        let mut h = map(&[
            ("set-cookie", "_xsrf=1; Path=/; Domain=h; Secure"),
            ("set-cookie", "slipway_session=evil; Path=/"),
            ("location", "/notebook/t/n/lab?a=1&token=t0&b=2"),
            ("x-token", "it is t0"),
            ("service-worker-allowed", "/"),
            ("access-control-allow-origin", "*"),
            ("transfer-encoding", "chunked"),
        ]);
        response(&mut h, false, "/notebook/t/n/", "t0");
        let cookies: Vec<_> = h.get_all("set-cookie").iter().collect();
        assert_eq!(cookies, ["_xsrf=1; Secure; Path=/notebook/t/n/"]);
        assert_eq!(h["location"], "/notebook/t/n/lab?a=1&b=2");
        for gone in ["x-token", "service-worker-allowed", "access-control-allow-origin", "transfer-encoding"] {
            assert!(!h.contains_key(gone), "{gone}");
        }
    }

    #[test]
    fn websockets_stay_such() {
        let h = map(&[("connection", "keep-alive, Upgrade"), ("upgrade", "websocket"), ("host", "h"), ("sec-websocket-key", "k")]);
        assert!(is_websocket(&Method::GET, &h));
        assert!(!is_websocket(&Method::POST, &h));
        assert!(!is_websocket(&Method::GET, &map(&[("upgrade", "websocket")])));
        let mut h = h;
        request(&mut h, true, false, None, "t");
        assert_eq!(
            (&h["connection"], &h["upgrade"], &h["sec-websocket-key"]),
            (&"Upgrade".parse().unwrap(), &"websocket".parse().unwrap(), &"k".parse().unwrap())
        );
    }
}
