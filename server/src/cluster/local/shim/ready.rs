//! When a server is ready: it answers over HTTP, and it is ours that answers.

use super::super::process;
use crate::cluster::workload::Endpoint;
use procfs::{net::TcpState, process::FDTarget};
use std::{
    collections::HashSet,
    fs, io,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::atomic::{AtomicU16, Ordering},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream},
    time::{sleep, timeout},
};

/// How often it is asked at first, and at most how long between two askings.
const EVERY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(500));
/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(5);

/// Waits until the server answers at `path` with this status; with any of 2xx and 3xx for none.
///
/// # Errors
/// A sentence: it will never be ready, because a program that is not of this workload listens at its port.
pub async fn ready(endpoint: &Endpoint, path: &str, status: Option<u16>, said: &AtomicU16) -> Result<(), String> {
    let mut every = EVERY.0;
    loop {
        sleep(every).await;
        every = (every * 3 / 2).min(EVERY.1);
        let Ok(Ok(answer)) = timeout(ANSWER, answers(endpoint, path)).await else { continue };
        said.store(answer, Ordering::Relaxed);
        if !status.map_or((200..400).contains(&answer), |wanted| answer == wanted) {
            continue;
        }
        match endpoint {
            Endpoint::Unix { path } => {
                if only_for_us(path).is_ok() {
                    return Ok(());
                }
            }
            Endpoint::Tcp { address } => match is_ours(address) {
                Some(true) => return Ok(()),
                Some(false) => return Err(format!("Another program listens at its address {address}.")),
                None => {}
            },
            // Nothing is started to listen there.
            Endpoint::Pod { .. } => {}
        }
    }
}

/// The status of the answer.
async fn answers(endpoint: &Endpoint, path: &str) -> io::Result<u16> {
    match endpoint {
        Endpoint::Unix { path: socket } => asked(UnixStream::connect(socket).await?, "localhost", path).await,
        Endpoint::Tcp { address } => asked(TcpStream::connect(address).await?, address, path).await,
        Endpoint::Pod { .. } => Err(io::ErrorKind::Unsupported.into()),
    }
}

async fn asked(mut stream: impl AsyncRead + AsyncWrite + Unpin, host: &str, path: &str) -> io::Result<u16> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: slipway\r\nAccept: */*\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).await?;
    let said = std::str::from_utf8(&head[9..]).ok().and_then(|digits| digits.parse::<u16>().ok());
    said.filter(|_| head.starts_with(b"HTTP/1.")).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Some servers open their sockets for everybody whatever the umask says.
fn only_for_us(socket: &Path) -> io::Result<()> {
    fs::set_permissions(socket, fs::Permissions::from_mode(0o600))
}

/// Whether a process of this workload listens at the address. `None`: nobody does now.
fn is_ours(address: &str) -> Option<bool> {
    let port: u16 = address.rsplit_once(':')?.1.parse().ok()?;
    let tables = [procfs::net::tcp().ok(), procfs::net::tcp6().ok()];
    let listening: HashSet<u64> = tables
        .into_iter()
        .flatten()
        .flatten()
        .filter(|s| s.state == TcpState::Listen && s.local_address.port() == port)
        .map(|s| s.inode)
        .collect();
    if listening.is_empty() {
        return None;
    }
    let processes = process::all();
    let ours = process::descendants(std::process::id() as i32, &processes);
    let holds = |pid: i32| -> Option<bool> {
        let files = procfs::process::Process::new(pid).ok()?.fd().ok()?;
        Some(files.flatten().any(|f| matches!(f.target, FDTarget::Socket(inode) if listening.contains(&inode))))
    };
    Some(ours.iter().any(|p| holds(p.pid) == Some(true)))
}
