//! Small strings into a cluster, by one thread and connection for each primary.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    ops::Range,
    thread,
    time::Duration,
};

use testbed::{Error, Router, SLOTS, slot_of};

/// Sets the keys with these numbers, and waits until every reply has been read.
///
/// # Errors
/// When a connection fails, or a reply is not `OK`.
pub(crate) fn write(router: &Router, numbers: Range<u64>) -> Result<(), Error> {
    let owners: Vec<SocketAddr> = (0..SLOTS).map(|slot| router.owner(slot)).collect::<Result<_, _>>()?;
    thread::scope(|scope| {
        let (owners, numbers) = (&owners, &numbers);
        let writers: Vec<_> = router
            .primaries()
            .into_iter()
            .map(|addr| scope.spawn(move || Writer::run(addr, owners, numbers)))
            .collect();
        writers
            .into_iter()
            .try_for_each(|writer| writer.join().map_err(|_| Error::Usage("a writer panicked".to_owned()))?)
    })
}

/// The key with a number: 16 bytes.
pub(crate) fn key(number: u64) -> String {
    format!("key:{number:012}")
}

/// The value of that key: 64 bytes.
pub(crate) fn value(number: u64) -> String {
    format!("{number:064}")
}

struct Writer {
    stream: TcpStream,
    addr: SocketAddr,
    out: Vec<u8>,
    replies: Vec<u8>,
}

impl Writer {
    /// Writes those of the keys that live on this primary.
    fn run(addr: SocketAddr, owners: &[SocketAddr], numbers: &Range<u64>) -> Result<(), Error> {
        let stream = TcpStream::connect(addr).map_err(Error::io(format!("connect to {addr}")))?;
        stream.set_nodelay(true).map_err(Error::io("set TCP_NODELAY"))?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(Error::io("set a timeout"))?;
        stream.set_write_timeout(Some(PATIENCE)).map_err(Error::io("set a timeout"))?;
        let mut writer = Self { stream, addr, out: Vec::new(), replies: Vec::new() };
        for number in numbers.clone() {
            let key = key(number);
            if owners[usize::from(slot_of(key.as_bytes()))] == addr {
                writer.set(&key, &value(number))?;
            }
        }
        writer.flush()
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), Error> {
        for part in ["*3\r\n$3\r\nSET\r\n$16\r\n", key, "\r\n$64\r\n", value, "\r\n"] {
            self.out.extend_from_slice(part.as_bytes());
        }
        self.replies.extend_from_slice(OK);
        if self.replies.len() == PIPELINE * OK.len() { self.flush() } else { Ok(()) }
    }

    /// Sends the commands at hand and reads their replies.
    fn flush(&mut self) -> Result<(), Error> {
        self.stream.write_all(&self.out).map_err(Error::io(format!("write to {}", self.addr)))?;
        self.stream.read_exact(&mut self.replies).map_err(Error::io(format!("read from {}", self.addr)))?;
        if self.replies.chunks(OK.len()).any(|reply| reply != OK) {
            let text = String::from_utf8_lossy(&self.replies).into_owned();
            return Err(Error::Reply { command: "SET".to_owned(), text });
        }
        self.out.clear();
        self.replies.clear();
        Ok(())
    }
}

const OK: &[u8] = b"+OK\r\n";
/// Commands under way on one connection.
const PIPELINE: usize = 128;
const PATIENCE: Duration = Duration::from_secs(20);
