//! The data folder: room, who holds it, the key in it, and whether time went backwards since it was written.

use super::{error, ok, warning};
use crate::config::{Artifacts, Config};
use app::api::{platform::Finding, resources::bytes_words};
use std::{
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
    time::UNIX_EPOCH,
};

const GIB: u64 = 1 << 30;

/// Room for data, for environments, and for artifacts where they have a place of their own.
pub fn space(config: &Config) -> Vec<Finding> {
    let mut out = vec![room("data folder", &config.data, GIB, 5 * GIB), room("cache folder", &config.cache, 2 * GIB, 5 * GIB)];
    if let Artifacts::Folder(folder) = &config.artifacts
        && !folder.starts_with(&config.data)
    {
        out.push(room("artifact folder", folder, GIB, 5 * GIB));
    }
    out
}

fn room(check: &str, folder: &Path, least: u64, good: u64) -> Finding {
    // What is not there yet is made at the first start, below what is.
    let there = folder.ancestors().find(|p| p.exists()).unwrap_or(Path::new("/"));
    let shown = folder.display();
    if rustix::fs::access(there, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK).is_err() {
        return error(
            check,
            format!("{shown}: this user may not write to {}", there.display()),
            "Give another folder, or its rights to this user.",
        );
    }
    let free = match rustix::fs::statvfs(there) {
        Ok(stat) => stat.f_bavail.saturating_mul(stat.f_frsize),
        Err(e) => return warning(check, format!("{shown}: room cannot be told: {e}"), "Look with `df`."),
    };
    let detail = format!("{shown}, {} free", bytes_words(i64::try_from(free).unwrap_or(i64::MAX)));
    if free < least {
        error(check, detail, "Make room, or give a folder on a larger disk (--data, SLIPWAY_CACHE).")
    } else if free < good {
        warning(check, detail, "Make room: artifacts, logs and environments grow.")
    } else {
        ok(check, detail)
    }
}

/// Whether a server holds the data folder.
pub fn is_locked(config: &Config) -> bool {
    let Ok(file) = std::fs::File::open(config.data.join("lock")) else { return false };
    matches!(file.try_lock(), Err(std::fs::TryLockError::WouldBlock))
}

/// Who holds it.
pub fn lock(config: &Config, running: bool) -> Finding {
    let there = config.data.join("lock").exists();
    ok(
        "lock",
        match (running, there) {
            (true, _) => "a Slipway runs on this data folder",
            (false, true) => "free: no Slipway runs on this data folder",
            (false, false) => "free: no Slipway ever ran on this data folder",
        },
    )
}

/// The key that seals secrets.
pub fn key(config: &Config) -> Finding {
    const CHECK: &str = "secret key";
    if config.secret_key.is_some() {
        return ok(CHECK, "from the configuration");
    }
    let path = config.data.join("key");
    let shown = path.display();
    let Ok(meta) = std::fs::metadata(&path) else { return ok(CHECK, format!("{shown} is made at the first start")) };
    let mode = meta.permissions().mode() & 0o777;
    let us = rustix::process::geteuid().as_raw();
    if mode & 0o077 != 0 {
        error(
            CHECK,
            format!("{shown} has mode {mode:04o}: others can read it"),
            format!("chmod 600 {shown}; set the team's secrets anew if others did."),
        )
    } else if us != 0 && meta.uid() != us {
        error(CHECK, format!("{shown} belongs to another user"), "Run as the user who made the data folder.")
    } else {
        ok(CHECK, format!("{shown}, mode {mode:04o}; without it sealed secrets are lost: back it up apart from the database"))
    }
}

/// Time that goes backwards makes sessions and tokens live too long.
pub fn clock(config: &Config, now: i64) -> Finding {
    const CHECK: &str = "clock";
    const FIX: &str = "Set the clock, and keep it right (systemd-timesyncd, chrony).";
    let shown = crate::clock::rfc3339(now);
    // The day this was written: no right clock is before it.
    if now < 1_763_942_400_000 {
        return error(CHECK, format!("{shown} is in the past"), FIX);
    }
    let written =
        ["slipway.db-wal", "slipway.db", "lock"].iter().filter_map(|f| std::fs::metadata(config.data.join(f)).ok()?.modified().ok());
    let newest = written.filter_map(|t| i64::try_from(t.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()).max();
    match newest {
        Some(newest) if newest > now + 60_000 => warning(
            CHECK,
            format!("{shown}, but the data folder was written at {}: the clock went back", crate::clock::rfc3339(newest)),
            FIX,
        ),
        _ => ok(CHECK, shown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(data: &Path) -> Config {
        let flags = [("data".to_owned(), data.display().to_string())].into();
        let around = crate::config::load::Surroundings { home: Some(data.to_owned()), ..Default::default() };
        crate::config::load::gather(&flags, &Default::default(), None).unwrap().config(&around).unwrap()
    }

    #[test]
    fn a_key_that_others_can_read_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path());
        assert_eq!(key(&config).level, "ok");
        std::fs::write(folder.path().join("key"), "x").unwrap();
        for (mode, level) in [(0o640, "error"), (0o604, "error"), (0o600, "ok"), (0o400, "ok")] {
            std::fs::set_permissions(folder.path().join("key"), std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(key(&config).level, level, "{mode:o}");
        }
    }

    #[test]
    fn a_held_folder_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path());
        assert!(!is_locked(&config));
        let file = std::fs::File::create(folder.path().join("lock")).unwrap();
        assert!(!is_locked(&config));
        file.try_lock().unwrap();
        assert!(is_locked(&config));
    }

    #[test]
    fn a_clock_that_went_back_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path());
        assert_eq!(clock(&config, 0).level, "error");
        assert_eq!(clock(&config, 1_800_000_000_000).level, "ok");
        let db = std::fs::File::create(folder.path().join("slipway.db")).unwrap();
        db.set_modified(UNIX_EPOCH + std::time::Duration::from_millis(1_800_000_600_000)).unwrap();
        assert_eq!(clock(&config, 1_800_000_000_000).level, "warning");
    }
}
