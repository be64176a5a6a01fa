#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod command;

mod addr;
mod address_book;
mod cause;
mod client;
mod connect;
mod credentials;
mod discovery;
mod info;
mod lane;
mod position;
mod position_keys;
mod redirect;
mod refusal;
mod router;
mod slot;
mod slot_map;
mod slot_set;
mod survey;
mod tls;
mod topology;

pub use addr::{AddrError, NodeAddr};
pub use address_book::{Way, WayError};
pub use cause::cause;
pub use client::{Client, ClientError};
pub use connect::{BoxFuture, Connect, Io, TcpConnect};
pub use credentials::Credentials;
pub use discovery::{Discovery, TargetKind};
pub use info::{Info, InfoError};
pub use position::{BadPosition, Phase, Position};
pub use position_keys::PositionKeys;
pub use redirect::{Redirect, RedirectError};
pub use refusal::{Refusal, Response};
pub use router::{
    BusyKey, Delivery, Event, Held, Hold, InOtherWords, Milestone, Outgoing, Owner, Rejection, Rephrase, Replay, Route,
    Router, RouterConfig, RouterError, Unsettled,
};
pub use slot::{SLOTS, Slot, SlotOutOfRange, SlotRange, hash_tag, slot_of};
pub use slot_map::{NodeIndex, SlotMap, SlotOwner};
pub use slot_set::{BadSlotSet, SlotSet};
pub use tls::{HandshakeError, HandshakeErrorKind, Identity, TlsConnect, TlsError, TlsSettings, Trust};
pub use topology::{Asked, Flags, LinkState, Node, NodeId, Place, Role, Topology, TopologyError, TopologyErrorKind};
