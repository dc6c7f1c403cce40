//! Which packages an environment has, of those that were asked for by name.

/// `scikit-learn 1.9.1` for each requirement that the lock pins, in the order of the requirements.
pub fn asked_for(requirements: &str, lock: &str) -> Vec<String> {
    let pins: Vec<(String, &str)> = lock.lines().filter_map(pin).collect();
    let mut out: Vec<String> = Vec::new();
    for line in requirements.lines() {
        let Some(name) = name(line) else { continue };
        let normal = normal(name);
        if let Some((_, version)) = pins.iter().find(|(n, _)| *n == normal) {
            let text = format!("{normal} {version}");
            if !out.contains(&text) {
                out.push(text);
            }
        }
    }
    out
}

/// How many packages a lock pins.
pub fn count(lock: &str) -> usize {
    lock.lines().filter(|l| pin(l).is_some()).count()
}

/// Name and version of a line that pins.
fn pin(line: &str) -> Option<(String, &str)> {
    let (left, right) = line.split_once("==")?;
    let name = name(left)?;
    let version = right.split([' ', ';', '\\']).next().filter(|v| !v.is_empty())?;
    Some((normal(name), version))
}

/// The name at the beginning of a requirement.
fn name(line: &str) -> Option<&str> {
    let line = line.trim();
    let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(line.len());
    let name = &line[..end];
    name.starts_with(|c: char| c.is_ascii_alphanumeric()).then_some(name)
}

/// Names that mean the same package: case, and `-`, `_`, `.` in any number.
fn normal(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if out.ends_with('-') => {}
            '-' | '_' | '.' => out.push('-'),
            c => out.push(c.to_ascii_lowercase()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_what_was_asked_for() {
        let requirements = "# comment\nScikit_Learn>=1\nmlflow-skinny==3.17.2\n\npandas[performance] ; python_version > '3'\nnot-there\n";
        let lock = "mlflow-skinny==3.17.2 \\\n    --hash=sha256:00\npandas==3.1.1\nscikit-learn==1.9.1 ; sys_platform == 'linux' \\\n    --hash=sha256:11\n";
        assert_eq!(asked_for(requirements, lock), ["scikit-learn 1.9.1", "mlflow-skinny 3.17.2", "pandas 3.1.1"]);
        assert_eq!(count(lock), 3);
    }
}
