//! Commands into a cluster, by one thread and connection for each primary.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    thread,
    time::Duration,
};

use testbed::{Error, Router, SLOTS, slot_of};

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// 64 bytes each.
    Set,
    /// Of 100,000 counters.
    Incr,
    /// Nine of the first, one of the second.
    Mixed,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Set => "SET",
            Self::Incr => "INCR",
            Self::Mixed => "90 % SET, 10 % INCR",
        }
    }

    fn is_incr(self, number: u64) -> bool {
        self == Self::Incr || (self == Self::Mixed && number.is_multiple_of(10))
    }

    fn key(self, number: u64) -> String {
        let kind = if self.is_incr(number) { "inc" } else { "set" };
        format!("{kind}:{:012}", number.wrapping_mul(48_271) % KEYS)
    }
}

/// Writes so many commands, and waits until every reply has been read.
pub(crate) fn write(router: &Router, kind: Kind, commands: u64) -> Result<(), Error> {
    let owners = owners(router)?;
    thread::scope(|scope| {
        let owners = &owners;
        let writers: Vec<_> =
            router.primaries().into_iter().map(|addr| scope.spawn(move || one(addr, owners, kind, commands))).collect();
        writers
            .into_iter()
            .try_for_each(|writer| writer.join().map_err(|_| Error::Usage("a writer panicked".to_owned()))?)
    })
}

/// A key for each primary that nothing else writes to.
pub(crate) fn marks(router: &Router, number: u64) -> Result<Vec<(SocketAddr, String)>, Error> {
    let owners = owners(router)?;
    let key_of = |addr| {
        let mut keys = (0_u64..).map(|n| format!("mark:{number}:{n}"));
        keys.find(|key| owners[usize::from(slot_of(key.as_bytes()))] == addr).unwrap_or_default()
    };
    Ok(router.primaries().into_iter().map(|addr| (addr, key_of(addr))).collect())
}

fn owners(router: &Router) -> Result<Vec<SocketAddr>, Error> {
    (0..SLOTS).map(|slot| router.owner(slot)).collect()
}

fn one(addr: SocketAddr, owners: &[SocketAddr], kind: Kind, commands: u64) -> Result<(), Error> {
    let mut stream = TcpStream::connect(addr).map_err(Error::io(format!("connect to {addr}")))?;
    stream.set_nodelay(true).map_err(Error::io("set TCP_NODELAY"))?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(Error::io("set a timeout"))?;
    let (mut out, mut under_way) = (Vec::new(), 0);
    for number in 0..commands {
        let key = kind.key(number);
        if owners[usize::from(slot_of(key.as_bytes()))] != addr {
            continue;
        }
        if kind.is_incr(number) {
            out.extend_from_slice(format!("*2\r\n$4\r\nINCR\r\n$16\r\n{key}\r\n").as_bytes());
        } else {
            out.extend_from_slice(format!("*3\r\n$3\r\nSET\r\n$16\r\n{key}\r\n$64\r\n{number:064}\r\n").as_bytes());
        }
        under_way += 1;
        if under_way == PIPELINE {
            exchange(&mut stream, &mut out, &mut under_way)?;
        }
    }
    exchange(&mut stream, &mut out, &mut under_way)
}

/// Sends what is there and reads as many lines.
fn exchange(stream: &mut TcpStream, out: &mut Vec<u8>, under_way: &mut usize) -> Result<(), Error> {
    stream.write_all(out).map_err(Error::io("write"))?;
    let mut block = [0; 16 << 10];
    while *under_way > 0 {
        let read = stream.read(&mut block).map_err(Error::io("read"))?;
        let replies = &block[..read];
        if read == 0 || replies.contains(&b'-') {
            return Err(Error::Protocol(String::from_utf8_lossy(replies).into_owned()));
        }
        *under_way -= replies.iter().filter(|&&byte| byte == b'\n').count();
    }
    out.clear();
    Ok(())
}

/// Different keys.
const KEYS: u64 = 100_000;
/// Commands under way on one connection.
const PIPELINE: usize = 128;
const PATIENCE: Duration = Duration::from_secs(20);
