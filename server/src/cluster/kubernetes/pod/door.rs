//! The pod's port: open once the server answers, and only to who knocks.

use crate::cluster::{
    Endpoint,
    knock::{LONGEST, same},
    kubernetes::names::PORT,
    local::{
        paths::Paths,
        record::{self, RecordedPhase, State},
    },
};
use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, copy_bidirectional},
    net::{TcpListener, TcpStream, UnixStream},
    time::{sleep, timeout},
};

/// How often it is looked whether the server answers.
const LOOK: Duration = Duration::from_millis(100);
/// How long a knock may take.
const KNOCK: Duration = Duration::from_secs(5);

/// Opens the door once the supervisor has recorded that the server answers, and keeps it.
pub async fn keep(paths: Paths, id: String, knock: String) {
    let endpoint = loop {
        let state = record::read::<State>(&paths.state(&id)).ok().flatten();
        if let Some(RecordedPhase::Running { endpoint: Some(endpoint) }) = state.map(|s| s.phase) {
            break Arc::new(endpoint);
        }
        sleep(LOOK).await;
    };
    let knock: Arc<str> = knock.into();
    loop {
        match open().await {
            Ok(listener) => serve(&listener, &endpoint, &knock).await,
            Err(e) => eprintln!("The pod's port {PORT} cannot be opened: {e}"),
        }
        sleep(Duration::from_secs(1)).await;
    }
}

/// For both families of addresses, where the kernel has both.
async fn open() -> io::Result<TcpListener> {
    match TcpListener::bind((Ipv6Addr::UNSPECIFIED, PORT)).await {
        Ok(listener) => Ok(listener),
        Err(_) => TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)).await,
    }
}

async fn serve(listener: &TcpListener, endpoint: &Arc<Endpoint>, knock: &Arc<str>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let (endpoint, knock) = (endpoint.clone(), knock.clone());
                tokio::spawn(async move {
                    // Whoever does not knock, or goes away, needs no answer.
                    let _ = admit(stream, &endpoint, &knock).await;
                });
            }
            // Too many files are open, for now.
            Err(_) => sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn admit(mut stream: TcpStream, endpoint: &Endpoint, knock: &str) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let heard = timeout(KNOCK, heard(&mut stream)).await.map_err(|_| io::ErrorKind::TimedOut)??;
    if !same(&heard, knock) {
        return Ok(());
    }
    match endpoint {
        Endpoint::Unix { path } => copy_bidirectional(&mut stream, &mut UnixStream::connect(path).await?).await?,
        Endpoint::Tcp { address } => copy_bidirectional(&mut stream, &mut TcpStream::connect(address).await?).await?,
        Endpoint::Pod { .. } => return Ok(()),
    };
    Ok(())
}

/// One line, read byte by byte: what follows is the server's.
async fn heard(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<String> {
    let mut line = Vec::with_capacity(LONGEST);
    while line.len() < LONGEST {
        match stream.read_u8().await? {
            b'\n' => break,
            byte => line.push(byte),
        }
    }
    String::from_utf8(line).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt;

    #[tokio::test]
    async fn only_who_knocks_gets_in() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.sock");
        let server = tokio::net::UnixListener::bind(&path).unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = server.accept().await {
                let mut heard = [0; 5];
                let _ = stream.read_exact(&mut heard).await;
                let _ = stream.write_all(&heard).await;
            }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let endpoint = Arc::new(Endpoint::Unix { path });
        tokio::spawn(async move { serve(&listener, &endpoint, &"knock abc".into()).await });
        let ask = async |first: &str| {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(format!("{first}hello").as_bytes()).await.unwrap();
            let mut answer = String::new();
            let _ = stream.read_to_string(&mut answer).await;
            answer
        };
        assert_eq!(ask("knock abc\n").await, "hello");
        for wrong in ["knock abd\n", "knock ab\n", "GET / HTTP/1.1\r\n", &"x".repeat(300)] {
            assert_eq!(ask(wrong).await, "", "{wrong}");
        }
        // As a probe does.
        drop(TcpStream::connect(address).await.unwrap());
    }
}
