//! The fields that say when something runs, with the times that follow from them. The script asks for these anew while one types
//! (`browser/schedule.rs`); without it a button does.

use super::recurring_run::Times;
use crate::{
    api::{
        Problem,
        recurring_runs::{Schedule, SchedulePreview},
    },
    ui::{Field, Select},
};
use leptos::prelude::*;

/// Time zones that are offered; every other name may be typed.
const ZONES: [&str; 24] = [
    "UTC",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Mexico_City",
    "America/New_York",
    "America/Sao_Paulo",
    "Africa/Cairo",
    "Africa/Johannesburg",
    "Africa/Lagos",
    "Asia/Dubai",
    "Asia/Hong_Kong",
    "Asia/Kolkata",
    "Asia/Seoul",
    "Asia/Shanghai",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Europe/Berlin",
    "Europe/Istanbul",
    "Europe/London",
    "Europe/Madrid",
    "Europe/Paris",
    "Pacific/Auckland",
];

/// The fields.
#[component]
pub fn ScheduleFields(
    /// What stands in them at first.
    schedule: Schedule,
    /// When that runs.
    preview: Result<SchedulePreview, Problem>,
    /// The page itself: it shows the times of what is typed, where there is no script.
    here: String,
) -> impl IntoView {
    let s = schedule;
    let kinds = vec![("cron".to_owned(), "At the times of a cron".to_owned()), ("interval".to_owned(), "Every so many seconds".to_owned())];
    let kind = if s.interval_seconds.is_some() && s.cron.is_none() { "interval" } else { "cron" };
    let offers = ZONES.map(str::to_owned).to_vec();
    let bounded = s.start_at.is_some() || s.end_at.is_some();
    view! {
        <div class="schedule" data-schedule>
            <div class="pair">
                <Select name="schedule.kind" label="When it runs" options=kinds value=kind/>
                <div class="of-cron"><Field name="schedule.cron" label="Cron" value=s.cron.unwrap_or_default() code=true placeholder="0 0 2 * * MON-FRI"
                    hint="Second, minute, hour, day of the month, month, weekday. 0 is Sunday."/></div>
                <div class="of-interval"><Field name="schedule.interval_seconds" label="Seconds from one run to the next" kind="number"
                    value=s.interval_seconds.map(|n| n.to_string()).unwrap_or_default() placeholder="3600" hint="Counted from the start."/></div>
            </div>
            <Field name="schedule.time_zone" label="Time zone" value=s.time_zone.unwrap_or_default() placeholder="UTC" offers hint="Whose clock the cron goes by."/>
            <details class="more" open=bounded>
                <summary>"Start and end"</summary>
                <div class="pair">
                    <Field name="schedule.start_at" label="Not before" value=s.start_at.unwrap_or_default() code=true placeholder="2026-12-01T02:00" hint="On that clock, or with Z or an offset behind it. Times since a start in the past count as missed."/>
                    <Field name="schedule.end_at" label="Not after" value=s.end_at.unwrap_or_default() code=true placeholder="2027-12-01T02:00"/>
                </div>
            </details>
            <div class="soon" data-times role="status" aria-label="The next times"><Soon preview/></div>
            <button class="btn unscripted" type="submit" formmethod="get" formaction=here formnovalidate=true>"Show the next times"</button>
        </div>
    }
}

#[component]
fn Soon(preview: Result<SchedulePreview, Problem>) -> impl IntoView {
    match preview {
        Ok(p) => view! { <p>{p.when}</p><Times next=p.next/> }.into_any(),
        Err(problem) => view! { <p class="muted">{problem.sentence().to_owned()}</p> }.into_any(),
    }
}
