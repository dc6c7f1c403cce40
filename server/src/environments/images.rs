//! Container images of environments, on clusters that run nothing else.

/// Where the images of shipped environments are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Images {
    /// `registry.example.org/slipway-{name}:1`; empty where nobody said.
    pub shipped: String,
}

/// What to do where an environment has none.
pub const MISSING: &str = "This cluster runs containers, and this environment has no image. Make a new version of it with one.";
/// The same for one that comes with Slipway.
pub const UNKNOWN: &str = "This cluster runs containers, and where the images of the environments are that come with Slipway was not said: set kubernetes_environment_image.";

impl Images {
    /// The image of an environment; its own outranks ours.
    ///
    /// # Errors
    /// It has none: what to do about it.
    pub fn of(&self, name: &str, is_shipped: bool, own: Option<&str>) -> Result<String, &'static str> {
        match own {
            // What we said earlier may have changed since.
            Some(own) if !is_shipped => Ok(own.to_owned()),
            _ if !is_shipped => Err(MISSING),
            _ if self.shipped.is_empty() => Err(UNKNOWN),
            _ => Ok(self.shipped.replace("{name}", name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_has_its_own_image_or_ours() {
        let images = Images { shipped: "r/slipway-{name}:2".into() };
        assert_eq!(images.of("train", true, Some("r/slipway-train:1")).as_deref(), Ok("r/slipway-train:2"));
        assert_eq!(images.of("mine", false, Some("r/mine")).as_deref(), Ok("r/mine"));
        assert_eq!(images.of("mine", false, None), Err(MISSING));
        assert_eq!(Images { shipped: String::new() }.of("train", true, None), Err(UNKNOWN));
    }
}
