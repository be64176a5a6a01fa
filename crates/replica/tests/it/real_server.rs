//! The link against real servers.

use std::time::Duration;

use memchr::memmem;
use replica::{
    BacklogReader, Budget, Credentials, History, Link, LinkConfig, LinkError, LinkErrorKind, LinkEvent, Phase, Piece,
    Place, PsyncConfig, TcpConnect, backlog,
};
use testbed::{Conn, Server, ServerSpec};
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

/// A link to a real server, and a copy of all that it received, checked for gaps as it comes.
struct Copy {
    reader: BacklogReader,
    link: JoinHandle<Result<(), LinkError>>,
    events: mpsc::UnboundedReceiver<LinkEvent>,
    cancel: CancellationToken,
    histories: Vec<History>,
    snapshot: Vec<u8>,
    stream: Vec<u8>,
    end: Option<Place>,
}

impl Copy {
    fn of(server: &Server, psync: PsyncConfig) -> Self {
        let (writer, reader) = backlog(Budget::default());
        let (observed, events) = mpsc::unbounded_channel();
        let address = server.addr();
        let primary =
            TcpConnect { host: address.ip().to_string(), port: address.port(), timeout: Duration::from_secs(5) };
        let config = LinkConfig { psync, ..LinkConfig::default() };
        let mut link = Link::new(config, primary, writer, move |event| drop(observed.send(event)));
        let cancel = CancellationToken::new();
        let stop = cancel.clone();
        let link = tokio::spawn(async move { link.run(stop).await });
        let (histories, snapshot, stream) = (Vec::new(), Vec::new(), Vec::new());
        Self { reader, link, events, cancel, histories, snapshot, stream, end: None }
    }

    /// Reads until the snapshot is complete and the stream has reached `offset`.
    async fn follow_to(&mut self, offset: u64) {
        while self.end.is_none_or(|end| end.phase == Phase::Snapshot || end.offset < offset) {
            let piece = timeout(PATIENCE, self.reader.next()).await.expect("nothing comes any more");
            self.take(piece.expect("the link ended"));
        }
    }

    fn take(&mut self, piece: Piece) {
        let end = match piece {
            Piece::History(history) => {
                self.histories.push(history);
                history.place()
            }
            Piece::SnapshotEnd { next } => next,
            Piece::Bytes { at, bytes, .. } => {
                assert_eq!(Some(at), self.end, "no gap, no overlap");
                let to = if at.phase == Phase::Snapshot { &mut self.snapshot } else { &mut self.stream };
                to.extend_from_slice(&bytes);
                at.advanced(bytes.len())
            }
        };
        self.end = Some(end);
        self.reader.release(end);
    }

    /// Waits for the link to resume. There must not have been more than the first full resync.
    async fn resumed(&mut self) {
        loop {
            let event = timeout(PATIENCE, self.events.recv()).await.expect("it does not resume").expect("it ended");
            match event {
                LinkEvent::Continue { .. } => return,
                LinkEvent::FullResync { generation, .. } => assert_eq!(generation, 1, "history is lost"),
                _ => {}
            }
        }
    }

    /// Ends the link and checks the stream against its offsets, and that it holds `SET seq 0` to `SET seq count-1`.
    async fn finish(self, count: usize) {
        self.cancel.cancel();
        timeout(PATIENCE, self.link).await.expect("it does not end").unwrap().unwrap();
        let start = self.histories[0].offset.0;
        assert_eq!(self.end.unwrap().offset, start + self.stream.len() as u64);
        let mut rest = &self.stream[..];
        for n in 0..count {
            let value = n.to_string();
            let command = format!("*3\r\n$3\r\nSET\r\n$3\r\nseq\r\n${}\r\n{value}\r\n", value.len());
            let at = memmem::find(rest, command.as_bytes()).unwrap_or_else(|| panic!("SET seq {n} is lost"));
            rest = &rest[at + command.len()..];
        }
    }
}

fn server(name: &str, diskless: &str) -> Server {
    Server::start(ServerSpec::new(name).option("repl-diskless-sync", diskless)).unwrap()
}

fn fill(conn: &mut Conn) {
    let sets: Vec<_> =
        (0..2000).map(|n| testbed::cmd("SET").arg(format!("key:{n}")).arg(vec![b'x'; n % 300])).collect();
    conn.pipeline(&sets).unwrap();
}

/// `SET seq` with the numbers of `range`.
fn count(conn: &mut Conn, range: std::ops::Range<usize>) {
    let sets: Vec<_> = range.map(|n| testbed::cmd("SET").arg("seq").arg(n)).collect();
    conn.pipeline(&sets).unwrap();
}

fn offset(conn: &mut Conn) -> u64 {
    conn.info("master_repl_offset").unwrap().parse().unwrap()
}

/// Full sync, stream, an acknowledgement on request, and connections killed while writes go on.
async fn nothing_is_lost(diskless: &str) {
    let server = server("redis-7.0", diskless);
    let mut conn = server.conn().unwrap();
    fill(&mut conn);
    let mut copy = Copy::of(&server, PsyncConfig::default());
    copy.follow_to(0).await;
    assert!(copy.snapshot.starts_with(b"REDIS0010"), "redis 7.0 writes RDB version 10");
    // The snapshot ends with an end-of-file opcode and eight bytes of checksum.
    assert_eq!(copy.snapshot[copy.snapshot.len() - 9], 0xff);
    assert_eq!(copy.histories[0].len, (diskless == "no").then_some(copy.snapshot.len() as u64));
    conn.call("SET seq 0").unwrap();
    assert_eq!(conn.call("WAIT 1 10000").unwrap().integer(), Some(1), "an acknowledgement on request");

    for round in 0..3 {
        count(&mut conn, 1 + round * 2000..1001 + round * 2000);
        conn.call("CLIENT KILL TYPE replica").unwrap();
        count(&mut conn, 1001 + round * 2000..2001 + round * 2000);
        copy.resumed().await;
    }
    copy.follow_to(offset(&mut conn)).await;
    assert_eq!((conn.info("sync_full").unwrap(), conn.info("sync_partial_ok").unwrap()), ("1".into(), "3".into()));
    assert_eq!(copy.histories.len(), 1);
    copy.finish(6001).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_diskless() {
    nothing_is_lost("yes").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_through_a_file() {
    nothing_is_lost("no").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promoted_replica_continues_under_a_new_id() {
    let (primary, promoted) = (server("redis-7.0", "yes"), server("redis-7.0", "yes"));
    let (mut conn, mut other) = (primary.conn().unwrap(), promoted.conn().unwrap());
    let address = primary.addr();
    other.call(&*format!("REPLICAOF {} {}", address.ip(), address.port())).unwrap();
    let mut copy = Copy::of(&promoted, PsyncConfig::default());
    // The replica refuses us until it has a copy of its own: we ask again.
    copy.follow_to(0).await;
    count(&mut conn, 0..1000);
    copy.follow_to(offset(&mut conn)).await;

    other.call("REPLICAOF NO ONE").unwrap();
    copy.resumed().await;
    count(&mut other, 1000..2000);
    copy.follow_to(offset(&mut other)).await;
    let ids: Vec<_> = copy.histories.iter().map(|history| history.replid.to_string()).collect();
    assert_eq!(ids, [other.info("master_replid2").unwrap(), other.info("master_replid").unwrap()]);
    assert!(copy.histories[1].resumed);
    copy.finish(2000).await;
}

/// Without an announced version valkey 9 fails every snapshot of such data.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn valkey_9_sends_hashes_with_field_expiry() {
    let server = server("valkey-9.1", "yes");
    let mut conn = server.conn().unwrap();
    conn.call("HSET h f v").unwrap();
    conn.call("HEXPIRE h 1000 FIELDS 1 f").unwrap();
    let mut copy = Copy::of(&server, PsyncConfig::default());
    copy.follow_to(0).await;
    assert!(copy.snapshot.starts_with(b"VALKEY080"));
    conn.call("SET seq 0").unwrap();
    assert_eq!(conn.call("WAIT 1 10000").unwrap().integer(), Some(1));
    copy.follow_to(offset(&mut conn)).await;
    copy.finish(1).await;
}

/// A snapshot that takes longer than the primary bears silence: acknowledgements go out meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_snapshot_is_acknowledged_while_it_comes() {
    let spec = ServerSpec::new("redis-7.0").option("repl-timeout", "2").option("rdb-key-save-delay", "1000");
    let server = Server::start(spec).unwrap();
    let mut conn = server.conn().unwrap();
    fill(&mut conn);
    let mut copy = Copy::of(&server, PsyncConfig::default());
    copy.follow_to(0).await;
    assert_eq!(copy.snapshot[copy.snapshot.len() - 9], 0xff);
    conn.call("SET seq 0").unwrap();
    assert_eq!(conn.call("WAIT 1 10000").unwrap().integer(), Some(1));
    copy.follow_to(offset(&mut conn)).await;
    assert_eq!(conn.info("sync_full").unwrap(), "1");
    copy.finish(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_and_permissions() {
    let server = Server::start(ServerSpec::new("redis-7.0").password("secret")).unwrap();
    let mut conn = server.conn().unwrap();
    conn.call("ACL SETUSER sync on >pw +ping +replconf +psync").unwrap();
    conn.call("ACL SETUSER none on >pw +ping +replconf").unwrap();
    let login = |user: &str, password: &str| PsyncConfig {
        credentials: Some(Credentials { user: Some(user.to_owned()), password: password.to_owned() }),
        ..PsyncConfig::default()
    };
    let cases =
        [(PsyncConfig::default(), "NOAUTH"), (login("sync", "wrong"), "WRONGPASS"), (login("none", "pw"), "NOPERM")];
    for (config, code) in cases {
        let error = timeout(PATIENCE, Copy::of(&server, config).link).await.unwrap().unwrap().unwrap_err();
        assert_eq!((error.kind, error.code()), (LinkErrorKind::Denied, Some(code.as_bytes())));
    }
    let mut copy = Copy::of(&server, login("sync", "pw"));
    copy.follow_to(0).await;
    assert!(copy.snapshot.starts_with(b"REDIS"));
}

/// Real time, for servers on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
