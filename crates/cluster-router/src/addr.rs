use std::fmt;
use std::str::FromStr;

/// Host and port of a node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeAddr {
    /// Name or address, IPv6 without brackets; empty in what a server says of itself before it knows its address:
    /// the host that was asked.
    pub host: String,
    /// The port for clients.
    pub port: u16,
}

impl NodeAddr {
    /// An address from its parts.
    #[must_use]
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port }
    }

    /// The address with `asked` in the place of an empty host.
    #[must_use]
    pub fn or_host(self, asked: &str) -> Self {
        if self.host.is_empty() { Self::new(asked, self.port) } else { self }
    }
}

/// `host:port`, with brackets around an IPv6 address.
impl fmt::Display for NodeAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Reads `host:port`, `:port`, `::1:port` (as servers write IPv6) and `[::1]:port`.
impl FromStr for NodeAddr {
    type Err = AddrError;

    fn from_str(text: &str) -> Result<Self, AddrError> {
        let (host, port) = text.rsplit_once(':').ok_or(AddrError)?;
        if port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit()) {
            return Err(AddrError);
        }
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = bare.unwrap_or(host);
        if host.contains(|c: char| c.is_whitespace() || c.is_control() || "[]@,".contains(c)) {
            return Err(AddrError);
        }
        Ok(Self::new(host, port.parse().map_err(|_| AddrError)?))
    }
}

/// A text that is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an address: host:port is expected")]
pub struct AddrError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_all_shapes() {
        let cases = [
            ("127.0.0.1:6379", "127.0.0.1", 6379, "127.0.0.1:6379"),
            ("::1:7000", "::1", 7000, "[::1]:7000"),
            ("[fe80::1%eth0]:7000", "fe80::1%eth0", 7000, "[fe80::1%eth0]:7000"),
            ("node-1.example:0", "node-1.example", 0, "node-1.example:0"),
            (":7000", "", 7000, ":7000"),
        ];
        for (text, host, port, shown) in cases {
            let addr: NodeAddr = text.parse().unwrap();
            assert_eq!((addr.host.as_str(), addr.port, addr.to_string().as_str()), (host, port, shown));
            assert_eq!(shown.parse(), Ok(addr));
        }
    }

    #[test]
    fn texts_that_are_none() {
        for text in ["", "host", "host:", "host:+1", "host:65536", "a b:1", "h@1:2", "[::1:7000", "h\n:1"] {
            assert_eq!(text.parse::<NodeAddr>(), Err(AddrError), "{text:?}");
        }
    }

    #[test]
    fn an_empty_host_is_the_one_that_was_asked() {
        assert_eq!(NodeAddr::new("", 1).or_host("h"), NodeAddr::new("h", 1));
        assert_eq!(NodeAddr::new("x", 1).or_host("h"), NodeAddr::new("x", 1));
    }
}
