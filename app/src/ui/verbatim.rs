//! Text inside of `<textarea>`. Leptos writes it into a page as it is, because its elements have no children; what ends the element, or stands
//! for another character, would be taken for that.

/// The text as it has to stand in the page, so that the browser shows it as it is. In the browser itself nothing has to be done.
pub fn in_textarea(text: &str) -> String {
    if !cfg!(feature = "ssr") {
        return text.to_owned();
    }
    let safe = text.replace('&', "&amp;").replace('<', "&lt;");
    // The first line end of all is the page's, not the text's.
    if safe.starts_with('\n') { format!("\n{safe}") } else { safe }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::in_textarea;

    #[test]
    fn nothing_in_a_text_ends_it() {
        assert_eq!(in_textarea("</textarea><b>&lt;"), "&lt;/textarea>&lt;b>&amp;lt;");
        assert_eq!(in_textarea("\na"), "\n\na");
    }
}
