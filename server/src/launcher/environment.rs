//! What the launcher is told in its environment.

use rustix::fs::{Access, access};
use std::{collections::BTreeMap, fs::File, os::unix::process::CommandExt, path::PathBuf, process::Command};

/// Variables: those of the process, or those that it was handed by what it was before.
pub struct Environment {
    handed: Option<BTreeMap<String, String>>,
    /// Whoever clears up sees by it that the virtual environment is used: that of the process does not say so.
    _held: Option<File>,
}

impl Environment {
    /// That of the process.
    pub const fn of_process() -> Self {
        Self { handed: None, _held: None }
    }

    /// What it was handed: what libraries look up themselves must not be among it.
    pub fn handed(variables: BTreeMap<String, String>) -> Self {
        let _held = variables.get("VIRTUAL_ENV").and_then(|folder| File::open(folder).ok());
        Self { handed: Some(variables), _held }
    }

    /// Whether libraries look up one of these in the environment of their process: proxies, whom to trust, where names are asked for.
    pub fn is_for_libraries<'a>(mut names: impl Iterator<Item = &'a String>) -> bool {
        names.any(|name| {
            let name = name.to_ascii_uppercase();
            name.ends_with("_PROXY")
                || name.starts_with("SSL_CERT_")
                || matches!(name.as_str(), "RES_OPTIONS" | "LOCALDOMAIN" | "HOSTALIASES")
        })
    }

    /// A variable.
    pub fn get(&self, name: &str) -> Option<String> {
        #[expect(clippy::disallowed_methods, reason = "a workload has no configuration: it is told in its environment")]
        self.handed.as_ref().map_or_else(|| std::env::var(name).ok(), |handed| handed.get(name).cloned())
    }

    /// A program with this environment and `more`, as `name` means it there.
    pub fn command(&self, name: &str, more: &BTreeMap<String, String>) -> Command {
        let mut command = match &self.handed {
            None => Command::new(name),
            Some(handed) => {
                let path = more.get("PATH").or_else(|| handed.get("PATH"));
                let found = path.filter(|_| !name.contains('/')).and_then(|path| find(name, path));
                let mut command = Command::new(found.unwrap_or_else(|| name.into()));
                command.arg0(name).env_clear().envs(handed);
                command
            }
        };
        command.envs(more);
        command
    }
}

/// The program that a name means in a PATH. Found before it is started: to look it up in an environment that is not its own, a process would
/// have to be copied.
pub fn find(name: &str, path: &str) -> Option<PathBuf> {
    let all = path.split(':').filter(|folder| !folder.is_empty()).map(|folder| PathBuf::from(folder).join(name));
    all.into_iter().find(|found| found.is_file() && access(found, Access::EXEC_OK).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_has_what_was_handed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let handed = [("PATH", format!("{}:/usr/bin:/bin", folder.path().display())), ("GIVEN", "yes".into())];
        let environment = Environment::handed(handed.map(|(k, v)| (k.to_owned(), v)).into());
        assert_eq!((environment.get("GIVEN").as_deref(), environment.get("HOME")), (Some("yes"), None));
        let said = environment.command("sh", &BTreeMap::new()).args(["-c", "echo $0 $GIVEN ${HOME-none}"]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&said.stdout), "sh yes none\n");
        assert!(environment.command("no-such-program", &BTreeMap::new()).output().is_err());
        // The task's own PATH says what a name means.
        let own = tempfile::tempdir().unwrap();
        let (tool, path) = (own.path().join("tool"), [("PATH".to_owned(), own.path().display().to_string())].into());
        std::os::unix::fs::symlink("/bin/echo", &tool).unwrap();
        let said = environment.command("tool", &path).arg("hello").output().unwrap();
        assert_eq!(String::from_utf8_lossy(&said.stdout), "hello\n");
        assert!(environment.command("sh", &path).output().is_err());
        // Neither a folder nor what cannot be run is a program.
        std::fs::create_dir(folder.path().join("ls")).unwrap();
        std::fs::write(folder.path().join("cat"), "").unwrap();
        let path = environment.get("PATH").unwrap();
        assert!(["ls", "cat"].iter().all(|name| find(name, &path).is_some_and(|p| !p.starts_with(folder.path()))));
    }

    #[test]
    fn what_libraries_look_up_is_known() {
        let known = |name: &str| Environment::is_for_libraries([name.to_owned()].iter());
        assert!(["http_proxy", "HTTPS_PROXY", "no_proxy", "SSL_CERT_FILE"].into_iter().all(known));
        assert!(!["PATH", "HOME", "SLIPWAY_URL"].into_iter().any(known));
    }
}
