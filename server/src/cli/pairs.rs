//! `NAME=VALUE` on the command line, sizes, and spans of time.

use super::Failure;
use app::api::{resources::ResourcesAsked, secrets::SecretUse};
use clap::Args;
use std::collections::BTreeMap;

/// How much a workload asks for.
#[derive(Debug, Clone, Default, Args)]
pub struct Amount {
    /// A size by name: small, medium, large
    #[arg(long)]
    pub size: Option<String>,
    /// CPU: 500m, 2
    #[arg(long)]
    pub cpu: Option<String>,
    /// Memory: 512Mi, 4Gi
    #[arg(long)]
    pub memory: Option<String>,
    /// Whole GPUs
    #[arg(long)]
    pub gpu: Option<String>,
}

impl Amount {
    /// The amounts, as the API takes them.
    pub fn asked(&self) -> ResourcesAsked {
        ResourcesAsked { cpu: self.cpu.clone(), memory: self.memory.clone(), gpu: self.gpu.clone() }
    }
}

/// What a workload finds in its environment.
#[derive(Debug, Clone, Default, Args)]
pub struct Given {
    /// Environment variable NAME=VALUE; may be repeated
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = pair)]
    pub vars: Vec<(String, String)>,
    /// A secret of the team as an environment variable, NAME=SECRET; may be repeated
    #[arg(long = "secret", value_name = "NAME=SECRET", value_parser = pair)]
    pub secrets: Vec<(String, String)>,
}

impl Given {
    /// Environment variables.
    ///
    /// # Errors
    /// One is given twice.
    pub fn env(&self) -> Result<BTreeMap<String, String>, Failure> {
        once(self.vars.clone())
    }

    /// Secrets by name.
    pub fn uses(&self) -> Vec<SecretUse> {
        self.secrets.iter().map(|(env, secret)| SecretUse { env: env.clone(), secret: secret.clone() }).collect()
    }
}

/// `NAME=VALUE`.
///
/// # Errors
/// The sentence for the terminal.
pub fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(format!("\"{text}\" is not of the form NAME=VALUE")),
    }
}

/// By name, each of which is given once.
///
/// # Errors
/// One is given twice: nobody could say which was meant.
pub fn once(pairs: Vec<(String, String)>) -> Result<BTreeMap<String, String>, Failure> {
    let mut all = BTreeMap::new();
    for (name, value) in pairs {
        if all.contains_key(&name) {
            return Err(Failure::usage(format!("{name} is given twice.")));
        }
        all.insert(name, value);
    }
    Ok(all)
}

/// `90`, `30m`, `12h`, `7d` as seconds.
///
/// # Errors
/// The sentence for the terminal.
pub fn seconds(text: &str) -> Result<i64, String> {
    let (number, factor) = match text.as_bytes().last() {
        Some(b's') => (&text[..text.len() - 1], 1),
        Some(b'm') => (&text[..text.len() - 1], 60),
        Some(b'h') => (&text[..text.len() - 1], 3600),
        Some(b'd') => (&text[..text.len() - 1], 86400),
        _ => (text, 1),
    };
    let wrong = || format!("\"{text}\" is not a span of time such as 90s, 30m, 12h or 7d");
    number.parse::<i64>().ok().filter(|n| *n > 0).and_then(|n| n.checked_mul(factor)).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_and_spans() {
        assert_eq!(pair("A=b=c"), Ok(("A".into(), "b=c".into())));
        assert!(pair("A").is_err() && pair("=b").is_err());
        let given = |names: &[&str]| once(names.iter().map(|n| ((*n).to_owned(), "x".to_owned())).collect()).map(|all| all.len());
        assert_eq!(given(&["A", "B"]).map_err(|e| e.message), Ok(2));
        assert_eq!(given(&["A", "B", "A"]).map_err(|e| e.message), Err("A is given twice.".into()));
        assert_eq!(seconds("90"), Ok(90));
        assert_eq!(seconds("2h"), Ok(7200));
        for bad in ["", "h", "-1m", "1.5h", "é", "9223372036854775807d"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }
}
