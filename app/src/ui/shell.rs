//! Words for a terminal.

/// One word, in quotes where a shell would read more in it.
pub fn word(text: &str) -> String {
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./=:,+@%{}".contains(c)) && !text.is_empty();
    // Braces mean more to a shell by themselves, and where there is a list or a range in them.
    let braces = text.contains(['{', '}']) && (text.len() < 3 || text.contains(',') || text.contains(".."));
    if plain && !braces { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// A command of several words.
pub fn words(command: &[String]) -> String {
    command.iter().map(|w| word(w)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{word, words};

    #[test]
    fn words_of_a_shell() {
        assert_eq!(word("churn_2.1-x"), "churn_2.1-x");
        assert_eq!(words(&["serve".into(), "{port}".into(), "{a,b}".into(), "{".into()]), "serve {port} '{a,b}' '{'");
        assert_eq!(word("Ada's model"), r"'Ada'\''s model'");
        assert_eq!(words(&["sh".into(), "-c".into(), "a; b".into(), "--lr=0.1".into()]), "sh -c 'a; b' --lr=0.1");
    }
}
