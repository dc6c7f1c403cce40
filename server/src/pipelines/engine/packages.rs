//! The packages that a lightweight component installs before it runs.

use serde::{Deserialize, Serialize};

/// One `pip install`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Install {
    /// What is installed, as pip takes it.
    pub requirements: Vec<String>,
    /// Without what those need.
    pub no_deps: bool,
    /// Indexes to look in, the first in place of the usual one.
    pub index_urls: Vec<String>,
    /// Hosts whose certificate is not checked.
    pub trusted_hosts: Vec<String>,
}

/// A command, and what has to be installed for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packages {
    /// What is installed, in this order.
    pub installs: Vec<Install>,
    /// The command without its installing.
    pub argv: Vec<String>,
}

/// Takes the installing off a command as the SDK compiles it. None: there is none, or it is not understood; the command is run as it is then.
///
/// What the SDK puts before a command is `sh -c SCRIPT`, where the script ends in `&& "$0" "$@"`: what follows is the command.
pub fn packages(argv: &[String]) -> Option<Packages> {
    let [shell, flag, script, rest @ ..] = argv else { return None };
    if shell != "sh" || flag != "-c" || rest.is_empty() {
        return None;
    }
    let body = script.trim().strip_suffix("\"$0\" \"$@\"")?.trim_end().strip_suffix("&&")?;
    let (before, commands) = body.split_once("PIP_DISABLE_PIP_VERSION_CHECK=1")?;
    let before = before.trim();
    // Makes sure that there is a pip; the environment has one.
    if !(before.is_empty() || before.starts_with("if ! [ -x \"$(command -v pip)\" ]; then") && before.ends_with("fi")) {
        return None;
    }
    let mut installs = Vec::new();
    for command in commands.split("&&") {
        let command = without_venv(command)?;
        if !command.trim().is_empty() {
            installs.push(install(&command)?);
        }
    }
    Some(Packages { installs, argv: rest.to_vec() })
}

/// The script that makes a virtual environment for the installing is not needed: there is one already.
fn without_venv(command: &str) -> Option<String> {
    const LINES: [&str; 4] = [
        "export PIP_DISABLE_PIP_VERSION_CHECK=1",
        "tmp=$(mktemp -d)",
        "python3 -m venv \"$tmp/venv\" --system-site-packages",
        ". \"$tmp/venv/bin/activate\"",
    ];
    let lines: Vec<&str> = command.lines().map(str::trim).filter(|line| !line.is_empty() && !LINES.contains(line)).collect();
    (lines.len() <= 1).then(|| lines.concat())
}

/// Nothing that a shell would act on, outside of quotes.
fn is_plain(command: &str) -> bool {
    let mut quote = None;
    for c in command.chars() {
        match quote {
            Some('\'') if c != '\'' => {}
            Some(q) if c == q => quote = None,
            None if c == '\'' || c == '"' => quote = Some(c),
            _ if "$`\\".contains(c) => return false,
            None if "|;&<>(){}*?~#\n".contains(c) => return false,
            _ => {}
        }
    }
    quote.is_none()
}

fn install(command: &str) -> Option<Install> {
    if !is_plain(command) {
        return None;
    }
    let words = shlex::split(command)?;
    let words = words.strip_prefix(["python3", "-m", "pip", "install"].map(str::to_owned).as_slice())?;
    let mut out = Install::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--quiet" | "--no-warn-script-location" => {}
            "--no-deps" => out.no_deps = true,
            "--index-url" => out.index_urls.insert(0, words.next()?.clone()),
            "--extra-index-url" => out.index_urls.push(words.next()?.clone()),
            "--trusted-host" => out.trusted_hosts.push(words.next()?.clone()),
            // Whatever else pip can do is left to pip.
            other if other.starts_with('-') => return None,
            _ => out.requirements.push(word.clone()),
        }
    }
    (!out.requirements.is_empty()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KFP: &str = "python3 -m pip install --quiet --no-warn-script-location 'kfp==2.17.3' '--no-deps' 'typing-extensions>=3.7.4,<5; python_version<\"3.9\"'";

    fn of(commands: &str) -> Option<Packages> {
        let script = format!(
            "\nif ! [ -x \"$(command -v pip)\" ]; then\n    python3 -m ensurepip || python3 -m ensurepip --user || apt-get install python3-pip\nfi\n\nPIP_DISABLE_PIP_VERSION_CHECK=1 {commands} && \"$0\" \"$@\"\n"
        );
        packages(&["sh", "-c", &script, "sh", "-ec", "program", "source"].map(str::to_owned))
    }

    fn kfp() -> Install {
        let requirements = ["kfp==2.17.3", "typing-extensions>=3.7.4,<5; python_version<\"3.9\""].map(str::to_owned).to_vec();
        Install { requirements, no_deps: true, ..Install::default() }
    }

    #[test]
    fn the_sdk_alone_is_installed_without_what_it_needs() {
        let found = of(KFP).unwrap();
        assert_eq!(found.installs, [kfp()]);
        assert_eq!(found.argv, ["sh", "-ec", "program", "source"]);
    }

    #[test]
    fn packages_come_before_it_and_may_come_from_elsewhere() {
        let own = "python3 -m pip install --quiet --no-warn-script-location --index-url https://a/simple --extra-index-url https://b/simple --trusted-host a 'six==1.17.0' \"it's\"";
        let found = of(&format!("{own}  &&  {KFP}")).unwrap();
        let own = Install {
            requirements: vec!["six==1.17.0".to_owned(), "it's".to_owned()],
            no_deps: false,
            index_urls: vec!["https://a/simple".to_owned(), "https://b/simple".to_owned()],
            trusted_hosts: vec!["a".to_owned()],
        };
        assert_eq!(found.installs, [own, kfp()]);
    }

    #[test]
    fn an_environment_made_for_it_is_not_made() {
        let venv = "\nexport PIP_DISABLE_PIP_VERSION_CHECK=1\ntmp=$(mktemp -d)\npython3 -m venv \"$tmp/venv\" --system-site-packages\n. \"$tmp/venv/bin/activate\"\n ";
        assert_eq!(of(&format!("{venv}{KFP}")).unwrap().installs, [kfp()]);
    }

    #[test]
    fn what_is_not_understood_is_left_alone() {
        for commands in [
            "python3 -m pip install --target /x 'six'",
            "python3 -m pip install --quiet",
            "echo hello",
            "python3 -m pip install 'six' || true",
            "python3 -m pip install six > /x",
            "python3 -m pip install \"$(id)\"",
            "python3 -m pip install 'six'\nrm -rf /",
        ] {
            assert_eq!(of(commands), None, "{commands}");
        }
        assert_eq!(packages(&["sh", "-c", "echo hello"].map(str::to_owned)), None);
        assert_eq!(packages(&["echo", "hello"].map(str::to_owned)), None);
        assert_eq!(packages(&[]), None);
    }
}
