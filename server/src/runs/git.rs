//! Code from git: which URLs are taken, and which commit a ref means now.

use crate::error::{Error, Result};
use std::{path::PathBuf, process::Stdio, time::Duration};
use tokio::{io::AsyncReadExt, process::Command, time::timeout};

/// Protocols that fetch and do nothing else.
pub const PROTOCOLS: &str = "https:http:ssh:git:file";
/// How the starter says that the code could not be had.
pub const NO_CODE: i64 = 113;
const WITHIN: Duration = Duration::from_secs(20);
/// Bytes of an answer at most: a repository with very many refs of one name is none of ours.
const ANSWER_MAX: u64 = 1 << 20;

/// Whether a URL may be fetched from.
///
/// # Errors
/// The sentence for it.
pub fn check_url(url: &str) -> Result<()> {
    let wrong = |sentence: &str| Err(Error::invalid("code", sentence));
    if url.len() > 1000 || url.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return wrong("A git URL has no spaces and at most 1000 characters.");
    }
    let Some((scheme, rest)) = url.split_once("://") else {
        return wrong("A git URL begins with https://, http://, ssh://, git:// or file://.");
    };
    if !PROTOCOLS.split(':').any(|p| p == scheme) {
        return wrong("A git URL begins with https://, http://, ssh://, git:// or file://.");
    }
    let authority = rest.split('/').next().unwrap_or_default();
    if authority.split_once('@').is_some_and(|(who, _)| who.contains(':')) {
        return wrong("A password in a URL would be shown to everybody in the team: use a URL without one.");
    }
    // A host that begins with a dash is read as an option by ssh.
    if authority.rsplit('@').next().is_some_and(|host| host.starts_with('-')) {
        return wrong("This is not the name of a host.");
    }
    Ok(())
}

/// Whether a text can be a branch, a tag or a commit.
///
/// # Errors
/// The sentence for it.
pub fn check_ref(reference: &str) -> Result<()> {
    let bad = reference.is_empty()
        || reference.len() > 250
        || reference.starts_with('-')
        || reference.contains("..")
        || reference.chars().any(|c| c.is_whitespace() || c.is_control() || "~^:?*[\\".contains(c));
    if bad { Err(Error::invalid("code", format!("\"{reference}\" is not a branch, a tag or a commit."))) } else { Ok(()) }
}

/// Whether a text is a whole commit.
pub fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The commit that a ref means now. Asks the repository, so never inside a transaction.
///
/// # Errors
/// It does not answer, or has no such ref; in words.
pub async fn resolve(url: &str, reference: &str) -> Result<String> {
    check_url(url)?;
    check_ref(reference)?;
    if is_commit(reference) {
        return Ok(reference.to_owned());
    }
    let answer = timeout(WITHIN, ls_remote(url, reference)).await.map_err(|_| {
        Error::invalid("code", format!("{url} did not answer within {} seconds.", WITHIN.as_secs())).hint("Check the URL, or try again.")
    })??;
    pick(&answer, reference).ok_or_else(|| {
        Error::invalid("code", format!("{url} has no branch or tag \"{reference}\".")).hint("A commit is written with all its 40 digits.")
    })
}

async fn ls_remote(url: &str, reference: &str) -> Result<String> {
    let mut child = Command::new("git")
        .args(["ls-remote", "--quiet", "--", url, reference, &format!("{reference}^{{}}")])
        // Nobody's passwords and no helper programs: what is public, or what ssh has a key for.
        .envs([
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_ALLOW_PROTOCOL", PROTOCOLS),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_ASKPASS", "true"),
        ])
        .env("GIT_SSH_COMMAND", "ssh -oBatchMode=yes")
        .env_remove("GIT_DIR")
        .current_dir(PathBuf::from("/"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|_| Error::invalid("code", "git is not installed on this machine.").hint("Debian: apt install git"))?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let read = async |pipe: Option<Box<dyn tokio::io::AsyncRead + Send + Unpin>>| {
        let mut text = Vec::new();
        if let Some(pipe) = pipe {
            // What cannot be read is missing below, which says enough.
            let _ = pipe.take(ANSWER_MAX).read_to_end(&mut text).await;
        }
        String::from_utf8_lossy(&text).into_owned()
    };
    let (answer, words) = tokio::join!(read(out.map(|p| Box::new(p) as _)), read(err.map(|p| Box::new(p) as _)));
    let status = child.wait().await?;
    if status.success() {
        return Ok(answer);
    }
    let words: String = words.lines().map(str::trim).filter(|l| !l.is_empty()).take(3).collect::<Vec<_>>().join(" ");
    Err(Error::invalid("code", format!("{url} cannot be read: {}", words.chars().take(500).collect::<String>())))
}

/// The commit among the lines of `ls-remote`: a branch before a tag, the commit that an annotated tag points to.
fn pick(answer: &str, reference: &str) -> Option<String> {
    let lines: Vec<(&str, &str)> = answer.lines().filter_map(|l| l.split_once('\t')).collect();
    let names =
        [reference.to_owned(), format!("refs/heads/{reference}"), format!("refs/tags/{reference}^{{}}"), format!("refs/tags/{reference}")];
    let found = names.iter().find_map(|name| lines.iter().find(|(_, n)| n == name)).map(|(commit, _)| (*commit).to_owned());
    found.filter(|commit| is_commit(commit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        for good in ["https://git.example.org/a/b.git", "ssh://git@host/x", "file:///srv/repo", "http://user@host/x"] {
            assert!(check_url(good).is_ok(), "{good}");
        }
        for bad in
            ["ext::sh -c id", "--upload-pack=x", "/srv/repo", "ftp://x/y", "https://a:b@host/x", "ssh://-oProxyCommand=x/y", "https://a b"]
        {
            assert!(check_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn refs() {
        assert!(check_ref("main").is_ok() && check_ref("feature/x").is_ok() && check_ref("v1.0").is_ok());
        for bad in ["", "-x", "a..b", "a b", "a^{}", "a*"] {
            assert!(check_ref(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_commit_of_a_ref() {
        let (a, b, c) = ("a".repeat(40), "b".repeat(40), "c".repeat(40));
        let answer = format!("{a}\trefs/heads/x/main\n{b}\trefs/heads/main\n{c}\trefs/tags/v1\n{a}\trefs/tags/v1^{{}}\n");
        assert_eq!(pick(&answer, "main"), Some(b));
        assert_eq!(pick(&answer, "v1"), Some(a));
        assert_eq!(pick(&answer, "none"), None);
    }
}
