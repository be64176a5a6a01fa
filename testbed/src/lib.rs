//! Real servers for the tests, the demo and the benches.
//!
//! Everything here works on real Redis and Valkey processes, started from the binaries that
//! `tools/get-servers` unpacks. It shares no code with the crates under test: its RESP client, its
//! hash slots and its comparison of values are written independently, so that they can serve as an oracle.
//!
//! * [`Server`] and [`Cluster`] start processes on free loopback ports and stop them when dropped,
//!   and when the test process itself is killed.
//! * [`Conn`] talks to one node, [`Router`] to all primaries of a cluster.
//! * [`Dataset`] fills a cluster, [`Load`] keeps writing to it, [`compare`] and [`wait_equal`] tell
//!   whether two clusters hold the same data.
//! * [`Ledger`] writes what tells afterwards whether it was lost, doubled or put out of order.
//! * [`Stutter`] makes servers slow.
//! * [`Authority`] makes the certificates for servers that speak TLS.
//! * [`Process`] runs a program under test.
//!
//! # Examples
//!
//! ```no_run
//! use testbed::{Cluster, ClusterSpec, Dataset, compare};
//!
//! # fn main() -> Result<(), testbed::Error> {
//! let a = Cluster::start(ClusterSpec::new("redis-7.0"))?;
//! let b = Cluster::start(ClusterSpec::new("valkey-9.1").primaries(5).replicas(0))?;
//! Dataset::new(1).keys(1_000).fill(&a)?;
//! assert_eq!(compare(&a, &b)?.missing, 1_000);
//! # Ok(())
//! # }
//! ```

mod cluster;
mod command;
mod compare;
mod conn;
mod dataset;
mod endpoint;
mod error;
mod leash;
mod ledger;
mod load;
mod node;
mod ports;
mod process;
mod random;
mod router;
mod scratch;
mod server;
mod servers;
mod slot;
mod stutter;
mod tls;
mod value;

pub use cluster::{Cluster, ClusterSpec, SlotRanges};
pub use command::{Arg, Command, cmd};
pub use compare::{Comparison, Diff, Difference, compare, wait_equal};
pub use conn::Conn;
pub use dataset::{Dataset, Filled};
pub use endpoint::Endpoint;
pub use error::Error;
pub use ledger::{Finding, Ledger, LedgerSpec, Records, Trouble, Verdict};
pub use load::{Load, LoadSpec, Summary};
pub use process::{Process, ProcessSpec, Usage, find_binary};
pub use random::Random;
pub use router::{Router, Unit};
pub use scratch::Scratch;
pub use server::{Server, ServerSpec};
pub use servers::find_server;
pub use slot::{SLOTS, key_for_slot, slot_of};
pub use stutter::Stutter;
pub use tls::{Authority, Certificate};
pub use value::Value;
