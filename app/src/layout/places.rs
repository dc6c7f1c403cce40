//! Where one can go in a team: the side nav, the palette and the shortcuts read this list.

/// A page of a team.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// For people.
    pub label: &'static str,
    /// In the icon set.
    pub icon: &'static str,
    /// After `/teams/{team}`.
    pub path: &'static str,
    /// The key after `g`.
    pub key: char,
    /// Whether it stays in the bar of a narrow screen.
    pub narrow: bool,
}

const fn place(label: &'static str, icon: &'static str, path: &'static str, key: char, narrow: bool) -> Place {
    Place { label, icon, path, key, narrow }
}

/// The entries, in order. Team stands apart, at the end.
pub const PLACES: [Place; 8] = [
    place("Home", "home", "", 'h', true),
    place("Notebooks", "notebook", "/notebooks", 'n', true),
    place("Runs", "run", "/runs", 'r', true),
    place("Pipelines", "pipeline", "/pipelines", 'p', true),
    place("Models", "model", "/models", 'm', true),
    place("Deployments", "deployment", "/deployments", 'd', true),
    place("Environments", "environment", "/environments", 'e', false),
    place("Team", "team", "/team", 't', false),
];

/// The entry that `path` (the whole address) belongs to.
pub fn current(path: &str) -> Option<&'static str> {
    let rest = path.strip_prefix("/teams/")?;
    let section = match rest.split('/').nth(1).unwrap_or("") {
        // What promotes models is reached from them.
        "promotions" => "models",
        "pipeline-runs" | "recurring-runs" => "pipelines",
        other => other,
    };
    PLACES.iter().find(|p| p.path.trim_start_matches('/') == section).map(|p| p.label)
}

#[cfg(test)]
mod tests {
    use super::current;

    #[test]
    fn entries() {
        assert_eq!(current("/teams/a"), Some("Home"));
        assert_eq!(current("/teams/a/runs/submit"), Some("Runs"));
        assert_eq!(current("/teams/a/team"), Some("Team"));
        assert_eq!(current("/teams/a/promotions/1"), Some("Models"));
        assert_eq!(current("/teams/a/pipeline-runs/1"), Some("Pipelines"));
        assert_eq!(current("/teams/a/recurring-runs/1/edit"), Some("Pipelines"));
        assert_eq!(current("/admin"), None);
    }
}
