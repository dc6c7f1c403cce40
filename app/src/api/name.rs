//! Names of teams and of what teams own.

/// What a name must look like, in words.
pub const RULE: &str = "1 to 40 small letters, digits and dashes, with a letter or a digit at both ends";

/// Whether `name` matches `[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?`.
///
/// # Errors
/// The sentence to show beside the field.
pub fn check(name: &str) -> Result<(), String> {
    let edge = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    let bytes = name.as_bytes();
    let good =
        matches!(bytes.len(), 1..=40) && bytes.iter().all(|c| edge(*c) || *c == b'-') && edge(bytes[0]) && edge(bytes[bytes.len() - 1]);
    if good { Ok(()) } else { Err(format!("A name is {RULE}.")) }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn names() {
        for good in ["a", "0", "a-b", "team-1", &"a".repeat(40)] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a_b", "a/b", "é", &"a".repeat(41)] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
