//! Neighbours from PyPI: a virtual environment each, made once and kept.

use crate::context::Bench;
use anyhow::{Context, Result, bail};
use std::{
    path::PathBuf,
    process::{Command, Output},
};

/// A virtual environment.
pub struct Venv(PathBuf);

impl Venv {
    /// The one of this name with these requirements; made where it is not there yet, with uv or with venv and pip.
    ///
    /// # Errors
    /// A package cannot be installed; with the resolver's last words.
    pub fn of(bench: &Bench, name: &str, requirements: &[&str]) -> Result<Self> {
        let folder = bench.cache.join(name);
        let (mark, wanted) = (folder.join("requirements.txt"), requirements.join("\n"));
        let venv = Self(folder.clone());
        if std::fs::read_to_string(&mark).is_ok_and(|have| have == wanted) {
            return Ok(venv);
        }
        eprintln!("   installing {}", requirements.join(" "));
        let _ = std::fs::remove_dir_all(&folder);
        let quiet = |program: &str| Command::new(program).arg("--version").output().is_ok_and(|o| o.status.success());
        if quiet("uv") {
            run(Command::new("uv").args(["venv", "-q", "--python", "3.11"]).arg(&folder))?;
            run(Command::new("uv").args(["pip", "install", "-q", "--python"]).arg(venv.program("python")).args(requirements))?;
        } else {
            run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
            run(Command::new(venv.program("python")).args(["-m", "pip", "install", "-q"]).args(requirements))?;
        }
        std::fs::write(mark, wanted)?;
        Ok(venv)
    }

    /// A program of it.
    pub fn program(&self, name: &str) -> PathBuf {
        self.0.join("bin").join(name)
    }

    /// The version of a package in it.
    pub fn version(&self, package: &str) -> String {
        let code = format!("import importlib.metadata as m; print(m.version('{package}'))");
        let out = Command::new(self.program("python")).args(["-c", &code]).output();
        out.map(|o| String::from_utf8_lossy(&o.stdout).trim().to_owned()).unwrap_or_default()
    }
}

/// Runs a program to its end.
///
/// # Errors
/// It is not there, or it fails; with its last words.
pub fn run(command: &mut Command) -> Result<Output> {
    let out = command.output().with_context(|| format!("run {:?}", command.get_program()))?;
    if !out.status.success() {
        let text = String::from_utf8_lossy(&out.stderr);
        let lines: Vec<&str> = text.lines().collect();
        bail!("{:?} failed: {}", command.get_program(), lines[lines.len().saturating_sub(8)..].join("\n"));
    }
    Ok(out)
}
