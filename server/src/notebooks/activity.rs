//! Whether somebody works in a notebook: judged by its kernels and terminals, as Jupyter tells them. Pure.
//!
//! Jupyter's own `last_activity` of the server is no help: our asking moves it. A kernel that computes does not move its `last_activity`
//! while it does, so a busy one counts as active now.

use crate::clock::parse_rfc3339;
use serde::Deserialize;

/// A terminal that wrote or read within this time works.
const TERMINAL_MS: i64 = 20_000;

/// What kernels and terminals do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Activity {
    /// Whether one of them works right now.
    pub busy: bool,
    /// Last work, milliseconds since 1970; none where there are none.
    pub last: Option<i64>,
}

/// An entry of `/api/kernels` or `/api/terminals`.
#[derive(Debug, Clone, Deserialize)]
pub struct Entry {
    last_activity: Option<String>,
    execution_state: Option<String>,
}

/// Judges. `now` in milliseconds since 1970; a clock that is ahead does not reach into the future.
pub fn judge(now: i64, kernels: &[Entry], terminals: &[Entry]) -> Activity {
    let time = |e: &Entry| e.last_activity.as_deref().and_then(parse_rfc3339).map(|t| t.min(now));
    let computes = kernels.iter().any(|k| k.execution_state.as_deref() == Some("busy"));
    let types = terminals.iter().filter_map(time).any(|t| now - t <= TERMINAL_MS);
    if computes || types {
        return Activity { busy: true, last: Some(now) };
    }
    Activity { busy: false, last: kernels.iter().chain(terminals).filter_map(time).max() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(json: &str) -> Vec<Entry> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn kernels_and_terminals_are_judged() {
        let now = parse_rfc3339("2026-11-23T12:00:00Z").unwrap();
        let idle = entries(
            r#"[{"id":"a","name":"python3","last_activity":"2026-11-23T11:50:00.123456Z","execution_state":"idle","connections":1}]"#,
        );
        let at = parse_rfc3339("2026-11-23T11:50:00.123Z");
        assert_eq!(judge(now, &idle, &[]), Activity { busy: false, last: at });
        let busy = entries(r#"[{"last_activity":"2026-11-23T08:00:00Z","execution_state":"busy","connections":0}]"#);
        assert_eq!(judge(now, &busy, &[]), Activity { busy: true, last: Some(now) });
        let unconnected = entries(r#"[{"last_activity":"2026-11-23T11:00:00Z","execution_state":"starting"}]"#);
        assert!(!judge(now, &unconnected, &[]).busy);
        let terminal = entries(r#"[{"name":"1","last_activity":"2026-11-23T11:59:50Z"}]"#);
        assert!(judge(now, &idle, &terminal).busy);
        let quiet = entries(r#"[{"name":"1","last_activity":"2026-11-23T11:59:00Z"}]"#);
        assert_eq!(judge(now, &idle, &quiet), Activity { busy: false, last: Some(now - 60_000) });
        assert_eq!(judge(now, &[], &[]), Activity::default());
        let ahead = entries(r#"[{"last_activity":"2027-01-01T00:00:00Z","execution_state":"idle"}]"#);
        assert_eq!(judge(now, &ahead, &[]).last, Some(now));
    }
}
