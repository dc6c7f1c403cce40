//! Environment variables and secrets: in words, and in a form as lines of `NAME=value`.

use crate::{api::secrets::SecretUse, ui::Area};
use leptos::prelude::*;
use std::collections::BTreeMap;

/// The two fields.
#[component]
pub fn Surroundings(
    /// What there is now, to be changed; what is left empty is then none.
    #[prop(optional_no_strip)]
    now: Option<Now>,
) -> impl IntoView {
    let counts = now.is_some().then(|| {
        view! { <input type="hidden" name="empty" value="env"/><input type="hidden" name="empty" value="secrets"/> }
    });
    let now = now.unwrap_or_default();
    view! {
        <details class="more">
            <summary>"Environment variables and secrets"</summary>
            <div class="form">
                {counts}
                <Area name="env" label="Environment variables" value=now.env placeholder="DATA_URL=https://..." hint="NAME=value, one a line."/>
                <Area name="secrets" label="Secrets" value=now.secrets placeholder="API_KEY=warehouse-key" hint="VARIABLE=name of a secret of the team, one a line."/>
            </div>
        </details>
    }
}

/// Variables and secrets as lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Now {
    env: String,
    secrets: String,
}

impl Now {
    /// Nothing where a value cannot be said in a line: then it is not to be typed again.
    pub fn of(env: &BTreeMap<String, String>, secrets: &[SecretUse]) -> Option<Self> {
        let as_is = |value: &String| !value.contains(['\n', '\r']) && value.trim() == value;
        let lines = |all: Vec<String>| all.join("\n");
        env.values().all(as_is).then(|| Self {
            env: lines(env.iter().map(|(name, value)| format!("{name}={value}")).collect()),
            secrets: lines(secrets.iter().map(|s| format!("{}={}", s.env, s.secret)).collect()),
        })
    }
}

/// The names of the variables.
pub fn variables(env: &BTreeMap<String, String>) -> Option<String> {
    (!env.is_empty()).then(|| env.keys().cloned().collect::<Vec<_>>().join(", "))
}

/// Which secret is in which variable.
pub fn secrets(uses: &[SecretUse]) -> Option<String> {
    (!uses.is_empty()).then(|| uses.iter().map(|s| format!("{} from {}", s.env, s.secret)).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_what_there_is() {
        let env = |value: &str| BTreeMap::from([("A".to_owned(), "1=2".to_owned()), ("B".to_owned(), value.to_owned())]);
        let uses = [SecretUse { env: "KEY".into(), secret: "warehouse".into() }];
        let now = Now::of(&env(""), &uses).unwrap();
        assert_eq!((now.env.as_str(), now.secrets.as_str()), ("A=1=2\nB=", "KEY=warehouse"));
        assert_eq!(Now::of(&env("two\nlines"), &uses), None);
        assert_eq!(Now::of(&env(" spaces "), &uses), None);
        assert_eq!((variables(&env("")).as_deref(), secrets(&uses).as_deref()), (Some("A, B"), Some("KEY from warehouse")));
        assert_eq!((variables(&BTreeMap::new()), secrets(&[])), (None, None));
    }
}
