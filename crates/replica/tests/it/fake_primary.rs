//! A primary that says what the test tells it to, at the other end of an in-memory pipe.

use std::{collections::VecDeque, io, time::Duration};

use replica::{
    BacklogReader, BacklogWriter, BoxedStream, Budget, Connect, Link, LinkConfig, LinkError, LinkEvent, Piece,
    PsyncConfig, Spool, backlog, backlog_with_disk,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex},
    sync::mpsc,
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

pub(crate) const ID: &str = "8f6a1c2b3d4e5f60718293a4b5c6d7e8f9012345";
pub(crate) const NEXT_ID: &str = "00000c2b3d4e5f60718293a4b5c6d7e8f9012345";
pub(crate) const GETACK: &str = "*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n";

/// A link under test with everything around it.
pub(crate) struct Bench {
    pub(crate) reader: BacklogReader,
    pub(crate) events: mpsc::UnboundedReceiver<LinkEvent>,
    pub(crate) cancel: CancellationToken,
    pub(crate) link: JoinHandle<Result<(), LinkError>>,
    connections: mpsc::UnboundedReceiver<DuplexStream>,
}

impl Bench {
    pub(crate) fn start(config: LinkConfig) -> Self {
        Self::with_budget(config, Budget::default())
    }

    pub(crate) fn with_budget(config: LinkConfig, budget: Budget) -> Self {
        let (opened, connections) = mpsc::unbounded_channel();
        Self::with_connector(config, backlog(budget), Pipes { opened, refuse: VecDeque::new() }, connections)
    }

    /// A link whose backlog goes to disk.
    pub(crate) fn with_disk(config: LinkConfig, budget: Budget, spool: Spool) -> Self {
        let (opened, connections) = mpsc::unbounded_channel();
        let backlog = backlog_with_disk(budget, spool);
        Self::with_connector(config, backlog, Pipes { opened, refuse: VecDeque::new() }, connections)
    }

    /// A link whose first `refused` attempts to connect fail.
    pub(crate) fn refusing(refused: usize) -> Self {
        let (opened, connections) = mpsc::unbounded_channel();
        let refuse = std::iter::repeat_n((), refused).collect();
        Self::with_connector(config(), backlog(Budget::default()), Pipes { opened, refuse }, connections)
    }

    fn with_connector(
        config: LinkConfig,
        (writer, reader): (BacklogWriter, BacklogReader),
        pipes: Pipes,
        connections: mpsc::UnboundedReceiver<DuplexStream>,
    ) -> Self {
        let (observed, events) = mpsc::unbounded_channel();
        let observer = move |event| drop(observed.send(event));
        let cancel = CancellationToken::new();
        let stop = cancel.clone();
        let mut link = Link::new(config, pipes, writer, observer);
        let link = tokio::spawn(async move { link.run(stop).await });
        Self { reader, events, cancel, link, connections }
    }

    /// The primary's end of the link's next connection.
    pub(crate) async fn accept(&mut self) -> FakePrimary {
        FakePrimary { io: BufReader::new(within(self.connections.recv()).await.expect("the link ended")) }
    }

    pub(crate) async fn piece(&mut self) -> Piece {
        within(self.reader.next()).await.expect("the backlog ended")
    }

    /// The next `len` bytes, however they are cut.
    pub(crate) async fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut all = Vec::new();
        while all.len() < len {
            match self.piece().await {
                Piece::Bytes { bytes, .. } => all.extend_from_slice(&bytes),
                other => panic!("{other:?} in place of bytes"),
            }
        }
        all
    }

    /// Waits for the next event that `pick` takes.
    pub(crate) async fn event<T>(&mut self, pick: impl Fn(&LinkEvent) -> Option<T>) -> T {
        loop {
            let event = within(self.events.recv()).await.expect("the link ended");
            if let Some(picked) = pick(&event) {
                return picked;
            }
        }
    }
}

/// A configuration with the shortest handshake.
pub(crate) fn config() -> LinkConfig {
    LinkConfig { psync: PsyncConfig { announced_version: None, ..PsyncConfig::default() }, ..LinkConfig::default() }
}

/// One connection, seen from the primary.
pub(crate) struct FakePrimary {
    io: BufReader<DuplexStream>,
}

impl FakePrimary {
    /// Answers the handshake up to PSYNC, and returns the two arguments of that.
    pub(crate) async fn handshake(&mut self) -> (String, String) {
        loop {
            let command = self.command().await;
            match command[0].as_str() {
                "PING" => self.send("+PONG\r\n").await,
                "REPLCONF" => self.send("+OK\r\n").await,
                "PSYNC" => return (command[1].clone(), command[2].clone()),
                other => panic!("{other} is not part of the handshake"),
            }
        }
    }

    /// Handshake, and a full resync with a snapshot of five bytes.
    pub(crate) async fn full_resync(&mut self, offset: u64) {
        assert_eq!(self.handshake().await, ("?".to_owned(), "-1".to_owned()));
        self.send(&format!("+FULLRESYNC {ID} {offset}\r\n$5\r\nREDIS")).await;
    }

    pub(crate) async fn send(&mut self, bytes: &str) {
        self.io.write_all(bytes.as_bytes()).await.unwrap();
    }

    /// The next command.
    pub(crate) async fn command(&mut self) -> Vec<String> {
        let count: usize = self.line().await[1..].parse().unwrap();
        let mut command = Vec::new();
        for _ in 0..count {
            let len: usize = self.line().await[1..].parse().unwrap();
            let mut arg = vec![0; len + 2];
            within(self.io.read_exact(&mut arg)).await.unwrap();
            command.push(String::from_utf8(arg[..len].to_vec()).unwrap());
        }
        command
    }

    /// The offset of the next command, which has to be an acknowledgement.
    pub(crate) async fn ack(&mut self) -> u64 {
        let command = self.command().await;
        assert_eq!(command[..2], ["REPLCONF", "ACK"]);
        command[2].parse().unwrap()
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        assert_ne!(within(self.io.read_line(&mut line)).await.unwrap(), 0, "the link closed the connection");
        line.trim_end().to_owned()
    }
}

/// Hands the other end of each connection to the test.
struct Pipes {
    opened: mpsc::UnboundedSender<DuplexStream>,
    refuse: VecDeque<()>,
}

impl Connect for Pipes {
    async fn connect(&mut self) -> io::Result<BoxedStream> {
        if self.refuse.pop_front().is_some() {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let (ours, theirs) = duplex(1 << 20);
        self.opened.send(theirs).map_err(|_| io::ErrorKind::ConnectionRefused)?;
        Ok(Box::new(ours))
    }

    fn node(&self) -> String {
        "fake:6379".to_owned()
    }
}

/// Waits longer than any protocol timer: running out means that something never comes. The time is tokio's, paused.
pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    timeout(Duration::from_secs(600), future).await.expect("it never comes")
}
