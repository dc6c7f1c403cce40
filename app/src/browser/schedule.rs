//! What follows from a schedule that is being typed: its times, and the command that makes the same.

use super::dom;
use crate::{
    api::{
        Client, Problem,
        recurring_runs::{Schedule, ScheduleKind, SchedulePreview},
        transport::browser::Browser,
    },
    islands::schedule_options::options,
};
use std::cell::Cell;
use web_sys::{Element, Event, HtmlInputElement, HtmlSelectElement};

/// So long nothing is typed before it is asked, in milliseconds.
const PAUSE: u64 = 250;

thread_local! {
    /// Grows with each change: what an earlier one answers comes too late.
    static CHANGED: Cell<u64> = const { Cell::new(0) };
}

/// Listens to the fields of schedules.
pub fn listen() {
    dom::on::<Event>("input", |e| {
        let fields = dom::target(&e).and_then(|t| dom::around::<Element>(&t, "[data-schedule]"));
        let Some(fields) = fields else { return };
        let change = CHANGED.get() + 1;
        CHANGED.set(change);
        dom::later(PAUSE, move || {
            if CHANGED.get() == change {
                ask(fields, change);
            }
        });
    });
}

fn ask(fields: Element, change: u64) {
    let field = |name: &str| {
        let selector = format!("[name='schedule.{name}']");
        let value = dom::within::<HtmlInputElement>(&fields, &format!("input{selector}")).pop().map(|i| i.value());
        value
            .or_else(|| dom::within::<HtmlSelectElement>(&fields, &format!("select{selector}")).pop().map(|s| s.value()))
            .filter(|v| !v.is_empty())
    };
    let interval = field("kind").as_deref() == Some("interval");
    let schedule = Schedule {
        kind: Some(if interval { ScheduleKind::Interval } else { ScheduleKind::Cron }),
        cron: field("cron").filter(|_| !interval),
        interval_seconds: field("interval_seconds").filter(|_| interval).and_then(|n| n.parse().ok()),
        time_zone: field("time_zone"),
        start_at: field("start_at"),
        end_at: field("end_at"),
    };
    // A command whose end is the schedule.
    for place in dom::all::<Element>("[data-schedule-command]") {
        let start = place.get_attribute("data-schedule-command").unwrap_or_default();
        dom::put_code(&place, &format!("{start}{}", options(&schedule)));
    }
    leptos::task::spawn_local(async move {
        let answer = Client::new(Browser).schedule_preview(&schedule).await;
        if CHANGED.get() == change
            && let Some(place) = dom::within::<Element>(&fields, "[data-times]").pop()
        {
            show(&place, &answer);
        }
    });
}

fn show(place: &Element, answer: &Result<SchedulePreview, Problem>) {
    place.set_text_content(None);
    let (class, words, next) = match answer {
        Ok(preview) => ("", preview.when.clone(), preview.next.as_slice()),
        Err(problem) => {
            let hint = problem.hint.as_deref().map(|h| format!(" {h}")).unwrap_or_default();
            ("muted", format!("{}{hint}", problem.sentence()), &[][..])
        }
    };
    let line = dom::made("p", class, &words);
    let list = dom::made("ol", "times", "");
    if let Some(list) = &list {
        for time in next {
            let _ = dom::made("li", "", &time.words).map(|item| list.append_child(&item));
        }
    }
    for part in [line, list.filter(|_| !next.is_empty())].into_iter().flatten() {
        let _ = place.append_child(&part);
    }
}
