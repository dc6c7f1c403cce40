//! `slipway image`.

use super::{Failure, here::Reach, login, output};
use app::api::{
    Problem,
    pipeline_images::{PipelineImage, PipelineImages, SetPipelineImages},
};
use clap::Subcommand;

/// Verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Which environment stands for which image. Asks for the password: no token may do this
    List {
        #[command(flatten)]
        who: login::Who,
    },
    /// Say which environment stands for an image; the others stay. Asks for the password: no token may do this
    Set {
        /// As in registry.example.org/ml/base:1, or without the tag for all of them
        image: String,
        /// Name of an environment that comes with Slipway; left out for the Python of the machine alone
        environment: Option<String>,
        #[command(flatten)]
        who: login::Who,
    },
    /// Let nothing stand for an image any more. Asks for the password: no token may do this
    Remove {
        /// As `list` shows it
        image: String,
        #[command(flatten)]
        who: login::Who,
    },
}

/// Runs a verb.
///
/// # Errors
/// What the API answers; nothing stands for the image that is to be removed.
pub async fn run(command: Command, reach: &Reach) -> Result<(), Failure> {
    let (who, change) = match command {
        Command::List { who } => (who, None),
        Command::Set { image, environment, who } => (who, Some((image, Some(environment.unwrap_or_default())))),
        Command::Remove { image, who } => (who, Some((image, None))),
    };
    let here = login::in_person(reach, &who).await?;
    let shown = here
        .in_session(async |c| {
            let now = c.pipeline_images().await?;
            let Some((image, environment)) = change else { return Ok(now) };
            let (revision, many) = (Some(now.revision), now.images.len());
            let mut images = now.images;
            images.retain(|line| line.image != image);
            match environment {
                Some(environment) => images.push(PipelineImage { image, environment }),
                None if images.len() == many => return Err(Problem::new(404, format!("Nothing stands for the image {image}."))),
                None => {}
            }
            c.pipeline_images_set(&SetPipelineImages { images, revision }).await
        })
        .await?;
    here.show(&shown, table);
    Ok(())
}

fn table(all: &PipelineImages) -> String {
    let environment = |line: &PipelineImage| match line.environment.as_str() {
        "" => "the Python of the machine".to_owned(),
        name => name.to_owned(),
    };
    let rows = all.images.iter().map(|line| vec![line.image.clone(), environment(line)]).collect();
    output::rows(&["image", "environment"], rows, "Nothing stands for an image.")
}
