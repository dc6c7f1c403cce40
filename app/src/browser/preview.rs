//! What is typed in Markdown, as it will be shown.

use super::{dom, notices};
use crate::api::{
    Client,
    markdown::{MarkdownShown, MarkdownText},
    transport::browser::Browser,
};
use web_sys::{Element, HtmlTextAreaElement};

/// Shows the text of the area with this id below it.
pub fn show(button: &Element, area: &str) {
    let text = dom::first::<HtmlTextAreaElement>(&format!("#{area}")).map(|a| a.value());
    let (Some(text), Some(place)) = (text, dom::first::<Element>(&format!("#{area}-preview"))) else { return };
    let button = button.clone();
    leptos::task::spawn_local(async move {
        match Client::new(Browser).markdown(&MarkdownText { text }).await {
            Ok(MarkdownShown { html }) => {
                // Made by the server, which lets nothing through that acts.
                place.set_inner_html(&html);
                let _ = place.remove_attribute("hidden");
                button.set_text_content(Some("Preview again"));
            }
            Err(problem) => notices::problem(&problem),
        }
    });
}
