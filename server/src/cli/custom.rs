//! A program that is deployed instead of a model, on the command line.

use app::api::runtimes::Custom;
use clap::Args;

/// The program.
#[derive(Debug, Clone, Default, Args)]
pub struct Program {
    /// Container image for the command, instead of an environment; for clusters with containers
    #[arg(long, requires = "command")]
    image: Option<String>,
    /// The port it listens on, where it cannot be told; only in an image
    #[arg(long, requires = "image")]
    port: Option<i64>,
    /// Where it says that it is ready [default: as before, else /]
    #[arg(long, requires = "command")]
    ready_path: Option<String>,
    /// The status by which it says so [default: as before, else any of 2xx and 3xx]
    #[arg(long, requires = "command")]
    ready_status: Option<i64>,
    /// Seconds until it has to be ready [default: as before, else 300]
    #[arg(long, requires = "command")]
    start_seconds: Option<i64>,
    /// A command to serve instead of a model; it listens where {port} and PORT say
    #[arg(last = true, conflicts_with_all = ["model", "version", "alias", "runtime"])]
    command: Vec<String>,
}

impl Program {
    /// As the API takes it; nothing where there is no command.
    pub fn asked(self) -> Option<Custom> {
        let Self { image, port, ready_path, ready_status, start_seconds, command } = self;
        (!command.is_empty()).then_some(Custom { command, image, port, ready_path, ready_status, start_seconds })
    }

    /// The same in place of another: what is not said of its probe stays.
    pub fn in_place_of(self, before: Option<app::api::runtimes::Program>) -> Option<Custom> {
        let asked = self.asked()?;
        let Some(before) = before else { return Some(asked) };
        Some(Custom {
            ready_path: asked.ready_path.or(Some(before.ready_path)),
            ready_status: asked.ready_status.or(before.ready_status.map(i64::from)),
            start_seconds: asked.start_seconds.or(i64::try_from(before.start_seconds).ok()),
            ..asked
        })
    }

    /// Whether there is one.
    pub const fn is_asked(&self) -> bool {
        !self.command.is_empty()
    }
}
