//! `slipway stage`.

use super::{Failure, here::Here, output};
use app::api::promotions::{SetStagePolicy, StagePolicy};
use clap::Subcommand;

/// Verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The stages and what each asks of a version
    List,
    /// Replace what a stage asks
    Set {
        /// Staging or Production
        stage: String,
        /// A gate, once for each, such as "val_auc >= 0.92", signature or smoke; none for no gates [default: as they are]
        #[arg(long = "gate", value_name = "GATE")]
        gates: Vec<String>,
        /// The alias that goes with it [default: as it is]
        #[arg(long)]
        alias: Option<String>,
        /// Approvals, 0 to 10, or auto: one as soon as the team has two maintainers [default: as it is]
        #[arg(long)]
        approvals: Option<String>,
        /// Whether alias and stage are set by promotions only [default: as it is]
        #[arg(long)]
        protect: Option<bool>,
    },
}

/// Runs a verb.
///
/// # Errors
/// What the API answers; a file that cannot be read.
pub async fn run(command: Command, here: Here) -> Result<(), Failure> {
    let Here { client, team, .. } = &here;
    match command {
        Command::List => {
            here.show(&client.stage_list(team).await?, |all| table(all));
            Ok(())
        }
        Command::Set { stage, gates, alias, approvals, protect } => {
            let now = client.stage_list(team).await?.into_iter().find(|s| s.stage.eq_ignore_ascii_case(&stage));
            let now = now.ok_or_else(|| Failure::usage(format!("There is no stage {stage}: it is Staging or Production.")))?;
            let gates = match gates.as_slice() {
                [] => now.gates,
                [none] if none == "none" => Vec::new(),
                some => some.iter().map(|line| line.parse()).collect::<Result<_, String>>().map_err(Failure::usage)?,
            };
            let approvals = match approvals.as_deref() {
                None => now.approvals,
                Some("auto") => None,
                Some(number) => Some(number.parse().map_err(|_| Failure::usage("Approvals are a number from 0 to 10, or auto."))?),
            };
            let ask = SetStagePolicy {
                alias: alias.or(Some(now.alias)),
                gates,
                approvals,
                protect: protect.unwrap_or(now.protect),
                revision: Some(now.revision),
            };
            let set = client.stage_set(team, &now.stage, &ask).await?;
            here.show(&set, |s| table(std::slice::from_ref(s)));
            Ok(())
        }
    }
}

fn table(stages: &[StagePolicy]) -> String {
    let row = |s: &StagePolicy| {
        vec![
            s.stage.clone(),
            format!("@{}", s.alias),
            if s.protect { "yes" } else { "no" }.to_owned(),
            s.approvals_needed.to_string(),
            s.gates.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        ]
    };
    output::rows(&["stage", "alias", "protected", "approvals", "gates"], stages.iter().map(row).collect(), "No stages.")
}
