//! The beginning of a file of a run, as far as it can be shown: what tasks of pipelines make has no ending that says what it is.

use super::run_files;
use crate::{
    access::TeamMember,
    artifacts::{ArtifactStore, Range},
    error::{Context, Kind, Result},
    store::Store,
};
use app::api::previews::{ArtifactPreview, Shows};
use bytes::Bytes;
use futures::TryStreamExt;

/// So much of a text is shown, bytes.
const MOST: usize = 64 * 1024;
/// JSON up to here is laid out, bytes: it has to be whole.
const JSON: usize = 256 * 1024;
/// Images up to here are shown, bytes.
const IMAGE: u64 = 8 << 20;
/// So many files of a folder are told.
const FILES: usize = 100;
/// By so many bytes an image is known.
const MAGIC: u64 = 16;

/// What of a file of a run is shown.
///
/// # Errors
/// No such run or file; the path is not clean; the file lies elsewhere.
pub async fn of(store: &Store, artifacts: &ArtifactStore, by: &TeamMember, run: &str, path: &str) -> Result<ArtifactPreview> {
    let listed = run_files::list(store, artifacts, by, run, path).await?;
    // A path that is a file's answers that file alone.
    let size = match listed.as_slice() {
        [one] if !one.folder && one.path == path.trim_matches('/') => one.size.and_then(|s| u64::try_from(s).ok()),
        _ => {
            let (cut, files) = (listed.len() > FILES, listed.into_iter().take(FILES).collect());
            return Ok(ArtifactPreview { path: path.into(), size: None, shows: Shows::Folder, text: String::new(), cut, files });
        }
    };
    let size = size.unwrap_or_default();
    let head = if size == 0 { Bytes::new() } else { read(store, artifacts, by, run, path, (size.min(JSON as u64)) - 1).await? };
    let (shows, text, cut) = shown(path, &head, size);
    Ok(ArtifactPreview { path: path.into(), size: i64::try_from(size).ok(), shows, text, cut, files: Vec::new() })
}

async fn read(store: &Store, artifacts: &ArtifactStore, by: &TeamMember, run: &str, path: &str, last: u64) -> Result<Bytes> {
    let opened = run_files::open(store, artifacts, by, run, path, Some(Range::Between(0, last))).await?;
    let parts: Vec<Bytes> = opened.body.try_collect().await.context("read the beginning of an artifact")?;
    Ok(Bytes::from(parts.concat()))
}

/// The ending that a file without one would have, of an image that browsers know; by its first bytes.
///
/// # Errors
/// The store does not answer.
pub async fn ending(store: &Store, artifacts: &ArtifactStore, by: &TeamMember, run: &str, path: &str) -> Result<Option<&'static str>> {
    if known(path).is_some() {
        return Ok(None);
    }
    match read(store, artifacts, by, run, path, MAGIC - 1).await {
        Ok(head) => Ok(image(&head)),
        // Whoever asks for the file itself is told what is wrong with it.
        Err(e) if matches!(e.kind, Kind::NotFound | Kind::Invalid) => Ok(None),
        Err(e) => Err(e),
    }
}

/// What a name says that the file is; nothing where it says nothing.
fn known(path: &str) -> Option<Shows> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let (_, ending) = name.rsplit_once('.')?;
    Some(match ending.to_ascii_lowercase().as_str() {
        "png" | "jpg" | "jpeg" | "gif" | "webp" | "svg" | "bmp" => Shows::Image,
        "csv" => Shows::Csv,
        "tsv" => Shows::Tsv,
        "json" => Shows::Json,
        "md" | "markdown" => Shows::Markdown,
        "html" | "htm" | "xhtml" => Shows::Html,
        "txt" | "log" | "yaml" | "yml" | "toml" | "py" | "xml" | "jsonl" | "ini" | "cfg" | "sh" => Shows::Text,
        _ => return None,
    })
}

/// What a file is shown as, of which this is the beginning; its text, and whether there is more of it.
fn shown(path: &str, head: &[u8], size: u64) -> (Shows, String, bool) {
    let nothing = |shows| (shows, String::new(), false);
    let said = known(path);
    if said == Some(Shows::Image) || image(head).is_some() {
        return nothing(if size > IMAGE { Shows::TooLarge } else { Shows::Image });
    }
    let whole = size == head.len() as u64;
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // The last character may be cut.
        Err(e) if !whole && e.error_len().is_none() => std::str::from_utf8(&head[..e.valid_up_to()]).unwrap_or_default(),
        Err(_) => return nothing(Shows::Nothing),
    };
    if text.contains('\0') {
        return nothing(Shows::Nothing);
    }
    let kind = said.unwrap_or_else(|| looks(text, whole));
    if kind == Shows::Json {
        // Laid out anew only where it is whole; a part of it is text.
        return match serde_json::from_str::<serde_json::Value>(text).ok().and_then(|v| serde_json::to_string_pretty(&v).ok()) {
            Some(pretty) if whole && pretty.len() <= 2 * JSON => (Shows::Json, pretty, false),
            _ => (Shows::Text, begin(text).to_owned(), !whole || text.len() > MOST),
        };
    }
    (kind, begin(text).to_owned(), !whole || text.len() > MOST)
}

/// The beginning of a text, up to the end of a line where there is one.
fn begin(text: &str) -> &str {
    if text.len() <= MOST {
        return text;
    }
    let end = (0..=MOST).rev().find(|i| text.is_char_boundary(*i)).unwrap_or_default();
    let cut = &text[..end];
    cut.rfind('\n').map_or(cut, |line| &cut[..=line])
}

/// What a text looks like that no name tells of.
fn looks(text: &str, whole: bool) -> Shows {
    let start = text.trim_start();
    let first = start.get(..start.len().min(64)).unwrap_or(start).to_ascii_lowercase();
    if first.starts_with("<!doctype html") || first.starts_with("<html") {
        return Shows::Html;
    }
    if whole && start.starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
        return Shows::Json;
    }
    let lines: Vec<&str> = text.lines().take(20).filter(|l| !l.is_empty()).collect();
    let cells = |separator: char| {
        let mut counts = lines.iter().map(|l| l.matches(separator).count());
        let first = counts.next().unwrap_or(0);
        // Prose has commas too, but not as many in each line.
        lines.len() > 1 && first > 0 && counts.all(|n| n == first)
    };
    match (cells('\t'), cells(',')) {
        (true, _) => Shows::Tsv,
        (_, true) => Shows::Csv,
        _ => Shows::Text,
    }
}

/// The ending of an image that browsers know.
fn image(head: &[u8]) -> Option<&'static str> {
    match head {
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some("png"),
        [0xff, 0xd8, 0xff, ..] => Some("jpg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("webp"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str, text: &[u8]) -> (Shows, String, bool) {
        shown(path, text, text.len() as u64)
    }

    #[test]
    fn names_and_beginnings_say_what_a_file_is() {
        let shows = |path: &str, text: &str| of(path, text.as_bytes()).0;
        assert_eq!(shows("a/table", "a,b\n1,2\n3,4\n"), Shows::Csv);
        assert_eq!(shows("a/table", "a\tb\n1\t2\n"), Shows::Tsv);
        assert_eq!(shows("a/words", "One, two.\nThree.\n"), Shows::Text);
        assert_eq!(shows("a/words", "just one, line"), Shows::Text);
        assert_eq!(shows("a/page", " <!DOCTYPE html><p>x"), Shows::Html);
        assert_eq!(shows("page.html", "hello"), Shows::Html);
        assert_eq!(shows("page.MD", "# x"), Shows::Markdown);
        assert_eq!(of("a/facts", b"{\"a\":1}"), (Shows::Json, "{\n  \"a\": 1\n}".to_owned(), false));
        assert_eq!(shows("facts.json", "{\"a\":"), Shows::Text);
        assert_eq!(of("a/image", b"\x89PNG\r\n\x1a\n\0\0"), (Shows::Image, String::new(), false));
        assert_eq!(of("drawing.svg", b"<svg onload=alert(1)>").0, Shows::Image);
        assert_eq!(of("a/model", b"\x80\x04\x95").0, Shows::Nothing);
        assert_eq!(of("a/zeros", b"a\0b").0, Shows::Nothing);
        assert_eq!(of("a/empty", b""), (Shows::Text, String::new(), false));
        assert_eq!(shown("big.png", b"\x89PNG\r\n\x1a\n", IMAGE + 1).0, Shows::TooLarge);
    }

    #[test]
    fn what_is_long_is_cut_at_a_line() {
        let line = "ü".repeat(500) + "\n";
        let text = line.repeat(JSON / line.len() + 1);
        let head = &text.as_bytes()[..JSON];
        let (shows, begin, cut) = shown("a.txt", head, text.len() as u64);
        assert_eq!((shows, cut), (Shows::Text, true));
        assert!(begin.len() <= MOST && begin.ends_with('\n') && begin.len() > MOST - line.len());
    }
}
