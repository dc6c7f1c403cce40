//! The options of a command that say when something runs: the page renders them, and the script anew while one types. Pure.

use crate::{
    api::recurring_runs::{Schedule, ScheduleKind},
    ui::shell,
};

/// What stands for a cron where none was typed.
pub const NIGHTLY: &str = "0 0 2 * * *";

/// `--cron '0 0 2 * * *' --time-zone Europe/Berlin`.
pub fn options(schedule: &Schedule) -> String {
    let s = schedule;
    let interval = s.kind.map_or(s.cron.is_none() && s.interval_seconds.is_some(), |kind| kind == ScheduleKind::Interval);
    let when = match s.interval_seconds {
        Some(seconds) if interval => format!("--interval {seconds}"),
        None if interval => "--interval SECONDS".to_owned(),
        _ => format!("--cron {}", shell::word(said(s.cron.as_deref()).unwrap_or(NIGHTLY))),
    };
    let others = [("time-zone", &s.time_zone), ("start", &s.start_at), ("end", &s.end_at)];
    others.into_iter().fold(when, |out, (name, value)| match said(value.as_deref()) {
        Some(value) => format!("{out} --{name} {}", shell::word(value)),
        None => out,
    })
}

fn said(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_as_options() {
        assert_eq!(options(&Schedule::default()), "--cron '0 0 2 * * *'");
        let cron = Schedule {
            kind: Some(ScheduleKind::Cron),
            cron: Some(" 0 0 6 * * MON ".into()),
            time_zone: Some("Europe/Berlin".into()),
            start_at: Some("2026-12-01T02:00".into()),
            end_at: Some(String::new()),
            ..Schedule::default()
        };
        assert_eq!(options(&cron), "--cron '0 0 6 * * MON' --time-zone Europe/Berlin --start 2026-12-01T02:00");
        let interval = Schedule { interval_seconds: Some(90), end_at: Some("2027-01-01T00:00:00Z".into()), ..Schedule::default() };
        assert_eq!(options(&interval), "--interval 90 --end 2027-01-01T00:00:00Z");
        let chosen = Schedule { kind: Some(ScheduleKind::Interval), ..cron };
        assert_eq!(options(&chosen), "--interval SECONDS --time-zone Europe/Berlin --start 2026-12-01T02:00");
    }
}
