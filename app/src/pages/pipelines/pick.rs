//! Ticking two rows of a list to compare them: a plain form, whose address is that of the comparison.

use leptos::prelude::*;

/// The id that joins ticks, wherever they stand, with the form.
const FORM: &str = "compare";

/// The cell with the tick of a row.
#[component]
pub fn Pick(
    /// Id of what the row is.
    id: String,
    /// Its name.
    name: String,
) -> impl IntoView {
    let label = format!("Compare {name}");
    view! { <td class="pick" data-label="Compare"><input type="checkbox" name="pick" value=id form=FORM aria-label=label/></td> }
}

/// The button below the list.
#[component]
pub fn Picked(
    /// Address of the comparison, without its query.
    action: String,
    /// What belongs to its query beside what is ticked.
    #[prop(optional)]
    tab: Option<&'static str>,
    /// What is compared, as `versions`.
    what: &'static str,
) -> impl IntoView {
    let tab = tab.map(|tab| view! { <input type="hidden" name="tab" value=tab/> });
    view! {
        <form id=FORM class="picks" method="get" action=action>
            {tab}<span class="sub">{format!("Tick two {what} to see what is different.")}</span><button class="btn small" type="submit">"Compare"</button>
        </form>
    }
}
