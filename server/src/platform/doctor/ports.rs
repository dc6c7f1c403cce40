//! Ports: whether they are free, and who can see what goes over them.

use super::{error, ok, warning};
use crate::config::Config;
use app::api::platform::Finding;
use std::{
    io::ErrorKind,
    net::{SocketAddr, TcpListener},
};

/// Whether a start could listen. Where a server runs on the data folder, the ports are its own.
pub fn free(config: &Config, running: bool) -> Vec<Finding> {
    [("port", config.listen, "--listen"), ("notebook port", config.notebook_listen, "--notebook-listen")]
        .into_iter()
        .map(|(check, address, flag)| one(check, address, flag, running))
        .collect()
}

fn one(check: &str, address: SocketAddr, flag: &str, running: bool) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) => ok(check, format!("{address} is free")),
        Err(e) if e.kind() == ErrorKind::AddrInUse && running => ok(check, format!("{address} is in use while Slipway runs")),
        Err(e) if e.kind() == ErrorKind::AddrInUse => error(
            check,
            format!("{address} is in use by another program"),
            format!("End that program (`ss -ltnp` names it), or give another {flag}."),
        ),
        Err(e) => error(check, format!("{address} cannot be listened on: {e}"), format!("Give another {flag}.")),
    }
}

/// Passwords and tokens must not cross a network in the clear.
pub fn exposure(config: &Config) -> Finding {
    const CHECK: &str = "transport";
    let https = config.public_url.as_deref().is_some_and(|u| u.starts_with("https://"));
    if https {
        ok(CHECK, "browsers come by https")
    } else if config.listen.ip().is_loopback() {
        ok(CHECK, "only this machine can connect")
    } else {
        warning(
            CHECK,
            format!(
                "{} can be reached from other machines, and not by https: passwords and tokens cross the network in the clear",
                config.listen
            ),
            "Put a proxy with a certificate before it and set public_url to its https URL, or listen on 127.0.0.1.",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_an_error_unless_it_is_our_own() {
        let held = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = held.local_addr().unwrap();
        assert_eq!(one("port", address, "--listen", false).level, "error");
        assert_eq!(one("port", address, "--listen", true).level, "ok");
        drop(held);
        assert_eq!(one("port", address, "--listen", false).level, "ok");
    }
}
