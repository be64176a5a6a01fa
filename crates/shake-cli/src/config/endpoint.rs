//! The address of a node.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// A host and a port. Written `host:port`, with an IPv6 address in brackets: `[::1]:6379`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// A name or an IP address, an IPv6 address without its brackets.
    pub host: String,
    /// The TCP port, never 0.
    pub port: u16,
}

impl Serialize for Endpoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Why a text is not an [`Endpoint`]. The text is not repeated: people put passwords into addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// Nothing before the colon.
    #[error("the host is missing; expected host:port")]
    NoHost,
    /// No colon, or nothing behind it.
    #[error("the port is missing; expected host:port")]
    NoPort,
    /// The port is not a number from 1 to 65535.
    #[error("the port must be a number from 1 to 65535")]
    BadPort,
    /// An IPv6 address without brackets: where its port begins cannot be told.
    #[error("an IPv6 address goes in brackets, as in [::1]:6379")]
    NoBrackets,
    /// Brackets around something that is not an IPv6 address.
    #[error("what stands in brackets is not an IPv6 address")]
    BadIpv6,
    /// A URL, or characters that no host name has.
    #[error("expected host:port without scheme, user, path or spaces")]
    BadHost,
}

impl Endpoint {
    /// Whether both are spelled alike up to the case of letters, the notation of IP addresses, and `localhost`.
    ///
    /// This catches the slip of naming one node twice before anything is connected; other aliases of a node are found
    /// by asking it who it is.
    #[must_use]
    pub fn is_same_as(&self, other: &Self) -> bool {
        let same_host = match (self.ip(), other.ip()) {
            (Some(one), Some(other)) => one == other,
            _ => self.host.eq_ignore_ascii_case(&other.host),
        };
        same_host && self.port == other.port
    }

    fn ip(&self) -> Option<IpAddr> {
        if self.host.eq_ignore_ascii_case("localhost") {
            return Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        self.host.parse::<IpAddr>().ok().map(|ip| match ip {
            IpAddr::V6(Ipv6Addr::LOCALHOST) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            ip => ip.to_canonical(),
        })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => split_bracketed(rest)?,
            None => split_plain(text)?,
        };
        let port = match port.parse::<u16>() {
            Ok(port) if port > 0 && port_is_digits(text) => port,
            _ => return Err(EndpointError::BadPort),
        };
        Ok(Self { host: host.to_owned(), port })
    }
}

/// `::1]:6379`, the opening bracket already taken.
fn split_bracketed(rest: &str) -> Result<(&str, &str), EndpointError> {
    let (host, behind) = rest.split_once(']').ok_or(EndpointError::BadIpv6)?;
    host.parse::<Ipv6Addr>().map_err(|_| EndpointError::BadIpv6)?;
    match behind.strip_prefix(':') {
        Some(port) if !port.is_empty() => Ok((host, port)),
        _ => Err(EndpointError::NoPort),
    }
}

fn split_plain(text: &str) -> Result<(&str, &str), EndpointError> {
    if text.contains(|c: char| c.is_whitespace() || c.is_control() || "/@[],;".contains(c)) {
        return Err(EndpointError::BadHost);
    }
    if text.parse::<Ipv6Addr>().is_ok() {
        return Err(EndpointError::NoBrackets);
    }
    match text.rsplit_once(':') {
        None | Some((_, "")) => Err(EndpointError::NoPort),
        Some(("", _)) => Err(EndpointError::NoHost),
        Some((host, _)) if host.contains(':') => Err(EndpointError::NoBrackets),
        Some(parts) => Ok(parts),
    }
}

/// `u16::from_str` takes a plus sign; a port has none.
fn port_is_digits(text: &str) -> bool {
    text.rsplit(':').next().is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(text: &str) -> Endpoint {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_an_endpoint_prints_as_it_was_written() {
        for text in ["127.0.0.1:6379", "redis-0.redis.svc:1", "[::1]:65535", "[fe80::1]:6379"] {
            assert_eq!(endpoint(text).to_string(), text);
        }
        assert_eq!(endpoint("[::1]:7000"), Endpoint { host: "::1".into(), port: 7000 });
    }

    #[test]
    fn what_is_not() {
        use EndpointError::*;
        for (text, expected) in [
            ("", NoPort),
            ("localhost", NoPort),
            ("localhost:", NoPort),
            (":6379", NoHost),
            ("localhost:0", BadPort),
            ("localhost:65536", BadPort),
            ("localhost:+1", BadPort),
            ("localhost:redis", BadPort),
            ("::1", NoBrackets),
            ("fe80:0:0:0:1:2:3:4:6379", NoBrackets),
            ("[::1]", NoPort),
            ("[::1]6379", NoPort),
            ("[::1", BadIpv6),
            ("[localhost]:6379", BadIpv6),
            ("redis://user:pw@h:6379", BadHost),
            ("a:1,b:2", BadHost),
            (" a:1", BadHost),
        ] {
            assert_eq!(text.parse::<Endpoint>(), Err(expected), "{text:?}");
        }
    }

    #[test]
    fn one_node_by_two_spellings() {
        for (one, other, same) in [
            ("LocalHost:1", "127.0.0.1:1", true),
            ("[::1]:1", "localhost:1", true),
            ("[0:0::1]:1", "[::1]:1", true),
            ("Redis.Example:1", "redis.example:1", true),
            ("localhost:1", "localhost:2", false),
            ("10.0.0.1:1", "10.0.0.2:1", false),
        ] {
            assert_eq!(endpoint(one).is_same_as(&endpoint(other)), same, "{one} {other}");
        }
    }
}
