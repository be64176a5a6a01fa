//! Free ports, safe between test processes that run at the same time.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::unix::fs::MetadataExt,
    path::PathBuf,
    sync::atomic::{AtomicU16, Ordering},
};

use crate::Error;

/// Ports that belong to this process until the lease is dropped.
///
/// Blocks of ports are claimed by locking a file in the temporary folder. The system lifts the lock when the
/// process ends, however it ends.
pub(crate) struct PortLease {
    ports: Vec<u16>,
    _locks: Vec<File>,
}

impl PortLease {
    /// Claims `count` ports on which, and on whose bus ports, nothing listens.
    pub(crate) fn claim(count: usize) -> Result<Self, Error> {
        let folder = lock_folder()?;
        let mut lease = Self { ports: Vec::new(), _locks: Vec::new() };
        let start = next_block();
        for block in (0..BLOCKS).map(|step| (start + step) % BLOCKS) {
            if lease.ports.len() >= count {
                break;
            }
            let path = folder.join(block.to_string());
            let lock = File::create(&path).map_err(Error::io(format!("create {}", path.display())))?;
            if lock.try_lock().is_ok() {
                lease.ports.extend(ports_of(block).filter(|&port| is_free(port)));
                lease._locks.push(lock);
            }
        }
        lease.ports.truncate(count);
        if lease.ports.len() < count {
            return Err(Error::Start(format!("there are no {count} free ports from {FIRST_PORT}")));
        }
        Ok(lease)
    }

    pub(crate) fn ports(&self) -> &[u16] {
        &self.ports
    }
}

fn ports_of(block: u16) -> impl Iterator<Item = u16> {
    let first = FIRST_PORT + block * BLOCK;
    first..first + BLOCK
}

/// Every claim of a process begins elsewhere, and so do different processes, so that a port that was
/// just given up is not taken again at once.
fn next_block() -> u16 {
    static CLAIMS: AtomicU16 = AtomicU16::new(0);
    let claims = CLAIMS.fetch_add(1, Ordering::Relaxed);
    let process = u16::try_from(std::process::id() % u32::from(BLOCKS)).unwrap_or(0);
    process.wrapping_mul(7).wrapping_add(claims) % BLOCKS
}

fn is_free(port: u16) -> bool {
    [port, port + BUS_OFFSET].iter().all(|&port| TcpListener::bind(loopback(port)).is_ok())
}

/// The loopback address with this port.
pub(crate) fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// The folder of the lock files. Users do not share it: one could not write into the other's.
fn lock_folder() -> Result<PathBuf, Error> {
    let user = fs::metadata("/proc/self").map_err(Error::io("read /proc/self"))?.uid();
    let folder = std::env::temp_dir().join(format!("testbed-ports-{user}"));
    fs::create_dir_all(&folder).map_err(Error::io(format!("create {}", folder.display())))?;
    Ok(folder)
}

/// What a server adds to its port to get that of the cluster bus.
pub(crate) const BUS_OFFSET: u16 = 10_000;

/// From here on neither a port nor its bus port meets the other kind, and all stay below 32768, where the
/// ports that the system gives to outgoing connections begin.
const FIRST_PORT: u16 = 12_768;
const BLOCK: u16 = 8;
const BLOCKS: u16 = (32_768 - BUS_OFFSET - FIRST_PORT) / BLOCK;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn leases_do_not_overlap() {
        let leases: Vec<_> = (0..8).map(|_| PortLease::claim(12).expect("ports")).collect();
        let ports: HashSet<_> = leases.iter().flat_map(PortLease::ports).collect();
        assert_eq!(ports.len(), 8 * 12);
    }

    #[test]
    fn a_port_in_use_is_not_given() {
        let first = PortLease::claim(1).expect("a port");
        let port = first.ports()[0];
        let _taken = TcpListener::bind(loopback(port + BUS_OFFSET)).expect("a free port");
        assert!(!is_free(port));
    }
}
