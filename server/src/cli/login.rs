//! `slipway login` and `logout`.

use super::{
    Failure,
    credentials::{self, Credentials},
    here::{Here, Reach, token_of_environment},
    output::{self, Output},
    pages::{self, Limit},
    transport::{Identity, Network},
};
use app::api::{
    Client,
    session::{Me, SignIn},
    teams::{MyTeam, NewTeam},
    tokens::NewToken,
};
use clap::Args;
use std::io::{BufRead, IsTerminal, Write};

/// Signs in: makes a token of one's own role in a team and keeps it.
#[derive(Debug, Args)]
pub struct Login {
    /// URL of the portal
    #[arg(long, env = "SLIPWAY_URL")]
    url: Option<String>,
    /// Team to sign in to; needed where one is in several
    #[arg(long, env = "SLIPWAY_TEAM")]
    team: Option<String>,
    /// Make this team first and become its maintainer
    #[arg(long, conflicts_with = "team")]
    new_team: Option<String>,
    /// Keep this token instead of asking for a password
    #[arg(long, env = "SLIPWAY_TOKEN", hide_env_values = true)]
    token: Option<String>,
    #[command(flatten)]
    who: Who,
    /// A table for people, JSON for programs
    #[arg(long, short, value_enum, default_value_t)]
    output: Output,
}

/// Who signs in.
#[derive(Debug, Clone, Default, Args)]
pub struct Who {
    /// Name of the user; asked for when left out
    #[arg(long, env = "SLIPWAY_USER")]
    user: Option<String>,
    /// Read the password from standard input instead of asking for it
    #[arg(long)]
    password_stdin: bool,
}

/// What is forgotten.
#[derive(Debug, Args)]
pub struct Logout {}

/// Runs `slipway login`.
///
/// # Errors
/// A wrong password, no such team.
pub async fn login(login: Login) -> Result<(), Failure> {
    let path = credentials::path()?;
    let kept = credentials::load(&path)?.unwrap_or_default();
    let url = match login.url.as_deref().map(|u| u.trim_end_matches('/')).filter(|u| !u.is_empty()) {
        Some(url) => url.to_owned(),
        None if !kept.url.is_empty() => kept.url.clone(),
        None => return Err(Failure::usage("which portal?\n  slipway login --url http://127.0.0.1:8080")),
    };
    if let Some(token) = login.token.filter(|t| !t.is_empty()) {
        let client = Client::new(Network::new(&url, Identity::Token(token.clone()))?);
        let me = client.me().await?;
        let team = choose(&me, login.team.as_deref())?;
        return keep(&kept, &url, &me, &team, token, login.output);
    }
    let (client, me) = sign_in(&url, &login.who).await?;
    let team = match &login.new_team {
        Some(name) => {
            client.team_create(&NewTeam { name: name.clone(), display_name: None }).await?;
            choose(&client.me().await?, Some(name))?
        }
        None => choose(&me, login.team.as_deref())?,
    };
    let token = make_token(&client, &team).await?;
    client.sign_out().await?;
    keep(&kept, &url, &me, &team, token, login.output)
}

/// Signs in with user and password: a session, which ends with this command.
///
/// # Errors
/// A wrong password; nobody to ask.
pub async fn sign_in(url: &str, who: &Who) -> Result<(Client, Me), Failure> {
    let (network, me) = session(url, who).await?;
    Ok((Client::new(network), me))
}

async fn session(url: &str, who: &Who) -> Result<(Network, Me), Failure> {
    let network = Network::new(url, Identity::session())?;
    let client = Client::new(network.clone());
    let user = match &who.user {
        Some(user) => user.clone(),
        None => ask(&format!("User at {url}: "))?,
    };
    let password = if who.password_stdin {
        first_line()?
    } else if std::io::stdin().is_terminal() {
        rpassword::prompt_password("Password: ").map_err(|e| Failure::failed(format!("read the password: {e}")))?
    } else {
        return Err(Failure::usage("there is no terminal to ask for the password: give --password-stdin"));
    };
    // That one should sign in is no help to who is signing in.
    let refused = |p: app::api::Problem| Failure { message: p.sentence().to_owned(), ..Failure::from(p) };
    let me = client.sign_in(&SignIn { user, password, next: None }).await.map_err(refused)?;
    Ok((network, me))
}

/// The portal and the user of a command that has to be given in person: no token will do.
fn person(reach: &Reach, kept: &Credentials, who: &Who) -> Result<(String, Who), Failure> {
    let url = reach.url.clone().or_else(|| Some(kept.url.clone())).filter(|u| !u.is_empty());
    let url = url.ok_or_else(|| Failure::usage("which portal? give --url"))?.trim_end_matches('/').to_owned();
    let user = who.user.clone().or_else(|| Some(kept.user.clone()).filter(|u| !u.is_empty() && kept.url == url));
    Ok((url, Who { user, ..who.clone() }))
}

/// Signs in for one command that no token may give; to be ended with [`Here::in_session`].
///
/// # Errors
/// A wrong password; nobody to ask.
pub async fn in_person(reach: &Reach, who: &Who) -> Result<Here, Failure> {
    let kept = credentials::load(&credentials::path()?)?.unwrap_or_default();
    let (url, who) = person(reach, &kept, who)?;
    let (network, _) = session(&url, &who).await?;
    let team = reach.team.clone().filter(|t| !t.is_empty()).unwrap_or(kept.team);
    Ok(Here { client: Client::new(network.clone()), network, url, team, output: reach.output })
}

impl Who {
    /// Asks for a password to be set; with `--password-stdin` it is the next line.
    ///
    /// # Errors
    /// Nobody to ask.
    pub fn new_password(&self, of: &str) -> Result<String, Failure> {
        if self.password_stdin {
            return first_line();
        }
        rpassword::prompt_password(format!("New password of {of}: ")).map_err(|e| Failure::failed(format!("read the password: {e}")))
    }
}

/// Makes the token that the command line uses in a team.
///
/// # Errors
/// What the API answers.
pub async fn make_token(client: &Client, team: &MyTeam) -> Result<String, Failure> {
    let machine = rustix::system::uname().nodename().to_string_lossy().chars().take(60).collect::<String>();
    let new =
        NewToken { name: format!("command line on {machine}"), team: team.name.clone(), role: team.role, expires_in: None, scope: None };
    Ok(client.token_create(&new).await?.token)
}

/// Keeps a token. Those of other teams of the same portal and user stay.
///
/// # Errors
/// A folder that cannot be written.
pub fn keep(kept: &Credentials, url: &str, me: &Me, team: &MyTeam, token: String, output: Output) -> Result<(), Failure> {
    let mut new = Credentials { url: url.into(), user: me.user.clone(), team: team.name.clone(), ..Credentials::default() };
    if kept.url == new.url && kept.user == new.user {
        new.tokens.clone_from(&kept.tokens);
    }
    new.tokens.insert(team.name.clone(), token);
    let path = credentials::path()?;
    credentials::save(&path, &new)?;
    let kept = path.display().to_string();
    output::line(&match output {
        Output::Json => {
            output::json(&serde_json::json!({ "url": url, "user": me.user, "team": team.name, "role": team.role.as_str(), "kept": kept }))
        }
        Output::Table => format!("Signed in to {url} as {}, team {} ({}).\nKept in {kept}.", me.user, team.name, team.role.as_str()),
    });
    Ok(())
}

/// Runs `slipway logout`: revokes the kept tokens, as far as the portal answers, and forgets them.
///
/// # Errors
/// A file that cannot be removed.
pub async fn logout(_: Logout) -> Result<(), Failure> {
    let path = credentials::path()?;
    let Some(kept) = credentials::load(&path)? else {
        output::line("Nothing was kept.");
        return Ok(());
    };
    for (team, token) in &kept.tokens {
        if let Err(failure) = revoke(&kept.url, token).await {
            eprintln!("slipway: the token of {team} was not revoked: {}", failure.message);
        }
    }
    credentials::forget(&path)?;
    output::line(&format!("Signed out of {}.", kept.url));
    Ok(())
}

/// A token is listed with its first characters only.
async fn revoke(url: &str, token: &str) -> Result<(), Failure> {
    let client = Client::new(Network::new(url, Identity::Token(token.to_owned()))?);
    let all = pages::collect(&Limit { limit: 10_000 }, async |q| client.token_list(&q).await).await?;
    for mine in all.items.iter().filter(|t| token.starts_with(&t.prefix)) {
        client.token_revoke(&mine.id).await?;
    }
    Ok(())
}

/// `slipway team create`: makes a team in a session of its own, and signs in to it.
///
/// # Errors
/// What the API answers.
pub async fn create_team(reach: &Reach, who: &Who, new: &NewTeam) -> Result<(), Failure> {
    let kept = credentials::load(&credentials::path()?)?.unwrap_or_default();
    let (url, who) = person(reach, &kept, who)?;
    let url = url.as_str();
    let (client, _) = sign_in(url, &who).await?;
    client.team_create(new).await?;
    let me = client.me().await?;
    let team = choose(&me, Some(&new.name))?;
    let token = make_token(&client, &team).await?;
    client.sign_out().await?;
    keep(&kept, url, &me, &team, token, reach.output)
}

/// Everything one is signed in to: the token of the environment, else each that is kept.
///
/// # Errors
/// Not signed in.
pub async fn everywhere(reach: &Reach) -> Result<Vec<Here>, Failure> {
    let kept = credentials::load(&credentials::path()?)?.unwrap_or_default();
    if token_of_environment().is_some() || reach.team.is_some() || kept.tokens.is_empty() {
        return Ok(vec![Here::open(reach).await?]);
    }
    let mut all = Vec::new();
    for team in kept.tokens.keys() {
        all.push(Here::open(&Reach { team: Some(team.clone()), ..reach.clone() }).await?);
    }
    Ok(all)
}

fn choose(me: &Me, wanted: Option<&str>) -> Result<MyTeam, Failure> {
    let names = || me.teams.iter().map(|t| t.name.as_str()).collect::<Vec<_>>().join(", ");
    match (wanted.filter(|w| !w.is_empty()), me.teams.as_slice()) {
        (Some(wanted), teams) => teams
            .iter()
            .find(|t| t.name == wanted)
            .cloned()
            .ok_or_else(|| Failure::usage(format!("{} is not in a team {wanted}; teams: {}", me.user, names()))),
        (None, [only]) => Ok(only.clone()),
        (None, []) => Err(Failure::usage(format!("{} is in no team\n  make one: slipway login --new-team NAME", me.user))),
        (None, _) => Err(Failure::usage(format!("{} is in several teams\n  choose one: --team {}", me.user, names().replace(", ", "|")))),
    }
}

fn ask(question: &str) -> Result<String, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage("there is no terminal to ask for the user: give --user"));
    }
    eprint!("{question}");
    let _ = std::io::stderr().flush();
    first_line()
}

fn first_line() -> Result<String, Failure> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(|e| Failure::failed(format!("read standard input: {e}")))?;
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}
