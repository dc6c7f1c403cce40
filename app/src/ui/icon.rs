//! One set of 16 px strokes, inline: no font, no request.

use leptos::prelude::*;

/// Path data by name; a name that is not there draws nothing.
const PATHS: &[(&str, &str)] = &[
    ("home", "M2.5 7 8 2.5 13.5 7v6.5h-4v-4h-3v4h-4z"),
    ("notebook", "M3.5 2.5h9v11h-9zM6 2.5v11"),
    ("run", "M4.5 3v10l8-5z"),
    ("pipeline", "M2.5 3h4v3h-4zM9.5 10h4v3h-4zM4.5 6v5.5h5"),
    ("model", "M8 1.8 13.5 5v6L8 14.2 2.5 11V5zM2.5 5 8 8l5.5-3M8 8v6"),
    ("deployment", "M8 2c3 2 3.5 5.5 3 9H5c-.5-3.5 0-7 3-9zM5 9l-2 3h2M11 9l2 3h-2M8 6.5v.1"),
    ("environment", "M2.5 4.5 8 2l5.5 2.5L8 7zM2.5 8 8 10.500 13.500 8M2.500 11.500 8 14l5.500-2.500"),
    ("experiment", "M6 2.5h4M7 2.5v4l-4 6.500h10l-4-6.500v-4"),
    (
        "team",
        "M5.500 7.500a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM2 13c0-2.500 1.500-3.500 3.500-3.500S9 10.500 9 13M10.500 7.500a1.700 1.700 0 1 0 0-3.400M11 9.600c1.800.1 3 1.200 3 3.400",
    ),
    (
        "gear",
        "M8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM8 1.500v2M8 12.500v2M1.500 8h2M12.500 8h2M3.400 3.400l1.400 1.400M11.200 11.200l1.400 1.400M3.400 12.600l1.400-1.400M11.200 4.800l1.400-1.400",
    ),
    ("ok", "M3 8.500l3.200 3.200L13 5"),
    ("x", "M4 4l8 8M12 4l-8 8"),
    ("dot", "M8 5.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5z"),
    ("bell", "M4 11.500V7a4 4 0 0 1 8 0v4.500l1 1H3zM6.700 14.200h2.600"),
    ("clock", "M8 2.500a5.500 5.500 0 1 0 0 11 5.500 5.500 0 0 0 0-11zM8 5v3.200l2 1.300"),
    ("search", "M7 2.500a4.500 4.500 0 1 0 0 9 4.500 4.500 0 0 0 0-9zM10.500 10.500l3 3"),
    ("pause", "M5.500 3.500v9M10.500 3.500v9"),
    ("stop", "M4 4h8v8H4z"),
    ("down", "M4 6l4 4 4-4"),
    ("copy", "M5.500 5.500h8v8h-8zM10.500 5.500v-3h-8v8h3"),
    ("file", "M4 1.500h5l3 3v10H4zM9 1.500v3h3"),
    ("folder", "M1.500 4h4.500l1.500 1.500h7v7.500h-13z"),
    ("plus", "M8 3v10M3 8h10"),
    ("out", "M9.500 2.500h4v4M13.500 2.500 8 8M11.500 9v4.500h-9v-9H7"),
    ("fold", "M2.500 3h11v10h-11zM6 3v10"),
    ("user", "M8 8a2.700 2.700 0 1 0 0-5.400A2.700 2.700 0 0 0 8 8zM2.800 14c0-3 2.200-4.500 5.200-4.500s5.200 1.500 5.200 4.500"),
];

/// An icon; decoration only, the words stand beside it.
#[component]
pub fn Icon(
    /// Name in the set.
    #[prop(into)]
    name: Oco<'static, str>,
) -> impl IntoView {
    let path = PATHS.iter().find(|(n, _)| *n == name.as_str()).map_or("", |(_, d)| d);
    view! {
        <svg viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linejoin="round" stroke-linecap="round" aria-hidden="true" focusable="false">
            <path d=path/>
        </svg>
    }
}
