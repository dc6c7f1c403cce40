//! What is wrong with a store, in sentences. A reader is told what to expect of it, an admin what to do about it.

use crate::error::{Error, Kind};
use object_store::client::{HttpError, HttpErrorKind};

/// What is wrong with an S3 server, as far as it can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Nobody answers, or not in time.
    Silent,
    /// It asks for less.
    Busy,
    /// It does not know us, or does not let us.
    Refused,
    /// There is nothing to sign requests with.
    NoCredentials,
    /// The bucket is not there.
    NoBucket,
    /// It takes our requests for old ones.
    Clock,
    /// It has no room.
    Full,
    /// It failed, and may not do so the next time.
    Faulty,
    /// It answers what nobody expects.
    Failed,
}

impl Trouble {
    /// What kind of error, the sentence for a reader, and what an admin does.
    pub const fn words(self) -> (Kind, &'static str, &'static str) {
        match self {
            Self::Silent => (
                Kind::Unavailable,
                "The artifact store does not answer.",
                "Check s3_endpoint and the way there: name, port, proxy, certificate.",
            ),
            Self::Busy => (Kind::Unavailable, "The artifact store is overloaded.", "Look at the S3 server's own limits and load."),
            Self::Refused => (
                Kind::Upstream,
                "The artifact store refuses the portal.",
                "Check s3_access_key_id and its secret, and that it may list the bucket and get, put and delete objects in it.",
            ),
            Self::NoCredentials => (
                Kind::Upstream,
                "The portal has no credentials for the artifact store.",
                "Set s3_access_key_id and s3_secret_access_key, or give the machine or the pod a role.",
            ),
            Self::NoBucket => {
                (Kind::Upstream, "The bucket of the artifact store does not exist.", "Make the bucket, or name another in artifact_store.")
            }
            Self::Clock => (
                Kind::Upstream,
                "The artifact store refuses the portal: their clocks differ.",
                "Set both clocks, and keep them right (systemd-timesyncd, chrony).",
            ),
            Self::Full => {
                (Kind::Full, "The artifact store is full, so this was not kept.", "Make room in the S3 server, or raise its quota.")
            }
            Self::Faulty => (Kind::Unavailable, "The artifact store failed.", "Look at the log of the S3 server."),
            Self::Failed => (Kind::Upstream, "The artifact store failed.", "Look at the log of the S3 server."),
        }
    }

    fn error(self, private: impl std::fmt::Display) -> Error {
        let (kind, public, _) = self.words();
        let error = Error::new(kind, public).context(private.to_string());
        match kind {
            Kind::Unavailable => error.hint("Try again in a moment. If it stays so, an admin sees why with `slipway doctor`."),
            _ => error.hint("An admin sees why with `slipway doctor`."),
        }
    }

    /// From what an S3 server answered.
    fn of_answer(status: u16, body: &str) -> Self {
        let code = body.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map_or("", |(code, _)| code);
        match (code, status) {
            ("NoSuchBucket", _) => Self::NoBucket,
            ("RequestTimeTooSkewed" | "RequestExpired", _) => Self::Clock,
            ("SlowDown" | "ServiceUnavailable", _) | (_, 429 | 503) => Self::Busy,
            ("XMinioStorageFull" | "QuotaExceeded", _) | (_, 507) => Self::Full,
            (_, 401 | 403) => Self::Refused,
            // What stands before it says that it is away.
            (_, 502 | 504) => Self::Silent,
            (_, 500..=599) => Self::Faulty,
            _ => Self::Failed,
        }
    }
}

/// What is wrong, where an S3 server is the cause.
pub(super) fn trouble(e: &object_store::Error) -> Option<Trouble> {
    let text = e.to_string();
    // Credentials of a machine come from there, and nothing else of ours does.
    if text.contains("http://169.254.") {
        return Some(Trouble::NoCredentials);
    }
    // The library keeps status and body to itself, but for its words.
    if let Some((_, rest)) = text.split_once("status code: ") {
        return Some(Trouble::of_answer(rest.get(..3).and_then(|s| s.parse().ok()).unwrap_or(0), rest));
    }
    if let Some((_, rest)) = text.split_once("Server returned error response: ") {
        return Some(Trouble::of_answer(0, rest));
    }
    // Of many objects that are deleted at once each has an answer of its own.
    if text.contains("(code: AccessDenied)") {
        return Some(Trouble::Refused);
    }
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(e);
    while let Some(e) = next {
        if let Some(http) = e.downcast_ref::<HttpError>() {
            return Some(if http.kind() == HttpErrorKind::Decode { Trouble::Failed } else { Trouble::Silent });
        }
        next = e.source();
    }
    None
}

/// An error of the store that nothing the reader did can explain.
pub(super) fn store_error(e: object_store::Error) -> Error {
    match trouble(&e) {
        Some(trouble) => trouble.error(e),
        None if is_disk_full(&e) => Error::full(e),
        None => Error::internal(e),
    }
}

/// Whether the store may still do what it was asked for: no answer came, or one that is not about the request. What was not even sent cannot be
/// told from what was: it may have been the last of several tries.
pub(super) fn is_unanswered(e: &object_store::Error) -> bool {
    trouble(e).is_some_and(|trouble| trouble.words().0 == Kind::Unavailable)
}

/// A file of which only a part came: the store went away meanwhile, or a disk cannot be read.
pub fn broken_off(e: std::io::Error) -> Error {
    if e.get_ref().is_some_and(|inner| inner.is::<object_store::Error>()) {
        let hint = "Try again in a moment. If it stays so, an admin sees why with `slipway doctor`.";
        return Error::new(Kind::Unavailable, "The artifact store broke off in the middle of a file.").hint(hint).context(e.to_string());
    }
    Error::internal(e).context("read an artifact")
}

/// A request of our own that nobody answered.
pub(super) fn silent(e: HttpError) -> Error {
    Trouble::Silent.error(e)
}

/// A request of our own that was answered badly.
pub(super) fn answered(status: http::StatusCode, body: &str) -> Error {
    Trouble::of_answer(status.as_u16(), body).error(format!("{status}: {}", body.chars().take(300).collect::<String>()))
}

fn is_disk_full(e: &(dyn std::error::Error + 'static)) -> bool {
    let io = e.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::StorageFull);
    io || e.source().is_some_and(is_disk_full)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_breaks_off_is_away_and_a_disk_is_ours() {
        let of_store = object_store::Error::Generic { store: "S3", source: "connection closed".into() };
        assert_eq!(broken_off(std::io::Error::other(of_store)).kind, Kind::Unavailable);
        assert_eq!(broken_off(std::io::Error::other("bad sector")).kind, Kind::Internal);
    }

    #[test]
    fn answers_become_sentences() {
        for (status, body, expected) in [
            (403, "<Error><Code>InvalidAccessKeyId</Code></Error>", Trouble::Refused),
            (403, "<Error><Code>RequestTimeTooSkewed</Code></Error>", Trouble::Clock),
            (404, "<Error><Code>NoSuchBucket</Code></Error>", Trouble::NoBucket),
            (503, "<Error><Code>SlowDown</Code></Error>", Trouble::Busy),
            (507, "<Error><Code>XMinioStorageFull</Code></Error>", Trouble::Full),
            (500, "", Trouble::Faulty),
            (502, "<html>", Trouble::Silent),
            (400, "", Trouble::Failed),
        ] {
            assert_eq!(Trouble::of_answer(status, body), expected, "{status} {body}");
        }
    }
}
