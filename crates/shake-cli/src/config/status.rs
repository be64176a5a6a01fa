//! Where the state of the links is served.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::error::{ConfigError, bad};
use super::raw::RawAdvanced;

/// One address for each port: both serve the same, and one that is named twice is served once.
pub(super) fn listen(raw: &RawAdvanced) -> Result<Vec<SocketAddr>, ConfigError> {
    let address = address(raw)?;
    let mut listen: Vec<_> = ports(raw).map(|port| SocketAddr::new(address, port)).collect();
    listen.dedup();
    Ok(listen)
}

/// Whether there is a port to serve it on.
pub(super) fn serves_status(raw: &RawAdvanced) -> bool {
    ports(raw).next().is_some()
}

fn ports(raw: &RawAdvanced) -> impl Iterator<Item = u16> {
    let ports = [&raw.status_port, &raw.metrics_port].into_iter().flatten();
    ports.map(|port| port.value).filter(|&port| port != 0)
}

/// The loopback address, as with `RedisShake` v3, unless another one is given.
fn address(raw: &RawAdvanced) -> Result<IpAddr, ConfigError> {
    match &raw.status_address {
        Some(typed) if !typed.value.is_empty() => typed.value.parse().map_err(|_| {
            bad(&typed.place, r#"expected the IP address to listen on, such as "127.0.0.1", or "0.0.0.0" for all"#)
        }),
        _ => Ok(Ipv4Addr::LOCALHOST.into()),
    }
}
