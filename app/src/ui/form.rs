//! A form that calls the API: over `fetch` in the page, as a plain post without JavaScript. What was typed stays when it is refused.

use super::{ProblemNote, Toasts, dom};
use crate::api::{Problem, transport::BoxFuture};
use leptos::{context::Provider, ev, prelude::*, task::spawn_local};
use leptos_router::hooks::{use_navigate, use_query_map};
use std::{collections::BTreeMap, sync::Arc};

/// What was typed and chosen.
#[derive(Debug, Clone, Default)]
pub struct Values(Vec<(String, String)>);

impl Values {
    /// The text of a field without spaces around it; empty where there is none.
    pub fn text(&self, name: &str) -> String {
        self.raw(name).trim().to_owned()
    }

    /// The text as it is (passwords, secrets).
    pub fn raw(&self, name: &str) -> String {
        self.0.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone()).unwrap_or_default()
    }

    /// The text, or nothing where it is empty.
    pub fn some(&self, name: &str) -> Option<String> {
        Some(self.text(name)).filter(|v| !v.is_empty())
    }

    /// Whether a box is ticked.
    pub fn yes(&self, name: &str) -> bool {
        self.text(name) == "true"
    }

    /// A whole number, or nothing where the field is empty.
    ///
    /// # Errors
    /// The problem to show beside the field.
    pub fn number(&self, name: &str) -> Result<Option<i64>, Problem> {
        self.some(name).map(|v| v.parse().map_err(|_| Problem::new(422, "Write a whole number.").field(name))).transpose()
    }

    /// Lines of `NAME=value`.
    ///
    /// # Errors
    /// The problem to show beside the field.
    pub fn pairs(&self, name: &str) -> Result<BTreeMap<String, String>, Problem> {
        let lines = self.raw(name);
        let lines = lines.lines().map(str::trim).filter(|l| !l.is_empty());
        lines
            .map(|line| match line.split_once('=') {
                Some((k, v)) if !k.trim().is_empty() => Ok((k.trim().to_owned(), v.trim().to_owned())),
                _ => Err(Problem::new(422, format!("\"{line}\" is not NAME=value.")).field(name)),
            })
            .collect()
    }
}

/// What happens after a form ended well.
#[derive(Debug, Clone, Default)]
pub struct After {
    go: Option<String>,
    say: Option<String>,
}

impl After {
    /// The page stays as it is.
    pub fn stay() -> Self {
        Self::default()
    }
    /// The page stays and a notice says so.
    pub fn say(text: impl Into<String>) -> Self {
        Self { go: None, say: Some(text.into()) }
    }
    /// Another page opens.
    pub fn go(url: impl Into<String>) -> Self {
        Self { go: Some(url.into()), say: None }
    }
    /// Another page opens and a notice says what was done.
    pub fn go_saying(url: impl Into<String>, text: impl Into<String>) -> Self {
        Self { go: Some(url.into()), say: Some(text.into()) }
    }
}

/// What a form does with its values.
#[derive(Clone)]
pub struct Submit(Arc<dyn Fn(Values) -> BoxFuture<Result<After, Problem>> + Send + Sync>);

impl Submit {
    /// From a closure that makes a call.
    pub fn new<F>(f: impl Fn(Values) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<After, Problem>> + Send + 'static,
    {
        Self(Arc::new(move |v| Box::pin(f(v))))
    }
}

/// What a page shows is read again when a form of it ended well; from context.
#[derive(Clone, Copy)]
pub struct Refresh(pub RwSignal<u64>);

impl Refresh {
    /// Asks for it.
    pub fn ring(self) {
        let _ = self.0.try_update(|n| *n += 1);
    }
}

/// State of the form around; from context.
#[derive(Clone)]
pub(super) struct FormState {
    id: String,
    problem: RwSignal<Option<Problem>>,
    /// The fields there are: a problem of another one is said at the end of the form.
    fields: StoredValue<Vec<&'static str>>,
}

impl FormState {
    /// Id of the field in the page.
    pub(super) fn id(name: &str) -> String {
        use_context::<Self>().map_or_else(|| name.to_owned(), |s| format!("{}-{name}", s.id))
    }

    /// What was typed into the field when a plain browser's form was refused: it comes back in the address.
    pub(super) fn typed(name: &str) -> Option<String> {
        let query = use_query_map();
        query.with_untracked(|q| q.get("problem").and_then(|_| q.get(name)))
    }

    /// What is wrong with the field.
    pub(super) fn wrong(name: &'static str) -> Signal<Option<String>> {
        let state = use_context::<Self>();
        if let Some(state) = &state {
            state.fields.update_value(|f| f.push(name));
        }
        let query = use_query_map();
        Signal::derive(move || {
            let state = state.as_ref()?;
            let own = state.problem.with(|p| p.as_ref().filter(|p| p.field.as_deref() == Some(name)).map(words));
            own.or_else(|| query.with(|q| (q.get("field").as_deref() == Some(name)).then(|| q.get("problem")).flatten()))
        })
    }
}

fn words(p: &Problem) -> String {
    p.hint.as_deref().map_or_else(|| p.sentence().to_owned(), |h| format!("{} {h}", p.sentence()))
}

/// A form.
#[component]
pub fn ApiForm(
    /// Begins the ids of its fields; once in a page.
    #[prop(into)]
    id: String,
    /// Path of the API that a plain post goes to.
    #[prop(into)]
    action: String,
    /// The same over the client.
    submit: Submit,
    /// Where a plain browser goes afterwards; back to this page when left out.
    #[prop(optional, into)]
    next: Option<String>,
    /// Class of the form.
    #[prop(default = "form")]
    class: &'static str,
    /// Whether the fields are emptied after it ended well.
    #[prop(optional)]
    reset: bool,
    /// Called after it ended well.
    #[prop(optional, into)]
    done: Option<Callback<()>>,
    /// Whether problems without a field are shown by something else (a toast).
    #[prop(optional)]
    quiet: bool,
    /// The fields and the buttons.
    children: Children,
) -> impl IntoView {
    let problem = RwSignal::new(None::<Problem>);
    let busy = RwSignal::new(false);
    let (go, toasts) = (use_navigate(), Toasts::from_context());
    let state = FormState { id, problem, fields: StoredValue::new(Vec::new()) };
    let refresh = use_context::<Refresh>();
    let on_submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        let (values, form) = (Values(dom::form_values(&event)), dom::form_target(&event));
        let (call, go) = ((submit.0)(values), go.clone());
        spawn_local(async move {
            let answer = call.await;
            // The page may have gone on in the meantime.
            let _ = busy.try_set(false);
            match answer {
                Ok(after) => {
                    let _ = problem.try_set(None);
                    dom::form_done(form, reset);
                    if let Some(text) = after.say {
                        toasts.say(text);
                    }
                    if let Some(refresh) = refresh {
                        refresh.ring();
                    }
                    if let Some(done) = done {
                        done.run(());
                    }
                    if let Some(url) = after.go {
                        go(&url, Default::default());
                    }
                }
                Err(p) if quiet => toasts.problem(&p),
                Err(p) => drop(problem.try_set(Some(p))),
            }
        });
    };
    view! {
        <form class=class method="post" action=action on:submit=on_submit aria-busy=move || busy.get().then_some("true")>
            {next.filter(|n| !n.is_empty()).map(|next| view! { <input type="hidden" name="next" value=next/> })}
            <Provider value=state.clone()>{children()}</Provider>
            {(!quiet).then(|| view! { <FormNote state/> })}
        </form>
    }
}

/// The problem of a form as a whole, or of a field that it does not have.
#[component]
fn FormNote(state: FormState) -> impl IntoView {
    move || {
        let problem = state.problem.get()?;
        let beside = problem.field.as_deref().is_some_and(|f| state.fields.with_value(|all| all.contains(&f)));
        (!beside).then(|| view! { <ProblemNote problem/> })
    }
}
