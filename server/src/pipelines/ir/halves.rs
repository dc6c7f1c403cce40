//! A large document in YAML is read in two halves, side by side: to read it takes longer than all else that is done with it.
//!
//! It is cut before a line that begins an entry of a mapping, and the second half begins with the keys that the line stands under. Where that was no
//! such line after all (one of a text, say), the halves do not fit, and the document is read as a whole.

use serde_json::{Map, Value};
use std::thread;

/// From so many bytes on a thread is worth it.
pub(super) const LARGE: usize = 1 << 20;
/// Such a part of the text behind the middle is looked at for a good place: one as little indented as possible.
const WINDOW: usize = 32;

/// What `one` reads of a text, read of both halves and put together. `None`: it has to be read as a whole.
pub(super) fn read(text: &str, one: impl Fn(&str) -> Option<Vec<Value>> + Sync) -> Option<Vec<Value>> {
    read_cut(text, place(text)?, one)
}

fn read_cut(text: &str, cut: usize, one: impl Fn(&str) -> Option<Vec<Value>> + Sync) -> Option<Vec<Value>> {
    let (first, second, path) = halves(text, cut)?;
    let (mut first, second) = thread::scope(|scope| {
        let other = thread::Builder::new().spawn_scoped(scope, || one(&second)).ok()?;
        Some((one(first), other.join().ok()?)).and_then(|(first, second)| first.zip(second))
    })?;
    let mut second = second.into_iter();
    join(first.last_mut()?, second.next()?, &path)?;
    first.extend(second);
    Some(first)
}

/// Both halves, and the keys that the second one begins with.
fn halves(text: &str, cut: usize) -> Option<(&str, String, Vec<&str>)> {
    let (first, rest) = text.split_at(cut);
    let mut above = Vec::new();
    let mut depth = indentation(rest);
    let mut lines = first.lines().rev().filter(|line| says_something(line));
    // The entry before it, of the same mapping. Every other way in which a line may stand below another is for who reads the whole.
    lines.find(|line| indentation(line) <= depth).filter(|line| indentation(line) == depth && key(line).is_some())?;
    while depth > 0 {
        let line = lines.find(|line| indentation(line) < depth)?;
        depth = indentation(line);
        above.push(line);
    }
    above.reverse();
    let path = above
        .iter()
        .map(|line| key(line).filter(|(_, value)| value.trim_matches(' ').is_empty()).map(|(key, _)| key))
        .collect::<Option<_>>()?;
    let head: String = above.iter().flat_map(|line| [*line, "\n"]).collect();
    Some((first, head + rest, path))
}

/// Where to cut.
fn place(text: &str) -> Option<usize> {
    // Alone it ends a line as well.
    if text.contains('\r') {
        return None;
    }
    let mut middle = text.len() / 2;
    while !text.is_char_boundary(middle) {
        middle += 1;
    }
    let mut at = middle + text[middle..].find('\n')? + 1;
    let (mut best, end) = (None, at + text.len() / WINDOW);
    for line in text[at..].split_inclusive('\n') {
        if at >= end {
            break;
        }
        if key(line).is_some() && best.is_none_or(|(depth, _)| indentation(line) < depth) {
            best = Some((indentation(line), at));
        }
        at += line.len();
    }
    best.map(|(_, at)| at)
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// Neither empty nor a comment.
fn says_something(line: &str) -> bool {
    let text = line.trim_start_matches([' ', '\t']);
    !text.is_empty() && !text.starts_with('#')
}

/// The key that a line begins with, where it is a plain one, and what stands behind it.
fn key(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.trim_start_matches(' ').split_once(':')?;
    let plain =
        !key.is_empty() && !key.starts_with('-') && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    (plain && (value.is_empty() || value.starts_with([' ', '\n', '\r']))).then_some((key, value))
}

/// Puts the second half into the first, below `path`. `None`: they do not fit.
fn join(first: &mut Value, second: Value, path: &[&str]) -> Option<()> {
    let (Value::Object(into), Value::Object(more)) = (first, second) else { return None };
    let Some((key, below)) = path.split_first() else { return extend(into, more) };
    let mut rest = more;
    let deeper = rest.remove(*key)?;
    join(into.get_mut(*key)?, deeper, below)?;
    extend(into, rest)
}

/// A key twice is a mistake of the document.
fn extend(into: &mut Map<String, Value>, more: Map<String, Value>) -> Option<()> {
    more.into_iter().all(|(key, value)| into.insert(key, value).is_none()).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> Option<Vec<Value>> {
        serde_saphyr::from_multiple(text).ok()
    }

    #[test]
    fn both_halves_together_are_the_whole() {
        let long = "word ".repeat(20_000);
        let entry = |i: usize| {
            format!(
                "    exec-{i}:\n      container:\n        args:\n        - a\n        - \"b: {i}\\\n          \\ c\"\n        image: x\n"
            )
        };
        let text = format!(
            "# A pipeline\ncomponents:\n  comp-1:\n    a: 1\ndeploymentSpec:\n  executors:\n{}root:\n  dag:\n    text: >-\n      {long}\n---\nplatforms: {{}}\n",
            (0..5000).map(entry).collect::<String>()
        );
        let (first, second, path) = halves(&text, place(&text).unwrap()).unwrap();
        assert_eq!(path, ["deploymentSpec", "executors"]);
        assert!(second.starts_with("deploymentSpec:\n  executors:\n    exec-"), "{}", &second[..80]);
        assert!(first.len().abs_diff(second.len()) < text.len() / 5);
        let read = read(&text, whole).unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!(Some(read), whole(&text));
    }

    #[test]
    fn what_does_not_fit_is_not_put_together() {
        for (text, cut, fits) in [
            ("a:\n  b: 1\n  c: 2\nd: 3\n", "  c: 2", true),
            ("a:\n  b: 1\nd: 3\n", "d: 3", true),
            // In a text of several lines, literal or in quotes.
            ("a:\n  t: |\n    b: 1\n    c: 2\n", "    c: 2", false),
            ("a:\n  t: \"x\n    b: 1\n    c: 2\"\n", "    c: 2", false),
            ("a: |\n  t:\n    b: 1\n    c: 2\n", "    c: 2", false),
            // In a list.
            ("a:\n- b: 1\n  c: 2\n", "  c: 2", false),
            // A key twice, in one half and in both.
            ("a:\n  b: 1\n  c: 2\n  b: 3\n", "  c: 2", false),
            ("a:\n  b: 1\nc: 2\na:\n  b: 3\n", "c: 2", false),
            // What is repeated is known in one half only.
            ("a: &x\n  b: 1\nc: *x\n", "c: *x", false),
            // It stands below nothing: the whole is wrong.
            ("a:\n    b: 1\n  c: 2\n", "  c: 2", false),
            // What ends a line, and what is no space.
            ("a:\n  b:\n    x: 1\n\u{a0}#z:\n    c: 2\n", "    c: 2", false),
            // Two documents: what is behind the mark is another.
            ("a: 1\n---\n&x\nb: 2\n", "b: 2", false),
            ("a: 1\n---\n~\nb: 2\n", "b: 2", false),
            ("a: 1\n---\nb: 2\n", "b: 2", false),
            ("a: 1\nb: 2\n---\nc: 3\n", "b: 2", true),
        ] {
            let read = read_cut(text, text.find(cut).unwrap(), whole);
            assert_eq!(read.is_some(), fits, "{text}");
            assert!(read.is_none() || read == whole(text), "{text}");
        }
    }

    #[test]
    fn no_place_to_cut() {
        for text in ["", "a", "a: 1\n", "a:\n  b:\n    x: 1\rz:\n    c: 2\n    d: 2\n", "[1,\n2,\n3]\n", "- a\n- b\n- c\n", "ä: ö\nü: ß\n"]
        {
            assert_eq!(read(text, whole), None, "{text}");
        }
    }
}
