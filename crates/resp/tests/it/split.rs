use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use resp::{Command, CommandScanner, Error, ErrorReply, Reply, ReplyScanner, put_array, put_bulk, put_command};

fn arguments() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..8)
}

fn reply() -> impl Strategy<Value = Reply> {
    let leaf = prop_oneof![
        "[ -~]{0,20}".prop_map(|s| Reply::Simple(s.into())),
        "[A-Z]{1,8} [ -~]{0,20}".prop_map(|s| Reply::Error(ErrorReply::parse(s.as_bytes()))),
        any::<i64>().prop_map(Reply::Integer),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(|b| Reply::Bulk(b.into())),
        Just(Reply::Null),
        any::<bool>().prop_map(Reply::Boolean),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Reply::Array),
            prop::collection::vec(inner.clone(), 0..5).prop_map(Reply::Set),
            prop::collection::vec((inner.clone(), inner), 0..3).prop_map(Reply::Map),
        ]
    })
}

fn encode(reply: &Reply, out: &mut BytesMut) {
    let header = |kind: char, len: usize| format!("{kind}{len}\r\n");
    match reply {
        Reply::Simple(text) => out.extend_from_slice(&[b"+", &text[..], b"\r\n"].concat()),
        Reply::Error(error) => out.extend_from_slice(&[b"-", &error.text()[..], b"\r\n"].concat()),
        Reply::Integer(value) => out.extend_from_slice(format!(":{value}\r\n").as_bytes()),
        Reply::Bulk(bytes) => put_bulk(out, bytes),
        Reply::Boolean(value) => out.extend_from_slice(if *value { b"#t\r\n" } else { b"#f\r\n" }),
        Reply::Array(elements) => {
            put_array(out, elements.len());
            elements.iter().for_each(|e| encode(e, out));
        }
        Reply::Set(elements) => {
            out.extend_from_slice(header('~', elements.len()).as_bytes());
            elements.iter().for_each(|e| encode(e, out));
        }
        Reply::Map(pairs) => {
            out.extend_from_slice(header('%', pairs.len()).as_bytes());
            pairs.iter().for_each(|(k, v)| {
                encode(k, out);
                encode(v, out);
            });
        }
        _ => out.extend_from_slice(b"_\r\n"),
    }
}

/// Frames with their offsets, and the error that ended the search with the offset of its frame.
type Found<T> = (Vec<(usize, T)>, Option<(usize, Error)>);

/// Hands bytes to a scanner as a connection would: `cuts` are where reads end.
fn feed<T>(
    stream: &[u8],
    cuts: &[usize],
    mut scan: impl FnMut(&[u8]) -> Result<Option<(usize, T)>, Error>,
) -> Found<T> {
    let (mut found, mut start) = (Vec::new(), 0);
    for &end in cuts.iter().chain([&stream.len()]) {
        loop {
            match scan(&stream[start..end]) {
                Ok(Some((len, item))) => {
                    found.push((start, item));
                    start += len;
                }
                Ok(None) => break,
                Err(error) => return (found, Some((start, error))),
            }
        }
    }
    (found, None)
}

fn commands(stream: &[u8], cuts: &[usize]) -> Found<Command> {
    let mut scanner = CommandScanner::default();
    feed(stream, cuts, |bytes| {
        let len = scanner.scan(bytes)?;
        Ok(len.map(|len| (len, Command::from_ranges(&Bytes::copy_from_slice(&bytes[..len]), scanner.args()))))
    })
}

fn replies(stream: &[u8], cuts: &[usize]) -> Found<Reply> {
    let mut scanner = ReplyScanner::default();
    feed(stream, cuts, |bytes| {
        let found = scanner.scan(bytes)?;
        found.map(|f| Ok((f.len, Reply::parse(Bytes::copy_from_slice(&bytes[..f.len]))?))).transpose()
    })
}

fn cuts_of(len: usize, seeds: &[prop::sample::Index]) -> Vec<usize> {
    let mut cuts: Vec<usize> = seeds.iter().map(|seed| seed.index(len + 1)).collect();
    cuts.sort_unstable();
    cuts
}

proptest! {
    #[test]
    fn commands_survive_any_split(all in prop::collection::vec(arguments(), 1..6), seeds in prop::collection::vec(any::<prop::sample::Index>(), 0..12)) {
        let mut stream = BytesMut::new();
        all.iter().for_each(|args| put_command(&mut stream, args));
        let whole = commands(&stream, &[]);
        let args: Vec<Vec<Vec<u8>>> = whole.0.iter().map(|(_, c)| c.args.iter().map(|a| a.to_vec()).collect()).collect();
        prop_assert_eq!(&args, &all);
        prop_assert_eq!(&commands(&stream, &cuts_of(stream.len(), &seeds)), &whole);
        let every: Vec<usize> = (0..stream.len()).collect();
        prop_assert_eq!(&commands(&stream, &every), &whole);
    }

    #[test]
    fn replies_survive_any_split(all in prop::collection::vec(reply(), 1..6), seeds in prop::collection::vec(any::<prop::sample::Index>(), 0..12)) {
        let mut stream = BytesMut::new();
        all.iter().for_each(|r| encode(r, &mut stream));
        let whole = replies(&stream, &[]);
        prop_assert_eq!(&whole.0.iter().map(|(_, r)| r.clone()).collect::<Vec<_>>(), &all);
        prop_assert_eq!(&replies(&stream, &cuts_of(stream.len(), &seeds)), &whole);
        let every: Vec<usize> = (0..stream.len()).collect();
        prop_assert_eq!(&replies(&stream, &every), &whole);
    }

    #[test]
    fn arbitrary_bytes_give_the_same_result_at_any_split(bytes in prop::collection::vec(prop_oneof![Just(b'*'), Just(b'$'), Just(b'\r'), Just(b'\n'), Just(b'1'), Just(b'-'), Just(b'|'), Just(b'%'), any::<u8>()], 0..80)) {
        let every: Vec<usize> = (0..bytes.len()).collect();
        prop_assert_eq!(commands(&bytes, &every), commands(&bytes, &[]));
        prop_assert_eq!(replies(&bytes, &every), replies(&bytes, &[]));
    }
}
