//! Submitting a run from a form. Code of a folder is uploaded by the command line; here it comes from git, or the command brings its own.

use crate::{
    api::{
        Client, ListQuery, Problem,
        client::team_path,
        runs::{Code, NewRun},
    },
    parts::{
        EnvironmentPicker, Every, Head, SizePicker, asked, loaded, offers,
        params::team,
        secret_uses::{Surroundings, secrets},
    },
    ui::{After, ApiForm, Area, CodeBlock, Field, Submit, Values},
};
use leptos::prelude::*;

/// The page.
#[component]
pub fn SubmitRun() -> impl IntoView {
    let client = Client::from_context();
    let team = team();
    let fetch = {
        let client = client.clone();
        move |team: String| offers(&client, &team).and(client.experiment_list(&team, &ListQuery::default()))
    };
    view! {
        <Head title="Submit run"/>
        {loaded("Loading environments and sizes", Every::default(), move || team.get(), fetch, move |data, access| {
            let ((capacity, environments), experiments) = data.get_untracked();
            let (client, team) = (client.clone(), access.team.clone());
            let (action, next) = (team_path(&team, "/runs"), access.href("/runs"));
            let cancel = next.clone();
            let href = access.clone();
            let submit = Submit::new(move |v| {
                let call = body(&v).map(|body| client.run_submit(&team, &body));
                let href = href.clone();
                async move {
                    let run = call?.await?;
                    Ok(After::go(href.href(&format!("/runs/{}", run.summary.id))))
                }
            });
            let offers = experiments.items.into_iter().map(|e| e.name).collect::<Vec<_>>();
            view! {
                <div class="cols side">
                    <section class="card"><div class="in">
                        <ApiForm id="submit" action submit next>
                            <Field name="command" label="Command" required=true autofocus=true code=true placeholder="python train.py --epochs 20" hint="Run in the folder of the code. Words in quotes stay together."/>
                            <div class="pair">
                                <Field name="name" label="Name" hint="Made up when empty."/>
                                <Field name="experiment" label="Experiment" placeholder="Default" hint="Made where it does not exist." offers/>
                            </div>
                            <EnvironmentPicker environments=environments.items chosen="train"/>
                            <SizePicker capacity/>
                            <fieldset>
                                <legend>"Code"</legend>
                                <div class="pair">
                                    <Field name="git_url" label="Git repository" code=true placeholder="https://git.example.org/team/model.git" hint="Empty: the command brings its own code."/>
                                    <Field name="git_ref" label="Branch, tag or commit" code=true placeholder="main"/>
                                </div>
                            </fieldset>
                            <Area name="params" label="Parameters" placeholder="lr=0.1" hint="NAME=value, one a line. Logged, and appended to the command as --NAME value."/>
                            <Surroundings/>
                            <details class="more">
                                <summary>"Attempts and time"</summary>
                                <div class="pair">
                                    <Field name="max_attempts" label="Attempts" kind="number" placeholder="1" hint="1 to 10: how often it is tried."/>
                                    <Field name="timeout_seconds" label="Seconds an attempt may take" kind="number" placeholder="no limit"/>
                                </div>
                            </details>
                            <div class="actions"><button class="btn primary" type="submit">"Submit"</button><a class="btn" href=cancel>"Cancel"</a></div>
                        </ApiForm>
                    </div></section>
                    <section class="card"><header><h2>"From a terminal"</h2></header><div class="in stack">
                        <p class="sub">"Uploads the folder you are in (what .gitignore names stays behind) and follows the log:"</p>
                        <CodeBlock text="slipway run submit --env train --cpu 1 --memory 1Gi -- python train.py"/>
                        <p class="sub">"A script that uses the mlflow package needs no change: its run is this run."</p>
                    </div></section>
                </div>
            }
        })}
    }
}

fn body(v: &Values) -> Result<NewRun, Problem> {
    let (size, amount) = asked(v);
    let command = words(&v.text("command")).map_err(|e| Problem::new(422, e).field("command"))?;
    let code = v.some("git_url").map(|url| Code::Git { url, reference: v.some("git_ref").unwrap_or_else(|| "HEAD".into()), commit: None });
    Ok(NewRun {
        name: v.some("name"),
        experiment: v.some("experiment"),
        environment: v.some("environment"),
        command,
        size,
        amount,
        code,
        params: v.pairs("params")?,
        env: v.pairs("env")?,
        secrets: secrets(v)?,
        max_attempts: v.number("max_attempts")?,
        timeout_seconds: v.number("timeout_seconds")?,
    })
}

/// A command line as words: quotes keep words together, a backslash keeps the next character. Nothing else has a meaning.
fn words(line: &str) -> Result<Vec<String>, String> {
    let (mut out, mut word, mut quote) = (Vec::new(), None::<String>, None::<char>);
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            (c, Some(q)) if c == q => quote = None,
            ('\\', q) if q != Some('\'') => {
                let next = chars.next().ok_or("The command ends with a backslash.")?;
                word.get_or_insert_default().push(next);
            }
            (c, Some(_)) => word.get_or_insert_default().push(c),
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (c, None) if c.is_whitespace() => out.extend(word.take()),
            (c, None) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err("A quote is not closed.".into());
    }
    out.extend(word);
    if out.is_empty() { Err("Say what to run.".into()) } else { Ok(out) }
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn a_command_line() {
        assert_eq!(
            words("python  train.py --name 'two words' \"\" a\\ b").unwrap(),
            ["python", "train.py", "--name", "two words", "", "a b"]
        );
        assert!(words("  ").is_err());
        assert!(words("echo 'open").is_err());
    }
}
