use nom::Parser;
use nom::character::complete::{char, u16};
use nom::combinator::{map_opt, map_res, rest, verify};
use nom::error::Error;
use nom::sequence::terminated;
use resp::ErrorReply;

use crate::NodeAddr;
use crate::slot::Slot;

/// Where a node sends a command instead: the text of a `-MOVED` or an `-ASK` (`clusterRedirectClient`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// The slot that the command's keys lie in.
    pub slot: Slot,
    /// The node to turn to.
    pub addr: NodeAddr,
}

impl Redirect {
    /// Reads `slot host:port`, what follows the word `MOVED` or `ASK`. An empty host is the one that was asked.
    ///
    /// # Errors
    /// When it reads otherwise, or when the host is `?`: the node does not know the name that it should tell.
    ///
    /// # Examples
    /// ```
    /// let reply = resp::ErrorReply::parse(b"-MOVED 3999 :6381\r\n");
    /// let redirect = cluster_router::Redirect::parse(&reply, "10.0.0.1")?;
    /// assert_eq!((redirect.slot.number(), redirect.addr.to_string().as_str()), (3999, "10.0.0.1:6381"));
    /// # Ok::<(), cluster_router::RedirectError>(())
    /// ```
    pub fn parse(reply: &ErrorReply, asked: &str) -> Result<Self, RedirectError> {
        let text = std::str::from_utf8(reply.message()).map_err(|_| RedirectError::NotText)?;
        let mut slot = terminated(map_opt(u16, Slot::new), char::<_, Error<&str>>(' '));
        let (left, slot) = slot.parse(text).map_err(|_| RedirectError::Slot)?;
        let mut addr =
            verify(map_res(rest::<_, Error<&str>>, str::parse::<NodeAddr>), |addr: &NodeAddr| addr.host != "?");
        let (_, addr) = addr.parse(left).map_err(|_| RedirectError::Address)?;
        Ok(Self { slot, addr: addr.or_host(asked) })
    }
}

/// Why a redirect does not say where to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedirectError {
    /// It is not UTF-8.
    #[error("bytes that are not UTF-8 while reading a redirect")]
    NotText,
    /// No slot is where it should be.
    #[error("not a slot while reading a redirect's slot")]
    Slot,
    /// No address is where it should be, or its host is not known.
    #[error("not an address while reading a redirect's address")]
    Address,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<(u16, String), RedirectError> {
        let reply = ErrorReply::parse(text.as_bytes());
        Redirect::parse(&reply, "asked").map(|redirect| (redirect.slot.number(), redirect.addr.to_string()))
    }

    #[test]
    fn redirects_of_all_shapes() {
        let cases = [
            ("MOVED 3999 127.0.0.1:6381", 3999, "127.0.0.1:6381"),
            ("ASK 0 ::1:7000", 0, "[::1]:7000"),
            ("MOVED 16383 node-1.example:7000", 16_383, "node-1.example:7000"),
            ("MOVED 1 :7000", 1, "asked:7000"),
        ];
        for (text, slot, addr) in cases {
            assert_eq!(parse(text), Ok((slot, addr.to_owned())), "{text}");
        }
    }

    #[test]
    fn redirects_to_nowhere() {
        let cases = [
            ("MOVED", RedirectError::Slot),
            ("MOVED x 127.0.0.1:1", RedirectError::Slot),
            ("MOVED 16384 127.0.0.1:1", RedirectError::Slot),
            ("MOVED 99999 127.0.0.1:1", RedirectError::Slot),
            ("MOVED 1", RedirectError::Slot),
            ("MOVED 1 ", RedirectError::Address),
            ("MOVED 1 host", RedirectError::Address),
            ("MOVED 1 host:1 more", RedirectError::Address),
            ("MOVED 1 ?:7000", RedirectError::Address),
        ];
        for (text, error) in cases {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }
}
