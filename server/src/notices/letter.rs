//! A notice as a mail.

use super::plan::Told;
use crate::{platform::home, store::notices::ToldRow};

/// Subject and text. `portal` is the URL under which browsers reach the portal.
pub fn letter(portal: &str, event: &ToldRow, told: &Told) -> (String, String) {
    let page = home::page(&event.team, told.kind.object(), &event.object_id, &event.object_name);
    // A name may have more than a line; a subject is one.
    let subject: String = told.yours.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let detail = told.detail.as_ref().map(|d| format!("{d}\n\n")).unwrap_or_default();
    let text = format!(
        "{}.\n\n{detail}{portal}{page}\n\n-- \nTeam {}. What you are told, and where, you choose on {portal}/account\n",
        told.yours, event.team
    );
    (subject, text)
}
