//! What is said before the snapshot or the stream, command by command.

use std::time::Instant;

use bytes::Bytes;
use replica::{Credentials, Event, Offset, Psync, PsyncConfig, PsyncError, PsyncErrorKind, Reading, ReplId};

const ID: &str = "8f6a1c2b3d4e5f60718293a4b5c6d7e8f9012345";

/// Answers each command in turn; returns the commands as words, the events, and how it ended.
fn converse(config: PsyncConfig, replies: &[&str]) -> (Vec<String>, Vec<Event>, Result<(), PsyncError>) {
    let now = Instant::now();
    let mut psync = Psync::new(config, now);
    let mut said = vec![words(&psync.poll_transmit().unwrap())];
    let mut result = Ok(());
    for reply in replies {
        result = psync.handle_input(Bytes::copy_from_slice(reply.as_bytes()), now);
        said.extend(psync.poll_transmit().map(|out| words(&out)));
    }
    (said, std::iter::from_fn(|| psync.poll_event()).collect(), result)
}

/// The arguments of one or more commands, without RESP's headers.
fn words(commands: &[u8]) -> String {
    let text = std::str::from_utf8(commands).unwrap();
    text.split("\r\n").filter(|line| !line.is_empty() && !line.starts_with(['*', '$'])).collect::<Vec<_>>().join(" ")
}

fn login(user: Option<&str>) -> PsyncConfig {
    let credentials = Credentials { user: user.map(str::to_owned), password: "secret".to_owned() };
    PsyncConfig { credentials: Some(credentials), ..PsyncConfig::default() }
}

#[test]
fn a_full_resync_is_asked_for_step_by_step() {
    let config = PsyncConfig { listening_port: 6380, ..PsyncConfig::default() };
    let full = format!("+FULLRESYNC {ID} 7\r\n");
    let (said, events, result) = converse(config, &["+PONG\r\n", "+OK\r\n", "+OK\r\n", "+OK\r\n", &full]);
    result.unwrap();
    let expected = [
        "PING",
        "REPLCONF listening-port 6380",
        "REPLCONF capa eof capa psync2",
        "REPLCONF version 9.1.0",
        "PSYNC ? -1",
    ];
    assert_eq!(said, expected);
    assert!(matches!(events[0], Event::Handshake(info) if info.version_accepted));
    assert_eq!(events[1], Event::FullResync { replid: ID.parse().unwrap(), offset: Offset(7) });
}

#[test]
fn a_resume_names_the_first_byte_wanted() {
    let config = PsyncConfig {
        resume: Some((ID.parse().unwrap(), Offset(41))),
        announced_version: None,
        diskless: false,
        psync_command: "elasticache_psync".to_owned(),
        ..login(Some("me"))
    };
    let continues = "+CONTINUE\r\n*1\r\n";
    let replies = ["-NOAUTH Authentication required.\r\n", "+OK\r\n", "+OK\r\n", "+OK\r\n", continues];
    let (said, events, result) = converse(config, &replies);
    result.unwrap();
    let psync = format!("elasticache_psync {ID} 42");
    let expected =
        ["PING", "AUTH me secret", "REPLCONF listening-port 0", "REPLCONF capa psync2", &psync, "REPLCONF ACK 45"];
    assert_eq!(said, expected);
    assert_eq!(events[1..], [Event::Continue { replid: ID.parse().unwrap() }, Event::Stream(Bytes::from("*1\r\n"))]);
}

#[test]
fn a_password_alone_and_unknown_options() {
    let unknown = "-ERR Unrecognized REPLCONF option: x\r\n";
    let (said, events, result) = converse(login(None), &["+PONG\r\n", "+OK\r\n", unknown, unknown, unknown]);
    result.unwrap();
    assert_eq!(said[1], "AUTH secret");
    assert_eq!(said.last().unwrap(), "PSYNC ? -1");
    assert!(matches!(events[..], [Event::Handshake(info)] if !info.version_accepted));
}

#[test]
fn refusals_by_code() {
    use PsyncErrorKind::{Denied, Malformed, Unavailable, UnexpectedContinue, Unsupported};
    let ok = ["+PONG\r\n", "+OK\r\n", "+OK\r\n", "+OK\r\n"];
    let continued = format!("+CONTINUE {ID}");
    let cases = [
        (0, "-NOAUTH Authentication required.", Denied, Reading::Ping),
        (0, "-LOADING Redis is loading the dataset in memory", Unavailable, Reading::Ping),
        (0, "-ERR max number of clients reached", Unavailable, Reading::Ping),
        (0, "-DENIED Redis is running in protected mode", Denied, Reading::Ping),
        (0, "HTTP/1.1 400 Bad Request", Malformed, Reading::Ping),
        (1, "-NOPERM User x has no permissions", Denied, Reading::ListeningPort),
        (4, "-NOPERM User x has no permissions", Denied, Reading::Psync),
        (4, "-NOMASTERLINK Can't SYNC while not connected with my master", Unavailable, Reading::Psync),
        (4, "-ERR unknown command 'PSYNC'", Unsupported, Reading::Psync),
        (4, "+DUALCHANNELSYNC", Malformed, Reading::Psync),
        (4, &continued, UnexpectedContinue, Reading::Psync),
    ];
    for (good, reply, kind, reading) in cases {
        let reply = format!("{reply}\r\n");
        let replies: Vec<&str> = ok[..good].iter().copied().chain([&*reply]).collect();
        let error = converse(PsyncConfig::default(), &replies).2.unwrap_err();
        let offset = replies[..good].concat().len() as u64;
        assert_eq!((error.kind, error.reading, error.offset), (kind, reading, offset), "{reply}");
        assert_eq!(error.is_retryable(), !matches!(kind, Denied | Unsupported), "{reply}");
    }
    let error = converse(login(None), &["+PONG\r\n", "-ERR invalid password\r\n"]).2.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the primary denies access (ERR invalid password) at offset 7 while reading the reply to AUTH"
    );
}

#[test]
fn passwords_are_not_printed() {
    assert!(!format!("{:?}", login(Some("me"))).contains("secret"));
}

#[test]
fn an_error_is_final() {
    let now = Instant::now();
    let mut psync = Psync::new(PsyncConfig::default(), now);
    let error = psync.handle_input(Bytes::from("-NOAUTH x\r\n"), now).unwrap_err();
    assert_eq!(psync.handle_input(Bytes::from("+PONG\r\n"), now), Err(error.clone()));
    assert_eq!(psync.handle_timeout(now), Err(error));
    assert_eq!(psync.poll_timeout(), None);
    assert!(ReplId::parse(b"?").is_none());
}
