use bytes::BytesMut;
use cluster_router::{Held, Milestone, Outgoing, Position, Router};

/// Where the commands made of a source's bytes go.
///
/// The seam between what reads snapshots and streams, and what sends: tests look at the commands themselves.
pub(crate) trait Sink {
    /// Takes a command; `encode` writes its bytes.
    fn submit(&mut self, command: Outgoing, encode: &mut dyn FnMut(&mut BytesMut));

    /// As [`submit`](Self::submit), for what is not from the stream, and is not passed over where that repeats.
    fn submit_anyway(&mut self, command: Outgoing, encode: &mut dyn FnMut(&mut BytesMut));

    /// As [`submit`](Self::submit), for a command whose reply is wanted, with this token.
    fn ask(&mut self, command: Outgoing, token: u64, encode: &mut dyn FnMut(&mut BytesMut));

    /// When all that was submitted so far is confirmed, so is `position`.
    fn end_round(&mut self, position: Position);

    /// Keeps the position from passing this place, until what comes of it is let go.
    fn hold(&mut self) -> Option<Held>;

    /// A mark behind all that was submitted.
    fn milestone(&mut self) -> Option<Milestone>;

    /// Whether more should be submitted now. Where what is to come can wait, it does.
    fn has_room(&self) -> bool;

    /// Whether all that was submitted is confirmed.
    fn is_idle(&self) -> bool;
}

impl Sink for Router {
    fn submit(&mut self, command: Outgoing, encode: &mut dyn FnMut(&mut BytesMut)) {
        Router::submit(self, command, encode);
    }

    fn submit_anyway(&mut self, command: Outgoing, encode: &mut dyn FnMut(&mut BytesMut)) {
        Router::submit_anyway(self, command, encode);
    }

    fn ask(&mut self, command: Outgoing, token: u64, encode: &mut dyn FnMut(&mut BytesMut)) {
        Router::ask(self, command, token, encode);
    }

    fn end_round(&mut self, position: Position) {
        Router::end_round(self, position);
    }

    fn hold(&mut self) -> Option<Held> {
        Some(Router::hold(self))
    }

    fn milestone(&mut self) -> Option<Milestone> {
        Some(Router::milestone(self))
    }

    fn has_room(&self) -> bool {
        Router::has_room(self)
    }

    fn is_idle(&self) -> bool {
        Router::is_idle(self)
    }
}

#[cfg(test)]
pub(super) mod recorder {
    use super::*;
    use cluster_router::Route;
    use resp::{CommandScanner, Reply};

    /// A reply in the protocol's own words.
    pub(in super::super) fn reply(text: &str) -> Reply {
        Reply::parse(text.to_owned().into()).unwrap()
    }

    /// Writes down what it is given: one line a command, `slot db: words`, `;` between the commands of a transaction; what
    /// is asked begins with `ask token:`.
    #[derive(Default)]
    pub(in super::super) struct Recorder {
        pub(in super::super) lines: Vec<String>,
        pub(in super::super) rounds: Vec<Position>,
        /// Bytes that were submitted since [`confirm`](Self::confirm).
        pub(in super::super) open: usize,
        /// How many may be.
        pub(in super::super) budget: Option<usize>,
    }

    impl Recorder {
        /// Confirms all that was submitted.
        pub(in super::super) fn confirm(&mut self) {
            self.open = 0;
        }
    }

    impl Sink for Recorder {
        fn submit(&mut self, command: Outgoing, encode: &mut dyn FnMut(&mut BytesMut)) {
            self.write_down(command, "", encode);
        }

        fn submit_anyway(&mut self, command: Outgoing, encode: &mut dyn FnMut(&mut BytesMut)) {
            self.submit(command, encode);
        }

        fn ask(&mut self, command: Outgoing, token: u64, encode: &mut dyn FnMut(&mut BytesMut)) {
            self.write_down(command, &format!("ask {token}: "), encode);
        }

        fn end_round(&mut self, position: Position) {
            self.rounds.push(position);
        }

        fn hold(&mut self) -> Option<Held> {
            None
        }

        fn milestone(&mut self) -> Option<Milestone> {
            None
        }

        fn has_room(&self) -> bool {
            self.budget.is_none_or(|budget| self.open < budget)
        }

        fn is_idle(&self) -> bool {
            self.open == 0
        }
    }

    impl Recorder {
        fn write_down(&mut self, command: Outgoing, asked: &str, encode: &mut dyn FnMut(&mut BytesMut)) {
            let mut bytes = BytesMut::new();
            encode(&mut bytes);
            self.open += bytes.len();
            let mut commands = words(&bytes);
            assert_eq!(commands.len(), command.commands as usize, "{commands:?}");
            if commands.len() > 1 {
                commands.insert(0, "MULTI".to_owned());
                commands.push("EXEC".to_owned());
            }
            let route = match command.route {
                Route::Slot(slot) => slot.to_string(),
                Route::EveryPrimary => "all".to_owned(),
            };
            self.lines.push(format!("{route} {}: {asked}{}", command.db, commands.join("; ")));
        }
    }

    fn words(bytes: &[u8]) -> Vec<String> {
        let (mut scanner, mut at, mut commands) = (CommandScanner::default(), 0, Vec::new());
        while at < bytes.len() {
            let len = scanner.scan(&bytes[at..]).unwrap().unwrap();
            let words: Vec<String> =
                scanner.args().iter().map(|arg| bytes[at..][arg.clone()].escape_ascii().to_string()).collect();
            commands.push(words.join(" "));
            at += len;
        }
        commands
    }
}
