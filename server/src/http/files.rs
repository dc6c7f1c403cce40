//! Files as answers: whole or in part, and never as a page of ours. What somebody uploaded must not run on our origin, so it is shown
//! as plain text or as an image, within a frame that keeps it apart, or handed over to be saved.

use crate::{
    artifacts::{Opened, Range},
    error::{Error, Result},
};
use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use std::fmt::Write;

/// Nothing in a file may load or run anything, whatever a browser takes it for.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
/// HTML in a frame of ours: laid out, with its own style and the images that it has within. It runs nothing, loads nothing, sends nothing, and is of no
/// origin. Only our pages frame it.
const FRAMED: &str =
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";
/// Names without an ending that are text.
const TEXT_NAMES: [&str; 5] = ["MLmodel", "Dockerfile", "Makefile", "README", "LICENSE"];

/// Whether a browser may show it, or has to save it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum As {
    /// By its kind: text, images, CSV and JSON are shown, everything else is saved.
    Preview,
    /// As HTML, where a frame asks for it; else saved.
    Framed,
    /// Bytes for a program.
    Bytes,
}

/// The part of a file that a request asks for; `None` for the whole, also where the header asks for something we do not do.
pub fn range(headers: &HeaderMap) -> Option<Range> {
    let text = headers.get(header::RANGE)?.to_str().ok()?.trim().strip_prefix("bytes=")?;
    let (from, to) = text.split_once('-')?;
    match (from.trim(), to.trim()) {
        ("", last) => last.parse().ok().filter(|n| *n > 0).map(Range::Last),
        (from, "") => from.parse().ok().map(Range::From),
        (from, to) => match (from.parse().ok()?, to.parse().ok()?) {
            (from, to) if from <= to => Some(Range::Between(from, to)),
            _ => None,
        },
    }
}

/// The answer for an opened file of this name.
pub fn answer(file: Result<Opened>, name: &str, how: As, headers: &HeaderMap) -> Result<Response> {
    let file = match file {
        Ok(file) => file,
        Err(e) if e.field.as_deref() == Some("range") => return Ok(outside(&e)),
        Err(e) => return Err(e),
    };
    let tag = file.tag.as_ref().and_then(|t| HeaderValue::from_str(&format!("\"{}\"", t.trim_matches('"'))).ok());
    let same = |t: &HeaderValue| headers.get(header::IF_NONE_MATCH).is_some_and(|h| h == t);
    let part = file.range.end - file.range.start != file.size;
    let status = if part { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let mut out = if tag.as_ref().is_some_and(same) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut out = (status, Body::from_stream(file.body)).into_response();
        out.headers_mut().insert(header::CONTENT_LENGTH, (file.range.end - file.range.start).into());
        out
    };
    let (kind, inline, policy) = match how {
        As::Preview => {
            let (kind, inline) = kind(name);
            (kind, inline, POLICY)
        }
        As::Framed if may_be_framed(headers) => ("text/html; charset=utf-8".into(), true, FRAMED),
        As::Framed | As::Bytes => ("application/octet-stream".into(), false, POLICY),
    };
    let put = |out: &mut Response, name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            out.headers_mut().insert(name, value);
        }
    };
    put(&mut out, header::CONTENT_TYPE, &kind);
    put(&mut out, header::CONTENT_DISPOSITION, &disposition(name, inline));
    put(&mut out, header::CONTENT_SECURITY_POLICY, policy);
    put(&mut out, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(&mut out, header::ACCEPT_RANGES, "bytes");
    // Compressed on the way it would have neither length nor parts.
    put(&mut out, header::CACHE_CONTROL, "private, no-cache, no-transform");
    if part {
        put(&mut out, header::CONTENT_RANGE, &format!("bytes {}-{}/{}", file.range.start, file.range.end.saturating_sub(1), file.size));
    }
    if let Some(tag) = tag {
        out.headers_mut().insert(header::ETAG, tag);
    }
    Ok(out)
}

/// Whether it may be a frame that asks. Browsers say so where they trust the connection; what they say is a page of its own would look like one of
/// ours, by its address.
fn may_be_framed(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-dest").is_none_or(|dest| dest == "iframe")
}

fn outside(error: &Error) -> Response {
    let mut problem = super::problem::of(error);
    problem.status = StatusCode::RANGE_NOT_SATISFIABLE.as_u16();
    super::problem::response(&problem)
}

/// Content type, and whether a browser may show it.
fn kind(name: &str) -> (String, bool) {
    let guess = mime_guess::from_path(name).first_raw().unwrap_or_default();
    let text = "text/plain; charset=utf-8";
    match guess {
        "image/png" | "image/jpeg" | "image/gif" | "image/webp" | "image/bmp" | "image/avif" | "image/svg+xml" => (guess.into(), true),
        "application/json" => (guess.into(), true),
        "text/csv" => ("text/csv; charset=utf-8".into(), true),
        "text/html" | "application/xhtml+xml" | "text/xml" | "application/xml" => ("application/octet-stream".into(), false),
        "text/javascript" | "application/javascript" => (text.into(), true),
        _ if guess.starts_with("text/") || TEXT_NAMES.contains(&name) => (text.into(), true),
        "application/x-yaml" | "application/yaml" | "application/toml" => (text.into(), true),
        _ if [".log", ".jsonl", ".ndjson", ".toml", ".cfg", ".lock"].iter().any(|end| name.ends_with(end)) => (text.into(), true),
        _ => ("application/octet-stream".into(), false),
    }
}

/// RFC 6266: any name, percent-encoded.
fn disposition(name: &str, inline: bool) -> String {
    let mut out = String::from(if inline { "inline; filename*=UTF-8''" } else { "attachment; filename*=UTF-8''" });
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte as char);
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_a_page() {
        for (name, inline) in [("a.png", true), ("a.txt", true), ("a.csv", true), ("a.json", true), ("MLmodel", true), ("conda.yaml", true)]
        {
            assert_eq!(kind(name).1, inline, "{name}");
        }
        for name in ["a.html", "a.htm", "a.xhtml", "a.xml", "a.pkl", "a.pdf", "a.wasm", "a"] {
            let (kind, inline) = kind(name);
            assert!(!inline && kind == "application/octet-stream", "{name}: {kind}");
        }
        assert_eq!(kind("a.js").0, "text/plain; charset=utf-8");
        assert_eq!(disposition("ü \"x\"\r\n.csv", true), "inline; filename*=UTF-8''%C3%BC%20%22x%22%0D%0A.csv");
    }

    #[test]
    fn ranges() {
        let of = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, HeaderValue::from_static(text));
            range(&headers)
        };
        assert_eq!(of("bytes=0-4"), Some(Range::Between(0, 4)));
        assert_eq!(of("bytes=5-"), Some(Range::From(5)));
        assert_eq!(of("bytes=-5"), Some(Range::Last(5)));
        for bad in ["bytes=5-4", "bytes=-0", "bytes=a-b", "lines=1-2", "bytes=0-1,3-4", "bytes=-"] {
            assert_eq!(of(bad), None, "{bad}");
        }
    }
}
