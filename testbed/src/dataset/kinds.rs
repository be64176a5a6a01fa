//! One function for every kind of value; each makes the small encodings often and the large ones now and then.

use crate::{Command, Random, cmd};

/// Makes the commands that build one key.
pub(super) type Kind = fn(&mut Random, &str) -> Vec<Command>;

/// The kinds, by the number of the key; those that are common in practice stand more than once.
pub(super) const KINDS: &[Kind] = &[
    integer,
    short_text,
    hash,
    list,
    text,
    string_set,
    zset,
    integer,
    compressible,
    integer_set,
    hash,
    short_text,
    stream,
    text,
    list,
    zset,
    hyperloglog,
    geo,
    bitmap,
    binary,
];

/// Every width of the integer encodings, and digits that are none.
fn integer(random: &mut Random, key: &str) -> Vec<Command> {
    let special =
        ["0", "-1", "127", "-129", "32768", "-2147483649", "9223372036854775807", "-9223372036854775808", "007"];
    let value = match random.pick(&special) {
        Some(text) if one_in(random, 4) => (*text).to_owned(),
        _ => random.below(1 << 40).to_string(),
    };
    vec![cmd("SET").arg(key).arg(value)]
}

/// Up to 44 bytes: the embstr encoding, and the empty string.
fn short_text(random: &mut Random, key: &str) -> Vec<Command> {
    let length = upto(random, 44);
    vec![cmd("SET").arg(key).arg(random.text(length))]
}

fn text(random: &mut Random, key: &str) -> Vec<Command> {
    let length = if one_in(random, 50) { 40_000 } else { 45 + upto(random, 300) };
    vec![cmd("SET").arg(key).arg(random.text(length))]
}

/// What the server stores compressed in its dump.
fn compressible(random: &mut Random, key: &str) -> Vec<Command> {
    let times = if one_in(random, 50) { 4_000 } else { 10 + upto(random, 50) };
    let length = 1 + upto(random, 12);
    vec![cmd("SET").arg(key).arg(random.text(length).repeat(times))]
}

fn binary(random: &mut Random, key: &str) -> Vec<Command> {
    let length = if one_in(random, 20) { 20_000 } else { upto(random, 500) };
    vec![cmd("SET").arg(key).arg(random.bytes(length))]
}

fn list(random: &mut Random, key: &str) -> Vec<Command> {
    let length = size(random, 12, 600);
    let mut push = cmd("RPUSH").arg(key);
    for item in 0..=length {
        // Now and then an item so large that it gets a node of its own.
        push = match random.below(200) {
            0 => push.arg(random.text(9_000)),
            n if n % 2 == 0 => push.arg(item),
            _ => push.arg(words(random)),
        };
    }
    vec![push]
}

fn integer_set(random: &mut Random, key: &str) -> Vec<Command> {
    // More than 512 members leave the intset encoding.
    let length = size(random, 20, 700);
    let width = [1 << 8, 1 << 20, 1 << 40];
    let bound = random.pick(&width).copied().unwrap_or(1);
    vec![cmd("SADD").arg(key).args((0..=length).map(|_| random.below(bound)))]
}

fn string_set(random: &mut Random, key: &str) -> Vec<Command> {
    let length = size(random, 12, 300);
    vec![cmd("SADD").arg(key).args((0..=length).map(|_| words(random)))]
}

fn zset(random: &mut Random, key: &str) -> Vec<Command> {
    let length = size(random, 12, 250);
    let mut add = cmd("ZADD").arg(key);
    for member in 0..=length {
        add = add.arg(score(random)).arg(format!("{member}:{}", words(random)));
    }
    vec![add]
}

/// Scores that only an exact copy gets right.
fn score(random: &mut Random) -> String {
    let special =
        ["inf", "-inf", "0", "-0", "1e-9", "0.1234567890123", "3.0000000000000004", "1.7976931348623157e308", "5e-324"];
    match random.below(4) {
        0 => random.pick(&special).copied().unwrap_or_default().to_owned(),
        1 => random.below(1_000_000).to_string(),
        2 => format!("-{}.{:09}", random.below(1_000), random.below(1_000_000_000)),
        _ => format!("{}.{:012}", random.below(100), random.below(1_000_000_000_000)),
    }
}

fn hash(random: &mut Random, key: &str) -> Vec<Command> {
    let length = size(random, 10, 600);
    let mut set = cmd("HSET").arg(key);
    for field in 0..=length {
        // A value above 64 bytes turns the whole hash into a table.
        let value = if one_in(random, 200) { random.text(100) } else { words(random) };
        set = set.arg(format!("field:{field}")).arg(value);
    }
    vec![set]
}

/// Entries, some deleted; groups with consumers, some entries pending, some acknowledged.
fn stream(random: &mut Random, key: &str) -> Vec<Command> {
    let length = size(random, 10, 250);
    let id = |entry: usize| format!("{}-{}", 1_700_000_000_000 + entry * 977, entry % 3);
    let mut commands: Vec<_> = (0..=length)
        .map(|entry| {
            let add = cmd("XADD")
                .arg(key)
                .arg(id(entry))
                .arg("reading")
                .arg(random.below(1_000))
                .arg("note")
                .arg(words(random));
            // Entries with other fields than the first one of their node are stored differently.
            if one_in(random, 10) { add.arg("extra").arg(words(random)) } else { add }
        })
        .collect();
    if one_in(random, 3) {
        commands.push(cmd("XDEL").arg(key).arg(id(length / 2)));
    }
    if one_in(random, 2) {
        let read = |consumer: &str, count: usize| {
            cmd("XREADGROUP GROUP readers").arg(consumer).arg("COUNT").arg(count).arg("STREAMS").arg(key).arg(">")
        };
        commands.push(cmd("XGROUP CREATE").arg(key).arg("readers").arg("0"));
        commands.push(cmd("XGROUP CREATE").arg(key).arg("idle").arg("$"));
        commands.push(read("alice", 3));
        // By now something may be left for the second reader or not; a consumer comes to be only if it is.
        if length > 4 {
            commands.push(read("bob", 2));
        }
        commands.push(cmd("XACK").arg(key).arg("readers").arg(id(0)));
    }
    commands
}

fn hyperloglog(random: &mut Random, key: &str) -> Vec<Command> {
    // Some thousand elements leave the sparse representation.
    let length = if one_in(random, 40) { 4_000 } else { upto(random, 30) };
    vec![cmd("PFADD").arg(key).args((0..=length).map(|_| random.next_u64()))]
}

fn geo(random: &mut Random, key: &str) -> Vec<Command> {
    let mut add = cmd("GEOADD").arg(key);
    for place in 0..=upto(random, 10) {
        let longitude = format!("{}.{:06}", random.below(180), random.below(1_000_000));
        let latitude = format!("-{}.{:06}", random.below(85), random.below(1_000_000));
        add = add.arg(longitude).arg(latitude).arg(format!("place:{place}"));
    }
    vec![add]
}

fn bitmap(random: &mut Random, key: &str) -> Vec<Command> {
    let highest = if one_in(random, 20) { 100_000 } else { 1_000 };
    let mut commands: Vec<_> =
        (0..=upto(random, 8)).map(|_| cmd("SETBIT").arg(key).arg(random.below(highest)).arg("1")).collect();
    commands.push(cmd("BITFIELD").arg(key).arg("SET").arg("u16").arg(random.below(500)).arg(random.below(65_536)));
    commands
}

/// Mostly a few, one time in twenty many.
fn size(random: &mut Random, few: usize, many: usize) -> usize {
    let bound = if one_in(random, 20) { many } else { few };
    upto(random, bound)
}

fn words(random: &mut Random) -> String {
    let length = 4 + upto(random, 16);
    random.text(length)
}

fn upto(random: &mut Random, most: usize) -> usize {
    let bound = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    usize::try_from(random.below(bound)).unwrap_or(most)
}

fn one_in(random: &mut Random, times: u64) -> bool {
    random.below(times) == 0
}
