//! A form that calls the API: by our script within the page, as a plain post without it. What was typed stays when it is refused.

use crate::api::template::WRONG;
use leptos::{context::Provider, prelude::*};
use leptos_router::{hooks::use_query_map, params::ParamsMap};

/// The form around; from context.
#[derive(Clone)]
pub(super) struct FormState {
    id: String,
}

impl FormState {
    /// Id of the field in the page.
    pub(super) fn id(name: &str) -> String {
        use_context::<Self>().map_or_else(|| name.to_owned(), |s| format!("{}-{name}", s.id))
    }

    /// What was typed into the field when a plain browser's form was refused, or the form was asked for anew for another choice in it: it comes
    /// back in the address.
    pub(super) fn typed(name: &str) -> Option<String> {
        let query = use_query_map();
        // What a form is about was chosen anew: what else it asks for is another matter.
        let stays = |q: &ParamsMap| refused(q) || !name.contains('.');
        query.with_untracked(|q| (is_it(q) && stays(q)).then(|| q.get(name)).flatten())
    }

    /// What is wrong with the field, when a plain browser's form was refused.
    pub(super) fn wrong(name: &str) -> Option<String> {
        let query = use_query_map();
        query.with_untracked(|q| refused(q).then(|| wrong(q, name)).flatten())
    }

    /// Whether it is the first field that is wrong then: it has the focus.
    pub(super) fn first(name: &str) -> bool {
        let query = use_query_map();
        query.with_untracked(|q| refused(q) && q.get("field").as_deref() == Some(name))
    }
}

/// Of several fields each has its own words; those about one alone are the problem's.
fn wrong(query: &ParamsMap, name: &str) -> Option<String> {
    let own = query.get(&format!("{WRONG}{name}"));
    own.or_else(|| (query.get("field").as_deref() == Some(name)).then(|| query.get("problem")).flatten())
}

/// Whether the form around is the one that was refused.
fn refused(query: &ParamsMap) -> bool {
    query.get("problem").is_some() && is_it(query)
}

/// Whether the form around is the one that the address is of.
fn is_it(query: &ParamsMap) -> bool {
    let form = query.get("_form");
    form.is_some() && form == use_context::<FormState>().map(|s| s.id)
}

/// A form. `{name}` in `action` is what its field of that name holds; in `next` and `say` also what the answer says under it.
#[component]
pub fn ApiForm(
    /// Begins the ids of its fields; once in a page.
    #[prop(into)]
    id: String,
    /// `POST`, `PUT`, `PATCH` or `DELETE`.
    #[prop(default = "POST")]
    method: &'static str,
    /// Path of the API.
    #[prop(into)]
    action: String,
    /// Where it goes on afterwards; back to this page when left out.
    #[prop(optional, into)]
    next: Option<String>,
    /// What a notice says afterwards.
    #[prop(optional, into)]
    say: Option<String>,
    /// Part of the answer that is shown this once, in what is marked `data-shown` with its name.
    #[prop(optional, into)]
    show: Option<String>,
    /// Class of the form.
    #[prop(default = "form")]
    class: &'static str,
    /// Whether the fields are emptied afterwards.
    #[prop(optional)]
    reset: bool,
    /// Whether it is only a button: what goes wrong appears as a notice.
    #[prop(optional)]
    quiet: bool,
    /// Whether somebody else is signed in afterwards, so that everything is loaded anew.
    #[prop(optional)]
    whole: bool,
    /// The fields and the buttons.
    children: Children,
) -> impl IntoView {
    let state = FormState { id: id.clone() };
    let (key, shown) = (format!("form-{id}"), show.clone());
    let (to, say) = (next.clone().filter(|n| !n.is_empty()), say.filter(|s| !s.is_empty()));
    view! {
        <form class=class method="post" action=action data-key=key data-api=method data-next=to data-say=say data-show=shown data-reset=reset data-quiet=quiet data-whole=whole>
            {(method != "POST").then(|| view! { <input type="hidden" name="_method" value=method/> })}
            {(!quiet).then(|| view! { <input type="hidden" name="_form" value=id/> })}
            {show.map(|show| view! { <input type="hidden" name="_show" value=show/> })}
            {next.filter(|n| !n.is_empty()).map(|next| view! { <input type="hidden" name="next" value=next/> })}
            <Provider value=state>{children()}</Provider>
        </form>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_has_its_own_words() {
        let mut query = ParamsMap::new();
        for (name, value) in [("problem", "Two are wrong."), ("field", "a"), ("wrong.a", "A is wrong."), ("wrong.b", "B is wrong.")] {
            query.insert(name, value.to_owned());
        }
        assert_eq!(
            [wrong(&query, "a"), wrong(&query, "b"), wrong(&query, "c")],
            [Some("A is wrong.".into()), Some("B is wrong.".into()), None]
        );
        let mut one = ParamsMap::new();
        for (name, value) in [("problem", "A is wrong."), ("field", "a")] {
            one.insert(name, value.to_owned());
        }
        assert_eq!([wrong(&one, "a"), wrong(&one, "b")], [Some("A is wrong.".into()), None]);
    }
}

/// Asks for the form around it anew, at `here`, with what was chosen in it. Where our script runs, to choose is enough: `data-follows` around both says so.
#[component]
pub fn FollowButton(
    /// The page.
    here: String,
    /// A field that stays in the address.
    #[prop(default = None)]
    kept: Option<(&'static str, String)>,
    /// Its words.
    children: Children,
) -> impl IntoView {
    let (name, value) = kept.unzip();
    view! { <button class="btn unscripted" type="submit" name=name value=value formmethod="get" formaction=here formnovalidate=true>{children()}</button> }
}
