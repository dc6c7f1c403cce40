//! Searches over registered models and versions, in MLflow's grammar.

use super::registered::PROMPT_TAG;
use crate::{
    access::TeamMember,
    error::{Error, Result},
    records::search::{Condition, Op, Operand},
    runs::search::syntax::{self, Clause},
    store::{
        Store,
        model_search::{ModelField, Search, Sort},
        model_versions::VersionFull,
        models::ModelFull,
    },
};
use app::api::page::Page;

/// Most registered models in a page.
pub const MAX_MODELS: usize = 1000;
/// The most versions that a client may ask for in a page.
pub const MAX_VERSIONS: usize = 200_000;
/// Versions answered in a page at most; the next page follows by its token.
const VERSIONS_A_PAGE: usize = 10_000;

/// A search as a client of MLflow gives it.
#[derive(Debug, Clone, Default)]
pub struct Asked<'a> {
    /// Conditions joined by AND.
    pub filter: &'a str,
    /// `name ASC`, ...
    pub order_by: &'a [String],
    /// Rows of a page.
    pub max_results: usize,
    /// Where the page begins.
    pub page_token: Option<String>,
}

/// Registered models.
///
/// # Errors
/// A filter, order, size or token that is not right.
pub async fn models(store: &Store, member: &TeamMember, asked: &Asked<'_>) -> Result<Page<ModelFull>> {
    let search = search(asked, Over::Models, MAX_MODELS, MAX_MODELS)?;
    store.model_search(&member.team.id, &search).await
}

/// Versions of registered models.
///
/// # Errors
/// A filter, order, size or token that is not right.
pub async fn versions(store: &Store, member: &TeamMember, asked: &Asked<'_>) -> Result<Page<VersionFull>> {
    let mut search = search(asked, Over::Versions, MAX_VERSIONS, VERSIONS_A_PAGE)?;
    if search.sort.is_empty() {
        search.sort.push((Sort::Updated, false));
    }
    store.version_search(&member.team.id, &search).await
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Over {
    Models,
    Versions,
}

fn search(asked: &Asked<'_>, over: Over, max: usize, page: usize) -> Result<Search> {
    if asked.max_results == 0 || asked.max_results > max {
        return Err(Error::invalid(
            "max_results",
            format!(
                "Invalid value for request parameter max_results. It must be at most {max} and at least 1, but got value {}",
                asked.max_results
            ),
        ));
    }
    let mut conditions: Vec<Condition<ModelField>> =
        syntax::filter(asked.filter)?.into_iter().map(|c| condition(c, over)).collect::<Result<_>>()?;
    // Prompts are kept like models, but only who asks for prompts sees them.
    let prompts = conditions.iter().find(|c| c.field == ModelField::Tag(PROMPT_TAG.into())).is_some_and(|c| match (&c.op, &c.operand) {
        (Op::Eq, Operand::Text(t)) => t.eq_ignore_ascii_case("true"),
        (Op::Ne, Operand::Text(t)) => t.eq_ignore_ascii_case("false"),
        _ => false,
    });
    if !prompts {
        conditions.retain(|c| c.field != ModelField::Tag(PROMPT_TAG.into()));
    }
    Ok(Search {
        conditions,
        without: (!prompts).then_some(PROMPT_TAG),
        sort: sort(asked.order_by, over)?,
        limit: asked.max_results.min(page),
        page_token: asked.page_token.clone().filter(|t| !t.is_empty()),
    })
}

fn condition(clause: Clause, over: Over) -> Result<Condition<ModelField>> {
    let Clause { prefix, key, op, operand } = clause;
    let field = field(prefix.as_deref(), &key, over)?;
    let wrong = |what: &str| Err(Error::invalid("filter", format!("Invalid comparator for {what}: {}", op.as_str())));
    let is_text = matches!(op, Op::Eq | Op::Ne | Op::Like | Op::ILike);
    let is_list = matches!(op, Op::In | Op::NotIn);
    match &field {
        ModelField::Version if !op.is_numeric() => return wrong("attribute version_number"),
        ModelField::Version => {
            let Operand::Int(_) = operand else {
                return Err(Error::invalid("filter", "Invalid value for numeric attribute 'version_number': it is a whole number."));
            };
        }
        ModelField::Tag(_) if !is_text => return wrong("tag"),
        ModelField::Source if !is_text => return wrong("attribute"),
        ModelField::Name | ModelField::RunId if !is_text && !is_list => return wrong("attribute"),
        _ => {
            let fits = match &operand {
                Operand::Text(_) => !is_list,
                Operand::List(list) => is_list && !list.is_empty(),
                _ => false,
            };
            if !fits {
                let what = if is_list { "a list of quoted string values" } else { "a quoted string value" };
                return Err(Error::invalid("filter", format!("Expected {what} for '{}' (e.g. 'my-value').", syntax::shorten(&key))));
            }
        }
    }
    no_nul(&operand)?;
    Ok(Condition { field, op, operand })
}

/// PostgreSQL cannot hold a NUL, so nothing can be equal to one.
pub(super) fn no_nul(operand: &Operand) -> Result<()> {
    let has = match operand {
        Operand::Text(t) => t.contains('\0'),
        Operand::List(list) => list.iter().any(|t| t.contains('\0')),
        _ => false,
    };
    if has { Err(Error::invalid("filter", "A filter cannot have a NUL character.")) } else { Ok(()) }
}

fn field(prefix: Option<&str>, key: &str, over: Over) -> Result<ModelField> {
    match prefix.unwrap_or("attribute") {
        "tag" | "tags" if key.contains('\0') => Err(Error::invalid("filter", "A filter cannot have a NUL character.")),
        "tag" | "tags" => Ok(ModelField::Tag(key.into())),
        "attribute" | "attributes" => match (key, over) {
            ("name", _) => Ok(ModelField::Name),
            ("version_number", Over::Versions) => Ok(ModelField::Version),
            ("run_id", Over::Versions) => Ok(ModelField::RunId),
            ("source_path", Over::Versions) => Ok(ModelField::Source),
            (other, over) => {
                let keys = if over == Over::Models { "{'name'}" } else { "{'name', 'version_number', 'run_id', 'source_path'}" };
                let other = syntax::shorten(other);
                Err(Error::invalid("filter", format!("Invalid attribute key '{other}' specified. Valid keys are '{keys}'")))
            }
        },
        other => {
            let other = syntax::shorten(other);
            Err(Error::invalid("filter", format!("Invalid entity type '{other}'. Valid entity types are ('attribute', 'tag', 'tags')")))
        }
    }
}

fn sort(texts: &[String], over: Over) -> Result<Vec<(Sort, bool)>> {
    let mut out: Vec<(Sort, bool)> = Vec::new();
    for text in texts {
        let clause = syntax::order(text)?;
        let own = matches!(clause.prefix.as_deref(), None | Some("attribute" | "attributes"));
        let by = match clause.key.as_str() {
            "name" if own => Sort::Name,
            "version_number" if own && over == Over::Versions => Sort::Version,
            "creation_timestamp" if own => Sort::Created,
            "last_updated_timestamp" | "timestamp" if own => Sort::Updated,
            other => {
                let other = syntax::shorten(other);
                return Err(Error::invalid(
                    "order_by",
                    format!(
                        "Invalid order by key '{other}' specified. Valid keys are name, creation_timestamp, last_updated_timestamp, version_number (of versions)."
                    ),
                ));
            }
        };
        if out.iter().any(|(s, _)| *s == by) {
            return Err(Error::invalid("order_by", format!("`order_by` contains duplicate fields: {}", syntax::shorten(text))));
        }
        out.push((by, clause.ascending));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(filter: &str, over: Over) -> Result<Search> {
        search(&Asked { filter, max_results: 10, ..Asked::default() }, over, 1000, 1000)
    }

    #[test]
    fn filters() {
        let s = of("name LIKE 'iris%' and tags.`a b` = 'x' AND tag.\"c\" != 'y'", Over::Models).expect("ok");
        assert_eq!(s.conditions.len(), 3);
        assert_eq!(s.without, Some(PROMPT_TAG));
        let s = of("version_number >= 2 and run_id IN ('a','b') and source_path = 'x'", Over::Versions).expect("ok");
        assert_eq!(s.conditions.len(), 3);
        for bad in [
            "foo = 'x'",
            "name > 'x'",
            "name = 3",
            "tags.a IN ('x')",
            "metrics.a > 1",
            "name = 'a' or name = 'b'",
            "run_id = 'x'",
            "name IN 'x'",
        ] {
            assert!(of(bad, Over::Models).is_err(), "{bad}");
        }
        for bad in ["version_number = '1'", "version_number LIKE 1", "source_path IN ('x')", "version_number = 1.5"] {
            assert!(of(bad, Over::Versions).is_err(), "{bad}");
        }
    }

    #[test]
    fn prompts_only_for_who_asks() {
        let s = of("tags.`mlflow.prompt.is_prompt` = 'true'", Over::Models).expect("ok");
        assert_eq!((s.without, s.conditions.len()), (None, 1));
        let s = of("tags.`mlflow.prompt.is_prompt` != 'true' and name = 'x'", Over::Models).expect("ok");
        assert_eq!((s.without, s.conditions.len()), (Some(PROMPT_TAG), 1));
    }

    #[test]
    fn orders() {
        let by = |list: &[&str]| sort(&list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>(), Over::Versions);
        assert_eq!(by(&["name DESC", "version_number"]).expect("ok"), [(Sort::Name, false), (Sort::Version, true)]);
        assert!(by(&["name", "name DESC"]).is_err());
        assert!(by(&["foo"]).is_err());
    }
}
