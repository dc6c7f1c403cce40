//! A table; on a narrow screen a list (give each `td` its column's name in `data-label`).

use leptos::prelude::*;

/// A table with a head. Cells: `class="lead"` for the name, `class="state"` for the state.
#[component]
pub fn Table(
    /// What it lists, for those who do not see it.
    #[prop(into)]
    label: String,
    /// Heading and class (`num` for right-aligned numbers) of each column.
    head: Vec<(&'static str, &'static str)>,
    /// The rows.
    children: Children,
) -> impl IntoView {
    view! {
        <table class="rows" aria-label=label>
            <thead>
                <tr>
                    {head.into_iter().map(|(name, class)| if name.is_empty() {
                        view! { <th class=class><span class="sr">"Actions"</span></th> }.into_any()
                    } else {
                        view! { <th class=class scope="col">{name}</th> }.into_any()
                    }).collect_view()}
                </tr>
            </thead>
            <tbody>{children()}</tbody>
        </table>
    }
}
