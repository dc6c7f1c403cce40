//! What a task needs to start, or what it takes over instead.

use super::{
    engine::{self, Approval, Inputs, Launch, Node, Outputs},
    environment::{self, Base},
    ir::{self, Component, Pipeline, Task},
    kept, launched, parameters,
};
use crate::{
    error::Result,
    quota::sizes::Sizes,
    store::{
        Store, Tx,
        environments::EnvironmentRow,
        pipeline_images::PipelineImageRow,
        pipeline_runs::PipelineRunRow,
        tasks::{CachedRow, TaskRow},
    },
};
use app::api::resources::{Resources, ResourcesAsked};
use std::collections::{BTreeMap, HashMap};

/// What came of the look.
pub enum Ready {
    /// Another task made the same: it is taken over.
    Cached {
        /// The key by which it was found.
        key: String,
        /// Id of that task.
        from: String,
        /// What it made.
        outputs: Outputs,
    },
    /// Somebody is asked.
    Ask(Approval),
    /// It starts.
    Go {
        /// By what others find what it makes; none where nobody may.
        key: Option<String>,
        /// What it asks for.
        resources: Resources,
        /// In which environment it runs; none where it brings an image, or needs the interpreter of the machine alone.
        environment_version_id: Option<String>,
    },
    /// Another task made the same, and it is not known whether the files of it, at these addresses, are still there.
    Unsure(Vec<String>),
    /// It can never start: why.
    Never(String),
}

/// A task that can start, as far as the pipeline says.
pub struct Wanted {
    launch: Launch,
    resources: Resources,
    key: Option<String>,
    /// The image by whose name the key goes, where that can be moved to other content.
    image: Option<String>,
    /// Whether it may take over what another made.
    fresh: bool,
}

impl Wanted {
    /// By what another task is found that made the same; none where it is to be made in any case.
    pub fn takes_over(&self) -> Option<&str> {
        self.key.as_deref().filter(|_| self.fresh)
    }

    /// The image of which it has to be known what it is now, before it takes anything over.
    pub fn image(&self) -> Option<&str> {
        self.takes_over().and(self.image.as_deref())
    }

    /// Whether another task made the same in what is the same image today, as far as both are known. `digests`: what images are, by name.
    pub fn is_as(&self, made: &CachedRow, digests: &HashMap<String, String>) -> bool {
        let today = self.image.as_ref().and_then(|image| digests.get(image));
        today.zip(made.image_digest.as_ref()).is_none_or(|(today, then)| today == then)
    }
}

/// Environments that were found in one transaction: most tasks of a loop want the same.
#[derive(Default)]
pub struct Environments {
    /// The table of what stands for images, once it was read.
    table: Option<Vec<PipelineImageRow>>,
    /// What stands for an image.
    grounds: HashMap<String, Option<Ground>>,
    /// In what runs which is made of an image with packages: id of a version, or why nothing does.
    found: HashMap<(String, Vec<String>), std::result::Result<Option<String>, String>>,
}

/// What stands for an image, as it is now.
#[derive(Debug, Clone)]
enum Ground {
    /// The interpreter of the machine.
    Python,
    /// An environment of this name; none where it is no more.
    Environment(String, Option<Box<EnvironmentRow>>),
}

/// Looks what a task needs to start.
pub struct Starter<'a> {
    /// The database.
    pub store: &'a Store,
    /// The run.
    pub run: &'a PipelineRunRow,
    /// What it is of.
    pub pipeline: &'a Pipeline,
    /// What there is for workloads.
    pub total: Resources,
    /// Of which the smallest says what a task does not.
    pub sizes: &'a Sizes,
    /// Whether there are no containers.
    pub local: bool,
    /// What accelerators are called.
    pub gpu: &'a str,
    /// Since when what its pipeline makes may be taken over, in its own way of counting; empty where that is from the beginning.
    pub since: String,
    /// Which addresses were looked at, and whether something is there.
    pub there: &'a HashMap<String, bool>,
}

impl Starter<'_> {
    /// What a task wants, by the pipeline alone; or what comes of it without any more looking.
    ///
    /// # Errors
    /// It does not start at all: it asks somebody, or never can.
    pub async fn wants(
        &self,
        environments: &mut Environments,
        task: Option<(&Task, &Component)>,
        (row, node): (&TaskRow, &Node),
        inputs: &Inputs,
    ) -> Result<std::result::Result<Wanted, Ready>> {
        let Some(of) = launched::found(self.pipeline, task) else {
            return Ok(Err(Ready::Never("The pipeline does not say what it runs.".into())));
        };
        let launch = match launched::launch(of, self.run, row, inputs, BTreeMap::new()) {
            Ok(launch) => launch,
            Err(why) => return Ok(Err(Ready::Never(why))),
        };
        if of.container.is_approval() {
            return Ok(Err(engine::ask(&launch, self.store.clock().now()).map_or_else(Ready::Never, Ready::Ask)));
        }
        if launch.image == ir::approval::IMAGE {
            let why = format!("The image {} is no parameter's to choose: the pipeline itself has to name it.", launch.image);
            return Ok(Err(Ready::Never(why)));
        }
        let resources = match self.resources(&of.container.resources, &launch.resources) {
            Ok(resources) => resources,
            Err(why) => return Ok(Err(Ready::Never(why))),
        };
        let key = match self.run.cache {
            0 => None,
            _ => {
                let ground = self.runs_in(environments, &launch.image).await?;
                engine::cache_key(of.task, of.component, inputs, &ground, &launched::contents(inputs), &self.since)
            }
        };
        // Where the task has a key of its own, it stands for the image too.
        let by_name = !self.local && of.task.cache_key.is_empty() && !launch.image.contains('@');
        let image = by_name.then(|| launch.image.clone());
        // What failed with what it took over would fail again.
        Ok(Ok(Wanted { launch, resources, key, image, fresh: node.attempt == 0 }))
    }

    /// What tells that in which a component of an image runs from others, but for the packages that it installs.
    async fn runs_in(&self, environments: &mut Environments, image: &str) -> Result<String> {
        if !self.local {
            return Ok(image.to_owned());
        }
        Ok(match self.ground(environments, image).await? {
            Some(Ground::Environment(_, Some(row))) => format!("environment {}", row.digest),
            Some(Ground::Python) => "the interpreter of the machine".to_owned(),
            Some(Ground::Environment(_, None)) | None => image.to_owned(),
        })
    }

    /// What stands for an image on this machine.
    async fn ground(&self, environments: &mut Environments, image: &str) -> Result<Option<Ground>> {
        if let Some(known) = environments.grounds.get(image) {
            return Ok(known.clone());
        }
        let table = match environments.table.take() {
            Some(table) => table,
            None => self.store.pipeline_images().await?,
        };
        let ground = match environment::base(&table, image) {
            None => None,
            Some(Base::Python) => Some(Ground::Python),
            Some(Base::Environment(name)) => {
                let row = self.store.environment(&self.run.team_id, &name).await?;
                Some(Ground::Environment(name, row.map(Box::new)))
            }
        };
        environments.table = Some(table);
        environments.grounds.insert(image.to_owned(), ground.clone());
        Ok(ground)
    }

    /// Looks; makes the environment of the task where there is none. `made`: the newest task that made what this one is to make.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn look(&self, (tx, environments): (&mut Tx, &mut Environments), wanted: Wanted, made: Option<&CachedRow>) -> Result<Ready> {
        let Wanted { launch, resources, key, .. } = wanted;
        if let Some((key, cached)) = key.as_ref().zip(made) {
            let outputs = serde_json::from_str::<Node>(&cached.node)?.outputs;
            let unsure: Vec<String> = kept::promised(&outputs).filter(|at| !self.there.contains_key(*at)).map(str::to_owned).collect();
            if !unsure.is_empty() {
                return Ok(Ready::Unsure(unsure));
            }
            // Where something is gone, it is made anew.
            if kept::promised(&outputs).all(|at| self.there.get(at) == Some(&true)) {
                return Ok(Ready::Cached { key: key.clone(), from: cached.id.clone(), outputs });
            }
        }
        let environment_version_id = if self.local {
            match self.environment(tx, environments, &launch).await? {
                Ok(id) => id,
                Err(why) => return Ok(Ready::Never(why)),
            }
        } else {
            None
        };
        Ok(Ready::Go { key, resources, environment_version_id })
    }

    fn resources(&self, declared: &ir::Resources, r: &ir::Resources) -> std::result::Result<Resources, String> {
        if let Some(other) = r.other_accelerator(self.gpu) {
            return Err(format!("It asks for accelerators of the type {other}, and here they are {}.", self.gpu));
        }
        // What came from parameters is known by now. What the pipeline itself says was looked at when it was uploaded, or goes on as before that.
        let wrong = if r == declared { Vec::new() } else { r.wrong_amounts() };
        if let Some(why) = wrong.first() {
            return Err(parameters::stopped(why));
        }
        let asked = |limit: &Option<String>, request: &Option<String>| limit.clone().or_else(|| request.clone()).filter(|t| !t.is_empty());
        let amount = ResourcesAsked {
            cpu: asked(&r.cpu_limit, &r.cpu_request),
            memory: asked(&r.memory_limit, &r.memory_request),
            gpu: r.accelerators().map(str::to_owned),
        };
        let resources = self.sizes.resolve(self.total, None, &amount, None).map_err(|e| e.public)?;
        // Without any node that answers, which an API server that was away may cost for a moment, it waits for one.
        if resources.fits(self.total) || self.total == Resources::NONE {
            return Ok(resources);
        }
        Err(format!("It asks for {}, but there are {} in all.", resources.words(), self.total.words()))
    }

    async fn environment(
        &self,
        tx: &mut Tx,
        environments: &mut Environments,
        launch: &Launch,
    ) -> Result<std::result::Result<Option<String>, String>> {
        let packages = engine::packages(&launch.argv).map(|p| environment::requirements(&p.installs)).unwrap_or_default();
        let wanted = (launch.image.clone(), packages);
        if let Some(before) = environments.found.get(&wanted) {
            return Ok(before.clone());
        }
        let environment = match self.ground(environments, &wanted.0).await? {
            Some(ground) => self.find_environment(tx, ground, &wanted).await?,
            None => Err(environment::unknown(&wanted.0)),
        };
        environments.found.insert(wanted, environment.clone());
        Ok(environment)
    }

    async fn find_environment(
        &self,
        tx: &mut Tx,
        ground: Ground,
        (image, packages): &(String, Vec<String>),
    ) -> Result<std::result::Result<Option<String>, String>> {
        let base = match ground {
            Ground::Python if packages.is_empty() => return Ok(Ok(None)),
            Ground::Python => None,
            Ground::Environment(_, Some(row)) if packages.is_empty() => return Ok(Ok(Some(row.id))),
            Ground::Environment(_, Some(row)) => Some(row),
            Ground::Environment(name, None) => {
                return Ok(Err(format!("The environment {name}, which stands for the image {image}, is no more.")));
            }
        };
        environment::ensure(tx, self.store, &self.run.team_id, base.as_deref(), packages).await.map(|id| Ok(Some(id)))
    }
}
