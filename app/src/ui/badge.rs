//! A state: a colour, an icon and a word, always together.

use super::Icon;
use leptos::prelude::*;

/// What a badge says by colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Over, or off.
    Grey,
    /// Good.
    Green,
    /// Waits, or wants a look.
    Amber,
    /// Wrong.
    Red,
    /// At work.
    Blue,
    /// On its way between two states.
    Violet,
}

impl Tone {
    /// The class of the style sheet.
    pub const fn class(self) -> &'static str {
        match self {
            Tone::Grey => "badge",
            Tone::Green => "badge green",
            Tone::Amber => "badge amber",
            Tone::Red => "badge red",
            Tone::Blue => "badge blue",
            Tone::Violet => "badge violet",
        }
    }
}

/// A badge.
#[component]
pub fn Badge(
    /// Its colour.
    tone: Tone,
    /// Its icon.
    icon: &'static str,
    /// Its word.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    view! { <span class=tone.class()><Icon name=icon/>{text}</span> }
}
