//! The load generator: N clients, each with a connection of its own, each sending its next request when the last was answered, or at a pace.

use crate::{
    client::{Call, Connection, Place, beginning},
    process::Usage,
    tick,
};
use anyhow::{Result, ensure};
use hdrhistogram::Histogram;
use std::{
    rc::Rc,
    time::{Duration, Instant},
};

/// What a measurement found.
pub struct Outcome {
    /// Requests that were answered well.
    pub requests: u64,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Latencies in nanoseconds.
    pub latency: Histogram<u64>,
    /// CPU time of the server's processes, in seconds.
    pub cpu: f64,
    /// CPU time of its database's processes, in seconds.
    pub database_cpu: f64,
    /// Share of one core that the load generator used.
    pub own: f64,
}

impl Outcome {
    /// What each client sent, and how long each answer took.
    fn of(clients: Vec<(u64, Histogram<u64>)>, begun: Instant) -> Result<Self> {
        let seconds = begun.elapsed().as_secs_f64();
        let mut outcome = Self { requests: 0, seconds, latency: Histogram::new(3)?, cpu: 0.0, database_cpu: 0.0, own: 0.0 };
        for (sent, latency) in clients {
            outcome.requests += sent;
            outcome.latency.add(latency)?;
        }
        Ok(outcome)
    }

    /// Requests per second.
    pub fn rate(&self) -> f64 {
        self.requests as f64 / self.seconds
    }

    /// A quantile of the latencies, in milliseconds.
    pub fn ms(&self, quantile: f64) -> f64 {
        self.latency.value_at_quantile(quantile) as f64 / 1e6
    }

    /// CPU time of the server per request, in milliseconds.
    pub fn cpu_ms(&self) -> f64 {
        self.cpu * 1e3 / (self.requests.max(1)) as f64
    }

    /// CPU time of the database per request, in milliseconds.
    pub fn database_cpu_ms(&self) -> f64 {
        self.database_cpu * 1e3 / (self.requests.max(1)) as f64
    }
}

/// Makes the `n`th request of a client.
pub type Make = Rc<dyn Fn(usize, u64) -> Call>;

/// Something to be put under load.
#[derive(Clone)]
pub struct Target {
    /// Where it listens.
    pub place: Place,
    /// Its requests.
    pub make: Make,
    /// The server's processes.
    pub usage: Usage,
    /// The processes of its database, where that is a server of its own.
    pub database: Option<Usage>,
}

impl Target {
    /// Warms up for a third of the time, then measures. `first` is the number of the first request of each client; the number after the
    /// last one comes back beside the outcome.
    ///
    /// # Errors
    /// A request was refused or a connection broke: a benchmark of errors is none.
    pub async fn measure(&self, clients: usize, time: Duration, first: u64) -> Result<(Outcome, u64)> {
        let (_, next) = self.run(clients, time / 3, first).await?;
        let before = self.cpu();
        let (mut outcome, next) = self.run(clients, time, next).await?;
        let after = self.cpu();
        (outcome.cpu, outcome.database_cpu) = (after.0 - before.0, after.1 - before.1);
        outcome.own = (after.2 - before.2) / outcome.seconds;
        Ok((outcome, next))
    }

    /// As [`Target::measure`], at a pace: together the clients send `rate` requests a second, evenly spread. A latency counts from the moment at which its
    /// request was due, so whatever a late answer holds up counts as well.
    ///
    /// # Errors
    /// As [`Target::measure`].
    pub async fn paced(&self, clients: usize, rate: u32, time: Duration) -> Result<Outcome> {
        self.keep_pace(clients, rate, time / 3).await?;
        let before = self.cpu();
        let mut outcome = self.keep_pace(clients, rate, time).await?;
        let after = self.cpu();
        (outcome.cpu, outcome.database_cpu) = (after.0 - before.0, after.1 - before.1);
        outcome.own = (after.2 - before.2) / outcome.seconds;
        Ok(outcome)
    }

    /// Of the server, its database, this program.
    fn cpu(&self) -> (f64, f64, f64) {
        let database = self.database.as_ref().map_or(0.0, Usage::cpu_seconds);
        (self.usage.cpu_seconds(), database, Usage::own().cpu_seconds())
    }

    async fn run(&self, clients: usize, time: Duration, first: u64) -> Result<(Outcome, u64)> {
        let begun = Instant::now();
        let all = (0..clients).map(|client| self.client(client, first, begun + time));
        let done = futures::future::try_join_all(all).await?;
        let next = done.iter().map(|(sent, _)| first + sent).max().unwrap_or(first);
        Ok((Outcome::of(done, begun)?, next))
    }

    async fn keep_pace(&self, clients: usize, rate: u32, time: Duration) -> Result<Outcome> {
        let begun = Instant::now();
        let between = Duration::from_secs(1) / rate;
        let all =
            (0..clients).map(|client| self.paced_client(client, begun + between * client as u32, between * clients as u32, begun + time));
        Outcome::of(futures::future::try_join_all(all).await?, begun)
    }

    async fn client(&self, client: usize, first: u64, until: Instant) -> Result<(u64, Histogram<u64>)> {
        let mut connection = Connection::open(&self.place).await?;
        let (mut sent, mut latency) = (0, Histogram::<u64>::new(3)?);
        while Instant::now() < until {
            let call = (self.make)(client, first + sent);
            let begun = Instant::now();
            self.ask(&mut connection, call).await?;
            latency.record(begun.elapsed().as_nanos() as u64)?;
            sent += 1;
        }
        Ok((sent, latency))
    }

    async fn paced_client(&self, client: usize, mut due: Instant, every: Duration, until: Instant) -> Result<(u64, Histogram<u64>)> {
        let mut connection = Connection::open(&self.place).await?;
        let (mut sent, mut latency) = (0, Histogram::<u64>::new(3)?);
        while due < until {
            tick::until(due).await?;
            self.ask(&mut connection, (self.make)(client, sent)).await?;
            latency.record(due.elapsed().as_nanos() as u64)?;
            sent += 1;
            due += every;
        }
        Ok((sent, latency))
    }

    async fn ask(&self, connection: &mut Connection, call: Call) -> Result<()> {
        let answer = connection.send(call).await?;
        ensure!(answer.status().is_success(), "a request was refused: {} {}", answer.status(), beginning(answer.body()));
        Ok(())
    }
}
