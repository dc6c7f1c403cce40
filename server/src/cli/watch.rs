//! `--watch`: asks again and again, shows what changed, and ends when nothing more will happen by itself.

use super::{
    Failure,
    here::Here,
    output::{self, Output},
};
use app::api::{Problem, State};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

const PAUSE: Duration = Duration::from_millis(700);
/// How long a portal may be away, to start again for instance.
const AWAY: Duration = Duration::from_secs(60);

/// What became of the thing that is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// More will happen by itself.
    Pending,
    /// It ended as it should.
    Good,
    /// It did not, and why.
    Bad(String),
}

impl Fate {
    /// Of something that should end well: a run.
    pub fn of_run(state: State, what: &str, reason: Option<&str>) -> Self {
        match state {
            State::Succeeded => Fate::Good,
            s if s.is_final() => Fate::Bad(sentence(what, s, reason)),
            _ => Fate::Pending,
        }
    }

    /// Of something that should come up and stay: a notebook, a deployment.
    pub fn of_server(state: State, what: &str, reason: Option<&str>) -> Self {
        match state {
            State::Running => Fate::Good,
            s if s.is_final() => Fate::Bad(sentence(what, s, reason)),
            _ => Fate::Pending,
        }
    }

    /// Of something that should go down.
    pub fn of_stop(state: State) -> Self {
        if state.is_final() { Fate::Good } else { Fate::Pending }
    }
}

/// Whether a thing in this state is on its way to another one.
pub fn moves(state: State) -> bool {
    matches!(state, State::Queued | State::Starting | State::Stopping)
}

fn sentence(what: &str, state: State, reason: Option<&str>) -> String {
    match reason {
        Some(reason) => format!("{what} {state}: {reason}"),
        None => format!("{what} {state}"),
    }
}

/// Asks, again while the portal does not answer, for up to a minute.
///
/// # Errors
/// What the API answers; no answer for too long.
pub async fn patiently<T>(ask: impl AsyncFn() -> Result<T, Problem>) -> Result<T, Failure> {
    let since = Instant::now();
    loop {
        match ask().await {
            Err(problem) if matches!(problem.status, 0 | 502 | 503) && since.elapsed() < AWAY => tokio::time::sleep(PAUSE).await,
            answer => return answer.map_err(Failure::from),
        }
    }
}

/// Shows an answer once, or with `watch` until its fate is known.
///
/// # Errors
/// What the API answers; exit code 6 where it ended badly.
pub async fn show<T: Serialize>(
    here: &Here,
    watch: bool,
    ask: impl AsyncFn() -> Result<T, Problem>,
    table: impl Fn(&T) -> String,
    fate: impl Fn(&T) -> Fate,
) -> Result<(), Failure> {
    if !watch {
        here.show(&ask().await?, table);
        return Ok(());
    }
    let screen = Screen::new(here.output);
    loop {
        let now = patiently(&ask).await?;
        let fate = fate(&now);
        screen.draw(match here.output {
            Output::Json => serde_json::to_string(&now).unwrap_or_default(),
            Output::Table => table(&now),
        });
        match fate {
            Fate::Pending => tokio::time::sleep(PAUSE).await,
            Fate::Good => {
                screen.end();
                return Ok(());
            }
            Fate::Bad(why) => {
                screen.end();
                return Err(Failure::ended(why));
            }
        }
    }
}

/// Shows something large until its fate is known: on a terminal all of it, drawn over itself in so many lines; elsewhere what happened since
/// the answer before, a line each.
///
/// # Errors
/// What the API answers; exit code 6 where it ended badly.
pub async fn follow<T: Serialize>(
    here: &Here,
    ask: impl AsyncFn() -> Result<T, Problem>,
    whole: impl Fn(&T, usize) -> String,
    news: impl Fn(Option<&T>, &T) -> Vec<String>,
    fate: impl Fn(&T) -> Fate,
) -> Result<(), Failure> {
    let screen = Screen::new(here.output);
    let mut before = None;
    loop {
        let now = patiently(&ask).await?;
        let fate = fate(&now);
        match here.output {
            Output::Json => screen.draw(serde_json::to_string(&now).unwrap_or_default()),
            Output::Table if screen.bar.is_some() => {
                let rows = usize::from(console::Term::stdout().size().0);
                // At the end it stays, and may scroll.
                screen.draw(whole(&now, if fate == Fate::Pending { rows.saturating_sub(1) } else { usize::MAX }));
            }
            Output::Table => news(before.as_ref(), &now).iter().for_each(|line| output::line(line)),
        }
        match fate {
            Fate::Pending => tokio::time::sleep(PAUSE).await,
            fate => {
                screen.end();
                return if let Fate::Bad(why) = fate { Err(Failure::ended(why)) } else { Ok(()) };
            }
        }
        before = Some(now);
    }
}

/// Draws over itself on a terminal; elsewhere writes what changed.
struct Screen {
    bar: Option<ProgressBar>,
    last: std::cell::RefCell<String>,
}

impl Screen {
    fn new(output: Output) -> Self {
        let live = output == Output::Table && std::io::stdout().is_terminal();
        let bar = live.then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stdout());
            if let Ok(style) = ProgressStyle::with_template("{msg}") {
                bar.set_style(style);
            }
            bar
        });
        Self { bar, last: String::new().into() }
    }

    fn draw(&self, text: String) {
        if *self.last.borrow() == text {
            return;
        }
        match &self.bar {
            Some(bar) => {
                bar.set_message(text.clone());
                bar.tick();
            }
            None => output::line(&text),
        }
        self.last.replace(text);
    }

    fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
            output::line(&self.last.borrow());
        }
    }
}

/// A line with a turning wheel while something is waited for; nothing where nobody looks.
pub fn spinner(output: Output) -> ProgressBar {
    if output == Output::Json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fates() {
        assert_eq!(Fate::of_run(State::Running, "The run", None), Fate::Pending);
        assert_eq!(Fate::of_run(State::Succeeded, "The run", None), Fate::Good);
        assert_eq!(Fate::of_run(State::Failed, "The run", Some("exit code 3")), Fate::Bad("The run failed: exit code 3".into()));
        assert_eq!(Fate::of_server(State::Running, "The notebook", None), Fate::Good);
        assert!(moves(State::Queued) && !moves(State::Running));
    }
}
