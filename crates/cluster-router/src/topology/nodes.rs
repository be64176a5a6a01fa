//! `CLUSTER NODES`, and the file `nodes.conf`, which has the same lines (`clusterGenNodeDescription`).

use std::fmt;

use nom::branch::alt;
use nom::bytes::complete::{is_not, tag, take_till1, take_while1};
use nom::character::complete::{char, space1, u64};
use nom::combinator::{all_consuming, map, map_res, opt, rest, verify};
use nom::multi::separated_list1;
use nom::sequence::{delimited, preceded, separated_pair, terminated};
use nom::{IResult, Parser};

use super::error::{Place, TopologyError, TopologyErrorKind};
use super::node::{Flags, LinkState, Node, NodeId, Role};
use super::{Asked, Topology};
use crate::NodeAddr;
use crate::slot::{Slot, SlotRange};

impl Topology {
    /// Reads the answer to `CLUSTER NODES`: all formats from Redis 3.0 on, and those of Valkey.
    ///
    /// # Errors
    /// With the number of the line, and what was being read in it.
    pub fn from_nodes(text: &[u8], asked: Asked<'_>) -> Result<Self, TopologyError> {
        let text = std::str::from_utf8(text).map_err(|bad| not_text(text, bad.valid_up_to()))?;
        let lines = text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !is_vars(line));
        let nodes = lines.map(|(index, line)| node(line, index + 1, asked)).collect::<Result<_, _>>()?;
        Ok(Self { nodes })
    }
}

/// `nodes.conf` ends with a line of variables.
fn is_vars(line: &str) -> bool {
    line.starts_with("vars ")
}

fn not_text(text: &[u8], at: usize) -> TopologyError {
    let line = text.iter().take(at).filter(|&&b| b == b'\n').count() + 1;
    TopologyError { kind: TopologyErrorKind::NotText, place: Place::Line(line), reading: "CLUSTER NODES" }
}

fn node(line: &str, number: usize, asked: Asked<'_>) -> Result<Node, TopologyError> {
    let mut fields = Fields { left: line, line: number };
    let id = fields.next("a node's id", id)?;
    let (addr, hostname) = fields.next("a node's address", address)?;
    let (role, flags) = fields.next("a node's flags", flags)?;
    let primary = fields.next("a replica's primary", primary)?;
    fields.next("the time of the last ping", u64)?;
    fields.next("the time of the last pong", u64)?;
    let config_epoch = fields.next("a node's config epoch", u64)?;
    let link = fields.next("a node's link state", link_state)?;
    let role = if let Role::Replica { .. } = role { Role::Replica { of: primary } } else { role };
    let mut node = Node { hostname, flags, config_epoch, link, ..Node::new(id, addr.or_host(asked.host), role) };
    while !fields.left.is_empty() {
        match fields.next("a node's slots", claim)? {
            Claim::Owned(range) => node.slots.push(range),
            Claim::Migrating(slot, to) => node.migrating.push((slot, to)),
            Claim::Importing(slot, from) => node.importing.push((slot, from)),
        }
    }
    Ok(node)
}

/// The fields of a line, separated by spaces.
struct Fields<'a> {
    left: &'a str,
    line: usize,
}

impl<'a> Fields<'a> {
    /// The next field, all of which `parser` must take.
    fn next<T>(
        &mut self,
        reading: &'static str,
        parser: impl Parser<&'a str, Output = T, Error = nom::error::Error<&'a str>>,
    ) -> Result<T, TopologyError> {
        let fault = |kind| TopologyError { kind, place: Place::Line(self.line), reading };
        let field = terminated(is_not(" "), opt(space1)).parse(self.left);
        let (left, field): (_, &str) = field.map_err(|_: Failure<'_>| fault(TopologyErrorKind::Missing))?;
        let (_, value) = all_consuming(parser).parse(field).map_err(|bad| fault(kind_of(&bad)))?;
        self.left = left;
        Ok(value)
    }
}

type Failure<'a> = nom::Err<nom::error::Error<&'a str>>;

/// Only slots are verified after they have been read.
fn kind_of(failure: &Failure<'_>) -> TopologyErrorKind {
    match failure {
        nom::Err::Failure(_) => TopologyErrorKind::BadSlot,
        _ => TopologyErrorKind::Malformed,
    }
}

fn id(field: &str) -> IResult<&str, NodeId> {
    map(take_while1(is_id), NodeId::new).parse(field)
}

fn is_id(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '_' | '-')
}

/// `ip:port`, `ip:port@cport`, `ip:port@cport,hostname`, `ip:port@cport,hostname,name=value,...`
fn address(field: &str) -> IResult<&str, (NodeAddr, Option<String>)> {
    let addr = map_res(take_till1(|c| c == '@' || c == ','), str::parse);
    let bus = opt(preceded(char('@'), u64));
    let hostname = opt(preceded(char(','), alt((is_not(","), tag("")))));
    let more = verify(rest, |text: &str| text.is_empty() || text.starts_with(','));
    map((addr, bus, hostname, more), |(addr, _, hostname, _)| {
        (addr, hostname.filter(|name: &&str| !name.is_empty()).map(str::to_owned))
    })
    .parse(field)
}

/// `myself,master`, `slave,fail?` ... Flags that we do not know are passed over: there will be more of them.
fn flags(field: &str) -> IResult<&str, (Role, Flags)> {
    map(separated_list1(char(','), is_not(",")), |names: Vec<&str>| {
        let flags = names.iter().filter_map(|name| Flags::named(name)).fold(Flags::NONE, Flags::and);
        let role = names.iter().find_map(|name| match *name {
            "master" | "primary" => Some(Role::Primary),
            "slave" | "replica" => Some(Role::Replica { of: None }),
            _ => None,
        });
        (role.unwrap_or(Role::Unknown), flags)
    })
    .parse(field)
}

fn primary(field: &str) -> IResult<&str, Option<NodeId>> {
    alt((map(all_consuming(char('-')), |_| None), map(id, Some))).parse(field)
}

fn link_state(field: &str) -> IResult<&str, LinkState> {
    alt((map(tag("connected"), |_| LinkState::Connected), map(tag("disconnected"), |_| LinkState::Disconnected)))
        .parse(field)
}

/// What a node says of slots.
enum Claim {
    Owned(SlotRange),
    Migrating(Slot, NodeId),
    Importing(Slot, NodeId),
}

/// `5`, `0-5460`, `[449->-id]`, `[449-<-id]`
fn claim(field: &str) -> IResult<&str, Claim> {
    let migrating = map(separated_pair(slot, tag("->-"), id), |(slot, to)| Claim::Migrating(slot, to));
    let importing = map(separated_pair(slot, tag("-<-"), id), |(slot, from)| Claim::Importing(slot, from));
    alt((map(range, Claim::Owned), delimited(char('['), alt((migrating, importing)), char(']')))).parse(field)
}

fn range(field: &str) -> IResult<&str, SlotRange> {
    let (left, (first, last)) = (slot, opt(preceded(char('-'), slot))).parse(field)?;
    match SlotRange::new(first, last.unwrap_or(first)) {
        Some(range) => Ok((left, range)),
        None => Err(out_of_range(field)),
    }
}

/// A slot; a number that is none is a failure, not something to be read in another way.
fn slot(field: &str) -> IResult<&str, Slot> {
    let (left, number) = u64(field)?;
    match u16::try_from(number).ok().and_then(Slot::new) {
        Some(slot) => Ok((left, slot)),
        None => Err(out_of_range(field)),
    }
}

fn out_of_range(field: &str) -> Failure<'_> {
    nom::Err::Failure(nom::error::Error::new(field, nom::error::ErrorKind::Verify))
}

/// The lines of `CLUSTER NODES` as Redis 7 and Valkey write them. Bus ports and times are not kept: the bus port is
/// left out, and times are zero.
impl fmt::Display for Topology {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.nodes.iter().try_for_each(|node| writeln!(f, "{}", Line(node)))
    }
}

struct Line<'a>(&'a Node);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let node = self.0;
        write!(f, "{} {}:{}", node.id, node.addr.host, node.addr.port)?;
        if let Some(hostname) = &node.hostname {
            write!(f, ",{hostname}")?;
        }
        write!(f, " {} {} 0 0 {}", flag_names(node), primary_name(&node.role), node.config_epoch)?;
        f.write_str(match node.link {
            LinkState::Connected => " connected",
            LinkState::Disconnected | LinkState::Unknown => " disconnected",
        })?;
        node.slots.iter().try_for_each(|range| write!(f, " {range}"))?;
        node.migrating.iter().try_for_each(|(slot, to)| write!(f, " [{slot}->-{to}]"))?;
        node.importing.iter().try_for_each(|(slot, from)| write!(f, " [{slot}-<-{from}]"))
    }
}

fn flag_names(node: &Node) -> String {
    let role = match node.role {
        Role::Primary => Some("master"),
        Role::Replica { .. } => Some("slave"),
        Role::Unknown => None,
    };
    let names: Vec<&str> = node.flags.names().chain(role).collect();
    if names.is_empty() { "noflags".to_owned() } else { names.join(",") }
}

fn primary_name(role: &Role) -> &str {
    match role {
        Role::Replica { of: Some(id) } => id.as_str(),
        _ => "-",
    }
}
