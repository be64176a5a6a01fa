//! A cluster of real servers.

mod failover;
mod members;
mod nodes_conf;
mod reshard;
mod resyncs;
mod spec;
mod view;

use std::{net::SocketAddr, path::Path, thread, time::Instant};

pub use self::spec::{ClusterSpec, SlotRanges};
use self::{resyncs::Served, view::READY_TIMEOUT};
use crate::{
    Conn, Endpoint, Error,
    conn::info_field,
    find_server,
    node::{Home, Node, POLL, retry_ports},
    ports::{PortLease, loopback},
    slot_of,
};

/// A running cluster; dropping it kills every process and removes their folders.
///
/// Nodes are numbered as they were started: first the primaries, then their replicas. Node
/// `primaries + i` starts as a replica of node `i % primaries`; a failover changes roles, not numbers. Spare nodes have
/// the last numbers, and do not run until they are added.
pub struct Cluster {
    nodes: Vec<Node>,
    ids: Vec<String>,
    tls_ports: Vec<u16>,
    /// Ports that are announced, and where nobody listens.
    nobody_ports: Vec<u16>,
    served: Vec<Served>,
    spec: ClusterSpec,
    _ports: PortLease,
    _home: Home,
}

impl Cluster {
    /// Starts a cluster and waits until every node calls it healthy and every replica is linked.
    ///
    /// # Errors
    /// When the binary is missing, the slots overlap, or a server does not start.
    pub fn start(spec: ClusterSpec) -> Result<Self, Error> {
        let binary = find_server(&spec.server)?;
        let ranges = spec.ranges()?;
        retry_ports(|| {
            let ports = PortLease::claim(spec.nodes_with_spares() * spec.ports())?;
            let (plain, more) = ports.ports().split_at_checked(spec.nodes_with_spares()).unwrap_or_default();
            let (tls, nobody) = more.split_at_checked(spec.nodes_with_spares()).unwrap_or_default();
            let known = if spec.has_tls_between_nodes() { tls } else { plain };
            let home = Home::create("cluster")?;
            let ids = nodes_conf::node_ids(plain);
            let mut nodes = Vec::new();
            for (index, &port) in plain.iter().enumerate() {
                let of_node = |ports: &[u16]| ports.get(index).copied().unwrap_or_default();
                let options = spec.node_options(of_node(tls), of_node(nobody));
                let node = Node::prepare(&binary, &home, port, &options, spec.password.as_deref())?;
                if index < spec.nodes() {
                    let members = spec.nodes();
                    let (known, ids) = (known.get(..members), ids.get(..members));
                    nodes_conf::write(
                        node.folder(),
                        index,
                        known.unwrap_or_default(),
                        ids.unwrap_or_default(),
                        &ranges,
                    )?;
                } else {
                    nodes_conf::write_alone(node.folder(), port, ids.get(index).map_or("", String::as_str))?;
                }
                nodes.push(node);
            }
            let (tls_ports, nobody_ports) = (tls.to_vec(), nobody.to_vec());
            let served = nodes.iter().map(|_| Served::default()).collect();
            let spec = spec.clone();
            let cluster = Self { nodes, ids, tls_ports, nobody_ports, served, spec, _ports: ports, _home: home };
            cluster.spawn_all()?;
            Ok(cluster)
        })
    }

    /// The address of every node, by number.
    #[must_use]
    pub fn addrs(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(Node::addr).collect()
    }

    /// The address of one node.
    ///
    /// # Errors
    /// When there is no such node.
    pub fn addr(&self, node: usize) -> Result<SocketAddr, Error> {
        Ok(self.node(node)?.addr())
    }

    /// Where one node listens with TLS.
    ///
    /// # Errors
    /// When there is no such node, or it does not.
    pub fn tls_addr(&self, node: usize) -> Result<SocketAddr, Error> {
        let port = self.tls_ports.get(node).copied();
        port.map(loopback).ok_or_else(|| Error::Usage(format!("node {node} does not listen with TLS")))
    }

    /// The node's id in the cluster.
    ///
    /// # Errors
    /// When there is no such node.
    pub fn id(&self, node: usize) -> Result<&str, Error> {
        self.ids.get(node).map(String::as_str).ok_or_else(|| no_node(node))
    }

    /// The process's number, while the node runs.
    ///
    /// # Errors
    /// When there is no such node.
    pub fn pid(&self, node: usize) -> Result<Option<u32>, Error> {
        Ok(self.node(node)?.pid())
    }

    /// The folder in which the node runs: its log and dump files are there.
    ///
    /// # Errors
    /// When there is no such node.
    pub fn folder(&self, node: usize) -> Result<&Path, Error> {
        Ok(self.node(node)?.folder())
    }

    /// A new connection to one node, authenticated.
    ///
    /// # Errors
    /// When there is no such node or it cannot be reached.
    pub fn conn(&self, node: usize) -> Result<Conn, Error> {
        self.node(node)?.connect()
    }

    /// A new connection to the primary that serves this key.
    ///
    /// # Errors
    /// When nobody serves it.
    pub fn conn_for_key(&self, key: impl AsRef<[u8]>) -> Result<Conn, Error> {
        self.conn(self.owner(slot_of(key.as_ref()))?)
    }

    /// One field of a node's `INFO`.
    ///
    /// # Errors
    /// When the node cannot be asked or has no such field.
    pub fn info(&self, node: usize, field: &str) -> Result<String, Error> {
        self.conn(node)?.info(field)
    }

    /// Sets an option on every running node (`CONFIG SET`).
    ///
    /// # Errors
    /// When a node refuses it.
    pub fn config_set(&self, name: &str, value: &str) -> Result<(), Error> {
        for node in self.running() {
            self.conn(node)?.call(["CONFIG", "SET", name, value])?;
        }
        Ok(())
    }

    /// Kills a node's process (SIGKILL) and waits for its end.
    ///
    /// # Errors
    /// When there is no such node.
    pub fn kill(&self, node: usize) -> Result<(), Error> {
        self.note_full_resyncs(node);
        self.node(node)?.kill()?;
        self.served.get(node).into_iter().for_each(Served::end_process);
        Ok(())
    }

    /// Starts a killed node again, on its port and in its folder, and waits until it serves connections.
    ///
    /// # Errors
    /// When it runs already or does not start.
    pub fn start_node(&self, node: usize) -> Result<(), Error> {
        let node = self.node(node)?;
        node.spawn()?;
        node.wait_up().map(drop)
    }

    /// Freezes a node's process (SIGSTOP).
    ///
    /// # Errors
    /// When it does not run.
    pub fn pause(&self, node: usize) -> Result<(), Error> {
        self.note_full_resyncs(node);
        self.node(node)?.signal("STOP")
    }

    /// Lets a frozen node go on (SIGCONT).
    ///
    /// # Errors
    /// When it does not run.
    pub fn cont(&self, node: usize) -> Result<(), Error> {
        self.node(node)?.signal("CONT")
    }

    /// Waits until every running node calls the cluster healthy and every replica is linked to its primary.
    ///
    /// # Errors
    /// [`Error::Timeout`] when that does not come true.
    pub fn wait_ready(&self) -> Result<(), Error> {
        wait_for("the cluster to be healthy", || {
            let running = self.running();
            for &node in &running {
                if !self.is_ready(node, running.len())? {
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }

    fn spawn_all(&self) -> Result<(), Error> {
        let members = || self.nodes.iter().take(self.spec.nodes());
        for node in members() {
            node.spawn()?;
        }
        for node in members() {
            node.wait_up()?;
        }
        self.wait_ready()
    }

    fn is_ready(&self, node: usize, running: usize) -> Result<bool, Error> {
        let mut conn = self.conn(node)?;
        let info = conn.call("CLUSTER INFO")?.text();
        let field = |name: &str| info_field(&info, name).unwrap_or_default();
        let known = field("cluster_known_nodes").parse().unwrap_or(0);
        if field("cluster_state") != "ok" || known < running {
            return Ok(false);
        }
        if !self.has_heard_of_ports(&mut conn)? {
            return Ok(false);
        }
        let replication = conn.call("INFO replication")?.text();
        Ok(info_field(&replication, "master_link_status").is_none_or(|status| status == "up"))
    }

    /// Whether a node has heard of the ports that the others announce, where their state file tells other ones.
    fn has_heard_of_ports(&self, conn: &mut Conn) -> Result<bool, Error> {
        let announced: Vec<u16> = match &self.spec {
            spec if spec.has_tls_between_nodes() => self.nodes.iter().map(|node| node.addr().port()).collect(),
            spec if spec.is_hidden() => self.nobody_ports.clone(),
            _ => return Ok(true),
        };
        let text = conn.call("CLUSTER NODES")?.text();
        Ok(announced.iter().all(|port| text.contains(&format!(":{port}@"))))
    }

    /// The numbers of the nodes whose process runs.
    fn running(&self) -> Vec<usize> {
        (0..self.nodes.len()).filter(|&node| matches!(self.pid(node), Ok(Some(_)))).collect()
    }

    fn node(&self, node: usize) -> Result<&Node, Error> {
        self.nodes.get(node).ok_or_else(|| no_node(node))
    }
}

impl From<&Cluster> for Endpoint {
    fn from(cluster: &Cluster) -> Self {
        Self { seeds: cluster.addrs(), password: cluster.spec.password.clone(), db: 0 }
    }
}

fn no_node(node: usize) -> Error {
    Error::Usage(format!("the cluster has no node {node}"))
}

/// Looks at a condition until it holds. A failing look counts as "not yet".
fn wait_for(what: &str, mut condition: impl FnMut() -> Result<bool, Error>) -> Result<(), Error> {
    let deadline = Instant::now() + READY_TIMEOUT;
    loop {
        let seen = condition();
        match seen {
            Ok(true) => return Ok(()),
            _ if Instant::now() < deadline => thread::sleep(POLL),
            Ok(false) => return Err(Error::Timeout(what.to_owned())),
            Err(error) => return Err(Error::Timeout(format!("{what}: {error}"))),
        }
    }
}
