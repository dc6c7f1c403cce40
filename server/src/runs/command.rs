//! Commands: words of a text, and parameters behind them.

use std::collections::BTreeMap;

/// The words of a command line, as a shell would read them.
///
/// # Errors
/// The sentence for it: a quote is not closed.
pub fn words(text: &str) -> Result<Vec<String>, String> {
    shlex::split(text).ok_or_else(|| "The command has a quote that is not closed, or ends with a backslash.".to_owned())
}

/// The command that is run: parameters follow as `--name value`.
pub fn with_params(command: &[String], params: &BTreeMap<String, String>) -> Vec<String> {
    let mut out = command.to_vec();
    for (name, value) in params {
        out.push(format!("--{name}"));
        out.push(value.clone());
    }
    out
}

/// One line, quoted so that a shell would read the same words.
pub fn line(words: &[String]) -> String {
    // Only a NUL cannot be quoted, and no command has one.
    shlex::try_join(words.iter().map(String::as_str)).unwrap_or_else(|_| words.join(" "))
}

/// Lines of `NAME=value`; empty ones are left out.
///
/// # Errors
/// The sentence for the first line that is not.
pub fn pairs(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut out = BTreeMap::new();
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty()) {
        let (name, value) = line.split_once('=').ok_or_else(|| format!("\"{line}\" is not NAME=value."))?;
        out.insert(name.trim().to_owned(), value.trim().to_owned());
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_back() {
        let command = words("python train.py --name 'two words' \"\"").unwrap();
        assert_eq!(command, ["python", "train.py", "--name", "two words", ""]);
        assert_eq!(words(&line(&command)).unwrap(), command);
        assert!(words("echo 'open").is_err());
    }

    #[test]
    fn parameters_follow() {
        let params = pairs("lr = 0.1\n\nepochs=5").unwrap();
        assert_eq!(with_params(&["python".into()], &params), ["python", "--epochs", "5", "--lr", "0.1"]);
        assert!(pairs("lr").is_err());
    }
}
