//! A cluster of nodes that do as they are told.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::BytesMut;
use cluster_router::{BoxFuture, Connect, Io, NodeAddr, Slot, slot_of};
use resp::{Command, CommandCodec};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::watch;
use tokio_util::codec::Decoder;

/// What a node does with a command instead of serving it.
#[derive(Debug, Clone)]
pub(super) enum Act {
    /// Answers these bytes and does nothing else.
    Say(&'static str),
    /// Answers these bytes one after the other, this long apart.
    SaySlowly(&'static [&'static str], Duration),
    /// Takes it and never answers.
    Ignore,
    /// Takes it, and closes without an answer.
    ServeAndClose,
    /// Closes without having taken it.
    Close,
    /// Serves it when the [gate](Fake::open_gate) is open.
    Wait,
}

type Script = Box<dyn FnMut(u16, &str) -> Option<Act> + Send>;

/// The cluster. Nodes are told apart by their ports; port 1 owns the first half of the slots, port 2 the second.
pub(super) struct Fake {
    state: Mutex<State>,
    gate: watch::Sender<bool>,
    /// Counts the times that all connections were closed.
    closings: watch::Sender<u32>,
}

struct State {
    moved: Vec<(Slot, u16)>,
    down: HashSet<u16>,
    script: Script,
    executed: Vec<(u16, String)>,
    received: usize,
    connections: i64,
    maps_asked: usize,
    is_slow: bool,
}

impl Fake {
    /// A cluster whose `script` sees every command but those of lanes' openings first.
    pub(super) fn new(script: impl FnMut(u16, &str) -> Option<Act> + Send + 'static) -> Arc<Self> {
        let state = State {
            moved: Vec::new(),
            down: HashSet::new(),
            script: Box::new(script),
            executed: Vec::new(),
            received: 0,
            connections: 0,
            maps_asked: 0,
            is_slow: false,
        };
        let (gate, closings) = (watch::Sender::new(false), watch::Sender::new(0));
        Arc::new(Self { state: Mutex::new(state), gate, closings })
    }

    /// A cluster that serves everything.
    pub(super) fn obliging() -> Arc<Self> {
        Self::new(|_, _| None)
    }

    pub(super) fn move_slot(&self, slot: Slot, to: u16) {
        self.state.lock().unwrap().moved.push((slot, to));
    }

    pub(super) fn set_down(&self, port: u16, down: bool) {
        let mut state = self.state.lock().unwrap();
        if down {
            state.down.insert(port)
        } else {
            state.down.remove(&port)
        };
    }

    pub(super) fn open_gate(&self) {
        self.gate.send_replace(true);
    }

    /// From now on no node reads more than a pipe's content in a second.
    pub(super) fn read_slowly(&self) {
        self.state.lock().unwrap().is_slow = true;
    }

    /// Closes every connection there is.
    pub(super) fn close_all(&self) {
        self.closings.send_modify(|closings| *closings += 1);
    }

    /// Commands that took effect, in the order in which they did.
    pub(super) fn executed(&self) -> Vec<(u16, String)> {
        self.state.lock().unwrap().executed.clone()
    }

    /// What took effect, without its node.
    pub(super) fn lines(&self) -> Vec<String> {
        self.executed().into_iter().map(|(_, line)| line).collect()
    }

    /// Bytes of commands that arrived on lanes.
    pub(super) fn received(&self) -> usize {
        self.state.lock().unwrap().received
    }

    pub(super) fn connections(&self) -> i64 {
        self.state.lock().unwrap().connections
    }

    pub(super) fn maps_asked(&self) -> usize {
        self.state.lock().unwrap().maps_asked
    }

    async fn serve(self: Arc<Self>, port: u16, io: DuplexStream) {
        let mut closings = self.closings.subscribe();
        closings.mark_unchanged();
        tokio::select! {
            () = self.clone().converse(port, io) => {}
            _ = closings.changed() => {}
        }
    }

    async fn converse(self: Arc<Self>, port: u16, mut io: DuplexStream) {
        let (mut codec, mut input, mut queued) = (CommandCodec::default(), BytesMut::new(), None);
        loop {
            while let Some(command) = codec.decode(&mut input).unwrap() {
                if self.obey(port, &mut io, &command, &mut queued).await.is_err() {
                    return;
                }
            }
            if self.state.lock().unwrap().is_slow {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            input.reserve(PIPE);
            if io.read_buf(&mut input).await.unwrap_or(0) == 0 {
                return;
            }
        }
    }

    async fn obey(
        &self,
        port: u16,
        io: &mut DuplexStream,
        command: &Command,
        queued: &mut Option<Vec<String>>,
    ) -> io::Result<()> {
        let words: Vec<String> = command.args.iter().map(|arg| String::from_utf8_lossy(arg).into_owned()).collect();
        let line = words.join(" ");
        let act = self.consult(port, &line, command);
        match act {
            Some(Act::Say(text)) => return io.write_all(text.as_bytes()).await,
            Some(Act::SaySlowly(parts, apart)) => {
                for part in parts {
                    tokio::time::sleep(apart).await;
                    io.write_all(part.as_bytes()).await?;
                }
                return Ok(());
            }
            Some(Act::Ignore) => return Ok(()),
            Some(Act::ServeAndClose) => {
                self.answer(port, &words, line, queued);
                return Err(io::ErrorKind::ConnectionReset.into());
            }
            Some(Act::Close) => return Err(io::ErrorKind::ConnectionReset.into()),
            Some(Act::Wait) => drop(self.gate.subscribe().wait_for(|open| *open).await),
            None => {}
        }
        let answer = self.answer(port, &words, line, queued);
        io.write_all(answer.as_bytes()).await
    }

    fn consult(&self, port: u16, line: &str, command: &Command) -> Option<Act> {
        if line.starts_with("CLIENT") || line.starts_with("CLUSTER") {
            return None;
        }
        let mut state = self.state.lock().unwrap();
        state.received += command.args.iter().map(bytes::Bytes::len).sum::<usize>();
        (state.script)(port, line)
    }

    fn answer(&self, port: u16, words: &[String], line: String, queued: &mut Option<Vec<String>>) -> String {
        let mut state = self.state.lock().unwrap();
        let word = |index: usize| words.get(index).map_or("", String::as_str);
        match (word(0), word(1)) {
            ("CLIENT", "ID") => format!(":{}\r\n", state.connections),
            ("CLIENT", "LIST") => "$0\r\n\r\n".to_owned(),
            ("CLIENT" | "SELECT", _) => "+OK\r\n".to_owned(),
            ("CLUSTER", _) => {
                state.maps_asked += 1;
                let text = state.nodes();
                format!("${}\r\n{text}\r\n", text.len())
            }
            ("MULTI", _) => {
                *queued = Some(Vec::new());
                "+OK\r\n".to_owned()
            }
            ("EXEC", _) => match queued.take() {
                Some(lines) if lines.iter().any(String::is_empty) => "-EXECABORT Transaction discarded\r\n".to_owned(),
                Some(lines) => {
                    let answer = format!("*{}\r\n{}", lines.len(), ":1\r\n".repeat(lines.len()));
                    state.executed.extend(lines.into_iter().map(|line| (port, line)));
                    answer
                }
                None => "-ERR EXEC without MULTI\r\n".to_owned(),
            },
            ("FUNCTION", _) => {
                state.executed.push((port, line));
                "+OK\r\n".to_owned()
            }
            (name, key) => {
                let owner = state.owner(slot_of(key.as_bytes()));
                if owner != port {
                    // An empty line is a command that was refused when it was queued.
                    queued.iter_mut().for_each(|lines| lines.push(String::new()));
                    return format!("-MOVED {} node:{owner}\r\n", slot_of(key.as_bytes()));
                }
                let answer = if name == "SET" { "+OK\r\n" } else { ":1\r\n" };
                match queued {
                    Some(lines) => {
                        lines.push(line);
                        "+QUEUED\r\n".to_owned()
                    }
                    None => {
                        state.executed.push((port, line));
                        answer.to_owned()
                    }
                }
            }
        }
    }
}

impl State {
    fn owner(&self, slot: Slot) -> u16 {
        let moved = self.moved.iter().rev().find(|(own, _)| *own == slot).map(|&(_, port)| port);
        moved.unwrap_or(if slot.number() < 8192 { 1 } else { 2 })
    }

    fn nodes(&self) -> String {
        let mut text = String::new();
        for port in 1..=3 {
            write!(text, "id{port} node:{port}@1{port} master - 0 0 {port} connected").unwrap();
            for slot in Slot::all().filter(|&slot| self.owner(slot) == port) {
                write!(text, " {slot}").unwrap();
            }
            text.push('\n');
        }
        text
    }
}

/// How the router reaches the nodes.
pub(super) struct Pipes(pub(super) Arc<Fake>);

impl Connect for Pipes {
    fn connect<'a>(&'a self, node: &'a NodeAddr) -> BoxFuture<'a, io::Result<Box<dyn Io>>> {
        Box::pin(async move {
            {
                let mut state = self.0.state.lock().unwrap();
                if state.down.contains(&node.port) {
                    return Err(io::ErrorKind::ConnectionRefused.into());
                }
                state.connections += 1;
            }
            let (near, far) = duplex(PIPE);
            tokio::spawn(self.0.clone().serve(node.port, far));
            Ok(Box::new(near) as Box<dyn Io>)
        })
    }
}

/// How much a pipe holds.
const PIPE: usize = 64 << 10;
