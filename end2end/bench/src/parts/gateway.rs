//! The gateway beside nginx, in front of the same model server.

use crate::{
    client::{Http, Place},
    context::Bench,
    load::{Make, Outcome, Target},
    median::median,
    process::Usage,
    report::{Section, Table},
    servers::{
        digits::{Digits, NAME},
        nginx::Nginx,
        slipway::{self, Slipway, TEAM},
    },
};
use anyhow::{Result, ensure};
use serde_json::{Value, json};
use std::{
    rc::Rc,
    time::{Duration, Instant},
};

/// Each side, so often, in turns.
const TURNS: usize = 5;
const MANY: usize = 64;
const FEW: usize = 8;
/// Requests per second at a pace: what each side can keep up with, and leaves both processors time.
const PACE: u32 = 2000;
/// Of nginx's requests per second at [`MANY`] clients.
const SHARE: f64 = 0.8;
/// Milliseconds that may be added at the median with [`FEW`] clients, at a pace and without.
const ADDED: f64 = 0.15;
/// Bytes by which memory may grow while it is under load: less is no growth that one could tell from chance.
const GROWTH: u64 = 8 << 20;
/// Roll-backs that are timed, and the seconds that one may take.
const BACK: usize = 3;
const BACK_WITHIN: f64 = 5.0;

struct Side {
    name: &'static str,
    target: Target,
}

/// Measures it.
pub async fn run(bench: &Bench, section: &mut Section) -> Result<()> {
    let portal = Slipway::start(bench, None).await?;
    let digits = Digits::train(bench, &portal)?;
    digits.deploy(&portal).await?;
    let socket = super::proxy::socket(&portal, "replica").await?;
    let nginx = Nginx::start(bench, &socket).await?;
    let (own, front) = (Http::new(Place::Unix(socket)), Http::new(Place::Tcp(nginx.address)));
    front.wait("/v2/health/live", Duration::from_secs(20)).await?;
    section.method(format!(
        "`v2/health/live` of one model server, which may use a whole processor, on its unix socket: itself, through nginx and through the gateway, {TURNS} turns of {:.1} s each. \
         It is the quickest that a model server answers: with a real prediction the model outweighs whatever stands before it. nginx keeps its connections, checks no token and writes no log; \
         the gateway checks the token, picks the replica, counts and charts. \
         Clients that send their next request when the last was answered keep the processors busy, which load generator, proxy and model server share: then the median says \
         as much of who had to wait for a processor as of the way through a proxy. So it is measured at a pace as well: {PACE} requests/s over {FEW} connections, evenly spread, each latency counted \
         from the moment at which its request was due.",
        bench.measure.as_secs_f64()
    ));
    section.version("Slipway", slipway::version(bench));
    section.version("nginx", Nginx::version());
    let make = |http: &Http, path: String| -> Make {
        let http = http.clone();
        Rc::new(move |_, _| http.call("GET", &path, ""))
    };
    let side = |name, http: &Http, path: String, usage: Usage| Side {
        name,
        target: Target { place: http.place.clone(), make: make(http, path), usage, database: None },
    };
    let sides = [
        side("the model server itself", &own, "/v2/health/live".into(), Usage::own()),
        side("through nginx", &front, "/v2/health/live".into(), nginx.server.usage()),
        side("through the gateway", &portal.editor, format!("/serve/{TEAM}/{NAME}/v2/health/live"), portal.server.usage().alone()),
    ];
    // Both proxies are warm before memory is looked at.
    for side in &sides {
        side.target.measure(MANY, bench.measure, 0).await?;
    }
    let before = portal.server.usage().alone().resident();
    let paced = turns(&sides, async |target| target.paced(FEW, PACE, bench.measure).await).await?;
    let few = turns(&sides, async |target| closed(target, FEW, bench.measure).await).await?;
    let many = turns(&sides, async |target| closed(target, MANY, bench.measure).await).await?;
    let after = portal.server.usage().alone().resident();
    let titles = [format!("{PACE} requests/s over {FEW} connections"), format!("{FEW} clients"), format!("{MANY} clients")];
    for (title, found) in titles.iter().zip([&paced, &few, &many]) {
        let mut table = Table::new(title, &["", "requests/s", "p50 ms", "p99 ms", "CPU ms/request"]);
        for (i, (side, outcomes)) in sides.iter().zip(found).enumerate() {
            let cpu = if i == 0 { String::new() } else { format!("{:.3}", of(outcomes, Outcome::cpu_ms)) };
            let ms = |q: f64| format!("{:.3}", of(outcomes, |o| o.ms(q)));
            table.row([side.name.to_owned(), format!("{:.0}", of(outcomes, Outcome::rate)), ms(0.5), ms(0.99), cpu]);
        }
        section.tables.push(table);
    }
    let share = of(&many[2], Outcome::rate) / of(&many[1], Outcome::rate);
    section.target(
        format!("Requests/s of the gateway beside nginx, {MANY} clients"),
        format!("at least {SHARE}"),
        format!("{share:.2}"),
        share >= SHARE,
    );
    for (how, found) in [(format!("{PACE} requests/s over {FEW} connections"), &paced), (format!("{FEW} clients"), &few)] {
        let added = of(&found[2], |o| o.ms(0.5)) - of(&found[0], |o| o.ms(0.5));
        section.target(
            format!("Gateway, added at the median, {how}"),
            format!("at most {ADDED} ms"),
            format!("{added:.3} ms"),
            added <= ADDED,
        );
    }
    let grown = after.saturating_sub(before);
    section.target(
        "Memory of the portal under that load, grown",
        format!("below {} MB", GROWTH >> 20),
        format!("{:.1} MB", grown as f64 / f64::from(1 << 20)),
        grown < GROWTH,
    );
    let back = back(&portal).await;
    Digits::stop(&portal, "deployments", NAME).await?;
    let seconds = back?;
    let worst = seconds.iter().copied().fold(0.0, f64::max);
    section.target(
        format!("Roll-back where there is room, from the request until the earlier revision serves again, the slowest of {BACK}"),
        format!("below {BACK_WITHIN} s"),
        format!("{worst:.1} s"),
        worst < BACK_WITHIN,
    );
    Ok(())
}

/// How many seconds it takes to go back to what served before, in an environment that is ready.
async fn back(portal: &Slipway) -> Result<Vec<f64>> {
    let path = format!("/api/v1/teams/{TEAM}/deployments/{NAME}");
    let number = |deployment: &Value| deployment["serving"]["number"].as_i64().unwrap_or_default();
    let first = portal.editor.json("GET", &path, None).await?;
    let (mut now, version) = (number(&first), &first["serving"]["version"]);
    let mut all = Vec::new();
    for turn in 0..=BACK {
        let begun = Instant::now();
        // The first turn makes something to go back from; there is no room for two with a whole processor each.
        let (verb, ask) = if turn == 0 {
            ("redeploy", json!({ "version": version, "cpu": "750m", "memory": "1Gi" }))
        } else {
            ("roll-back", json!({ "to": now - 1 }))
        };
        portal.editor.json("POST", &format!("{path}/{verb}"), Some(&ask)).await?;
        now += 1;
        while number(&portal.editor.json("GET", &path, None).await?) != now {
            ensure!(begun.elapsed() < Duration::from_secs(120), "{verb} to revision {now} takes more than two minutes");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        if turn > 0 {
            all.push(begun.elapsed().as_secs_f64());
        }
        alone(portal, &path, now).await?;
    }
    Ok(all)
}

/// Waits until nothing of other revisions is left: what drains holds its processors, and there is no room beside it.
async fn alone(portal: &Slipway, path: &str, revision: i64) -> Result<()> {
    let begun = Instant::now();
    loop {
        let replicas = portal.editor.json("GET", &format!("{path}/replicas"), None).await?;
        let mut all = replicas["items"].as_array().into_iter().flatten();
        if all.all(|replica| replica["revision"] == revision) {
            return Ok(());
        }
        ensure!(begun.elapsed() < Duration::from_secs(120), "replicas of other revisions than {revision} stay");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// So many clients, each of which sends its next request when the last was answered.
async fn closed(target: &Target, clients: usize, time: Duration) -> Result<Outcome> {
    Ok(target.measure(clients, time, 0).await?.0)
}

/// Measures each side by `how`, in turns.
async fn turns(sides: &[Side; 3], how: impl AsyncFn(&Target) -> Result<Outcome>) -> Result<[Vec<Outcome>; 3]> {
    let mut all = [const { Vec::new() }; 3];
    for _ in 0..TURNS {
        for (side, all) in sides.iter().zip(&mut all) {
            all.push(how(&side.target).await?);
        }
    }
    Ok(all)
}

/// The median over the turns.
fn of(outcomes: &[Outcome], what: impl Fn(&Outcome) -> f64) -> f64 {
    median(&outcomes.iter().map(what).collect::<Vec<_>>())
}
