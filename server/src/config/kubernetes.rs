//! What is set for Kubernetes.

use super::load::Values;
use app::api::resources;
use std::{net::IpAddr, path::PathBuf};

/// The values in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kubernetes {
    /// How to connect; where kubectl looks, or what every pod finds, where absent.
    pub kubeconfig: Option<PathBuf>,
    /// Context in it.
    pub context: Option<String>,
    /// Tells this portal's objects from those of others in the same cluster.
    pub name: String,
    /// Slipway's own image.
    pub image: String,
    /// Images of the shipped environments, with `{name}` in it.
    pub environment_image: String,
    /// What stands before a team's name in that of its namespace.
    pub namespace_prefix: String,
    /// User and group id of workloads.
    pub user: i64,
    /// Name of the resource that is a GPU.
    pub gpu: String,
    /// Size of a volume in bytes.
    pub volume_bytes: i64,
    /// Class of volumes.
    pub storage_class: Option<String>,
    /// Networks (CIDR) that workloads may reach beside portal and DNS.
    pub egress: Vec<String>,
    /// URL of a Prometheus that knows what pods use.
    pub prometheus_url: Option<String>,
    /// `auto`, `direct` or `portforward`.
    pub reach: String,
    /// Whether a notebook is Kubeflow's `Notebook`.
    pub notebook: bool,
    /// Whether a run is Kubeflow's `TrainJob`.
    pub train_job: bool,
    /// Whether a replica of a deployment is KServe's `InferenceService`.
    pub inference_service: bool,
}

impl Kubernetes {
    /// Typed values. `used`: whether workloads run there, so that what has no default has to be given.
    ///
    /// # Errors
    /// The first value that is wrong, with what it should look like.
    pub fn of(values: &Values, used: bool) -> Result<Self, String> {
        let image = values.text("kubernetes_image").to_owned();
        if used && image.is_empty() {
            return Err("kubernetes_image: give the image of Slipway that the cluster can pull".into());
        }
        let name = values.text("kubernetes_name").to_owned();
        if app::api::name::check(&name).is_err() {
            return Err(format!("kubernetes_name: \"{name}\" is not a name of small letters, digits and dashes"));
        }
        let environment_image = values.text("kubernetes_environment_image").to_owned();
        if !environment_image.is_empty() && !environment_image.contains("{name}") {
            return Err(format!(
                "kubernetes_environment_image: \"{environment_image}\" has no {{name}} in it, such as registry.example.org/slipway-{{name}}:1: each shipped environment has an image of its own"
            ));
        }
        let namespace_prefix = values.text("kubernetes_namespace_prefix").to_owned();
        // What follows is a name, so only the beginning and the letters are to be right.
        if !namespace_prefix.is_empty() && app::api::name::check(&format!("{namespace_prefix}x")).is_err() {
            return Err(format!("kubernetes_namespace_prefix: \"{namespace_prefix}\" is not made of small letters, digits and dashes"));
        }
        let egress: Vec<String> =
            values.text("kubernetes_egress").split(',').map(str::trim).filter(|n| !n.is_empty()).map(str::to_owned).collect();
        if let Some(wrong) = egress.iter().find(|n| !is_network(n)) {
            return Err(format!("kubernetes_egress: \"{wrong}\" is not a network such as 10.0.0.0/8"));
        }
        let reach = values.text("kubernetes_reach").to_owned();
        if !["auto", "direct", "portforward"].contains(&reach.as_str()) {
            return Err(format!("kubernetes_reach: \"{reach}\" is none of auto, direct, portforward"));
        }
        let prometheus_url = values.optional("kubernetes_prometheus_url");
        if prometheus_url.as_ref().is_some_and(|u| !u.starts_with("http://") && !u.starts_with("https://")) {
            // It may hold a password, so it is not told.
            return Err("kubernetes_prometheus_url: give a URL that begins with http:// or https://".into());
        }
        Ok(Self {
            kubeconfig: values.optional("kubeconfig").map(PathBuf::from),
            context: values.optional("kubernetes_context"),
            name,
            image,
            environment_image,
            namespace_prefix,
            user: values.number("kubernetes_user")?,
            gpu: values.text("kubernetes_gpu").to_owned(),
            volume_bytes: resources::parse_bytes(values.text("kubernetes_volume")).map_err(|e| format!("kubernetes_volume: {e}"))?,
            storage_class: values.optional("kubernetes_storage_class"),
            egress,
            prometheus_url,
            reach,
            notebook: chosen(values, "kubernetes_notebooks", ["statefulset", "notebook"])?,
            train_job: chosen(values, "kubernetes_runs", ["job", "trainjob"])?,
            inference_service: chosen(values, "kubernetes_deployments", ["statefulset", "inferenceservice"])?,
        })
    }
}

/// Whether it is the second of two words.
fn chosen(values: &Values, key: &str, [plain, other]: [&str; 2]) -> Result<bool, String> {
    match values.text(key) {
        word if word == plain => Ok(false),
        word if word == other => Ok(true),
        word => Err(format!("{key}: \"{word}\" is neither {plain} nor {other}")),
    }
}

fn is_network(text: &str) -> bool {
    let Some((ip, bits)) = text.split_once('/') else { return false };
    let most = match ip.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    bits.parse::<u8>().is_ok_and(|b| b <= most)
}

#[cfg(test)]
mod tests {
    use super::is_network;

    #[test]
    fn networks() {
        assert!(is_network("0.0.0.0/0") && is_network("fd00::/8"));
        assert!(!is_network("10.0.0.0") && !is_network("10.0.0.0/33") && !is_network("x/8"));
    }
}
