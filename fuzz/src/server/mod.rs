//! A server of one key: as much of the real ones as rewritten values need, and as strict.

mod stream;
mod words;

use bytes::Bytes;

use crate::content::{Content, Stream};
use words::{Words, number};

/// What the commands so far made.
#[derive(Debug, Default)]
pub struct Server {
    /// The value.
    pub content: Option<Content>,
    /// When the key expires.
    pub expire_at_ms: Option<i64>,
}

impl Server {
    /// Executes a command.
    ///
    /// # Panics
    /// When a real server would refuse it, or it is none that makes values.
    pub fn execute(&mut self, command: &[Bytes]) {
        let mut words = Words(command);
        match words.next() {
            b"UNLINK" | b"DEL" => *self = Self::default(),
            b"SET" => self.set(words.behind_key()),
            b"APPEND" => match &mut self.content {
                Some(Content::String(text)) => text.extend_from_slice(words.behind_key().next()),
                other => panic!("APPEND to {other:?}"),
            },
            b"RPUSH" => self.rpush(words.behind_key()),
            b"SADD" => self.sadd(words.behind_key()),
            b"ZADD" => self.zadd(words.behind_key()),
            b"HSET" | b"HMSET" => self.hset(words.behind_key()),
            b"HPEXPIREAT" => self.hpexpireat(words.behind_key()),
            b"PEXPIREAT" => {
                assert!(self.content.is_some(), "a key that expires is there");
                self.expire_at_ms = Some(number(words.behind_key().next()));
            }
            name => stream::execute(self.stream(), name, words),
        }
    }

    fn set(&mut self, mut words: Words<'_>) {
        self.content = Some(Content::String(words.next().to_vec()));
        if !words.0.is_empty() {
            words.expect(b"PXAT");
            self.expire_at_ms = Some(number(words.next()));
        }
    }

    fn rpush(&mut self, words: Words<'_>) {
        let content = self.content.get_or_insert(Content::List(Vec::new()));
        let Content::List(list) = content else { panic!("RPUSH to {content:?}") };
        list.extend(words.0.iter().map(|word| word.to_vec()));
    }

    fn sadd(&mut self, words: Words<'_>) {
        let content = self.content.get_or_insert(Content::Set(Default::default()));
        let Content::Set(set) = content else { panic!("SADD to {content:?}") };
        set.extend(words.0.iter().map(|word| word.to_vec()));
    }

    fn zadd(&mut self, words: Words<'_>) {
        let content = self.content.get_or_insert(Content::SortedSet(Default::default()));
        let Content::SortedSet(set) = content else { panic!("ZADD to {content:?}") };
        for [score, member] in words.pairs() {
            let score: f64 = number(score);
            set.insert(member.to_vec(), score.to_bits());
        }
    }

    fn hset(&mut self, words: Words<'_>) {
        let content = self.content.get_or_insert(Content::Hash(Default::default()));
        let Content::Hash(hash) = content else { panic!("HSET to {content:?}") };
        for [name, value] in words.pairs() {
            hash.insert(name.to_vec(), (value.to_vec(), None));
        }
    }

    fn hpexpireat(&mut self, mut words: Words<'_>) {
        let Some(Content::Hash(hash)) = &mut self.content else { panic!("HPEXPIREAT without a hash") };
        let at = number(words.next());
        words.expect(b"FIELDS");
        assert_eq!(number::<usize>(words.next()), words.0.len());
        for name in words.0 {
            hash.get_mut(&**name).expect("the field is there").1 = Some(at);
        }
    }

    fn stream(&mut self) -> &mut Stream {
        match self.content.get_or_insert(Content::Stream(Stream::default())) {
            Content::Stream(stream) => stream,
            other => panic!("no stream, but {other:?}"),
        }
    }
}
