//! Form fields: a label, a hint, and what is wrong with what was typed, beside it.

use super::{form::FormState, verbatim::in_textarea};
use leptos::prelude::*;

/// Frame of a field; the control is its child and carries the id `{form}-{name}`.
#[component]
fn Framed(
    name: String,
    id: String,
    label: String,
    hint: Option<String>,
    #[prop(optional_no_strip)] instead: Option<AnyView>,
    children: Children,
) -> impl IntoView {
    let wrong = FormState::wrong(&name);
    let (bad, below, key) = (wrong.is_some(), format!("{id}-wrong"), format!("{id}-field"));
    view! {
        <div class="field" class:bad=bad data-key=key>
            <label for=id>{label}</label>
            {children()}
            {wrong.map(|text| view! { <span class="wrong" role="alert" id=below>{text}</span> })}
            {instead}
            {hint.map(|h| view! { <span class="hint">{h}</span> })}
        </div>
    }
}

/// One line of text.
#[component]
pub fn Field(
    /// Name in the form and in the API.
    #[prop(into)]
    name: String,
    /// Its label.
    #[prop(into)]
    label: String,
    /// What to know before typing.
    #[prop(optional, into)]
    hint: Option<String>,
    /// `text`, `password`, `number`, ...
    #[prop(default = "text")]
    kind: &'static str,
    /// What stands in it at first.
    #[prop(optional, into)]
    value: Option<String>,
    /// An example, shown while it is empty.
    #[prop(optional, into)]
    placeholder: Option<String>,
    /// Whether it must be filled.
    #[prop(optional)]
    required: bool,
    /// What the browser may fill in.
    #[prop(default = "off")]
    autocomplete: &'static str,
    /// Whether it is code: monospace, no spell checking.
    #[prop(optional)]
    code: bool,
    /// What the text must look like; with `hint` as the words for it.
    #[prop(optional, into)]
    pattern: Option<String>,
    /// Whether it has the focus when the page opens.
    #[prop(optional)]
    autofocus: bool,
    /// Names to offer.
    #[prop(optional)]
    offers: Vec<String>,
    /// What may be said instead of filling it, of class `instead`: it is shown while something is wrong, or ticked.
    #[prop(optional_no_strip)]
    instead: Option<AnyView>,
) -> impl IntoView {
    let id = FormState::id(&name);
    let wrong = FormState::wrong(&name);
    let value = FormState::typed(&name).or(value);
    let autofocus = autofocus || FormState::first(&name);
    let list = (!offers.is_empty()).then(|| format!("{id}-list"));
    let below = format!("{id}-wrong");
    view! {
        <Framed name=name.clone() id=id.clone() label hint=hint.clone() instead>
            <input id=id name=name type=kind value=value placeholder=placeholder required=required autocomplete=autocomplete class:code=code
                spellcheck=if code { "false" } else { "true" } pattern=pattern title=hint list=list.clone() autofocus=autofocus
                aria-invalid=wrong.is_some().then_some("true") aria-describedby=wrong.is_some().then_some(below)/>
            {list.map(|id| view! { <datalist id=id>{offers.into_iter().map(|o| view! { <option value=o></option> }).collect_view()}</datalist> })}
        </Framed>
    }
}

/// Several lines of text.
#[component]
pub fn Area(
    /// Name in the form and in the API.
    #[prop(into)]
    name: String,
    /// Its label.
    #[prop(into)]
    label: String,
    /// What to know before typing.
    #[prop(optional, into)]
    hint: Option<String>,
    /// What stands in it at first.
    #[prop(optional, into)]
    value: Option<String>,
    /// An example, shown while it is empty.
    #[prop(optional, into)]
    placeholder: Option<String>,
    /// Lines shown.
    #[prop(default = 3)]
    rows: u32,
    /// Whether it must be filled.
    #[prop(optional)]
    required: bool,
    /// What may be said instead of filling it, as of a [`Field`].
    #[prop(optional_no_strip)]
    instead: Option<AnyView>,
) -> impl IntoView {
    let id = FormState::id(&name);
    let wrong = FormState::wrong(&name);
    let value = FormState::typed(&name).or(value).map(|text| in_textarea(&text));
    let (first, below) = (FormState::first(&name), format!("{id}-wrong"));
    view! {
        <Framed name=name.clone() id=id.clone() label hint instead>
            <textarea id=id name=name rows=rows.to_string() placeholder=placeholder required=required class="code" spellcheck="false" autofocus=first
                aria-invalid=wrong.is_some().then_some("true") aria-describedby=wrong.is_some().then_some(below)>{value}</textarea>
        </Framed>
    }
}

/// One of several.
#[component]
pub fn Select(
    /// Name in the form and in the API.
    #[prop(into)]
    name: String,
    /// Its label.
    #[prop(into)]
    label: String,
    /// What to know before choosing.
    #[prop(optional, into)]
    hint: Option<String>,
    /// Value and words of each choice.
    options: Vec<(String, String)>,
    /// The value chosen at first.
    #[prop(optional, into)]
    value: String,
) -> impl IntoView {
    let id = FormState::id(&name);
    let value = FormState::typed(&name).unwrap_or(value);
    let (bad, below) = (FormState::wrong(&name).is_some(), format!("{id}-wrong"));
    let first = FormState::first(&name);
    view! {
        <Framed name=name.clone() id=id.clone() label hint>
            <select id=id name=name autofocus=first aria-invalid=bad.then_some("true") aria-describedby=bad.then_some(below)>
                {options.into_iter().map(|(v, words)| {
                    let chosen = v == value;
                    view! { <option value=v selected=chosen>{words}</option> }
                }).collect_view()}
            </select>
        </Framed>
    }
}

/// Yes or no; sends `true` when it is yes.
#[component]
pub fn Check(
    /// Name in the form and in the API.
    #[prop(into)]
    name: String,
    /// Its label.
    #[prop(into)]
    label: String,
    /// Whether it is yes at first.
    #[prop(optional)]
    checked: bool,
) -> impl IntoView {
    view! { <label class="check"><input type="checkbox" name=name value="true" checked=checked/>{label}</label> }
}
