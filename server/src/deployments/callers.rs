//! Who may call a deployment beside its team: setting it.

use super::service::{Service, TRIES, busy};
use crate::{
    access::TeamEditor,
    error::{Error, Result},
};
use app::api::{
    callers::{Callers, SetCallers},
    deployments::Deployment,
    members::Role,
};
use http::Uri;
use serde_json::json;

/// Most origins of a deployment.
const MOST_ORIGINS: usize = 20;

/// Origins as browsers write them.
fn origins(asked: &[String]) -> Result<Vec<String>> {
    let asked: Vec<&str> = asked.iter().map(|o| o.trim()).filter(|o| !o.is_empty()).collect();
    if asked.len() > MOST_ORIGINS {
        return Err(Error::invalid("origins", format!("A deployment has at most {MOST_ORIGINS} origins.")));
    }
    let mut out: Vec<String> = Vec::new();
    for text in asked {
        let origin = origin(text).ok_or_else(|| {
            Error::invalid("origins", format!("\"{text}\" is no origin."))
                .hint("An origin is scheme, host and port, such as https://shop.example or http://localhost:3000; * is any.")
        })?;
        if !out.contains(&origin) {
            out.push(origin);
        }
    }
    Ok(out)
}

fn origin(text: &str) -> Option<String> {
    if text == "*" {
        return Some(text.to_owned());
    }
    let uri: Uri = text.parse().ok()?;
    let (scheme, authority) = (uri.scheme_str()?, uri.authority()?);
    let port = authority.port_u16().filter(|p| (scheme, *p) != ("https", 443) && (scheme, *p) != ("http", 80));
    let bare = matches!(scheme, "http" | "https") && matches!(uri.path(), "" | "/") && uri.query().is_none();
    let named = !authority.as_str().contains('@') && !authority.host().is_empty();
    let host = authority.host().to_ascii_lowercase();
    (bare && named).then(|| port.map_or_else(|| format!("{scheme}://{host}"), |p| format!("{scheme}://{host}:{p}")))
}

impl Service {
    /// Sets who may call a deployment beside its team and its tokens, from the next request on.
    ///
    /// # Errors
    /// Not there, or being removed; an origin that is none; opened to everybody by an editor, or without its name once more; a stale
    /// revision.
    pub async fn set_callers(&self, by: &TeamEditor, name: &str, ask: &SetCallers) -> Result<Deployment> {
        let callers = Callers { public: ask.public, origins: origins(&ask.origins)? };
        for _ in 0..TRIES {
            let row = self.seen(by, name, ask.revision).await?;
            let before = row.callers();
            if callers.public && !before.public {
                if by.role < Role::Maintainer {
                    return Err(Error::forbidden("Only a maintainer of the team opens a deployment to everybody.")
                        .hint("Make a token of the deployment for each caller instead, or ask a maintainer."));
                }
                if ask.sure.as_deref().map(str::trim) != Some(&row.name) {
                    return Err(Error::invalid("sure", format!("Everybody who reaches this portal could call {name}, without a token."))
                        .hint(format!("Write its name, {name}, to confirm that.")));
                }
            }
            if before == callers {
                return self.get(by, name).await;
            }
            let mut tx = self.store.begin().await?;
            if tx.deployment_callers(&row.id, row.revision, &callers).await? {
                let action = if callers.public && !before.public { "open" } else { "set callers" };
                return self.keep(tx, by, &row, action, json!(before), json!(callers)).await;
            }
        }
        Err(busy())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_written_as_browsers_write_them() {
        let of = |text: &str| origin(text);
        assert_eq!(of("https://Shop.Example/").as_deref(), Some("https://shop.example"));
        assert_eq!(of("https://shop.example:443").as_deref(), Some("https://shop.example"));
        assert_eq!(of("http://localhost:3000").as_deref(), Some("http://localhost:3000"));
        assert_eq!(of("*").as_deref(), Some("*"));
        for wrong in
            ["shop.example", "https://shop.example/cart", "ftp://shop.example", "https://a@shop.example", "null", "https://", "https://x?y"]
        {
            assert_eq!(of(wrong), None, "{wrong}");
        }
        let twice = ["https://a.example".to_owned(), " https://a.example/ ".to_owned(), String::new()];
        assert_eq!(origins(&twice).unwrap(), ["https://a.example"]);
        assert_eq!(origins(&vec!["*".to_owned(); 21]).unwrap_err().field.as_deref(), Some("origins"));
    }
}
