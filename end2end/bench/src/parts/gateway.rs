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
use anyhow::Result;
use std::{rc::Rc, time::Duration};

/// Each side, so often, in turns.
const TURNS: usize = 5;
const MANY: usize = 64;
const FEW: usize = 8;
/// Of nginx's requests per second at [`MANY`] clients.
const SHARE: f64 = 0.8;
/// Milliseconds that may be added at the median with [`FEW`] clients.
const ADDED: f64 = 0.15;
/// Bytes by which memory may grow while it is under load: less is no growth that one could tell from chance.
const GROWTH: u64 = 8 << 20;

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
        "`v2/health/live` of one model server on its unix socket, itself, through nginx and through the gateway, {TURNS} turns of {:.1} s each. \
         It is the quickest that a model server answers: with a real prediction the model outweighs whatever stands before it. nginx keeps its connections, checks no token and writes no log; \
         the gateway checks the token, picks the replica, counts and charts.",
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
        side("through the gateway", &portal.editor, format!("/serve/{TEAM}/{NAME}/v2/health/live"), portal.server.usage()),
    ];
    // Both proxies are warm before memory is looked at.
    for side in &sides {
        side.target.measure(MANY, bench.measure, 0).await?;
    }
    let before = portal.server.usage().resident();
    let few = turns(bench, &sides, FEW).await?;
    let many = turns(bench, &sides, MANY).await?;
    let after = portal.server.usage().resident();
    for (clients, found) in [(FEW, &few), (MANY, &many)] {
        let mut table = Table::new(&format!("{clients} clients"), &["", "requests/s", "p50 ms", "p99 ms", "CPU ms/request"]);
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
    let added = of(&few[2], |o| o.ms(0.5)) - of(&few[0], |o| o.ms(0.5));
    section.target(
        format!("Gateway, added at the median, {FEW} clients"),
        format!("at most {ADDED} ms"),
        format!("{added:.3} ms"),
        added <= ADDED,
    );
    let grown = after.saturating_sub(before);
    section.target(
        "Memory of the portal under that load, grown",
        format!("below {} MB", GROWTH >> 20),
        format!("{:.1} MB", grown as f64 / f64::from(1 << 20)),
        grown < GROWTH,
    );
    Digits::stop(&portal, "deployments", NAME).await
}

/// So many clients at each side, in turns.
async fn turns(bench: &Bench, sides: &[Side; 3], clients: usize) -> Result<[Vec<Outcome>; 3]> {
    let mut all = [const { Vec::new() }; 3];
    for _ in 0..TURNS {
        for (side, all) in sides.iter().zip(&mut all) {
            all.push(side.target.measure(clients, bench.measure, 0).await?.0);
        }
    }
    Ok(all)
}

/// The median over the turns.
fn of(outcomes: &[Outcome], what: impl Fn(&Outcome) -> f64) -> f64 {
    median(&outcomes.iter().map(what).collect::<Vec<_>>())
}
