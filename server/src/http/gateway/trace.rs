//! The names by which a request is followed from one system to the next: its id, and the W3C trace context.

use crate::ids;
use http::{HeaderMap, HeaderName, HeaderValue};

/// Id of a request: the caller's own where it brought one, and on the answer in any case.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
/// Longest id that is handed on, in bytes.
const LONGEST: usize = 128;

/// Sees that the model gets an id, and a trace context only where that is one; the id.
pub fn follow(headers: &mut HeaderMap) -> HeaderValue {
    // We make no span of our own, so what is valid goes on unchanged, as the standard has it.
    if headers.get_all(&TRACEPARENT).iter().count() != 1 || !headers.get(&TRACEPARENT).is_some_and(is_traceparent) {
        headers.remove(&TRACEPARENT);
        headers.remove(&TRACESTATE);
    }
    let id = headers.get(&REQUEST_ID).filter(|id| is_id(id)).cloned().unwrap_or_else(made);
    headers.insert(REQUEST_ID, id.clone());
    id
}

fn made() -> HeaderValue {
    // Hex digits, which a header takes.
    HeaderValue::try_from(ids::hex(&rand::random::<[u8; 16]>())).unwrap_or(HeaderValue::from_static("none"))
}

fn is_id(value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    (1..=LONGEST).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic)
}

/// `00-{32 hex}-{16 hex}-{2 hex}` with neither id all zeros; a later version may have more behind a dash.
fn is_traceparent(value: &HeaderValue) -> bool {
    let Ok(text) = value.to_str() else { return false };
    let parts: Vec<&str> = text.split('-').collect();
    let [version, trace, parent, flags, rest @ ..] = &parts[..] else { return false };
    let hex = |s: &str, n: usize| s.len() == n && s.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let some = |s: &str| s.bytes().any(|b| b != b'0');
    hex(version, 2)
        && *version != "ff"
        && hex(trace, 32)
        && some(trace)
        && hex(parent, 16)
        && some(parent)
        && hex(flags, 2)
        && (rest.is_empty() || *version != "00")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn what_is_a_trace_context_goes_on_and_what_is_none_does_not() {
        let later = format!("01{}-more", &GOOD[2..]);
        for (text, goes) in [
            (GOOD, true),
            (later.as_str(), true),
            (&format!("{GOOD}-more"), false),
            ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false),
            (&GOOD.to_uppercase(), false),
            (&format!("ff{}", &GOOD[2..]), false),
            ("x", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(TRACEPARENT, HeaderValue::from_str(text).unwrap());
            headers.insert(TRACESTATE, HeaderValue::from_static("a=1"));
            follow(&mut headers);
            assert_eq!((headers.contains_key(TRACEPARENT), headers.contains_key(TRACESTATE)), (goes, goes), "{text}");
        }
    }

    #[test]
    fn a_request_has_an_id() {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_static("mine-7"));
        assert_eq!(follow(&mut headers), "mine-7");
        let (one, two) = (follow(&mut HeaderMap::new()), follow(&mut HeaderMap::new()));
        assert!(one != two && one.len() == 32, "{one:?}");
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_str(&"x".repeat(129)).unwrap());
        assert_eq!(follow(&mut headers).len(), 32);
        headers.insert(REQUEST_ID, HeaderValue::from_static("two words"));
        assert_eq!(follow(&mut headers).len(), 32);
    }
}
