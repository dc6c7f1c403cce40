//! A row of tabs that is wider than the screen shows the one that is chosen.

use super::dom;
use std::cell::RefCell;
use web_sys::{Element, HtmlElement};

thread_local! {
    /// The address whose tab was shown: the reader may look at the others without being taken back.
    static SHOWN: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Moves each row so that its chosen tab stands in the middle, as far as there is room; once for each address.
pub fn settle() {
    let address = dom::window().location().href().unwrap_or_default();
    if SHOWN.replace(address.clone()) == address {
        return;
    }
    for chosen in dom::all::<HtmlElement>(".tabs a[aria-current]") {
        let Some(row) = dom::around::<Element>(&chosen, ".tabs").filter(|r| r.scroll_width() > r.client_width()) else { continue };
        let (tab, seen) = (chosen.get_bounding_client_rect(), row.get_bounding_client_rect());
        let aside = (tab.left() + tab.width() / 2.0) - (seen.left() + seen.width() / 2.0);
        row.set_scroll_left(row.scroll_left() + aside as i32);
    }
}
