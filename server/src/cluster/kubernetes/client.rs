//! Talking to the API server: every call within a time limit, every failure a sentence.

use super::{maker::MakerKind, names::MANAGER, rights::Right};
use crate::{
    clock::parse_http_date,
    error::{Error, Kind, Result},
};
use http::Request;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{
    Api, Client, Config, Resource,
    api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams},
    config::{KubeConfigOptions, Kubeconfig},
    core::{ApiResource, DynamicResourceScope, Status, params::Preconditions},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::{fmt::Debug, io, path::Path, time::Duration};
use tokio::io::DuplexStream;

/// How long one call may take.
const WITHIN: Duration = Duration::from_secs(15);
/// How often a call is tried that the API server cannot answer now, and how long to wait at first.
const TRIES: usize = 4;
const PAUSE: Duration = Duration::from_millis(250);
/// How long the connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// Names a kind of objects.
pub fn resource(group: &str, version: &str, kind: &str, plural: &str) -> ApiResource {
    let api_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    ApiResource { group: group.into(), version: version.into(), api_version, kind: kind.into(), plural: plural.into() }
}

/// The kinds that are written, by what they call themselves.
pub fn of_kind(kind: &str) -> Result<ApiResource> {
    let makers = MakerKind::ALL.into_iter().find(|k| k.as_str() == kind);
    let (group, plural) = match kind {
        _ if let Some(maker) = makers => return Ok(maker.resource()),
        "TrainingRuntime" => {
            return Ok(ApiResource { kind: kind.into(), plural: "trainingruntimes".into(), ..MakerKind::TrainJob.resource() });
        }
        "Namespace" => ("", "namespaces"),
        "Secret" => ("", "secrets"),
        "ServiceAccount" => ("", "serviceaccounts"),
        "Service" => ("", "services"),
        "LimitRange" => ("", "limitranges"),
        "ResourceQuota" => ("", "resourcequotas"),
        "PersistentVolumeClaim" => ("", "persistentvolumeclaims"),
        "Pod" => ("", "pods"),
        "NetworkPolicy" => ("networking.k8s.io", "networkpolicies"),
        "Job" => ("batch", "jobs"),
        "StatefulSet" => ("apps", "statefulsets"),
        _ => return Err(Error::internal(format!("{kind} is not written"))),
    };
    Ok(resource(group, "v1", kind, plural))
}

/// An object that is named and nothing more.
#[derive(Debug, Clone, Copy)]
pub struct Name<'a> {
    /// Its kind.
    pub kind: &'a str,
    /// Where it is; empty for what is in no namespace.
    pub namespace: &'a str,
    /// Its name.
    pub name: &'a str,
}

/// Version of the API server.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// `v1.34.4`
    pub git_version: String,
}

/// The API server. Cheap to clone.
#[derive(Clone)]
pub struct ApiServer {
    client: Client,
}

impl ApiServer {
    /// Reads how to connect: from a file, else from where kubectl looks, else from what every pod finds. Nothing is called yet.
    ///
    /// # Errors
    /// None of them says how, or what it says is wrong.
    pub async fn connect(file: Option<&Path>, context: Option<&str>) -> Result<Self> {
        let wrong = |e: &dyn std::error::Error| {
            Error::new(Kind::Unavailable, "It is not known how to connect to Kubernetes.")
                .hint("Give a kubeconfig with --kubeconfig, or run Slipway in the cluster.")
                .context(chain(e))
        };
        let options = KubeConfigOptions { context: context.map(Into::into), ..KubeConfigOptions::default() };
        let mut config = match (file, context) {
            (Some(file), _) => {
                let read = Kubeconfig::read_from(file).map_err(|e| wrong(&e))?;
                Config::from_custom_kubeconfig(read, &options).await.map_err(|e| wrong(&e))?
            }
            (None, Some(_)) => Config::from_kubeconfig(&options).await.map_err(|e| wrong(&e))?,
            (None, None) => Config::infer().await.map_err(|e| wrong(&e))?,
        };
        config.connect_timeout = Some(CONNECT);
        Ok(Self { client: Client::try_from(config).map_err(|e| wrong(&e))? })
    }

    /// All objects of a kind, for a watch.
    pub fn all<K: Resource<DynamicType = ApiResource>>(&self, resource: &ApiResource) -> Api<K> {
        Api::all_with(self.client.clone(), resource)
    }

    fn api<K>(&self, resource: &ApiResource, namespace: &str) -> Api<K>
    where
        K: Resource<DynamicType = ApiResource, Scope = DynamicResourceScope>,
    {
        match namespace {
            "" => Api::all_with(self.client.clone(), resource),
            namespace => Api::namespaced_with(self.client.clone(), namespace, resource),
        }
    }

    /// Applies an object with our field manager. Fields of ours that somebody else changed become ours again.
    ///
    /// # Errors
    /// It is refused, or the API server does not answer.
    pub async fn apply<K>(&self, object: &Value) -> Result<K>
    where
        K: Resource<DynamicType = ApiResource, Scope = DynamicResourceScope> + Clone + DeserializeOwned + Debug,
    {
        let name = name(object);
        let api: Api<K> = self.api(&of_kind(name.kind)?, name.namespace);
        let how = PatchParams::apply(MANAGER).force().validation_strict();
        let patch = Patch::Apply(object);
        let applied = limited(&name, || api.patch(name.name, &how, &patch)).await;
        match applied {
            // Somebody was faster, again and again; what we apply is what shall be, whoever was there before.
            Err(error) if error.kind == Kind::Conflict => limited(&name, || api.patch(name.name, &how, &patch)).await,
            other => other,
        }
    }

    /// Makes an object; `None` where there is one of that name.
    ///
    /// # Errors
    /// It is refused, or the API server does not answer.
    pub async fn create(&self, object: &Value) -> Result<Option<DynamicObject>> {
        let name = name(object);
        let api: Api<DynamicObject> = self.api(&of_kind(name.kind)?, name.namespace);
        let object: DynamicObject = serde_json::from_value(object.clone())?;
        let how = PostParams { field_manager: Some(MANAGER.into()), ..PostParams::default() };
        match within(|| api.create(&how, &object)).await {
            Err(kube::Error::Api(status)) if status.is_already_exists() => Ok(None),
            other => other.map(Some).map_err(|e| sentence(&name, e)),
        }
    }

    /// Changes some fields of an object; `None` where it is gone. With a `resourceVersion` in it, only the object that has it.
    ///
    /// # Errors
    /// It is refused (a conflict where it changed meanwhile), or the API server does not answer.
    pub async fn merge<K>(&self, name: Name<'_>, change: &Value) -> Result<Option<K>>
    where
        K: Resource<DynamicType = ApiResource, Scope = DynamicResourceScope> + Clone + DeserializeOwned + Debug,
    {
        let api: Api<K> = self.api(&of_kind(name.kind)?, name.namespace);
        let how = PatchParams { field_manager: Some(MANAGER.into()), ..PatchParams::default() };
        let patch = Patch::Merge(change);
        found(&name, within(|| api.patch(name.name, &how, &patch)).await)
    }

    /// Reads an object; `None` where there is none.
    ///
    /// # Errors
    /// The API server does not answer.
    pub async fn get<K>(&self, name: Name<'_>) -> Result<Option<K>>
    where
        K: Resource<DynamicType = ApiResource, Scope = DynamicResourceScope> + Clone + DeserializeOwned + Debug,
    {
        let api: Api<K> = self.api(&of_kind(name.kind)?, name.namespace);
        found(&name, within(|| api.get(name.name)).await)
    }

    /// Lists the objects with these labels in a namespace.
    ///
    /// # Errors
    /// The API server does not answer.
    pub async fn list<K>(&self, of: Name<'_>, labels: &str) -> Result<Vec<K>>
    where
        K: Resource<DynamicType = ApiResource, Scope = DynamicResourceScope> + Clone + DeserializeOwned + Debug,
    {
        let api: Api<K> = self.api(&of_kind(of.kind)?, of.namespace);
        let how = ListParams::default().labels(labels);
        Ok(limited(&of, || api.list(&how)).await?.items)
    }

    /// Lists the object of this name, whatever its labels: that takes no right more than a watch has.
    ///
    /// # Errors
    /// The API server does not answer.
    pub async fn find<K>(&self, name: Name<'_>) -> Result<Option<K>>
    where
        K: Resource<DynamicType = ApiResource, Scope = DynamicResourceScope> + Clone + DeserializeOwned + Debug,
    {
        let api: Api<K> = self.api(&of_kind(name.kind)?, name.namespace);
        let how = ListParams::default().fields(&format!("metadata.name={}", name.name));
        Ok(limited(&name, || api.list(&how)).await?.items.pop())
    }

    /// Asks for an object to be deleted: this very one, where a uid is given. With `grace` its processes get so many seconds, without it what
    /// it owns goes first.
    ///
    /// # Errors
    /// It is refused, or the API server does not answer. One that is gone is no error.
    pub async fn delete(&self, name: Name<'_>, uid: Option<&str>, grace: Option<u32>) -> Result<()> {
        let api: Api<DynamicObject> = self.api(&of_kind(name.kind)?, name.namespace);
        let mut how = match grace {
            Some(seconds) => DeleteParams::default().grace_period(seconds),
            None => DeleteParams::foreground(),
        };
        how.preconditions = uid.map(|uid| Preconditions { uid: Some(uid.into()), ..Preconditions::default() });
        match within(|| api.delete(name.name, &how)).await {
            // Another one of this name is not what was meant. Any other conflict is no answer to that: it is asked again.
            Err(kube::Error::Api(status)) if status.is_conflict() && uid.is_some() && status.message.contains("UID in precondition") => {
                Ok(())
            }
            other => found(&name, other).map(drop),
        }
    }

    /// What the cluster has said lately: about an object (`involvedObject.uid=…`), or whatever else fields say of events.
    ///
    /// # Errors
    /// The API server does not answer.
    pub async fn events(&self, namespace: &str, fields: &str) -> Result<Vec<Event>> {
        let api: Api<Event> = Api::namespaced_with(self.client.clone(), namespace, &resource("", "v1", "Event", "events"));
        let about = Name { kind: "events", namespace, name: fields };
        let how = ListParams::default().fields(fields).limit(100);
        let list = limited(&about, || api.list(&how)).await?;
        Ok(list.items)
    }

    /// Asks the API server, or through it, for a text.
    ///
    /// # Errors
    /// It does not answer, or not with 200.
    pub async fn text(&self, path: &str) -> Result<String> {
        let request = Request::get(path).body(Vec::new()).map_err(Error::internal)?;
        limited(&Name { kind: "", namespace: "", name: path }, || self.client.request_text(request.clone())).await
    }

    /// Posts an object that is answered and not kept.
    ///
    /// # Errors
    /// It is refused, or the API server does not answer.
    pub async fn post(&self, path: &str, object: &Value) -> Result<Value> {
        let request = Request::post(path).header(http::header::CONTENT_TYPE, "application/json").body(serde_json::to_vec(object)?);
        let request = request.map_err(Error::internal)?;
        limited(&Name { kind: "", namespace: "", name: path }, || self.client.request(request.clone())).await
    }

    /// A connection to a pod's port through the API server: a WebSocket of its own, which ends with the stream.
    ///
    /// # Errors
    /// It is refused, or the API server does not answer. That nobody listens there shows only when nothing comes back.
    pub async fn forward(&self, namespace: &str, pod: &str, port: u16) -> Result<DuplexStream> {
        let about = Name { kind: "port-forward", namespace, name: pod };
        let api: Api<k8s_openapi::api::core::v1::Pod> = Api::namespaced(self.client.clone(), namespace);
        let ports = [port];
        let mut forwarder = limited(&about, || api.portforward(pod, &ports)).await?;
        forwarder.take_stream(port).ok_or_else(|| Error::internal(io::Error::other("a port-forward without its port")))
    }

    /// Tries whether an object would be taken, as it is: every admission says its word, and nothing is kept.
    ///
    /// # Errors
    /// It would be refused, or the API server does not answer.
    pub async fn try_out(&self, object: &Value) -> Result<()> {
        let name = name(object);
        let kind = of_kind(name.kind)?;
        let core = kind.group.is_empty();
        let prefix = if core { format!("/api/{}", kind.version) } else { format!("/apis/{}", kind.api_version) };
        let path = format!("{prefix}/namespaces/{}/{}?dryRun=All&fieldValidation=Strict", name.namespace, kind.plural);
        let request = Request::post(path).header(http::header::CONTENT_TYPE, "application/json").body(serde_json::to_vec(object)?);
        let request = request.map_err(Error::internal)?;
        let _: Value = limited(&name, || self.client.request(request.clone())).await?;
        Ok(())
    }

    /// Whether we have a right.
    ///
    /// # Errors
    /// The API server does not answer, or does not tell us.
    pub async fn may(&self, (group, resource, verb): Right) -> Result<bool> {
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": { "resourceAttributes": { "group": group, "resource": resource, "subresource": subresource, "verb": verb } },
        });
        let answer: Value = self.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", &review).await?;
        Ok(answer["status"]["allowed"] == true)
    }

    /// The versions in which a kind is served, the preferred one first; none where it is not.
    ///
    /// # Errors
    /// The API server does not answer, or does not tell us.
    pub async fn versions_of(&self, group: &str, kind: &str) -> Result<Vec<String>> {
        let groups: Value = serde_json::from_str(&self.text("/apis").await?)?;
        let found = groups["groups"].as_array().into_iter().flatten().find(|g| g["name"] == group);
        let Some(found) = found else { return Ok(Vec::new()) };
        let preferred = &found["preferredVersion"]["version"];
        let mut versions: Vec<&str> = found["versions"].as_array().into_iter().flatten().filter_map(|v| v["version"].as_str()).collect();
        versions.sort_by_key(|v| *v != preferred);
        let mut out = Vec::new();
        for version in versions {
            let list: Value = serde_json::from_str(&self.text(&format!("/apis/{group}/{version}")).await?)?;
            if list["resources"].as_array().into_iter().flatten().any(|r| r["kind"] == kind) {
                out.push(version.to_owned());
            }
        }
        Ok(out)
    }

    /// What time it is there, milliseconds since 1970, in whole seconds; `None` where it does not say.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn date(&self) -> Result<Option<i64>> {
        let about = Name { kind: "", namespace: "", name: "/version" };
        let ask = || {
            let mut request = Request::new(kube::client::Body::empty());
            *request.uri_mut() = http::Uri::from_static("/version");
            self.client.send(request)
        };
        let answer = limited(&about, ask).await?;
        Ok(answer.headers().get(http::header::DATE).and_then(|d| parse_http_date(d.to_str().ok()?)))
    }

    /// Some objects of a kind, of whatever namespace.
    ///
    /// # Errors
    /// The API server does not answer.
    pub async fn some_of<K>(&self, resource: &ApiResource, fields: &str, most: u32) -> Result<Vec<K>>
    where
        K: Resource<DynamicType = ApiResource> + Clone + DeserializeOwned + Debug,
    {
        let about = Name { kind: &resource.kind, namespace: "", name: "" };
        let which = ListParams::default().fields(fields).limit(most);
        let api = self.all::<K>(resource);
        Ok(limited(&about, || api.list(&which)).await?.items)
    }

    /// What every object has, of all objects of a kind with these labels, of whatever namespace.
    ///
    /// # Errors
    /// The API server does not answer.
    pub async fn marks_of_all(&self, resource: &ApiResource, labels: &str) -> Result<Vec<ObjectMeta>> {
        let about = Name { kind: &resource.kind, namespace: "", name: "" };
        let (api, how) = (self.all::<DynamicObject>(resource), ListParams::default().labels(labels));
        Ok(limited(&about, || api.list_metadata(&how)).await?.items.into_iter().map(|o| o.metadata).collect())
    }

    /// All objects of a kind, once.
    ///
    /// # Errors
    /// The API server does not answer.
    pub async fn all_of<K>(&self, resource: &ApiResource) -> Result<Vec<K>>
    where
        K: Resource<DynamicType = ApiResource> + Clone + DeserializeOwned + Debug,
    {
        let about = Name { kind: &resource.kind, namespace: "", name: "" };
        let (api, how) = (self.all::<K>(resource), ListParams::default());
        Ok(limited(&about, || api.list(&how)).await?.items)
    }

    /// Which version it is.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn version(&self) -> Result<Version> {
        Ok(serde_json::from_str(&self.text("/version").await?)?)
    }
}

/// What the cluster says about an object.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Event {
    /// What every object has.
    pub metadata: ObjectMeta,
    /// `Normal` or `Warning`.
    #[serde(rename = "type")]
    pub kind: String,
    /// One word.
    pub reason: String,
    /// A sentence.
    pub message: String,
    /// When it was said last, RFC 3339.
    pub last_timestamp: Option<String>,
    /// When it was said, RFC 3339 with more digits.
    pub event_time: Option<String>,
    /// About what.
    pub involved_object: Involved,
}

/// What an event is about.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Involved {
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
}

impl Event {
    /// When, as RFC 3339 text.
    pub fn time(&self) -> String {
        self.last_timestamp.clone().or_else(|| self.event_time.clone()).unwrap_or_default()
    }
}

impl Resource for Event {
    type DynamicType = ApiResource;
    type Scope = DynamicResourceScope;

    fn kind(dt: &ApiResource) -> std::borrow::Cow<'_, str> {
        dt.kind.as_str().into()
    }
    fn group(dt: &ApiResource) -> std::borrow::Cow<'_, str> {
        dt.group.as_str().into()
    }
    fn version(dt: &ApiResource) -> std::borrow::Cow<'_, str> {
        dt.version.as_str().into()
    }
    fn plural(dt: &ApiResource) -> std::borrow::Cow<'_, str> {
        dt.plural.as_str().into()
    }
    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }
    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

fn name(object: &Value) -> Name<'_> {
    let meta = &object["metadata"];
    let [kind, namespace, name] = [&object["kind"], &meta["namespace"], &meta["name"]].map(|v| v.as_str().unwrap_or_default());
    Name { kind, namespace, name }
}

/// Calls within the time limit. An API server that has too much to do, or cannot write now, is asked again after growing pauses: each of our calls
/// may be repeated.
async fn within<T, F: Future<Output = kube::Result<T>>>(call: impl Fn() -> F) -> kube::Result<T> {
    let patient = async {
        let mut pause = PAUSE;
        for _ in 1..TRIES {
            match call().await {
                Err(kube::Error::Api(status)) if is_passing(&status) => tokio::time::sleep(pause).await,
                other => return other,
            }
            pause *= 2;
        }
        call().await
    };
    match tokio::time::timeout(WITHIN, patient).await {
        Ok(answer) => answer,
        Err(_) => Err(kube::Error::Service(format!("no answer within {} seconds", WITHIN.as_secs()).into())),
    }
}

const fn is_passing(status: &Status) -> bool {
    matches!(status.code, 429 | 500 | 502..=504)
}

async fn limited<T, F: Future<Output = kube::Result<T>>>(name: &Name<'_>, call: impl Fn() -> F) -> Result<T> {
    within(call).await.map_err(|e| sentence(name, e))
}

fn found<T>(name: &Name<'_>, answer: kube::Result<T>) -> Result<Option<T>> {
    match answer {
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(None),
        other => other.map(Some).map_err(|e| sentence(name, e)),
    }
}

/// A failure as whoever waits for it may read it.
fn sentence(name: &Name<'_>, error: kube::Error) -> Error {
    let about = format!("{} {}/{}", name.kind, name.namespace, name.name);
    match error {
        kube::Error::Api(status) => refused(name, &status).context(about),
        other => Error::new(Kind::Unavailable, "The Kubernetes API server does not answer.")
            .hint("Try again in a moment.")
            .context(chain(&other))
            .context(about),
    }
}

/// What the API server refuses, in its own words: they name what has to be changed.
fn refused(name: &Name<'_>, status: &Status) -> Error {
    let words = status.message.trim();
    let kind = match status.code {
        // No room in a quota is no fault of the workload's.
        403 if words.contains("exceeded quota") => Kind::Unavailable,
        // The namespace is on its way out, or a webhook does not answer.
        403 if words.contains("is being terminated") => Kind::Unavailable,
        404 => Kind::Unavailable,
        403 if status.reason == "Forbidden" && words.contains("cannot ") => {
            return Error::internal(format!("Slipway lacks a right: {words}"));
        }
        400 | 403 | 413 | 422 => Kind::Invalid,
        409 => Kind::Conflict,
        429 | 500..=599 => Kind::Unavailable,
        _ => Kind::Internal,
    };
    let what = if name.kind.is_empty() { "it".to_owned() } else { format!("the {}", name.kind) };
    Error::new(kind, format!("Kubernetes refused {what}: {words}"))
}

/// An error with all that is behind it: kube's own words often say only where.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let more = cause.to_string();
        if !words.contains(&more) {
            words = format!("{words}: {more}");
        }
        next = cause.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(code: u16, message: &str) -> Error {
        let status = Status { code, message: message.into(), reason: "Forbidden".into(), ..Status::default() };
        sentence(&Name { kind: "Job", namespace: "ada", name: "run-x" }, kube::Error::Api(Box::new(status)))
    }

    #[test]
    fn refusals_say_what_and_whose_fault() {
        let quota = answer(403, "pods \"x\" is forbidden: exceeded quota: slipway, requested: requests.cpu=2");
        assert_eq!(quota.kind, Kind::Unavailable);
        assert!(quota.public.starts_with("Kubernetes refused the Job: pods \"x\" is forbidden: exceeded quota"), "{}", quota.public);
        assert_eq!(answer(403, "admission webhook \"x\" denied the request: no").kind, Kind::Invalid);
        assert_eq!(answer(403, "jobs.batch is forbidden: User \"s\" cannot patch resource \"jobs\"").kind, Kind::Internal);
        assert_eq!(answer(409, "the object has been modified").kind, Kind::Conflict);
        assert_eq!(answer(429, "slow down").kind, Kind::Unavailable);
        assert_eq!(answer(422, "Job is invalid").kind, Kind::Invalid);
    }

    #[test]
    fn objects_name_themselves() {
        let object = serde_json::json!({ "kind": "Job", "metadata": { "name": "n", "namespace": "ada" } });
        let name = name(&object);
        assert_eq!((name.kind, name.namespace, name.name), ("Job", "ada", "n"));
        assert_eq!(of_kind("Job").unwrap().api_version, "batch/v1");
        assert_eq!(of_kind("Pod").unwrap().api_version, "v1");
        assert!(of_kind("Mars").is_err());
    }
}
