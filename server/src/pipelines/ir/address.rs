//! Where an artifact may lie that a pipeline names by its address.

use percent_encoding::percent_decode_str;

/// What becomes of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address<'a> {
    /// In the portal's store.
    Ours,
    /// Fetched over HTTP by the task that takes it.
    Web(&'a str),
    /// A path that the task itself sees.
    Path(String),
    /// Nobody brings it: why.
    Nowhere(String),
}

impl<'a> Address<'a> {
    /// Reads an address.
    pub fn of(uri: &'a str) -> Self {
        let Some((scheme, rest)) = uri.split_once(":/").filter(|(scheme, _)| is_scheme(scheme)) else {
            return if uri.starts_with("mlflow-artifacts:") { Self::Ours } else { Self::Path(uri.to_owned()) };
        };
        match scheme.to_ascii_lowercase().as_str() {
            "mlflow-artifacts" => Self::Ours,
            "http" | "https" => Self::Web(uri),
            // file:/path, file:///path and file://localhost/path.
            "file" => match rest.strip_prefix('/').map(|rest| rest.strip_prefix("localhost").unwrap_or(rest)) {
                None => path(&format!("/{rest}"), uri),
                Some(path_of) => path(path_of, uri),
            },
            other => Self::Nowhere(format!("nothing is brought from {other}:// ({uri})")),
        }
    }
}

fn path<'a>(encoded: &str, uri: &str) -> Address<'a> {
    match percent_decode_str(encoded).decode_utf8() {
        Ok(path) if path.starts_with('/') && !path.contains('\0') => Address::Path(path.into_owned()),
        _ => Address::Nowhere(format!("{uri} is no path of the task's own machine")),
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let path = |path: &str| Address::Path(path.to_owned());
        for (uri, expected) in [
            ("mlflow-artifacts:/1/r/artifacts/a", Address::Ours),
            ("mlflow-artifacts:1/r", Address::Ours),
            ("HTTPS://host/a.csv?b=c", Address::Web("HTTPS://host/a.csv?b=c")),
            ("/data/a.csv", path("/data/a.csv")),
            ("a:b", path("a:b")),
            ("file:///data/a%20b", path("/data/a b")),
            ("file:/data", path("/data")),
            ("file://localhost/data", path("/data")),
        ] {
            assert_eq!(Address::of(uri), expected, "{uri}");
        }
        for (uri, part) in
            [("s3://b/k", "from s3://"), ("gs://b/k", "from gs://"), ("models:/m/1", "from models://"), ("file://host/a", "no path")]
        {
            let Address::Nowhere(why) = Address::of(uri) else { panic!("{uri}") };
            assert!(why.contains(part), "{why}");
        }
    }
}
