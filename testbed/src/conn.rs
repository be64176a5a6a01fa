//! A blocking RESP2 connection to one server.

use std::{
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use crate::{Command, Error, Value};

/// A blocking connection to one server.
///
/// Nothing is retried or redirected here: what the server says is what the caller gets.
pub struct Conn {
    reader: BufReader<TcpStream>,
    addr: SocketAddr,
}

impl Conn {
    /// Connects, with [`DEFAULT_TIMEOUT`] for connecting, reading and writing.
    ///
    /// # Errors
    /// When nothing listens there.
    pub fn connect(addr: SocketAddr) -> Result<Self, Error> {
        Self::connect_within(addr, DEFAULT_TIMEOUT)
    }

    /// The same with another timeout.
    pub(crate) fn connect_within(addr: SocketAddr, timeout: Duration) -> Result<Self, Error> {
        let what = format!("connect to {addr}");
        let stream = TcpStream::connect_timeout(&addr, timeout).map_err(Error::io(what.as_str()))?;
        stream.set_nodelay(true).map_err(Error::io(what))?;
        let mut conn = Self { reader: BufReader::with_capacity(READ_BUFFER, stream), addr };
        conn.set_timeout(timeout)?;
        Ok(conn)
    }

    /// The server's address.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Sets how long one read or write may take.
    ///
    /// # Errors
    /// When the duration is zero.
    pub fn set_timeout(&mut self, timeout: Duration) -> Result<(), Error> {
        let stream = self.reader.get_ref();
        let set = stream.set_read_timeout(Some(timeout)).and_then(|()| stream.set_write_timeout(Some(timeout)));
        set.map_err(Error::io("set a timeout"))
    }

    /// Sends one command and waits for its reply.
    ///
    /// # Errors
    /// When the connection fails, and when the reply is an error ([`Error::Reply`]).
    pub fn call(&mut self, command: impl Into<Command>) -> Result<Value, Error> {
        let command = command.into();
        self.exchange(&command)?.into_result(&command.summary())
    }

    /// Sends one command and waits for its reply, which may be [`Value::Error`].
    ///
    /// # Errors
    /// When the connection fails.
    pub fn exchange(&mut self, command: impl Into<Command>) -> Result<Value, Error> {
        self.send(&[command.into()])?;
        self.receive()
    }

    /// Sends all commands at once and waits for all replies; error replies stand among them.
    ///
    /// # Errors
    /// When the connection fails.
    pub fn pipeline(&mut self, commands: &[Command]) -> Result<Vec<Value>, Error> {
        self.send(commands)?;
        commands.iter().map(|_| self.receive()).collect()
    }

    /// Sends commands without waiting for their replies.
    ///
    /// # Errors
    /// When the connection fails.
    pub fn send(&mut self, commands: &[Command]) -> Result<(), Error> {
        let mut out = Vec::new();
        for command in commands {
            command.encode(&mut out);
        }
        self.send_bytes(&out)
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// When the connection fails.
    pub fn send_bytes(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let addr = self.addr;
        self.reader.get_mut().write_all(bytes).map_err(|error| failed(addr, "write", error))
    }

    /// Waits for the next reply.
    ///
    /// # Errors
    /// When the connection fails or closes, or the bytes are not RESP2.
    pub fn receive(&mut self) -> Result<Value, Error> {
        let line = self.line()?;
        let (Some(kind), Some(rest)) = (line.chars().next(), line.get(1..)) else {
            return Err(Error::Protocol(format!("an empty line from {}", self.addr)));
        };
        match kind {
            '+' => Ok(Value::Simple(rest.to_owned())),
            '-' => Ok(Value::Error(rest.to_owned())),
            ':' => Ok(Value::Integer(self.number(rest)?)),
            '$' => self.bulk(rest),
            '*' => self.array(rest),
            _ => Err(Error::Protocol(format!("`{line}` from {}", self.addr))),
        }
    }

    /// One field of `INFO`.
    ///
    /// # Errors
    /// When the call fails or there is no such field.
    pub fn info(&mut self, field: &str) -> Result<String, Error> {
        let text = self.call("INFO everything")?.text();
        info_field(&text, field).ok_or_else(|| Error::Protocol(format!("INFO of {} has no `{field}`", self.addr)))
    }

    fn bulk(&mut self, length: &str) -> Result<Value, Error> {
        let Ok(length) = usize::try_from(self.number(length)?) else { return Ok(Value::Null) };
        let mut bytes = vec![0; length + 2];
        let addr = self.addr;
        self.reader.read_exact(&mut bytes).map_err(|error| failed(addr, "read", error))?;
        bytes.truncate(length);
        Ok(Value::Bulk(bytes))
    }

    fn array(&mut self, length: &str) -> Result<Value, Error> {
        let Ok(length) = usize::try_from(self.number(length)?) else { return Ok(Value::Null) };
        let items: Result<_, _> = (0..length).map(|_| self.receive()).collect();
        Ok(Value::Array(items?))
    }

    fn number(&self, digits: &str) -> Result<i64, Error> {
        digits.parse().map_err(|_| Error::Protocol(format!("`{digits}` as a number from {}", self.addr)))
    }

    fn line(&mut self) -> Result<String, Error> {
        let mut line = Vec::new();
        let addr = self.addr;
        self.reader.read_until(b'\n', &mut line).map_err(|error| failed(addr, "read", error))?;
        match line.strip_suffix(b"\r\n") {
            Some(text) => Ok(String::from_utf8_lossy(text).into_owned()),
            None => Err(failed(addr, "read", ErrorKind::UnexpectedEof.into())),
        }
    }
}

/// One field of the text of an `INFO` or `CLUSTER INFO` reply.
pub(crate) fn info_field(text: &str, field: &str) -> Option<String> {
    text.lines().find_map(|line| Some(line.strip_prefix(field)?.strip_prefix(':')?.trim_end().to_owned()))
}

fn failed(addr: SocketAddr, action: &str, error: std::io::Error) -> Error {
    match error.kind() {
        // What a socket timeout is called differs between systems.
        ErrorKind::WouldBlock | ErrorKind::TimedOut => Error::Timeout(format!("{addr} ({action})")),
        _ => Error::io(format!("{action} {addr}"))(error),
    }
}

/// How long a connection waits before it gives up, unless told otherwise.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(20);

const READ_BUFFER: usize = 64 * 1024;
