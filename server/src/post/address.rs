//! Where a post may go: to public addresses, and to networks that the configuration allows.
//!
//! A name is looked up here, and what is connected to is what was looked at: a name that leads elsewhere a moment later helps nobody.

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, LazyLock},
};

/// Networks that are not public, by the registries of special addresses, and what they are.
const SPECIAL: [(&str, &str); 26] = [
    ("0.0.0.0/8", "address of this machine"),
    ("10.0.0.0/8", "private address"),
    ("100.64.0.0/10", "private address"),
    ("127.0.0.0/8", "loopback address"),
    ("169.254.0.0/16", "link-local address"),
    ("172.16.0.0/12", "private address"),
    ("192.0.0.0/24", "reserved address"),
    ("192.0.2.0/24", "reserved address"),
    ("192.88.99.0/24", "reserved address"),
    ("192.168.0.0/16", "private address"),
    ("198.18.0.0/15", "reserved address"),
    ("198.51.100.0/24", "reserved address"),
    ("203.0.113.0/24", "reserved address"),
    ("224.0.0.0/4", "multicast address"),
    ("240.0.0.0/4", "reserved address"),
    ("::1/128", "loopback address"),
    ("::/96", "reserved address"),
    ("64:ff9b:1::/48", "private address"),
    ("100::/64", "reserved address"),
    ("2001::/23", "reserved address"),
    ("2001:db8::/32", "reserved address"),
    ("2002::/16", "reserved address"),
    ("fc00::/7", "private address"),
    ("fe80::/10", "link-local address"),
    ("fec0::/10", "private address"),
    ("ff00::/8", "multicast address"),
];

static NOT_PUBLIC: LazyLock<Vec<(IpNet, &str)>> =
    LazyLock::new(|| SPECIAL.iter().filter_map(|(net, word)| Some((net.parse().ok()?, *word))).collect());

/// A post that may not go where it was to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    host: String,
    address: IpAddr,
    word: &'static str,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, address, word } = self;
        let article = if word.starts_with('a') { "an" } else { "a" };
        match host.parse::<IpAddr>() {
            Ok(_) => write!(f, "{address} is {article} {word}: webhooks go to public addresses only")?,
            Err(_) => write!(f, "{host} leads to {address}, {article} {word}: webhooks go to public addresses only")?,
        }
        f.write_str(", and to those that the platform's admin allows with webhook_networks.")
    }
}

impl std::error::Error for Refused {}

/// The networks that may be posted to beside the public ones. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Allowed(Arc<[IpNet]>);

impl Allowed {
    /// These networks.
    pub fn new(networks: &[IpNet]) -> Self {
        Self(networks.into())
    }

    /// Whether `host`, which leads to `address`, may be posted to.
    ///
    /// # Errors
    /// It may not.
    pub fn check(&self, host: &str, address: IpAddr) -> Result<(), Refused> {
        let real = embedded(address);
        if self.0.iter().any(|net| net.contains(&real)) {
            return Ok(());
        }
        match NOT_PUBLIC.iter().find(|(net, _)| net.contains(&real)) {
            Some((_, word)) => Err(Refused { host: host.to_owned(), address: real, word }),
            None => Ok(()),
        }
    }

    /// Checks a host that is an address itself; any other is looked at when it is connected to.
    ///
    /// # Errors
    /// It may not be posted to.
    pub fn check_host(&self, host: &str) -> Result<(), Refused> {
        match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(address) => self.check(host.trim_matches(['[', ']']), address),
            Err(_) => Ok(()),
        }
    }
}

/// The IPv4 address within an IPv6 one that leads to it.
fn embedded(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address.to_canonical() else { return address.to_canonical() };
    match v6.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        }
        _ => IpAddr::V6(v6),
    }
}

impl Resolve for Allowed {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed = self.clone();
        Box::pin(async move {
            let host = name.as_str();
            let (mut good, mut refused) = (Vec::<SocketAddr>::new(), None);
            for address in tokio::net::lookup_host((host, 0)).await? {
                match allowed.check(host, address.ip()) {
                    Ok(()) => good.push(address),
                    Err(no) => refused = Some(no),
                }
            }
            match refused {
                Some(no) if good.is_empty() => Err(no.into()),
                _ => Ok(Box::new(good.into_iter()) as Addrs),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_network_is_one() {
        assert_eq!(NOT_PUBLIC.len(), SPECIAL.len());
    }

    #[test]
    fn only_public_addresses_unless_allowed() {
        let none = Allowed::default();
        for refused in [
            "127.0.0.1",
            "10.1.2.3",
            "172.31.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.100.100.200",
            "0.0.0.0",
            "255.255.255.255",
            "::1",
            "::",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "fd00:ec2::254",
            "fe80::1",
            "2002:a00:1::",
            "[::1]",
        ] {
            assert!(none.check_host(refused).is_err(), "{refused}");
        }
        for fine in ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "example.org", "localhost"] {
            assert!(none.check_host(fine).is_ok(), "{fine}");
        }
        let some = Allowed::new(&["10.1.0.0/16".parse().unwrap()]);
        assert!(some.check_host("10.1.2.3").is_ok() && some.check_host("::ffff:10.1.2.3").is_ok());
        assert!(some.check_host("10.2.0.1").is_err());
        let told = none.check("hooks.internal", "10.0.0.5".parse().unwrap()).unwrap_err().to_string();
        assert!(told.starts_with("hooks.internal leads to 10.0.0.5, a private address: "), "{told}");
    }

    #[tokio::test]
    async fn a_name_is_looked_at_where_it_leads() {
        let resolve = async |allowed: Allowed| allowed.resolve("localhost".parse().unwrap()).await.map(Iterator::count);
        let told = resolve(Allowed::default()).await.unwrap_err().to_string();
        assert!(told.contains("localhost leads to ") && told.contains("loopback"), "{told}");
        assert!(resolve(Allowed::new(&["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()])).await.unwrap() > 0);
    }
}
