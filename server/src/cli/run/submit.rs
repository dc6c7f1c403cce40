//! `slipway run submit`: packs a folder, uploads it, submits, follows.

use crate::cli::{
    Failure,
    here::Here,
    logs::{self, Log},
    output::Output,
    pack::{self, Unpacked},
    pairs::{Amount, Given, once, pair, seconds},
    run::show,
    stream,
    watch::{self, Fate},
};
use app::api::{
    State,
    client::team_path,
    resources::bytes_words,
    runs::{Code, NewRun, Run, UploadedCode},
};
use clap::Args;
use std::{path::PathBuf, time::Duration};

/// What to run, where, with what.
#[derive(Debug, Args)]
pub struct Submit {
    /// Name of the run; made up when left out
    #[arg(long)]
    name: Option<String>,
    /// Experiment by name; made where it does not exist [default: Default]
    #[arg(long)]
    experiment: Option<String>,
    /// Environment by name [default: train]
    #[arg(long, visible_alias = "env")]
    environment: Option<String>,
    #[command(flatten)]
    amount: Amount,
    /// On how many nodes at once, 1 to 64; size and amounts are those of each
    #[arg(long)]
    nodes: Option<i64>,
    /// Parameter NAME=VALUE: logged, and appended to the command as --NAME VALUE; may be repeated
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = pair)]
    params: Vec<(String, String)>,
    #[command(flatten)]
    given: Given,
    /// How often to try, 1 to 10
    #[arg(long)]
    attempts: Option<i64>,
    /// How long an attempt may take: 90s, 30m, 12h
    #[arg(long, value_parser = seconds)]
    timeout: Option<i64>,
    /// Folder to upload; what .gitignore leaves out stays here. `slipway capacity` tells how large it may be
    #[arg(long, default_value = ".")]
    code: PathBuf,
    /// Upload nothing
    #[arg(long, conflicts_with_all = ["code", "git"])]
    no_code: bool,
    /// Git repository to run instead of a folder
    #[arg(long, value_name = "URL")]
    git: Option<String>,
    /// Branch, tag or commit of the repository
    #[arg(long = "ref", value_name = "REF", requires = "git", default_value = "HEAD")]
    reference: String,
    /// Follow the log to the end of the run; the exit code says how it ended
    #[arg(long, short)]
    watch: bool,
    /// The command and its arguments, after --
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

/// Submits.
///
/// # Errors
/// What the API answers; with `--watch` exit code 6 where the run does not succeed.
pub async fn run(here: &Here, submit: Submit) -> Result<(), Failure> {
    let code = match submit.git {
        Some(url) => Some(Code::Git { url, reference: submit.reference, commit: None }),
        None if submit.no_code => None,
        None => Some(Code::Upload { digest: upload(here, submit.code).await? }),
    };
    let new = NewRun {
        name: submit.name,
        experiment: submit.experiment,
        environment: submit.environment,
        command: submit.command,
        size: submit.amount.size.clone(),
        amount: submit.amount.asked(),
        nodes: submit.nodes,
        code,
        params: once(submit.params)?,
        env: submit.given.env()?,
        secrets: submit.given.uses(),
        max_attempts: submit.attempts,
        timeout_seconds: submit.timeout,
    };
    let made = here.client.run_submit(&here.team, &new).await?;
    submitted(here, &made, submit.watch).await
}

/// Packs and uploads a folder; its digest.
async fn upload(here: &Here, folder: PathBuf) -> Result<String, Failure> {
    let shown = std::path::absolute(&folder).unwrap_or_else(|_| folder.clone());
    let limit = here.client.capacity(&here.team).await?.max_upload_bytes;
    // A portal of an older version does not tell.
    let most = u64::try_from(limit).ok().filter(|n| *n > 0).unwrap_or(u64::MAX);
    let spinner = watch::spinner(here.output);
    spinner.set_message(format!("Packing {}", shown.display()));
    let packed = tokio::task::spawn_blocking(move || pack::pack(&folder, most)).await.map_err(|e| Failure::failed(e.to_string()))?;
    spinner.finish_and_clear();
    let packed = packed.map_err(|why| match why {
        Unpacked::Failed(why) => Failure::failed(why),
        Unpacked::TooLarge => Failure::refused(format!(
            "{} is larger than the {} that this portal takes: nothing was uploaded\n  Leave data out (.gitignore, .slipwayignore), or choose another folder with --code.",
            shown.display(),
            bytes_words(limit)
        )),
    })?;
    for path in &packed.left_out {
        eprintln!("slipway: left out {}: neither file, folder nor link", path.display());
    }
    if here.output == Output::Table {
        let words = |n: u64| bytes_words(i64::try_from(n).unwrap_or(i64::MAX));
        let most = if most == u64::MAX { String::new() } else { format!(" (the portal takes {})", words(most)) };
        let (files, raw, size) = (packed.files, words(packed.bytes), words(packed.size));
        eprintln!("Uploading {}: {files} files, {raw}, packed {size}{most}", shown.display());
    }
    let bar = stream::bar(here.output, "Uploading", packed.size);
    let kept: UploadedCode = here.network.upload(team_path(&here.team, "/code"), "application/gzip", packed.archive, bar).await?;
    Ok(kept.digest)
}

/// Tells what was submitted; with `watch` follows it to its end.
///
/// # Errors
/// What the API answers; exit code 6 where the run does not succeed.
pub async fn submitted(here: &Here, run: &Run, watch: bool) -> Result<(), Failure> {
    if !watch {
        here.show(run, |r| show::facts(here, r));
        return Ok(());
    }
    let id = &run.summary.id;
    here.say(format!("Run {} is {}.", id, run.summary.state));
    here.say(here.link(&format!("/teams/{}/runs/{id}", here.team)));
    let ask = async || here.client.run(&here.team, id).await;
    let spinner = watch::spinner(here.output);
    loop {
        let r = watch::patiently(ask).await?.summary;
        if !matches!(r.state, State::Queued | State::Starting) {
            break;
        }
        spinner.set_message(r.reason.unwrap_or_else(|| r.state.to_string()));
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
    spinner.finish_and_clear();
    let log = Log { follow: true, ..Log::default() };
    logs::show(here.output, &log, None, async |q| here.client.run_log(&here.team, id, &q).await).await?;
    let fate = |r: &Run| Fate::of_run(r.summary.state, "The run", r.summary.reason.as_deref());
    loop {
        // The log may end a moment before the state is told.
        let now = watch::patiently(ask).await?;
        match fate(&now) {
            Fate::Pending => tokio::time::sleep(Duration::from_millis(300)).await,
            ended => {
                here.show(&now, |r| show::facts(here, r));
                return match ended {
                    Fate::Bad(why) => Err(Failure::ended(why)),
                    _ => Ok(()),
                };
            }
        }
    }
}
