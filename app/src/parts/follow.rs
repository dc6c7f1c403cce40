//! Which alias a deployment may follow.

/// The choices of a field `alias`, with `nothing` as the words for none; no field where there is no alias.
pub fn follow_options(aliases: impl Iterator<Item = (String, i64)>, nothing: &str) -> Option<Vec<(String, String)>> {
    let mut options = vec![(String::new(), nothing.to_owned())];
    options.extend(aliases.map(|(alias, version)| {
        let words = format!("@{alias}, v{version} now");
        (alias, words)
    }));
    (options.len() > 1).then_some(options)
}
