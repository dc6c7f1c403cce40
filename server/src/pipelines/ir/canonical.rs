use std::fmt::Write;

use serde_json::Value;
use sha2::{Digest, Sha256};

/// JSON text that is the same for the same content: keys in order, no space, whole numbers without a fraction.
pub fn canonical(value: &Value) -> String {
    let mut out = Vec::new();
    write(value, &mut out);
    // Only texts and JSON's own signs were written.
    String::from_utf8(out).unwrap_or_default()
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Array(items) => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write(item, out);
            }
            out.push(b']');
        }
        Value::Object(map) => {
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            out.push(b'{');
            for (i, (key, value)) in entries.into_iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                plain_json(key, out);
                out.push(b':');
                write(value, out);
            }
            out.push(b'}');
        }
        Value::Number(n) if n.is_f64() => match n.as_f64() {
            Some(f) if f.fract() == 0.0 && f.abs() < 9.0e15 => plain_json(&(f as i64), out),
            _ => plain_json(n, out),
        },
        other => plain_json(other, out),
    }
}

fn plain_json(value: &impl serde::Serialize, out: &mut Vec<u8>) {
    // Into memory, of what has no way to fail.
    let _ = serde_json::to_writer(out, value);
}

/// SHA-256 of the canonical text, in hex.
pub fn digest(value: &Value) -> String {
    hex(&Sha256::digest(canonical(value)))
}

/// Bytes in hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_keys_and_the_way_a_number_is_written_do_not_matter() {
        let one = json!({"b": 3.0, "a": [1, {"y": null, "x": "q\"uote"}]});
        let other: Value = serde_json::from_str(r#"{"a":[1.0,{"x":"q\"uote","y":null}],"b":3}"#).unwrap();
        assert_eq!(canonical(&one), r#"{"a":[1,{"x":"q\"uote","y":null}],"b":3}"#);
        assert_eq!(digest(&one), digest(&other));
        assert_ne!(digest(&one), digest(&json!({"b": 3.5, "a": []})));
    }
}
