//! nginx in front of a server, as its manual says for a busy upstream: connections are kept, and it writes no log.

use crate::{
    context::Bench,
    process::{Server, free_address},
};
use anyhow::{Context, Result};
use std::{net::SocketAddr, os::unix::fs::MetadataExt, path::Path, process::Command};

/// A running nginx.
pub struct Nginx {
    /// Its processes.
    pub server: Server,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Nginx {
    /// Starts it in front of the unix socket `upstream`, with as many workers as processors.
    ///
    /// # Errors
    /// It is not installed, or does not start.
    pub async fn start(bench: &Bench, upstream: &Path) -> Result<Self> {
        let (folder, address) = (bench.folder("nginx")?, free_address()?);
        let f = folder.display();
        // Its workers would be another user than root, who may not use the socket.
        let user = if std::fs::metadata(&folder)?.uid() == 0 { "user root; " } else { "" };
        let text = format!(
            "{user}daemon off; pid {f}/pid; worker_processes auto; error_log stderr error;
             events {{ worker_connections 1024; }}
             http {{
               access_log off;
               client_body_temp_path {f}/body; proxy_temp_path {f}/proxy; fastcgi_temp_path {f}/fastcgi; uwsgi_temp_path {f}/uwsgi; scgi_temp_path {f}/scgi;
               keepalive_requests 1000000000;
               upstream model {{ server unix:{}; keepalive 128; keepalive_requests 1000000000; }}
               server {{ listen {address}; location / {{ proxy_pass http://model; proxy_http_version 1.1; proxy_set_header Connection \"\"; }} }}
             }}",
            upstream.display()
        );
        let config = folder.join("nginx.conf");
        std::fs::write(&config, text)?;
        let mut command = Command::new("nginx");
        command.arg("-p").arg(&folder).arg("-c").arg(&config);
        let server = Server::start(command, &bench.folder("log")?.join("nginx.log")).context("nginx (apt-get install nginx-light)")?;
        Ok(Self { server, address })
    }

    /// What it says it is.
    pub fn version() -> String {
        let out = Command::new("nginx").arg("-v").output();
        out.map(|o| String::from_utf8_lossy(&o.stderr).trim().to_owned()).unwrap_or_default()
    }
}
